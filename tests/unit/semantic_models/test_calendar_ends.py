"""Periods of a calendar whose days lie apart: each day is in one of them all the same."""

from __future__ import annotations

import pytest

from tests.support.models import World, world

MODELS = """
version: 1
models:
  sales:
    table: sales
    time: day
    dimensions: {day: {type: time}}
    measures: {sold: sum(n)}
calendars:
  shifts: {table: shifts, day: day, grains: {crew: crew}}
metrics:
  sold_by_crew: {of: sold, to_date: crew, regrain: last}
  sold_by_last_crew: {of: sold, offset: 1 crew}
"""
TABLES = """
create table sales(day date, n integer);
insert into sales values
  ('2024-01-01', 1), ('2024-01-02', 2), ('2024-01-03', 4), ('2024-01-04', 8), ('2024-01-05', 16);
create table shifts(day date, crew varchar);
insert into shifts values
  ('2024-01-01', 'a'), ('2024-01-02', 'b'), ('2024-01-03', 'a'), ('2024-01-04', 'b'),
  ('2024-01-05', 'b');
"""
"""Crew b begins before crew a ends, so that two days lie between the ends of both."""


@pytest.fixture(scope="module")
def crews() -> World:
    return world(MODELS, TABLES)


@pytest.mark.parametrize(
    ("metric", "time", "rows"),
    [
        ("sold_by_crew", "day", [("01", 1), ("02", 2), ("03", 7), ("04", 14), ("05", 30)]),
        ("sold_by_last_crew", "day", [("02", 1), ("04", 4), ("05", 4)]),
        ("sold_by_last_crew", "day.month", [("01", 5)]),
    ],
)
def test_a_day_between_the_ends_of_two_periods_counts_once(
    crews: World, metric: str, time: str, rows: list[object]
) -> None:
    found = crews.answer({"metrics": [metric], "dimensions": [time], "order_by": [time]}).rows

    assert [(f"{day:%d}", value) for day, value in found] == rows
