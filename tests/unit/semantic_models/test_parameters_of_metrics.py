"""Values that metrics fix for parameters, and metrics that are made of such metrics."""

from __future__ import annotations

import pytest

from tests.support.models import world

MODELS = """
version: 1
parameters:
  state: {type: string, default: open}
  rate: {type: integer, default: 1}
models:
  orders:
    table: orders
    key: order_id
    measures:
      orders: {expr: count(*), where: state = param.state}
metrics:
  paid: {of: orders, params: {state: paid}}
  void_at_last: {of: paid, params: {state: void}}
  twice: {expr: orders * param.rate, params: {rate: 2}}
  thrice_at_last: {of: twice, params: {rate: 3}}
  void_twice: {of: twice, params: {state: void}}
"""
TABLES = """
create table orders(order_id integer, state varchar);
insert into orders values
  (1, 'open'), (2, 'paid'), (3, 'paid'), (4, 'void'), (5, 'void'), (6, 'void');
"""


@pytest.mark.parametrize(
    ("metric", "value"),
    [("void_at_last", 2), ("thrice_at_last", 2), ("void_twice", 6), ("twice", 2)],
)
def test_what_a_metric_fixes_holds_in_the_metrics_made_of_it(metric: str, value: int) -> None:
    made = world(MODELS, TABLES)
    query = made.compile({"metrics": [metric]})

    assert made.rows(query.text) == [(value,)]
