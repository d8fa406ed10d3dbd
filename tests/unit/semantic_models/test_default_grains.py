"""The grain of a bare metric time is the asked metric's own, and never that of one beneath it."""

from __future__ import annotations

import pytest

from tests.support.models import world

MODELS = """version: 1
models:
  sales:
    table: sales
    time: day
    dimensions: {day: {type: time, grain: day}}
    measures: {total: sum(amount)}
metrics:
  by_quarter: {of: total, default_grain: quarter}
  ranked: {rank: by_quarter, within: metric_time}
  greatest: {max: by_quarter, per: metric_time}
  doubled: by_quarter * 2
"""
TABLES = "create table sales as select date '2024-01-02' as day, 1 as amount"


@pytest.mark.parametrize(
    ("metric", "column"),
    [
        ("by_quarter", "metric_time__quarter"),
        ("ranked", "metric_time__day"),
        ("greatest", "metric_time__day"),
        ("doubled", "metric_time__day"),
    ],
)
def test_the_asked_metric_alone_gives_the_grain(metric: str, column: str) -> None:
    answer = world(MODELS, TABLES).answer({"metrics": [metric], "dimensions": ["metric_time"]})

    assert answer.names == (column, metric)
