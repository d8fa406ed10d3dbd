"""Documents of Apache Ossie as files that people would write."""

from __future__ import annotations

from typing import Any

import pytest

from semantic_models.importers.imported import Loss
from semantic_models.importers.ossie import deferred_in, import_ossie
from semantic_models.importers.write_yaml import scalar, write_yaml
from tests.support.models import parsed

DOCUMENT: dict[str, Any] = {
    "semantic_model": [
        {
            "name": "shop",
            "datasets": [
                {
                    "name": "orders",
                    "source": "shop.orders",
                    "primary_key": ["id"],
                    "description": "What was bought: each order once",
                    "fields": [
                        {"name": "id", "expression": "id"},
                        {"name": "day", "expression": "created", "dimension": {"is_time": True}},
                        {
                            "name": "big",
                            "expression": {
                                "dialects": [
                                    {"dialect": "SNOWFLAKE", "expression": "x"},
                                    {"dialect": "ANSI_SQL", "expression": "amount > 10"},
                                ]
                            },
                        },
                    ],
                },
                {
                    "name": "people",
                    "source": "people",
                    "primary_key": ["id"],
                    "unique_keys": [["mail"]],
                    "fields": [{"name": "name", "expression": "name"}],
                },
            ],
            "relationships": [
                {
                    "name": name,
                    "from": "orders",
                    "to": "people",
                    "from_columns": [column],
                    "to_columns": ["id"],
                }
                for name, column in (("buyer", "buyer_id"), ("seller", "seller_id"))
            ],
            "metrics": [
                {"name": "revenue", "expression": "SUM(orders.amount)", "description": "Money"},
                {"name": "per_head", "expression": "SUM(orders.amount) / COUNT(people.id)"},
                {"name": "doubled", "expression": "2 * revenue"},
                {"name": "twice", "expression": "AVG(SUM(orders.amount))"},
                {"name": "nothing", "expression": "COUNT(elsewhere.x)"},
            ],
        }
    ]
}

MODELS = """\
version: 1
models:
  orders:
    table: shop.orders
    description: "What was bought: each order once"
    key: id
    dimensions:
      id:
      day: {expr: created, type: time}
      big: amount > 10
    measures:
      revenue: {expr: sum(amount), description: Money}
      per_head_1: sum(amount)
    joins:
      buyer: {to: people, on: buyer_id = people.id}
      seller: {to: people, on: seller_id = people.id}
  people:
    table: people
    key: id
    unique: [[mail]]
    dimensions:
      name:
    measures:
      per_head_2: count(id)
"""

METRICS = """\
version: 1
metrics:
  per_head: per_head_1 / per_head_2
  doubled: 2 * revenue
"""


def test_a_document_becomes_models_as_people_write_them() -> None:
    imported = import_ossie(DOCUMENT)

    assert imported.files == {"models/models.yml": MODELS, "models/metrics.yml": METRICS}


def test_what_is_not_carried_over_is_told_with_its_reason() -> None:
    assert import_ossie(DOCUMENT).losses == (
        Loss('metric "twice"', "it aggregates an aggregate", "E_NESTED_AGGREGATION_DEFERRED"),
        Loss('metric "nothing"', "no dataset is the one that it aggregates"),
    )


def test_what_has_a_key_of_unknown_meaning_is_left_out_and_told() -> None:
    (model,) = DOCUMENT["semantic_model"]
    orders, people = model["datasets"]
    id_, day, _ = orders["fields"]
    strange = {
        **model,
        "datasets": [
            {**orders, "fields": [id_, {**day, "granularity": "day"}]},
            {**people, "filter": "not gone"},
        ],
        "relationships": [{**each, "condition": "1 = 1"} for each in model["relationships"]],
        "metrics": [
            {**model["metrics"][0], "filter": "x", "grain": {}},
            {"name": "orders", "expression": "COUNT(orders.id)"},
            {"name": "people", "expression": "COUNT(people.id)"},
        ],
    }
    imported = import_ossie({"semantic_model": [strange]})

    code = "E_DEFERRED_KEY_REJECTED"
    assert imported.losses == (
        Loss('field "day"', 'nothing is known of "granularity"', code),
        Loss('dataset "people"', 'nothing is known of "filter"', code),
        Loss('relationship "buyer"', 'nothing is known of "condition"', code),
        Loss('relationship "seller"', 'nothing is known of "condition"', code),
        Loss('metric "revenue"', 'nothing is known of "filter", "grain"', code),
        Loss('metric "people"', "no dataset is the one that it aggregates"),
    )
    (spec,) = parsed(imported.files["models/models.yml"]).models
    assert [each.name.text for each in spec.dimensions] == ["id"]
    assert ([each.name.text for each in spec.measures], spec.joins) == (["orders"], ())


