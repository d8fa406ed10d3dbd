"""Tables of periods: which one serves a grain, and what it adds to an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from auth.rights import Names, Rights
from auth.visible import visible
from semantic_models.errors import NoPath
from semantic_models.make_plan import make_plan
from semantic_models.times_of_values import alone
from tests.support.models import World, world
from tests.support.trees import shared_trees

MODELS = """
version: 1
models:
  sales:
    table: sales
    time: day
    dimensions: {day: {type: time}}
    measures: {sold: sum(n)}
metrics:
  so_far: {of: sold, cumulative: all}
  last_week: {of: sold, offset: 1 week}
spines:
  day: {table: days, column: d}
  month: {table: months, column: m}
"""
TABLES = """
create table sales(day date, n integer);
insert into sales values ('2024-01-30', 1), ('2024-02-02', 2), (null, 4);
create table days(d date);
insert into days
  select unnest(generate_series(date '2024-01-29', date '2024-02-10', interval 1 day));
create table months(m timestamp);
insert into months values ('2023-12-01'), ('2024-01-01'), ('2024-02-01'), ('2024-03-01');
"""


@pytest.fixture(scope="module")
def sales() -> World:
    return world(MODELS, TABLES)


def test_periods_are_those_of_the_table_beyond_the_data(sales: World) -> None:
    answer = sales.answer({"metrics": ["last_week"], "dimensions": ["day"]})

    assert sorted(answer.rows) == [(date(2024, 2, 6), 1), (date(2024, 2, 9), 2)]


def test_a_coarser_grain_has_a_table_of_its_own(sales: World) -> None:
    answer = sales.answer({"metrics": ["sold"], "dimensions": ["day.month"], "fill": True})

    assert sorted(answer.rows, key=repr) == [
        (None, 4),
        (date(2023, 12, 1), None),
        (date(2024, 1, 1), 1),
        (date(2024, 2, 1), 2),
        (date(2024, 3, 1), None),
    ]


def test_the_ends_of_a_range_stand_in_one_tree_each(sales: World) -> None:
    question = {
        "metrics": ["so_far", "last_week"],
        "dimensions": ["metric_time"],
        "time": {"from": "2024-02-01", "to": "2024-02-03"},
        "fill": True,
    }

    assert [*shared_trees(make_plan(sales.resolve(question)))] == []


def test_a_range_bounds_the_periods_of_a_table(sales: World) -> None:
    answer = sales.answer(
        {
            "metrics": ["sold"],
            "dimensions": ["metric_time"],
            "fill": True,
            "time": {"from": "2024-02-01", "to": "2024-02-03"},
        }
    )

    assert sorted(answer.rows) == [
        (date(2024, 2, 1), None),
        (date(2024, 2, 2), 2),
        (date(2024, 2, 3), None),
    ]


def test_a_cumulation_goes_through_the_table(sales: World) -> None:
    answer = sales.answer({"metrics": ["so_far"], "dimensions": ["day.week"]})

    assert sorted(answer.rows) == [
        (date(2024, 1, 29), 1),
        (date(2024, 2, 5), 3),
    ]


def test_whoever_sees_no_model_is_refused_metric_time(sales: World) -> None:
    nobody = Rights(names=Names())
    seen = replace(visible(sales.catalog, nobody), spines=())

    with pytest.raises(NoPath, match="no model"):
        alone(seen)
