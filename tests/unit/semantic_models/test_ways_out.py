"""Refusals name what stands in the way, and a way out that leads somewhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.models import world

MODELS = """
version: 1
models:
  visits:
    table: visits
    key: id
    time: moment
    dimensions: {moment: {type: time, grain: hour}, visit_day: {expr: day, type: time}, status: }
    joins: {pages: {to: pages, on: id = pages.visit}}
    measures: {visited: count(*)}
  pages:
    table: pages
    key: page
    dimensions: {page: }
    joins: {words: {to: words, on: page = words.page}}
  words: {table: words, dimensions: {word: }}
  buys:
    table: buys
    time: moment
    dimensions: {moment: {type: time, grain: hour}}
    measures: {bought: count(*)}
metrics:
  last_36_hours: {of: visited, trailing: 36 hours}
  last_48_hours: {of: visited, trailing: 48 hours}
  last_hour: {of: visited, trailing: 1 hour}
  of_days: {of: visited, time: visit_day, trailing: 1 hour}
  an_hour_ago: {of: visited, offset: 1 hour}
  conversions: {funnel: {base: visited, converted: bought}, by: user_id, show: count}
calendars:
  retail: {table: days, day: d, grains: {fiscal_month: m}, shifts: {last_year: ly}}
"""
TABLES = """
create table visits(id integer, user_id integer, moment timestamptz, day date, status text);
insert into visits values
  (1, 1, '2024-01-01 10:00:00+00', '2024-01-01', 'a'),
  (2, 1, '2024-01-03 11:00:00+00', '2024-01-03', 'b');
create table pages(visit integer, page integer);
create table words(page integer, word text);
create table buys(user_id integer, moment timestamptz);
create table days(d date, m date, ly date);
"""
SITE = world(MODELS, TABLES)
DAYS = {"dimensions": ["metric_time.day"]}


@pytest.mark.parametrize(
    ("metric", "span", "grain"),
    [
        ("last_36_hours", "36 hours", "day"),
        ("last_36_hours", "36 hours", "week"),
        ("last_hour", "1 hour", "day"),
        ("of_days", "1 hour", "day"),
    ],
)
def test_a_window_that_is_no_whole_number_of_periods_is_refused(
    metric: str, span: str, grain: str
) -> None:
    refused = SITE.refusal({"metrics": [metric], "dimensions": [f"metric_time.{grain}"]})

    assert (refused.code, refused.hint.split(",")[0]) == (
        "E_NOT_SUPPORTED",
        "Name a window of whole periods",
    )
    assert refused.message.startswith(f"a metric of the last {span} is asked for by ")


def test_a_window_of_whole_days_in_hours_is_one_of_days() -> None:
    answer = SITE.answer({"metrics": ["last_48_hours"], **DAYS, "order_by": ["metric_time.day"]})

    assert [row[1] for row in answer.rows] == [1, 1, 1]


@pytest.mark.parametrize(
    ("question", "hint"),
    [
        (
            {"metrics": ["an_hour_ago"], **DAYS, "time": {"zone": "Europe/Paris"}},
            'Ask in zone "UTC", or step by whole days and group by day or coarser.',
        ),
        (
            {"metrics": ["visited"], "time": {"from": "2024"}, "compare": ["retail.last_year"]},
            "Group by metric_time.",
        ),
        (
            {"metrics": ["visited"], **DAYS, "compare": ["1 fiscal_month"]},
            "Write a count and a unit from second to year, such as 12 months; a calendar's own "
            "grains stand in the `offset` of a metric alone.",
        ),
        (
            {"metrics": ["visited"], "order_by": ["-status"]},
            "Order by a column of the answer (visited), or group by a dimension to order by it.",
        ),
        (
            {"metrics": ["visited"], "time": {"last": "99999999999 years"}},
            "A count is 99,999 at most.",
        ),
    ],
)
def test_a_hint_leads_out(question: dict[str, Any], hint: str) -> None:
    assert SITE.refusal(question).hint == hint


def test_a_path_that_a_funnel_has_not_is_told_with_its_bases_measure() -> None:
    refused = SITE.refusal({"metrics": ["conversions"], "where": ["pages.words.word = 'a'"]})

    assert refused.code == "E_NO_PATH"
    assert refused.detail.endswith('The measures are "visited", "bought".')
