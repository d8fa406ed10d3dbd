"""Saved queries: what a question adds to them, and for whom they exist."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from semantic_models.catalog import Catalog
from semantic_models.errors import UnknownName
from semantic_models.parse_document import parse_object
from semantic_models.query import Asked, Query, SavedQuery
from semantic_models.resolve import answerable, resolve
from semantic_models.saved_queries import added_to
from tests.support.models import NOW, world

MODELS = """
version: 1
models:
  orders:
    table: orders
    dimensions: {status: , region: }
    measures: {revenue: sum(amount)}
saved_queries:
  weekly: {metrics: [revenue], dimensions: [status], where: [region = 'N']}
  rows: {fields: [status], label: Orders}
"""


TABLES = "create table orders as select 'paid' as status, 'N' as region, 1 as amount"


@cache
def catalog() -> Catalog:
    return world(MODELS, TABLES).catalog


def added(saved: dict[str, Any], asked: dict[str, Any]) -> Query:
    question = parse_object({"saved_query": "weekly", **asked})
    return added_to(SavedQuery(name="weekly", query=parse_object(saved)), question)


@pytest.mark.parametrize(
    ("saved", "asked", "together"),
    [
        ({}, {"where": ["a"]}, {"where": ["a"]}),
        ({"where": ["a"]}, {}, {"where": ["a"]}),
        ({"order_by": ["a"], "limit": 5}, {"order_by": ["-b"]}, {"order_by": ["-b"], "limit": 5}),
        ({"limit": 5, "offset": 1}, {"limit": 0}, {"limit": 0, "offset": 1}),
        ({"fill": True}, {"offset": 2}, {"fill": True, "offset": 2}),
        ({"offset": 2}, {"offset": 0}, {"offset": 0}),
        ({"time": {"last": "2 days"}}, {"time": {"zone": "UTC"}},
         {"time": {"last": "2 days", "zone": "UTC"}}),
        ({"time": {"last": "2 days", "zone": "UTC"}}, {"time": {"from": "2013"}},
         {"time": {"from": "2013", "zone": "UTC"}}),
    ],
)  # fmt: skip
def test_a_question_says_otherwise_key_by_key(
    saved: dict[str, Any], asked: dict[str, Any], together: dict[str, Any]
) -> None:
    metrics = {"metrics": ["revenue"]}

    assert added({**metrics, **saved}, asked) == parse_object({**metrics, **together})


def test_predicates_are_added() -> None:
    query = added(
        {"metrics": ["m"], "where": ["a"], "having": ["m > 1"]},
        {"where": ["b"], "having": ["m < 9"]},
    )

    assert [str(each.tree) for each in query.where] == ["a", "b"]  # type: ignore[union-attr]
    assert [str(each.tree) for each in query.having] == ["m > 1", "m < 9"]  # type: ignore[union-attr]


def test_a_saved_query_answers_as_its_question_does() -> None:
    question = {"metrics": ["revenue"], "dimensions": ["status"], "where": ["region = 'N'"]}

    saved = resolve(parse_object({"saved_query": "weekly"}), catalog(), now=NOW)

    assert saved == resolve(parse_object(question), catalog(), now=NOW)


def test_a_saved_query_does_not_exist_for_whom_its_names_do_not() -> None:
    whole = catalog()
    orders = whole.models["orders"]
    seen = {key: each for key, each in orders.dimensions.items() if key != "region"}
    part = replace(whole, models={"orders": replace(orders, dimensions=seen)})

    with pytest.raises(UnknownName) as caught:
        resolve(parse_object({"saved_query": "weekly"}), part, now=NOW)

    assert caught.value.message == 'saved query "weekly" does not exist'
    assert [each.name for each in answerable(part, now=NOW)] == ["rows"]


def test_what_is_added_is_refused_as_itself() -> None:
    question = parse_object({"saved_query": "weekly", "where": ["regoin = 'S'"]})

    with pytest.raises(UnknownName) as caught:
        resolve(question, catalog(), now=NOW)

    assert caught.value.message == 'dimension "regoin" does not exist'


def test_a_saved_query_is_told_with_its_words() -> None:
    rows = catalog().saved_queries["rows"]

    assert (rows.about.label, rows.query.fields) == ("Orders", (Asked("status", "", "fields[0]"),))
