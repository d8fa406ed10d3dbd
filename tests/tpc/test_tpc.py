"""Queries of TPC-H and TPC-DS that are said as questions answer what the benchmarks' SQL does."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.suites.runner import run
from tests.tpc.asked import KEYS, asked, files_of, number_of, unsaid
from tests.tpc.data import BENCHMARKS, Benchmark


@pytest.mark.timeout(180)
@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda each: each.name)
def test_every_query_that_is_said_answers_as_its_reference(
    benchmark: Benchmark, tmp_path: Path
) -> None:
    with asked(benchmark, tmp_path) as each:
        score = run(each.cases())
    assert score.failed == {}
    assert score.passed


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda each: each.name)
def test_every_query_is_said_or_has_a_reason(benchmark: Benchmark) -> None:
    said = [path.stem for path in files_of(benchmark.name)]
    numbers = sorted([*map(number_of, said), *map(number_of, unsaid(benchmark.name))])
    assert numbers == list(range(1, benchmark.queries + 1))


@pytest.mark.parametrize(
    "path",
    [path for each in BENCHMARKS for path in files_of(each.name)],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_what_is_mapped_or_lifted_is_told(path: Path) -> None:
    case = orjson.loads(path.read_bytes())
    assert set(case) <= KEYS
    lifted = not case.get("has_limit", True) or len(case["questions"]) > 1
    left_out = None in case.get("columns", [])
    assert bool(case.get("note")) or not (lifted or left_out)
