"""What stands behind metric time, and what leads to members, for who may not name it all."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.support.models import World, world
from tests.support.policies import ROOT, seen_under

MODELS = """
version: 1
models:
  orders:
    table: orders
    key: order_id
    time: day
    dimensions:
      order_id:
      status:
      day: {type: time, grain: day}
      place: {hierarchy: [status, tags.tag]}
    measures: {total: sum(amount), paid: {expr: sum(amount), where: status = 'paid'}}
    joins: {tags: {to: tags, through: order_tags}}
  tags: {table: tags, key: tag, dimensions: {tag: }}
  order_tags:
    table: order_tags
    key: [order_id, tag]
    dimensions: {tag: }
    joins: {order: {to: orders, on: order_id}, of: {to: tags, on: tag}}
calendars:
  fiscal: {table: fiscal, day: day, grains: {fiscal_year: year}}
metrics:
  followed: {funnel: {base: total, converted: paid}, by: order_id, show: value}
"""
TABLES = """
create table orders as from (values
  (1, 'paid', 5, date '2024-02-01'), (2, 'open', 7, date '2024-02-02'))
  t(order_id, status, amount, day);
create table tags as from (values ('hot'), ('cold')) t(tag);
create table order_tags as from (values (1, 'hot'), (2, 'hot'), (2, 'cold')) t(order_id, tag);
create table fiscal as from (values (date '2024-02-01', 'FY23')) t(day, year);
"""
ORDERS = "{grant: {models: [orders]}}"
HIDING = "{on: orders, hide: [status, place]}"
CALENDAR = "{grant: {models: [fiscal]}}"
FAR_SIDE = "{grant: {models: [tags, order_tags]}}"


@cache
def _made() -> World:
    return world(MODELS, TABLES, root=ROOT)


def _seen(*policies: str) -> World:
    return seen_under(_made(), MODELS, *policies)


def _by(name: str) -> dict[str, Any]:
    return {"metrics": ["total"], "dimensions": [name]}


def test_metric_time_has_the_grains_of_calendars_that_may_be_named() -> None:
    question = _by("metric_time.fiscal_year")

    assert sorted(_seen(ORDERS, CALENDAR).answer(question).rows, key=str) == [
        ("FY23", 5),
        (None, 7),
    ]
    assert _seen(ORDERS).refusal(question).code == "E_NAME_NOT_FOUND"


@pytest.mark.parametrize("name", ["fiscal_year", "status", "place"])
def test_a_hidden_name_behind_metric_time_is_refused_like_one_that_is_not_there(name: str) -> None:
    seen = _seen(ORDERS, HIDING)
    missing = "z" * len(name)

    told = [seen.refusal(_by(f"metric_time.{each}")) for each in (name, missing)]

    one, other = ((each.code, each.message, each.detail, each.hint) for each in told)
    assert tuple(each.replace(name, missing) for each in one) == other


@pytest.mark.parametrize(
    "policies",
    [
        ("{grant: {metrics: [total], dimensions: [tags.tag]}}",),
        (
            "{grant: {models: [orders, tags, order_tags]}}",
            "{on: order_tags, hide: [order, of]}",
        ),
    ],
)
def test_a_bridge_is_crossed_whose_own_joins_have_no_name(policies: tuple[str, ...]) -> None:
    answer = _seen(*policies).answer(_by("tags.tag"))

    assert sorted(answer.rows) == [("cold", 7), ("hot", 12)]


@pytest.mark.parametrize(
    ("policies", "code"),
    [
        (("{grant: {metrics: [followed]}}",), "E_NAME_NOT_FOUND"),
        (("{grant: {models: all}}", "{on: orders, hide: [day]}"), "E_TIME_REQUIRED"),
    ],
)
def test_a_funnel_is_told_whose_times_have_no_name(policies: tuple[str, ...], code: str) -> None:
    seen, question = _seen(*policies), {"metrics": ["followed"]}

    assert seen.answer(question).rows == _made().answer(question).rows
    assert seen.refusal({**question, "dimensions": ["metric_time"]}).code == code


@pytest.mark.parametrize(
    ("policies", "bridges"),
    [
        (("{grant: {models: all}}", "{on: orders, hide: [place]}"), ["tags"]),
        (("{grant: {models: all}}", "{on: orders, hide: [place, tags]}"), []),
        (("{grant: {members: [orders.total, orders.tags]}}", FAR_SIDE), ["tags"]),
        (("{grant: {members: [orders.total]}}", FAR_SIDE), []),
    ],
)
def test_a_join_through_a_model_is_hidden_and_granted_by_its_name(
    policies: tuple[str, ...], bridges: list[str]
) -> None:
    assert list(_seen(*policies).visible.models["orders"].bridges) == bridges
