"""Offsets and comparisons where predicates, ranges or the data's end cut a period."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from tests.support.models import World, world

ROOT = """
version: 1
name: shifted
engines: {local: {type: duckdb, path: shifted.duckdb}}
calendars: {turns: {table: turns, day: day, grains: {turn: begins}}}
"""

MODELS = """
version: 1
models:
  events:
    table: events
    key: id
    time: at_
    dimensions: {at_: {type: time, grain: minute}}
    measures: {events: count(*)}
  days:
    table: days
    key: id
    time: day
    dimensions: {day: {type: time}}
    measures: {days: count(*)}
metrics:
  events_a_day_ago: {of: events, offset: 1 day}
  events_so_far: {of: events, cumulative: all}
  days_a_turn_ago: {of: days, offset: 1 turn}
  days_a_month_ago: {of: days, offset: 1 month}
"""

TABLES = """
create table events as
  select i as id, timestamp '2024-03-08 00:30:00' + to_hours(i) as at_ from range(120) t(i);
create table days as
  select i as id, date '2024-01-01' + i::integer as day from range(105) t(i);
create table turns as
  select day, date '2024-01-01' + ((day - date '2024-01-01') // 30 * 30)::integer as begins
  from (select date '2024-01-01' + i::integer as day from range(360) t(i));
"""
"""An event an hour over five days; a row a day until 14 April; turns of thirty days."""


@pytest.fixture(scope="module")
def shifted() -> World:
    return world(MODELS, TABLES, root=ROOT)


def _told(shifted: World, question: dict[str, Any]) -> list[tuple[Any, ...]]:
    return sorted(shifted.answer(question).rows, key=lambda row: row[0])


def _march(day: int) -> datetime:
    return datetime(2024, 3, day)  # noqa: DTZ001 - civil


BY_DAY = {"metrics": ["events", "events_a_day_ago"], "dimensions": ["metric_time.day"]}
BY_MONTH = {"metrics": ["days"], "dimensions": ["metric_time.month"], "compare": ["1 month"]}


def test_a_predicate_on_the_hour_holds_for_the_hours_of_the_day_before(shifted: World) -> None:
    rows = _told(shifted, {**BY_DAY, "where": ["at_.part(hour) < 12"]})

    assert rows == [
        (_march(8), 12, None),
        (_march(9), 12, 12),
        (_march(10), 12, 12),
        (_march(11), 12, 12),
        (_march(12), 12, 12),
    ]


@pytest.mark.parametrize(
    "cut",
    [
        {"time": {"from": "2024-03-10 01", "to": "2024-03-11 05"}},
        {"where": ["at_ >= '2024-03-10 01:00' and at_ < '2024-03-11 06:00'"]},
        {"where": ["at_.hour >= '2024-03-10 01:00'", "at_.hour <= '2024-03-11 05:00'"]},
    ],
)
def test_a_day_that_is_cut_is_beside_as_much_of_the_day_before(
    shifted: World, cut: dict[str, Any]
) -> None:
    compared = {"metrics": ["events"], "dimensions": ["metric_time.day"], "compare": ["1 day"]}

    offset = _told(shifted, {**BY_DAY, **cut})
    earlier = _told(shifted, {**compared, **cut})

    assert offset == [(_march(10), 23, 23), (_march(11), 6, 6)]
    assert [row[:3] for row in earlier] == offset


def test_the_hours_of_a_day_are_beside_those_of_the_day_before(shifted: World) -> None:
    by_hour = {**BY_DAY, "dimensions": ["metric_time.day", "at_.part(hour)"]}
    so_far = {"metrics": ["events_so_far"], "dimensions": by_hour["dimensions"]}

    earlier = shifted.answer(by_hour).rows
    told = {row[:2]: row[2] for row in shifted.answer(so_far).rows}

    assert len(earlier) == 120
    assert {row[2:] for row in earlier if row[0] > _march(8)} == {(1, 1)}
    assert told[_march(8), 0] == 1
    assert told[_march(9), 5] == 30


@pytest.mark.parametrize(
    "cut",
    [
        {"where": ["at_.part(hour) < 12"]},
        {"where": ["at_ >= '2024-03-10 01:00'"]},
        {"where": [{"field": "at_", "op": ">=", "value": "2024-03-10 01:00"}]},
        {"where": ["metric_time.hour >= '2024-03-10 01:00'"]},
        {"time": {"from": "2024-03-10 01"}},
    ],
)
def test_what_counts_whole_days_is_not_cut_within_one(shifted: World, cut: dict[str, Any]) -> None:
    question = {"metrics": ["events_so_far"], "dimensions": ["metric_time.day"]}

    error = shifted.refusal({**question, **cut})

    assert error.code == "E_NOT_SUPPORTED"
    assert "bounded within a day" in error.message


def test_what_counts_whole_days_may_begin_at_midnight(shifted: World) -> None:
    question = {"metrics": ["events_so_far"], "dimensions": ["metric_time.day"]}

    rows = _told(shifted, {**question, "where": ["at_ >= '2024-03-11'"]})

    assert rows == [(_march(11), 96), (_march(12), 120)]


@pytest.mark.parametrize(
    "cut", [{"where": ["day >= '2024-02-01'"]}, {"time": {"from": "2024-02-01"}}]
)
def test_whole_months_are_compared_however_they_are_bounded(
    shifted: World, cut: dict[str, Any]
) -> None:
    rows = _told(shifted, {**BY_MONTH, **cut})

    assert [row[1:3] for row in rows] == [(29, 31), (31, 29), (14, 31)]


def test_a_month_that_is_cut_is_beside_a_part_and_others_are_beside_whole_ones(
    shifted: World,
) -> None:
    rows = _told(shifted, {**BY_MONTH, "time": {"from": "2024-02-10", "to": "2024-04-05"}})

    assert rows == [
        (date(2024, 2, 1), 20, 22, True),
        (date(2024, 3, 1), 31, 29, False),
        (date(2024, 4, 1), 5, 5, True),
    ]


def test_the_last_period_shows_the_whole_of_the_earlier_one(shifted: World) -> None:
    by_turn = {"metrics": ["days", "days_a_turn_ago"], "dimensions": ["metric_time.turn"]}
    by_both = {"metrics": ["days_a_month_ago"], "dimensions": ["metric_time.month", "day.year"]}

    turns = _told(shifted, by_turn)
    months = _told(shifted, by_both)

    assert turns == [
        (date(2024, 1, 1), 30, None),
        (date(2024, 1, 31), 30, 30),
        (date(2024, 3, 1), 30, 30),
        (date(2024, 3, 31), 15, 30),
    ]
    assert [row[-1] for row in months] == [31, 29, 31]


@pytest.mark.parametrize("time", ["metric_time.day", "day.day", "day", "metric_time"])
@pytest.mark.parametrize(
    ("predicate", "count"),
    [
        ("day >= '2024-04-10'", 5),
        ("metric_time >= '2024-04-10'", 5),
        ("metric_time.day >= '2024-04-10'", 5),
        ("day.month >= '2024-04-01'", 14),
        ("metric_time.part(month) = 4", 14),
    ],
)
def test_what_is_filled_up_is_what_is_asked_for_however_it_is_spelled(
    shifted: World, time: str, predicate: str, count: int
) -> None:
    question = {"metrics": ["days"], "dimensions": [time], "where": [predicate], "fill": True}

    rows = shifted.answer(question).rows

    assert [row[1] for row in rows] == [1] * count
