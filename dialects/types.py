"""Our types of columns, Arrow's, and the names that engines give to theirs."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import pyarrow as pa

from semantic_models.types import Kind, LogicalType

Columns = tuple[tuple[str, LogicalType], ...]
"""Names and types of an answer, in order."""

SCHEMAS_MAX = 1024
"""Schemas kept; making one anew costs ten times the look-up."""

_PLAIN: dict[Kind, pa.DataType] = {
    Kind.BOOLEAN: pa.bool_(),
    Kind.INT8: pa.int8(),
    Kind.INT16: pa.int16(),
    Kind.INT32: pa.int32(),
    Kind.INT64: pa.int64(),
    Kind.UINT8: pa.uint8(),
    Kind.UINT16: pa.uint16(),
    Kind.UINT32: pa.uint32(),
    Kind.UINT64: pa.uint64(),
    Kind.FLOAT32: pa.float32(),
    Kind.FLOAT64: pa.float64(),
    Kind.STRING: pa.string(),
    Kind.UUID: pa.string(),
    Kind.BINARY: pa.binary(),
    Kind.DATE: pa.date32(),
    Kind.INTERVAL: pa.month_day_nano_interval(),
}

_LOGICAL = {arrow: LogicalType(kind) for kind, arrow in _PLAIN.items()} | {
    pa.string(): LogicalType(Kind.STRING),
    pa.large_string(): LogicalType(Kind.STRING),
    pa.string_view(): LogicalType(Kind.STRING),
    pa.large_binary(): LogicalType(Kind.BINARY),
    pa.binary_view(): LogicalType(Kind.BINARY),
}

_DUCKDB: dict[str, LogicalType] = {
    "BOOLEAN": LogicalType(Kind.BOOLEAN),
    "TINYINT": LogicalType(Kind.INT8),
    "SMALLINT": LogicalType(Kind.INT16),
    "INTEGER": LogicalType(Kind.INT32),
    "BIGINT": LogicalType(Kind.INT64),
    "UTINYINT": LogicalType(Kind.UINT8),
    "USMALLINT": LogicalType(Kind.UINT16),
    "UINTEGER": LogicalType(Kind.UINT32),
    "UBIGINT": LogicalType(Kind.UINT64),
    "HUGEINT": LogicalType(Kind.DECIMAL, 38, 0),
    "FLOAT": LogicalType(Kind.FLOAT32),
    "DOUBLE": LogicalType(Kind.FLOAT64),
    "VARCHAR": LogicalType(Kind.STRING),
    "UUID": LogicalType(Kind.UUID),
    "JSON": LogicalType(Kind.STRING),
    "BLOB": LogicalType(Kind.BINARY),
    "DATE": LogicalType(Kind.DATE),
    "TIME": LogicalType(Kind.TIME, 6),
    "TIME_NS": LogicalType(Kind.TIME, 9),
    "TIMESTAMP": LogicalType(Kind.TIMESTAMP, 6),
    "TIMESTAMP_S": LogicalType(Kind.TIMESTAMP, 6),
    "TIMESTAMP_MS": LogicalType(Kind.TIMESTAMP, 6),
    "TIMESTAMP_NS": LogicalType(Kind.TIMESTAMP, 9),
    "TIMESTAMP WITH TIME ZONE": LogicalType(Kind.TIMESTAMP_TZ, 6),
    "INTERVAL": LogicalType(Kind.INTERVAL),
}

_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_ENUM = re.compile(r"ENUM\(.*\)", re.DOTALL)


def arrow_type(logical: LogicalType) -> pa.DataType:
    """The Arrow type in which values of a logical type travel."""
    match logical.kind:
        case Kind.DECIMAL if logical.precision > 38:
            return pa.decimal256(logical.precision, logical.scale)
        case Kind.DECIMAL:
            return pa.decimal128(logical.precision, logical.scale)
        case Kind.TIME:
            return pa.time64(_second_unit(logical))
        case Kind.TIMESTAMP:
            return pa.timestamp(_second_unit(logical))
        case Kind.TIMESTAMP_TZ:
            return pa.timestamp(_second_unit(logical), tz=logical.zone or "UTC")
        case _:
            return _PLAIN[logical.kind]


def logical_type(arrow: pa.DataType) -> LogicalType | None:
    """The logical type of an Arrow type; None where there is none, as for nested types."""
    if isinstance(arrow, pa.DictionaryType):
        return logical_type(arrow.value_type)
    if isinstance(arrow, (pa.Decimal128Type, pa.Decimal256Type)):
        return LogicalType(Kind.DECIMAL, arrow.precision, arrow.scale)
    if isinstance(arrow, pa.Time64Type):
        return LogicalType(Kind.TIME, 9 if arrow.unit == "ns" else 6)
    if isinstance(arrow, pa.TimestampType):
        kind = Kind.TIMESTAMP_TZ if arrow.tz else Kind.TIMESTAMP
        return LogicalType(kind, 9 if arrow.unit == "ns" else 6, zone=arrow.tz or "")
    return _LOGICAL.get(arrow)


@lru_cache(maxsize=SCHEMAS_MAX)
def arrow_schema(columns: Columns) -> pa.Schema:
    """The schema that an answer with these columns promises."""
    return pa.schema([pa.field(name, arrow_type(logical)) for name, logical in columns])


@lru_cache(maxsize=SCHEMAS_MAX)
def parse_duckdb_type(name: str) -> LogicalType | None:
    """The logical type of a type as DuckDB's DESCRIBE writes it.

    None for types that have no logical type: nested ones, BIT, and those whose Arrow form drops
    a part of the value (TIME WITH TIME ZONE, UHUGEINT).

    HUGEINT is the decimal of 38 digits in which it travels. ENUM and JSON are strings, and UUID
    travels as one.
    """
    if (known := _DUCKDB.get(name)) is not None:
        return known
    if found := _DECIMAL.fullmatch(name):
        return LogicalType(Kind.DECIMAL, int(found[1]), int(found[2]))
    if _ENUM.fullmatch(name):
        return LogicalType(Kind.STRING)
    return None


def _second_unit(logical: LogicalType) -> Literal["us", "ns"]:
    return "ns" if logical.precision == 9 else "us"
