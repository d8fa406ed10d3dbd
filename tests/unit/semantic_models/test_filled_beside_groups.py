"""Filling up beside metrics with groups of their own: a time is of all that is grouped by it."""

from __future__ import annotations

import pytest

from semantic_models.errors import TimeRequired
from tests.support.models import World, world

MODELS = """
version: 1
models:
  orders:
    table: orders
    key: order_id
    time: day
    dimensions: {day: {type: time}, kind: }
    measures: {orders: count(*)}
  lines:
    table: lines
    key: line_id
    dimensions: {part: }
    measures: {lines: count(*)}
    joins: {order: {to: orders, on: order_id = orders.order_id}}
metrics:
  least: {min: lines, per: part}
  lines_by_day: {of: lines, grain: {keep_only: orders.day}}
  every_line: {of: lines, grain: {keep_only: []}}
  fewest: {min: orders, per: kind}
"""
TABLES = """
create table orders(order_id integer, day date, kind integer);
insert into orders values (1, '2024-01-01', 1), (2, '2024-01-01', 1), (3, '2024-01-03', 2);
create table lines(line_id integer, order_id integer, part integer);
insert into lines values (1, 1, 7), (2, 1, 7), (3, 3, 8);
"""


@pytest.fixture(scope="module")
def orders() -> World:
    return world(MODELS, TABLES)


@pytest.mark.parametrize("metric", ["lines", "least", "lines_by_day"])
def test_a_time_that_is_no_metric_time_of_one_of_them_fills_nothing_up(
    orders: World, metric: str
) -> None:
    with pytest.raises(TimeRequired):
        orders.compile({"metrics": [metric, "orders"], "dimensions": ["orders.day"], "fill": True})


@pytest.mark.parametrize(
    ("metric", "values"), [("every_line", (3, 3, 3)), ("fewest", (2, None, 1))]
)
def test_what_has_no_such_group_or_that_time_is_filled_up_with(
    orders: World, metric: str, values: tuple[int | None, ...]
) -> None:
    asked = {
        "metrics": [metric, "orders"],
        "dimensions": ["orders.day"],
        "order_by": ["orders.day"],
        "fill": True,
    }
    rows = orders.rows(orders.compile(asked).text)

    assert tuple(row[1] for row in rows) == values
