"""Models as tables."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from gateway.flight_sql import schemas
from gateway.flight_sql.messages import GetCatalogs, GetDbSchemas, GetTables, GetTableTypes
from gateway.flight_sql.metadata import (
    TableColumn,
    TablesListing,
    table_columns,
    table_schema,
    tables_listing,
    visible_models,
)
from semantic_models.catalog import Catalog
from semantic_models.errors import UnknownName
from semantic_models.model import Cardinality, Dimension, Join, MeasureUse, Model
from semantic_models.spec import Described
from semantic_models.types import INT64, STRING, Kind, LogicalType
from tests.unit.gateway.flight_sql.world import dimension, flights_catalog, join

NEW_YORK = LogicalType(Kind.TIMESTAMP_TZ, precision=6, zone="America/New_York")
CATALOG = flights_catalog()


def with_model(changed: Model) -> Catalog:
    return replace(CATALOG, models={**CATALOG.models, changed.name: changed})


def with_dimension(added: Dimension) -> Catalog:
    flights = CATALOG.models["flights"]
    return with_model(replace(flights, dimensions={**flights.dimensions, added.name: added}))


def with_join(added: Join) -> Catalog:
    source = CATALOG.models[added.source]
    return with_model(replace(source, joins={**source.joins, added.name: added}))


def names(catalog: Catalog, model: str = "flights") -> list[str]:
    return [column.name for column in table_columns(catalog, model)]


def test_a_table_has_own_dimensions_then_joined_ones_then_metrics() -> None:
    assert table_columns(CATALOG, "flights") == (
        TableColumn("id", INT64, "dimension", "The id"),
        TableColumn("carrier", STRING, "dimension", "The carrier"),
        TableColumn("at", NEW_YORK, "dimension", "The at"),
        TableColumn("airline__code", STRING, "dimension", "The code"),
        TableColumn("airline__title", STRING, "dimension", "The title"),
        TableColumn("airline__country", STRING, "dimension", "The country"),
        TableColumn("airline__home__code", STRING, "dimension", "The code"),
        TableColumn("n", INT64, "metric", "How many flights"),
    )


def test_a_model_without_metrics_has_dimensions_only() -> None:
    assert names(CATALOG, "countries") == ["code"]


def test_a_name_of_no_model_is_refused() -> None:
    with pytest.raises(UnknownName):
        table_columns(CATALOG, "flihgts")


@pytest.mark.parametrize("added", [dimension("odd", None), dimension("secret", hidden=True)])
def test_what_cannot_be_asked_for_or_is_hidden_is_no_column(added: Dimension) -> None:
    assert names(with_dimension(added)) == names(CATALOG)


def test_a_join_that_repeats_rows_leads_to_no_columns() -> None:
    many = replace(
        join("others", "flights", "countries", ("carrier", "code")),
        cardinality=Cardinality.ONE_TO_MANY,
    )

    assert names(with_join(many)) == names(CATALOG)


def test_one_model_in_two_roles_has_the_columns_of_both() -> None:
    other = join("operator", "flights", "carriers", ("carrier", "code"))

    assert [each for each in names(with_join(other)) if each.endswith("title")] == [
        "airline__title",
        "operator__title",
    ]


def test_joins_in_a_ring_are_walked_once() -> None:
    ring = join("again", "countries", "flights", ("code", "carrier"))

    assert names(with_join(ring)) == names(CATALOG)


def test_no_column_is_more_than_three_joins_away() -> None:
    far = [replace(CATALOG.models["countries"], name=f"c{number}", joins={}) for number in range(5)]
    chain = {
        each.name: replace(
            each, joins={"next": join("next", each.name, f"c{number + 1}", ("a", "b"))}
        )
        if number < 4
        else each
        for number, each in enumerate(far)
    }

    assert names(replace(CATALOG, models=chain), "c0") == [
        "code",
        "next__code",
        "next__next__code",
        "next__next__next__code",
    ]


def test_an_own_dimension_comes_before_a_metric_of_its_name() -> None:
    columns = table_columns(with_dimension(dimension("n", STRING)), "flights")

    assert [column.role for column in columns if column.name == "n"] == ["dimension"]


def test_a_metric_over_two_models_is_a_column_of_neither() -> None:
    metric = CATALOG.metrics["n"]
    both = replace(metric, inputs=(*metric.inputs, MeasureUse("carriers", "m")))

    assert "n" not in names(replace(CATALOG, metrics={"n": both}))


def test_a_measure_that_shares_its_name_is_spelled_with_its_model() -> None:
    catalog = replace(
        CATALOG,
        metrics={"flights.n": CATALOG.metrics["n"]},
        shared_names={"n": ("flights.n", "carriers.n")},
    )

    assert names(catalog)[-1] == "flights__n"


def test_a_hidden_metric_is_no_column() -> None:
    hidden = replace(CATALOG.metrics["n"], about=Described(hidden=True))

    assert "n" not in names(replace(CATALOG, metrics={"n": hidden}))


def test_fields_carry_types_and_descriptions() -> None:
    field = table_schema(CATALOG, "flights").field("n")
    metadata = field.metadata or {}

    assert (field.type, metadata[b"ARROW:FLIGHT:SQL:TYPE_NAME"]) == (pa.int64(), b"BIGINT")
    assert metadata[b"ARROW:FLIGHT:SQL:REMARKS"] == b"How many flights"


def test_the_project_is_the_one_catalog() -> None:
    listed = tables_listing(CATALOG, GetCatalogs())

    assert (listed.schema, listed.to_pylist()) == (schemas.CATALOGS, [{"catalog_name": "demo"}])


def test_there_is_one_schema_and_one_kind_of_table() -> None:
    found = [tables_listing(CATALOG, GetDbSchemas()), tables_listing(CATALOG, GetTableTypes())]

    assert [(each.schema, each.to_pylist()) for each in found] == [
        (schemas.DB_SCHEMAS, [{"catalog_name": "demo", "db_schema_name": "models"}]),
        (schemas.TABLE_TYPES, [{"table_type": "TABLE"}]),
    ]


@pytest.mark.parametrize(
    ("asked", "tables"),
    [
        (GetTables(), ["carriers", "countries", "flights"]),
        (GetTables(table_name_filter_pattern="c%"), ["carriers", "countries"]),
        (GetTables("demo", "models", "flights", ("TABLE", "VIEW")), ["flights"]),
        (GetTables("de%"), ["carriers", "countries", "flights"]),
        (GetTables(table_types=("VIEW",)), []),
        (GetTables("other"), []),
        (GetTables(""), []),
        (GetTables(db_schema_filter_pattern="main"), []),
        (GetTables(table_name_filter_pattern="SELECT n FROM flights"), []),
    ],
)
def test_tables_are_those_that_match(asked: GetTables, tables: list[str]) -> None:
    listed = tables_listing(CATALOG, asked)

    assert (listed.schema, listed["table_name"].to_pylist()) == (schemas.TABLES, tables)


@pytest.mark.parametrize("asked", [GetDbSchemas("other"), GetDbSchemas(None, "main")])
def test_a_schema_that_does_not_match_is_not_listed(asked: TablesListing) -> None:
    assert tables_listing(CATALOG, asked).num_rows == 0


def test_tables_come_with_their_schemas_where_asked() -> None:
    asked = GetTables(table_name_filter_pattern="flights", include_schema=True)
    listed = tables_listing(CATALOG, asked)
    schema = pa.ipc.read_schema(listed["table_schema"][0].as_buffer())

    assert listed.schema == schemas.TABLES_WITH_SCHEMA
    assert schema.equals(table_schema(CATALOG, "flights"), check_metadata=True)


def test_a_hidden_model_is_not_listed() -> None:
    hidden = replace(CATALOG.models["countries"], about=Described(hidden=True))

    assert visible_models(with_model(hidden)) == ("carriers", "flights")
