"""NaN lies above all numbers, and is no NULL: the least of a group of NaN alone is NaN."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auth.principal import ANONYMOUS
from gateway.compose import make_gateway
from gateway.settings import Settings

ROOT = """version: 1
name: nan
engines: {local: {type: duckdb, files: {facts: facts.parquet}}}
"""
MODELS = """version: 1
models:
  facts:
    table: facts
    dimensions: {g: }
    measures: {least: min(x), most: max(x), narrow: min(y)}
"""
GROUPS: dict[str, list[float | None]] = {
    "nan": [nan, nan],
    "mixed": [1.0, nan],
    "inf": [inf, nan],
    "null": [None],
    "n": [nan, None],
}


@pytest.mark.parametrize("statistics", [True, False])
def test_the_least_and_the_most_of_nan(statistics: bool, tmp_path: Path) -> None:  # noqa: FBT001
    pairs = [(group, value) for group, values in GROUPS.items() for value in values]
    values = [value for _, value in pairs]
    columns: dict[str, pa.Array[Any]] = {
        "g": pa.array([group for group, _ in pairs]),
        "x": pa.array(values, pa.float64()),
        "y": pa.array(values, pa.float32()),
    }
    pq.write_table(
        pa.table(columns), tmp_path / "facts.parquet", write_statistics=statistics, row_group_size=2
    )
    (tmp_path / "models").mkdir()
    (tmp_path / "forebay.yml").write_text(ROOT)
    (tmp_path / "models" / "all.yml").write_text(MODELS)
    gateway = make_gateway(Settings(project=tmp_path, types_folder=tmp_path / "types"))

    def asked(rest: str) -> list[tuple[str, ...]]:
        question = f'{{"metrics": ["least", "most", "narrow"], {rest}}}'
        stream = gateway.fetch(gateway.prepare(question, ANONYMOUS)).stream
        rows = [row for batch in stream for row in batch.to_pylist()]
        return sorted(tuple(str(each) for each in row.values()) for row in rows)

    of_each, of_nan = asked('"dimensions": ["g"]'), asked('"where": ["g = \'nan\'"]')
    of_all = asked('"limit": 1')
    gateway.close()

    assert of_each == [
        ("inf", "inf", "nan", "inf"),
        ("mixed", "1.0", "nan", "1.0"),
        ("n", "nan", "nan", "nan"),
        ("nan", "nan", "nan", "nan"),
        ("null", "None", "None", "None"),
    ]
    assert (of_nan, of_all) == ([("nan", "nan", "nan")], [("1.0", "nan", "1.0")])
