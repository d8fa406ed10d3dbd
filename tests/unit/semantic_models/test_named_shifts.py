"""Days that a calendar compares days with: years of 53 weeks, and days without any."""

from __future__ import annotations

from datetime import date

import pytest

from semantic_models.errors import FaultyProject
from tests.support.models import World, world

MODELS = """
version: 1
models:
  sales:
    table: sales
    time: day
    dimensions: {day: {type: time}}
    measures: {sold: sum(n), buyers: count(distinct buyer)}
calendars:
  retail:
    table: retail
    day: day
    grains: {fiscal_year: fy, fiscal_week: fw}
    shifts: {last_year: day_ly, WRONG: fy}
metrics:
  sold_ly: {of: sold, offset: retail.last_year}
  growth: {of: sold, offset: retail.last_year, show: percent_change}
  buyers_ly: {of: buyers, offset: retail.last_year}
  sold_before: {of: sold, offset: 1 day}
  sold_before_that: {of: sold_before, offset: retail.last_year}
"""
"""Fiscal 2023 has 53 weeks, from Sunday 2023-01-29; 2024 begins on 2024-02-04.

A day of 2024 is compared with the one 53 weeks before, since the years begin a week apart. The
53rd week of 2023 has nothing to be compared with in 2022, which has 52.
"""
TABLES = """
create table sales(day date, n integer, buyer integer);
insert into sales
  select d::date, 1, (row_number() over ()) % 5
  from generate_series(timestamp '2022-01-30', timestamp '2025-02-01', interval 1 day) as s(d);
create table retail(day date, fy integer, fw date, day_ly date);
insert into retail
  select d::date,
    case when d < '2023-01-29' then 2022 when d < '2024-02-04' then 2023 else 2024 end,
    (d - interval (dayofweek(d)) day)::date,
    case
      when d < '2023-01-29' then null
      when d < '2024-01-28' then d::date - 364
      when d < '2024-02-04' then null
      else d::date - 371
    end
  from generate_series(timestamp '2022-01-30', timestamp '2025-02-01', interval 1 day) as s(d);
"""


def of_sales(wrong: str = "") -> World:
    shift = f", {wrong}: fy" if wrong else ""
    return world(MODELS.replace(", WRONG: fy", shift), TABLES)


@pytest.fixture(scope="module")
def sales() -> World:
    return of_sales()


def test_years_of_different_lengths_are_compared_day_by_day(sales: World) -> None:
    asked = {"metrics": ["sold", "sold_ly"], "dimensions": ["day.fiscal_year"]}

    assert sorted(sales.answer(asked).rows) == [
        (2022, 364, None),
        (2023, 371, 364),
        (2024, 364, 364),
    ]


def test_the_days_that_are_shown_are_those_of_the_table(sales: World) -> None:
    given = sales.answer({"metrics": ["sold_ly", "buyers_ly"], "dimensions": ["day.fiscal_week"]})
    wanted = sales.rows(
        "select r.fw, sum(n), count(distinct buyer) from retail as r join sales as s "
        "on s.day = r.day_ly group by 1"
    )

    assert sorted(given.rows) == sorted(wanted)
    assert len(wanted) == 104


def test_a_week_without_a_comparable_one_has_no_value(sales: World) -> None:
    asked = {
        "metrics": ["growth", "sold"],
        "dimensions": ["day.week"],
        "time": {"from": "2024-01-29", "to": "2024-02-03"},
    }

    assert sales.answer(asked).rows == [(date(2024, 1, 29), None, 6)]


def test_months_are_put_together_from_their_days(sales: World) -> None:
    by_month: dict[object, object] = dict(
        sales.answer({"metrics": ["sold_ly"], "dimensions": ["day.month"]}).rows
    )

    assert by_month[date(2024, 1, 1)] == 27
    assert by_month[date(2024, 2, 1)] == 26
    assert by_month[date(2024, 3, 1)] == 31


def test_an_earlier_day_is_that_of_the_day_compared_with(sales: World) -> None:
    asked = {"metrics": ["sold_before_that"], "dimensions": ["day.fiscal_year"]}

    assert sorted(sales.answer(asked).rows) == [(2023, 363), (2024, 364)]


def test_a_shift_holds_dates() -> None:
    with pytest.raises(FaultyProject) as refused:
        of_sales("by_year")

    (fault,) = refused.value.faults
    assert fault.message == 'shift "retail.by_year" holds int32, and no dates'
