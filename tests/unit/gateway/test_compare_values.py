"""Totals of two states of a project, and what lies between them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.compare_values import ABSENT, Compared, Told, Value, compared, totals

ROOT = b"version: 1\nname: small\nengines: {local: {type: duckdb, files: {numbers: n.parquet}}}\n"
MODELS = b"""version: 1
models:
  numbers:
    table: numbers
    time: day
    dimensions: {day: {type: time}}
    measures: {total: sum(n), none: sum(n) filter (where n > 9), last: max(day)}
metrics:
  before: {of: total, offset: 1 day}
"""


@pytest.mark.parametrize(
    ("old", "new", "difference", "percent"),
    [
        (4, 6, 2, 50.0),
        (-4, -6, -2, -50.0),
        (0, 6, 6, None),
        (Decimal("1.50"), Decimal("1.20"), Decimal("-0.30"), -20.0),
        (2, 2.5, 0.5, 25.0),
        (Decimal(2), 1.0, -1.0, -50.0),
        (None, 6, None, None),
        (4, None, None, None),
        (date(2024, 1, 1), date(2024, 1, 2), None, None),
        (True, False, None, None),
    ],
)
def test_a_difference_is_of_numbers(
    old: Value, new: Value, difference: Value, percent: float | None
) -> None:
    found = Compared("total", Told(old), Told(new))

    assert found.difference == difference
    assert found.percent == (percent if percent is None else pytest.approx(percent))


def test_a_metric_of_one_side_is_compared_with_nothing() -> None:
    one, other = {"a": Told(1)}, {"b": Told(2)}

    assert list(compared(("a", "b"), one, other)) == [
        Compared("a", Told(1), ABSENT),
        Compared("b", ABSENT, Told(2)),
    ]


def test_totals_are_asked_over_the_data_of_the_folder(tmp_path: Path) -> None:
    table = pa.table({"n": [1, 2], "day": [date(2024, 1, 1), date(2024, 1, 2)]})
    pq.write_table(table, tmp_path / "n.parquet")
    files = {"forebay.yml": ROOT, "models/all.yml": MODELS}

    names = ("total", "numbers.total", "none", "last", "before", "nothing")
    assert totals(files, tmp_path, names) == {
        "total": Told(3),
        "numbers.total": Told(3),
        "none": Told(),
        "last": Told(date(2024, 1, 2)),
        "before": Told(code="E_TIME_REQUIRED"),
    }
