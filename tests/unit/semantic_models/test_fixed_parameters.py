"""Values that metrics give to parameters: the metric that is nearest to a measure gives its own."""

from __future__ import annotations

from tests.support.models import world

MODELS = """version: 1
parameters: {least: {type: integer, default: 0}}
models:
  sales:
    table: sales
    measures:
      total: sum(amount)
      large: {expr: sum(amount), where: amount >= param.least}
metrics:
  at_five: {of: large, params: {least: 5}}
  at_nine: {of: at_five, params: {least: 9}}
  filtered: {of: total, where: amount >= param.least}
  filtered_at_five: {of: filtered, params: {least: 5}}
  filtered_at_nine: {of: filtered_at_five, params: {least: 9}}
  share: at_five / large
  share_at_nine: {of: share, params: {least: 9}}
"""
TABLES = "create table sales as select unnest([1, 5, 9]) as amount"


def test_a_metric_keeps_the_values_that_it_gives_itself() -> None:
    made = world(MODELS, TABLES)
    names = ["at_five", "at_nine", "filtered_at_five", "filtered_at_nine", "share_at_nine"]

    answer = made.answer({"metrics": names, "params": {"least": 1}})

    assert answer.rows == [(14, 14, 14, 14, 14 / 9)]
