"""Logical types in the words of SQL, ODBC and JDBC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from gateway.flight_sql import schemas
from semantic_models.types import FLOATS, INTEGERS, NUMBERS, Kind, LogicalType

METADATA_PREFIX = "ARROW:FLIGHT:SQL:"
NULLABLE, SEARCHABLE = 1, 3
DATETIME = 9
"""The type that ODBC gives every date and time, beside a subcode."""


@dataclass(frozen=True, slots=True)
class SqlType:
    """What ODBC and JDBC call a kind."""

    name: str
    code: int
    size: int | None = None
    """Digits of a number, characters of a time; None where there is no bound."""
    quote: str | None = None
    subcode: int | None = None
    """Tells dates and times apart: 1 a date, 2 a time, 3 a timestamp."""


SQL_TYPES: Mapping[Kind, SqlType] = {
    Kind.BOOLEAN: SqlType("BOOLEAN", -7, 1),
    Kind.INT8: SqlType("TINYINT", -6, 3),
    Kind.INT16: SqlType("SMALLINT", 5, 5),
    Kind.INT32: SqlType("INTEGER", 4, 10),
    Kind.INT64: SqlType("BIGINT", -5, 19),
    Kind.UINT8: SqlType("UTINYINT", -6, 3),
    Kind.UINT16: SqlType("USMALLINT", 5, 5),
    Kind.UINT32: SqlType("UINTEGER", 4, 10),
    Kind.UINT64: SqlType("UBIGINT", -5, 20),
    Kind.FLOAT32: SqlType("REAL", 7, 24),
    Kind.FLOAT64: SqlType("DOUBLE", 8, 53),
    Kind.DECIMAL: SqlType("DECIMAL", 3, 38),
    Kind.STRING: SqlType("VARCHAR", 12, quote="'"),
    Kind.UUID: SqlType("UUID", 12, 36, quote="'"),
    Kind.BINARY: SqlType("VARBINARY", -3, quote="'"),
    Kind.DATE: SqlType("DATE", 91, 10, quote="'", subcode=1),
    Kind.TIME: SqlType("TIME", 92, 15, quote="'", subcode=2),
    Kind.TIMESTAMP: SqlType("TIMESTAMP", 93, 26, quote="'", subcode=3),
    Kind.TIMESTAMP_TZ: SqlType("TIMESTAMP WITH TIME ZONE", 93, 32, quote="'", subcode=3),
    Kind.INTERVAL: SqlType("INTERVAL", 10, quote="'"),
}


class Place(NamedTuple):
    """The names a column is listed under."""

    catalog: str
    db_schema: str
    table: str = ""
    """Empty for the columns of an answer, which are no table's."""


def column_metadata(type: LogicalType, description: str, place: Place) -> dict[str, str]:
    """What a field's metadata tells of a column beyond its Arrow type."""
    sql_type = SQL_TYPES[type.kind]
    told = {
        "CATALOG_NAME": place.catalog,
        "DB_SCHEMA_NAME": place.db_schema,
        "TABLE_NAME": place.table,
        "TYPE_NAME": sql_type.name,
        "PRECISION": _text(type.precision if type.kind is Kind.DECIMAL else sql_type.size),
        "SCALE": _text(_scale(type)),
        "IS_AUTO_INCREMENT": "0",
        "IS_CASE_SENSITIVE": "1" if type.kind is Kind.STRING else "0",
        "IS_READ_ONLY": "1",
        "IS_SEARCHABLE": "1",
        "REMARKS": description,
    }
    return {METADATA_PREFIX + name: value for name, value in told.items() if value}


def xdbc_type_info(data_type: int | None) -> pa.Table:
    """Every type, or those of one code, ordered by code and name."""
    rows = sorted(
        (
            _xdbc_row(kind, sql_type)
            for kind, sql_type in SQL_TYPES.items()
            if data_type in (None, sql_type.code)
        ),
        key=lambda row: (row["data_type"], row["type_name"]),
    )
    return pa.Table.from_pylist(rows, schema=schemas.XDBC_TYPE_INFO)


def _scale(type: LogicalType) -> int | None:
    if type.kind is Kind.DECIMAL:
        return type.scale
    return 0 if type.kind in INTEGERS else None


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _xdbc_row(kind: Kind, sql_type: SqlType) -> dict[str, object]:
    is_number = kind in NUMBERS
    is_decimal = kind is Kind.DECIMAL
    is_exact = kind in INTEGERS or is_decimal
    return {
        "type_name": sql_type.name,
        "data_type": sql_type.code,
        "column_size": sql_type.size,
        "literal_prefix": sql_type.quote,
        "literal_suffix": sql_type.quote,
        "create_params": ["precision", "scale"] if is_decimal else None,
        "nullable": NULLABLE,
        "case_sensitive": kind is Kind.STRING,
        "searchable": SEARCHABLE,
        "unsigned_attribute": sql_type.name.startswith("U") if is_number else None,
        "fixed_prec_scale": False,
        "auto_increment": False if is_number else None,
        "local_type_name": sql_type.name,
        "minimum_scale": 0 if is_exact else None,
        "maximum_scale": 38 if is_decimal else 0 if is_exact else None,
        "sql_data_type": sql_type.code if sql_type.subcode is None else DATETIME,
        "datetime_subcode": sql_type.subcode,
        "num_prec_radix": 2 if kind in FLOATS else 10 if is_number else None,
        "interval_precision": None,
    }