def test_the_files_are_read_without_a_fault() -> None:
    assert [each.name.text for each in parsed(MODELS).models] == ["orders", "people"]


@pytest.mark.parametrize(
    "text",
    [
        "a: b",
        "yes",
        "null",
        "1.0",
        "- x",
        "#",
        "x #y",
        " a",
        "12",
        "1e3",
        "2024-01-01",
        "it's",
        '"q"',
        "{a}",
        "ä",
    ],
)
def test_a_text_is_read_as_it_was_written(text: str) -> None:
    written = write_yaml({"version": 1, "models": {"a": {"table": "t", "description": text}}})

    assert parsed(written).models[0].about.description == text.strip()
    assert scalar(text).startswith('"') or scalar(text) == text


def shop_with(**changed: Any) -> dict[str, Any]:
    """A document of one dataset, with further members."""
    fields = [{"name": "id", "expression": "id"}, *changed.pop("fields", ())]
    orders = {"name": "orders", "source": "orders", "primary_key": ["id"], "fields": fields}
    metrics = [{"name": "revenue", "expression": "SUM(orders.amount)"}, *changed.pop("metrics", ())]
    return {"name": "shop", "datasets": [orders], "metrics": metrics, **changed}


@pytest.mark.parametrize(
    ("changed", "loss"),
    [
        (
            {"natural_grain": "orders"},
            Loss('key "natural_grain"', "nothing is known of it", "E_DEFERRED_KEY_REJECTED"),
        ),
        (
            {"fields": [{"name": "Filter", "expression": "kind"}]},
            Loss('field "Filter"', "Ossie keeps this name for itself", "E_RESERVED_NAME"),
        ),
        (
            {"metrics": [{"name": "grain", "expression": "COUNT(orders.id)"}]},
            Loss('metric "grain"', "Ossie keeps this name for itself", "E_RESERVED_NAME"),
        ),
        (
            {"metrics": [{"name": "x", "expression": "2 * AGG(orders.amount)"}]},
            Loss('metric "x"', "Ossie does not say yet what AGG means", "E_DEFERRED_KEY_REJECTED"),
        ),
        (
            {"fields": [{"name": "x", "expression": "attr(kind)"}]},
            Loss('field "x"', "Ossie does not say yet what ATTR means", "E_DEFERRED_KEY_REJECTED"),
        ),
        (
            {"fields": [{"name": "x", "expression": "SUM(a) OVER (PARTITION BY EXCLUDING b)"}]},
            Loss(
                'field "x"',
                "Ossie does not say yet what EXCLUDING means",
                "E_DEFERRED_KEY_REJECTED",
            ),
        ),
    ],
)
def test_what_ossie_keeps_or_defers_is_told_and_left_out(
    changed: dict[str, Any], loss: Loss
) -> None:
    imported = import_ossie(shop_with(**changed))

    assert imported.losses == (loss,)
    assert imported.files == import_ossie(shop_with()).files


def test_a_dataset_of_another_role_than_a_bridge_is_left_out() -> None:
    facts = {"name": "facts", "source": "facts", "role": "fact", "fields": []}
    document = shop_with()
    document["datasets"].append(facts)

    assert import_ossie(document).losses == (
        Loss('dataset "facts"', 'nothing is known of role "fact"', "E_DEFERRED_KEY_REJECTED"),
    )


@pytest.mark.parametrize("expression", ["SUM(", "count(*)", "coalesce(a, b)"])
def test_what_is_no_deferred_word_is_none(expression: str) -> None:
    assert deferred_in(expression) == ""


def test_members_of_one_name_are_all_told_and_none_is_chosen() -> None:
    twice = {"name": "n", "expression": "id"}
    document = {
        "datasets": [{"name": "orders", "primary_key": ["id"], "fields": [twice, twice]}],
        "metrics": [
            {"name": "total", "expression": "sum(orders.amount)"},
            {"name": "total", "expression": "max(orders.amount)"},
        ],
    }
    imported = import_ossie(document)

    reason = "several have this name"
    field, metric = (
        Loss(place, reason, "E_NAME_COLLISION") for place in ('field "n"', 'metric "total"')
    )
    assert imported.losses == (field, field, metric, metric)
    assert "total" not in imported.files["models/models.yml"]


def test_a_metric_that_only_calls_what_is_unknown_is_told_as_that() -> None:
    document = {
        "datasets": [{"name": "orders", "primary_key": ["id"]}],
        "metrics": [{"name": "odd", "expression": "frobnicate(orders.amount)"}],
    }

    assert import_ossie(document).losses == (
        Loss('metric "odd"', "nothing is known of frobnicate", "E_UNKNOWN_FUNCTION"),
    )
