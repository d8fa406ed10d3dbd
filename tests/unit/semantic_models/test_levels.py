"""A hierarchy among the dimensions of a question is its levels."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.support.models import World, world

MODELS = """
version: 1
models:
  shops:
    table: shops
    key: shop
    dimensions: {shop: , city: , country: , place: {hierarchy: [country, city]}}
  orders:
    table: orders
    time: day
    dimensions:
      status:
      day: {type: time}
      calendar: {hierarchy: [day.year, day.month]}
      where_sold: {hierarchy: [shop.country, shop.city]}
    measures: {revenue: sum(amount)}
    joins: {shop: {to: shops, on: shop}}
  returns:
    table: orders
    dimensions: {state: status, where_sold: {hierarchy: [state]}}
    measures: {returned: count(*)}
"""
TABLES = """
create table shops as select * from (values ('a', 'Rome', 'IT'), ('b', 'Oslo', 'NO'))
  as t(shop, city, country);
create table orders as select * from (values
  ('a', 'paid', date '2024-01-31', 1), ('a', 'open', date '2024-02-01', 2),
  ('b', 'paid', date '2024-02-01', 4)) as t(shop, status, day, amount)
"""


@cache
def shop() -> World:
    return world(MODELS, TABLES)


REVENUE: dict[str, Any] = {"metrics": ["revenue"]}
SAME: list[tuple[Any, Any]] = [
    ({**REVENUE, "dimensions": ["where_sold"]},
     {**REVENUE, "dimensions": ["shop.country", "shop.city"]}),
    ({**REVENUE, "dimensions": ["shop.place", "status"], "order_by": ["-shop.place"]},
     {**REVENUE, "dimensions": ["shop.country", "shop.city", "status"],
      "order_by": ["-shop.country", "-shop.city"]}),
    ({**REVENUE, "dimensions": ["shop__place"]},
     {**REVENUE, "dimensions": ["shop.country", "shop.city"]}),
    ({**REVENUE, "dimensions": ["shops.place"]},
     {**REVENUE, "dimensions": ["shops.country", "shops.city"]}),
    ({**REVENUE, "dimensions": ["calendar"]},
     {**REVENUE, "dimensions": ["day.year", "day.month"]}),
    ({"dimensions": ["place"]}, {"dimensions": ["country", "city"]}),
    ({"dimensions": ["where_sold"], "from": "returns"}, {"dimensions": ["state"]}),
    ("SELECT revenue, shop.place FROM orders",
     "SELECT revenue, shop.country, shop.city FROM orders"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "written_out"), SAME)
def test_a_hierarchy_stands_for_its_levels(asked: Any, written_out: Any) -> None:
    one, other = shop().answer(asked), shop().answer(written_out)

    assert (one.names, one.types) == (other.names, other.types)
    assert sorted(one.rows) == sorted(other.rows)


@pytest.mark.parametrize(
    ("question", "code", "message"),
    [
        (
            {**REVENUE, "dimensions": [{"dimension": "where_sold", "as": "place"}]},
            "SL103",
            'hierarchy "where_sold" stands for 2 columns, and "as" names one',
        ),
        (
            {"dimensions": ["where_sold"]},
            "E_NAME_COLLISION",
            'hierarchy "where_sold" stands in models "orders" and "returns"',
        ),
        (
            {**REVENUE, "dimensions": ["shop.nothing"]},
            "E_NAME_NOT_FOUND",
            'dimension "shop.nothing" does not exist',
        ),
        (
            {**REVENUE, "where": ["where_sold = 'IT'"]},
            "E_NAME_NOT_FOUND",
            '"where_sold" is a hierarchy, and one dimension is meant',
        ),
    ],
)
def test_what_a_hierarchy_cannot_stand_for_is_refused(
    question: Any, code: str, message: str
) -> None:
    refusal = shop().refusal(question)

    assert (refusal.code, refusal.message) == (code, message)


@pytest.mark.parametrize(
    "question",
    [
        {**REVENUE, "where": ["shop.place = 'Rome'"]},
        {"fields": ["place"]},
        {"fields": ["status", "shop.place"], "from": "orders"},
    ],
)
def test_a_hierarchy_where_one_dimension_is_meant_is_told_as_one(question: Any) -> None:
    error = shop().refusal(question)

    place = "place" if question.get("fields") == ["place"] else "shop.place"
    path = place.removesuffix("place")
    assert (error.code, error.message, error.hint) == (
        "E_NAME_NOT_FOUND",
        f'"{place}" is a hierarchy, and one dimension is meant',
        f"Name one of {path}country, {path}city.",
    )


def test_the_members_that_are_ranked_are_those_of_one_level() -> None:
    top = {"by": "revenue", "n": 1, "on": "shop.place"}
    error = shop().refusal({**REVENUE, "dimensions": ["shop.place"], "top": top})

    assert (error.code, error.message, error.hint) == (
        "SL103",
        'hierarchy "shop.place" stands for 2 columns, and top has the members of one',
        "Name one of shop.country, shop.city.",
    )
