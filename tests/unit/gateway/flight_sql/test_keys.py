"""Keys of models as keys of tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.flight_sql import schemas
from gateway.flight_sql.keys import KeysListing, keys_table
from gateway.flight_sql.messages import (
    GetCrossReference,
    GetExportedKeys,
    GetImportedKeys,
    GetPrimaryKeys,
)
from semantic_models.catalog import Catalog
from semantic_models.model import Cardinality, Model
from semantic_models.spec import Described
from tests.unit.gateway.flight_sql.world import dimension, flights_catalog, join

CATALOG = flights_catalog()


def with_model(changed: Model) -> Catalog:
    return replace(CATALOG, models={**CATALOG.models, changed.name: changed})


def joined(asked: KeysListing, catalog: Catalog = CATALOG) -> list[tuple[str, str]]:
    return [
        (
            f"{row['fk_table_name']}.{row['fk_column_name']}",
            f"{row['pk_table_name']}.{row['pk_column_name']}",
        )
        for row in keys_table(catalog, asked).to_pylist()
    ]


def test_a_primary_key_is_the_models_key() -> None:
    listed = keys_table(CATALOG, GetPrimaryKeys("demo", "models", "flights"))

    assert (listed.schema, listed.to_pylist()) == (
        schemas.PRIMARY_KEYS,
        [
            {
                "catalog_name": "demo",
                "db_schema_name": "models",
                "table_name": "flights",
                "column_name": "id",
                "key_name": None,
                "key_sequence": 1,
            }
        ],
    )


def test_key_columns_have_the_names_of_their_dimensions_in_the_keys_order() -> None:
    flights = replace(
        CATALOG.models["flights"],
        key=("b", "a"),
        dimensions={"one": dimension("one", shows="a"), "two": dimension("two", shows="b")},
    )
    listed = keys_table(with_model(flights), GetPrimaryKeys(table="flights"))

    assert listed["column_name"].to_pylist() == ["two", "one"]
    assert listed["key_sequence"].to_pylist() == [1, 2]


@pytest.mark.parametrize(
    "flights",
    [
        replace(CATALOG.models["flights"], key=("id", "unseen")),
        replace(CATALOG.models["flights"], key=()),
        replace(CATALOG.models["flights"], about=Described(hidden=True)),
        replace(CATALOG.models["flights"], dimensions={"id": dimension("id", hidden=True)}),
    ],
)
def test_a_key_that_cannot_be_selected_whole_is_not_listed(flights: Model) -> None:
    assert keys_table(with_model(flights), GetPrimaryKeys(table="flights")).num_rows == 0


@pytest.mark.parametrize(
    "asked",
    [GetPrimaryKeys("other", None, "flights"), GetPrimaryKeys(table="nope"), GetPrimaryKeys()],
)
def test_a_table_that_is_not_here_has_no_key(asked: GetPrimaryKeys) -> None:
    assert keys_table(CATALOG, asked).num_rows == 0


def test_an_imported_key_is_a_join_that_leaves() -> None:
    listed = keys_table(CATALOG, GetImportedKeys(table="flights"))

    assert (listed.schema, listed.to_pylist()) == (
        schemas.FOREIGN_KEYS,
        [
            {
                "pk_catalog_name": "demo",
                "pk_db_schema_name": "models",
                "pk_table_name": "carriers",
                "pk_column_name": "code",
                "fk_catalog_name": "demo",
                "fk_db_schema_name": "models",
                "fk_table_name": "flights",
                "fk_column_name": "carrier",
                "key_sequence": 1,
                "fk_key_name": "airline",
                "pk_key_name": None,
                "update_rule": 3,
                "delete_rule": 3,
            }
        ],
    )


@pytest.mark.parametrize(
    ("asked", "pairs"),
    [
        (GetExportedKeys(table="carriers"), [("flights.carrier", "carriers.code")]),
        (GetExportedKeys(table="flights"), []),
        (GetExportedKeys("other", None, "carriers"), []),
        (GetImportedKeys(table="carriers"), [("carriers.country", "countries.code")]),
        (GetImportedKeys(None, "main", "carriers"), []),
        (
            GetCrossReference(pk_table="carriers", fk_table="flights"),
            [("flights.carrier", "carriers.code")],
        ),
        (GetCrossReference(pk_table="flights", fk_table="carriers"), []),
        (GetCrossReference(pk_catalog="other", pk_table="carriers", fk_table="flights"), []),
    ],
)
def test_foreign_keys_are_the_joins_asked_for(
    asked: KeysListing, pairs: list[tuple[str, str]]
) -> None:
    assert joined(asked) == pairs


def test_roles_of_one_model_are_told_apart_by_name() -> None:
    flights = CATALOG.models["flights"]
    operator = join("operator", "flights", "carriers", ("id", "code"))
    catalog = with_model(replace(flights, joins={"operator": operator, **flights.joins}))
    listed = keys_table(catalog, GetImportedKeys(table="flights"))

    assert listed["fk_key_name"].to_pylist() == ["airline", "operator"]


def test_joins_over_unseen_columns_or_that_repeat_rows_are_no_keys() -> None:
    flights = CATALOG.models["flights"]
    unseen = join("unseen", "flights", "carriers", ("nowhere", "code"))
    airline = replace(flights.joins["airline"], cardinality=Cardinality.MANY_TO_MANY)
    catalog = with_model(replace(flights, joins={"unseen": unseen, "airline": airline}))

    assert joined(GetImportedKeys(table="flights"), catalog) == []
