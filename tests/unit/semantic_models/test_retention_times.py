"""Retention by the time of a cohort that lies behind a join: compared, filled up, by versions."""

from __future__ import annotations

from datetime import date

import pytest

from tests.support.models import Question, World, world

MODELS = """
version: 1
models:
  visits:
    table: visits
    time: day
    dimensions: {day: {type: time}}
    measures: {visitors: count(distinct user_id), visits: count(*)}
    joins:
      user: {to: users, on: user_id = users.user_id}
      plan: {to: plans, on: user_id = plans.user_id, valid: [since, until]}
  users:
    table: users
    key: user_id
    dimensions: {joined: {type: time}}
  plans:
    table: plans
    key: [user_id, since]
    dimensions: {tier: , began: {type: time, expr: since}}
metrics:
  kept: {retention: visitors, cohort: user.joined, after: 2 months}
  kept_by_plan: {retention: visitors, cohort: plan.began, after: 2 months}
  kept_by_month: {of: kept, default_grain: month}
"""
TABLES = """
create table visits(user_id integer, day date);
insert into visits values
  (1, '2024-01-05'), (1, '2024-02-05'), (2, '2024-01-06'), (3, '2024-04-01'), (3, '2024-04-20');
create table users(user_id integer, joined date);
insert into users values (1, '2024-01-05'), (2, '2024-01-06'), (3, '2024-04-01');
create table plans(user_id integer, tier varchar, since date, until date);
insert into plans values
  (1, 'free', '2024-01-01', '2024-02-01'), (1, 'paid', '2024-02-01', null),
  (2, 'free', '2024-01-01', null), (3, 'paid', '2024-03-01', null);
"""
JANUARY, FEBRUARY, MARCH, APRIL = (date(2024, month, 1) for month in range(1, 5))


@pytest.fixture(scope="module")
def visits() -> World:
    return world(MODELS, TABLES)


def test_a_cohort_is_compared_with_an_earlier_one(visits: World) -> None:
    asked: Question = {
        "metrics": ["kept"],
        "dimensions": ["metric_time.month"],
        "compare": ["3 months"],
    }

    assert sorted(visits.answer(asked).rows) == [
        (JANUARY, 0.5, None, False),
        (APRIL, 1.0, 0.5, False),
    ]


@pytest.mark.parametrize("time", ["metric_time.month", "user.joined.month", "users.joined.month"])
def test_months_without_a_cohort_are_filled_up(visits: World, time: str) -> None:
    asked: Question = {"metrics": ["kept"], "dimensions": [time], "fill": True}

    assert sorted(visits.answer(asked).rows) == [
        (JANUARY, 0.5),
        (FEBRUARY, None),
        (MARCH, None),
        (APRIL, 1.0),
    ]


def test_the_version_of_a_row_is_that_of_the_cohort(visits: World) -> None:
    asked: Question = {"metrics": ["kept"], "dimensions": ["plan.tier"]}

    assert sorted(visits.answer(asked).rows) == [("free", 0.5), ("paid", 1.0)]


def test_a_bare_time_is_that_of_the_cohort_beside_others(visits: World) -> None:
    grain = {"metrics": ["kept_by_month"], "dimensions": ["metric_time"]}

    assert sorted(visits.answer(grain).rows) == [(JANUARY, 0.5), (APRIL, 1.0)]


def test_a_cohort_behind_versions_that_are_told_by_it_has_no_time(visits: World) -> None:
    refused = visits.refusal({"metrics": ["kept_by_plan"], "dimensions": ["metric_time"]})

    assert refused.code == "E_TIME_REQUIRED"
    assert refused.message == (
        'join "plan" needs a time, and "plan.began" lies behind join "plan", which needs one too'
    )
    assert refused.hint == 'Write `at:` in join "plan" of model "visits".'
