"""Ask every query of the benchmarks, and tell how many are said.

SUITE=tpch SCALE=1 python -m tests.tpc
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.suites.runner import run
from tests.tpc.asked import asked, files_of, unsaid
from tests.tpc.data import BENCHMARKS, Benchmark


@dataclass(frozen=True)
class Score:
    """What became of a benchmark's queries."""

    passed: int
    without_rows: int
    """How many of these have no row at this scale, so that being equal says little."""
    differing: dict[str, str]
    """Why, by name."""
    unsaid: dict[str, str]
    """Why, by name."""

    def told(self, benchmark: Benchmark) -> str:
        """The counts, in words."""
        told = f"{self.passed} of {benchmark.queries} queries equal"
        return f"{told}, {self.without_rows} of them without rows" if self.without_rows else told


def score_of(benchmark: Benchmark, scale: float | None = None) -> Score:
    """Ask every query that is said, at the suite's scale factor or another one."""
    with tempfile.TemporaryDirectory() as folder, asked(benchmark, Path(folder), scale) as each:
        score = run(each.cases())
        empty = {path.stem for path in files_of(benchmark.name) if each.is_empty(path)}
    without_rows = len(empty & set(score.passed))
    return Score(len(score.passed), without_rows, score.failed, unsaid(benchmark.name))


def main() -> int:
    """Print the score of the suites that are asked for; 1 where a query's answer differs."""
    names = [os.environ["SUITE"]] if os.environ.get("SUITE") else [each.name for each in BENCHMARKS]
    scale = float(os.environ["SCALE"]) if os.environ.get("SCALE") else None
    differing = 0
    for benchmark in BENCHMARKS:
        if benchmark.name in names:
            score = score_of(benchmark, scale)
            differing += len(score.differing)
            not_equal = sorted({**score.unsaid, **score.differing}.items())
            lines = [f"{benchmark.name} {name}: {why}" for name, why in not_equal]
            print("\n".join([*lines, f"{benchmark.title}: {score.told(benchmark)}"]))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
