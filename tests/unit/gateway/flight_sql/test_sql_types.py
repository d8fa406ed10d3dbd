"""Logical types in the words of SQL, ODBC and JDBC."""

from __future__ import annotations

import pytest

from gateway.flight_sql import schemas
from gateway.flight_sql.sql_types import SQL_TYPES, Place, column_metadata, xdbc_type_info
from semantic_models.types import INT64, STRING, TIMESTAMP, Kind, LogicalType

HERE = Place("demo", "models", "flights")


def told(type: LogicalType, description: str = "") -> dict[str, str]:
    found = column_metadata(type, description, HERE)
    return {name.removeprefix("ARROW:FLIGHT:SQL:"): value for name, value in found.items()}


def test_every_kind_has_a_name_in_sql() -> None:
    assert set(SQL_TYPES) == set(Kind)


def test_a_number_tells_its_digits_and_its_description() -> None:
    assert told(INT64, "How many") == {
        "CATALOG_NAME": "demo",
        "DB_SCHEMA_NAME": "models",
        "TABLE_NAME": "flights",
        "TYPE_NAME": "BIGINT",
        "PRECISION": "19",
        "SCALE": "0",
        "IS_AUTO_INCREMENT": "0",
        "IS_CASE_SENSITIVE": "0",
        "IS_READ_ONLY": "1",
        "IS_SEARCHABLE": "1",
        "REMARKS": "How many",
    }


def test_a_decimal_tells_its_own_digits_and_scale() -> None:
    found = told(LogicalType(Kind.DECIMAL, 12, 2))

    assert (found["TYPE_NAME"], found["PRECISION"], found["SCALE"]) == ("DECIMAL", "12", "2")


@pytest.mark.parametrize(("type", "name"), [(STRING, "VARCHAR"), (TIMESTAMP, "TIMESTAMP")])
def test_what_is_no_number_has_no_scale(type: LogicalType, name: str) -> None:
    found = told(type)

    assert (found["TYPE_NAME"], "SCALE" in found, "REMARKS" in found) == (name, False, False)


def test_a_column_of_an_answer_is_no_tables() -> None:
    found = column_metadata(INT64, "", Place("demo", "models"))

    assert "ARROW:FLIGHT:SQL:TABLE_NAME" not in found


def test_types_are_listed_by_code_and_name() -> None:
    listed = xdbc_type_info(None)
    pairs = list(zip(listed["data_type"].to_pylist(), listed["type_name"].to_pylist(), strict=True))

    assert (listed.schema, len(pairs), pairs) == (
        schemas.XDBC_TYPE_INFO,
        len(Kind),
        sorted(pairs),
    )


def test_types_of_one_code_are_listed_alone() -> None:
    listed = xdbc_type_info(-5)

    assert listed["type_name"].to_pylist() == ["BIGINT", "UBIGINT"]


def test_a_code_of_no_type_lists_nothing() -> None:
    assert xdbc_type_info(12345).num_rows == 0


def test_the_rows_of_three_types_are_those_of_odbc() -> None:
    rows = {row["type_name"]: row for row in xdbc_type_info(None).to_pylist()}
    chosen = [
        *("column_size", "literal_prefix", "unsigned_attribute", "maximum_scale"),
        *("sql_data_type", "datetime_subcode", "num_prec_radix"),
    ]

    assert {
        name: [rows[name][each] for each in chosen] for name in ("DECIMAL", "DATE", "REAL")
    } == {
        "DECIMAL": [38, None, False, 38, 3, None, 10],
        "DATE": [10, "'", None, None, 9, 1, None],
        "REAL": [24, None, False, None, 7, None, 2],
    }
