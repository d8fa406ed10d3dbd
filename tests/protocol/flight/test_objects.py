"""What clients list: catalogs, schemas, tables and columns."""

from __future__ import annotations

from typing import Any, Literal

import pyarrow as pa
import pytest
from adbc_driver_flightsql import dbapi

TABLES = ["airlines", "airports", "flights", "planes", "weather"]


def objects(connection: dbapi.Connection, **asked: Any) -> Any:
    with connection.adbc_get_objects(**asked) as reader:
        return reader.read_all().to_pylist()


def tables(connection: dbapi.Connection, **asked: Any) -> dict[str, Any]:
    [catalog] = objects(connection, **asked)
    [schema] = catalog["catalog_db_schemas"]
    return {each["table_name"]: each for each in schema["db_schema_tables"]}


def test_the_project_is_the_one_catalog(connection: dbapi.Connection) -> None:
    assert objects(connection, depth="catalogs") == [
        {"catalog_name": "flights", "catalog_db_schemas": None}
    ]


def test_its_one_schema_holds_the_models(connection: dbapi.Connection) -> None:
    assert objects(connection, depth="db_schemas") == [
        {
            "catalog_name": "flights",
            "catalog_db_schemas": [{"db_schema_name": "models", "db_schema_tables": None}],
        }
    ]


def test_models_are_tables(connection: dbapi.Connection) -> None:
    listed = tables(connection, depth="tables")

    assert {name: each["table_type"] for name, each in listed.items()} == dict.fromkeys(
        TABLES, "TABLE"
    )


@pytest.mark.parametrize("depth", ["columns", "all"])
def test_members_are_columns(
    connection: dbapi.Connection, depth: Literal["columns", "all"]
) -> None:
    columns = tables(connection, depth=depth)["flights"]["table_columns"]
    types = {each["column_name"]: each["xdbc_type_name"] for each in columns}

    assert [types[name] for name in ("time_hour", "carrier", "carrier__name", "flights")] == [
        "TIMESTAMP WITH TIME ZONE",
        "VARCHAR",
        "VARCHAR",
        "BIGINT",
    ]
    assert [each["ordinal_position"] for each in columns] == list(range(1, len(columns) + 1))
    assert types["origin__name"] == types["dest__name"] == "VARCHAR"


def test_patterns_choose(connection: dbapi.Connection) -> None:
    listed = tables(connection, depth="tables", table_name_filter="air%")

    assert list(listed) == ["airlines", "airports"]


def test_a_table_has_its_schema(connection: dbapi.Connection) -> None:
    schema = connection.adbc_get_table_schema("flights")
    remarks = (schema.field("flights").metadata or {})[b"ARROW:FLIGHT:SQL:REMARKS"]

    assert schema.field("time_hour").type == pa.timestamp("us", tz="America/New_York")
    assert remarks == b"Scheduled flights, the cancelled ones included"


def test_every_column_of_a_table_may_be_selected(connection: dbapi.Connection) -> None:
    schema = connection.adbc_get_table_schema("flights")
    own = [name for name in schema.names if name in ("carrier", "carrier__name", "flights")]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(own)} FROM flights LIMIT 1")
        answer = cursor.fetch_arrow_table()

    assert [(field.name, field.type) for field in answer.schema] == [
        (name, schema.field(name).type) for name in own
    ]


def test_a_table_that_is_not_there_has_none(connection: dbapi.Connection) -> None:
    with pytest.raises(dbapi.ProgrammingError):
        connection.adbc_get_table_schema("flihgts")


def test_there_is_one_kind_of_table(connection: dbapi.Connection) -> None:
    assert connection.adbc_get_table_types() == ["TABLE"]
