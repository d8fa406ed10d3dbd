"""Grains of calendars and parameters: who may name nothing that has them learns of none."""

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
    dimensions: {status: , amount: , day: {type: time, grain: day}}
    measures: {total: sum(amount)}
  visits:
    table: visits
    key: visit_id
    dimensions: {visit_id: , long: minutes >= param.long_from}
    measures: {visits: count(*), hours: {expr: sum(minutes), where: minutes > param.above}}
calendars:
  fiscal:
    table: fiscal
    day: day
    grains: {fiscal_year: year, fiscal_half: half}
    shifts: {year_ago: earlier}
parameters:
  long_from: {type: integer, default: 10}
  above: {type: integer, default: 0}
  rate: {type: number, default: 2}
  of_questions: {type: string, default: paid}
metrics:
  converted: total * param.rate
  long_visits: {of: visits, where: "metric(hours, visit_id) > param.rate"}
"""
TABLES = """
create table orders as
  from (values (1, 'paid', 5, date '2024-02-01')) t(order_id, status, amount, day);
create table visits as from (values (1, 20)) t(visit_id, minutes);
create table fiscal as
  from (values (date '2024-02-01', 'FY23', 'H2', date '2023-02-01')) t(day, year, half, earlier);
"""
ORDERS = "{grant: {models: [orders]}}"
WITH_CALENDAR = "{grant: {models: [orders, fiscal]}}"
MEMBERS = "{grant: {members: [orders.total, orders.day, fiscal.fiscal_half]}}"
BOARD = "{grant: {metrics: [total], dimensions: [day.fiscal_year]}}"
EVERYTHING = "{grant: {models: all}}"


@cache
def _made() -> World:
    return world(MODELS, TABLES, root=ROOT)


@cache
def _seen(*policies: str) -> World:
    return seen_under(_made(), MODELS, *policies)


def _by(name: str) -> dict[str, Any]:
    return {"metrics": ["total"], "dimensions": [name]}


@pytest.mark.parametrize(
    ("policies", "grains"),
    [
        ((ORDERS,), set()),
        ((WITH_CALENDAR,), {"fiscal_year", "fiscal_half"}),
        ((MEMBERS,), {"fiscal_half"}),
        ((BOARD,), {"fiscal_year"}),
        ((EVERYTHING, "{on: fiscal, hide: fiscal_year}"), {"fiscal_half"}),
    ],
)
def test_a_grain_of_a_calendar_has_a_name_where_the_calendar_or_the_time_by_it_has(
    policies: tuple[str, ...], grains: set[str]
) -> None:
    seen = _seen(*policies)

    assert set(seen.visible.calendars) == grains
    for each in grains:
        assert len(seen.answer(_by(f"day.{each}")).rows) == 1


def test_a_grain_that_is_hidden_is_refused_like_one_that_is_not_there() -> None:
    seen = _seen(ORDERS)

    hidden, missing = (seen.refusal(_by(f"day.{each}")) for each in ("fiscal_year", "fiscal_yeaz"))

    assert hidden.code == missing.code
    assert hidden.message.replace("fiscal_year", "fiscal_yeaz") == missing.message
    assert hidden.hint == missing.hint
    assert "fiscal" not in missing.hint


@pytest.mark.parametrize(
    ("policies", "shifts"),
    [
        ((ORDERS,), set()),
        ((MEMBERS,), set()),
        ((WITH_CALENDAR,), {"fiscal.year_ago"}),
        ((EVERYTHING, "{on: fiscal, hide: year_ago}"), set()),
    ],
)
def test_a_shift_of_a_calendar_has_a_name_where_its_day_has(
    policies: tuple[str, ...], shifts: set[str]
) -> None:
    assert set(_seen(*policies).visible.shifts) == shifts


@pytest.mark.parametrize(
    ("policies", "known"),
    [
        ((ORDERS,), {"rate"}),
        (("{grant: {members: [visits.visits]}}",), set()),
        (("{grant: {members: [visits.long]}}",), {"long_from"}),
        (("{grant: {members: [visits.hours]}}",), {"above"}),
        (("{grant: {metrics: [converted]}}",), {"rate"}),
        (("{grant: {models: [visits]}}",), {"long_from", "above", "rate"}),
        ((EVERYTHING,), {"long_from", "above", "rate", "of_questions"}),
        ((EVERYTHING, "{on: visits, hide: long}"), {"above", "rate", "of_questions"}),
    ],
)
def test_a_parameter_has_a_name_where_something_that_reads_it_has(
    policies: tuple[str, ...], known: set[str]
) -> None:
    seen = _seen(*policies)

    assert set(seen.visible.parameters) == known


def test_a_parameter_is_read_by_a_predicate_that_asks_another_metric() -> None:
    assert set(_seen("{grant: {metrics: [long_visits]}}").visible.parameters) == {"rate"}


@pytest.mark.parametrize(
    ("place", "on"), [("params", ""), ("where", "amount"), ("having", "total")]
)
def test_a_parameter_that_is_hidden_is_refused_like_one_that_is_not_there(
    place: str, on: str
) -> None:
    seen = _seen(ORDERS)

    def asked(name: str) -> dict[str, Any]:
        more: Any = {name: 3} if place == "params" else [f"{on} > param.{name}"]
        return {**_by("status"), place: more}

    hidden, missing = seen.refusal(asked("above")), seen.refusal(asked("abovf"))

    assert hidden.code == missing.code
    assert hidden.message.replace("above", "abovf") == missing.message
    assert hidden.hint == missing.hint
    assert "above" not in missing.hint
    assert "long_from" not in missing.hint


def test_what_reads_a_parameter_of_no_name_reads_its_default() -> None:
    seen = _seen("{grant: {models: [visits]}}", "{on: visits, hide: [long, hours]}")

    assert seen.answer({"metrics": ["visits"]}).rows == [(1,)]
