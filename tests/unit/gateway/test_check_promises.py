"""Promises are counted once for each version of the data, whoever asks and however many do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cache.fingerprint import CacheKey
from dialects.physical import PhysicalQuery
from gateway.check_promises import Check, Counts, broken, check_of
from gateway.engines.base import Engine, ResultStream
from gateway.errors import DataAltered, EngineTimedOut
from gateway.project import Project, load_project
from semantic_models.promises import promises

ROOT = """version: 1
name: small
engines: {local: {type: duckdb, files: {numbers: numbers.parquet, others: others.parquet}}}
"""
MODELS = """version: 1
models:
  numbers: {table: numbers, unique: [[code]], dimensions: {code: }}
  others: {table: others, dimensions: {code: }}
"""


@dataclass
class Small:
    """A project with one promise, and how often the engine was asked about it."""

    folder: Path
    asked: int = 0
    project: Project = field(init=False)
    counts: Counts = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "models").mkdir()
        (self.folder / "forebay.yml").write_text(ROOT)
        (self.folder / "models" / "all.yml").write_text(MODELS)
        self.write("numbers", "abb")
        self.write("others", "x")
        self.project = load_project(self.folder, types_folder=self.folder / "types")
        (promise,) = promises(self.project.snapshot.catalog)
        self.check: Check = check_of(promise, self.project.engines["local"].dialect)
        self.start_anew()

    def start_anew(self) -> None:
        """Forget what is in memory."""
        self.counts = Counts(self.project.engines, self.run, self.folder / "checks")

    def write(self, name: str, codes: str) -> None:
        """Put data in the place of the data before."""
        pq.write_table(pa.table({"code": list(codes)}), self.folder / "beside")
        (self.folder / "beside").replace(self.folder / f"{name}.parquet")

    def run(
        self, engine: Engine, query: PhysicalQuery, key: CacheKey, timeout_s: float
    ) -> ResultStream:
        self.asked += 1
        return engine.execute(query, timeout_s=timeout_s)

    def count(self) -> tuple[int, int]:
        """How often the promise is broken, and how often the engine was asked so far."""
        return self.counts.count(self.check, timeout_s=20), self.asked


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    made = Small(tmp_path)
    yield made
    made.project.close()


def test_a_version_of_the_data_is_counted_once(small: Small) -> None:
    assert [small.count(), small.count()] == [(1, 1), (1, 1)]


def test_other_data_is_counted_anew(small: Small) -> None:
    first = small.count()
    small.write("numbers", "ab")

    assert (first, small.count()) == ((1, 1), (0, 2))


def test_data_of_other_models_may_change(small: Small) -> None:
    first = small.count()
    small.write("others", "yz")

    assert (first, small.count()) == ((1, 1), (1, 1))


def test_a_count_outlives_its_process_until_the_data_changes(small: Small) -> None:
    first = small.count()
    small.start_anew()
    again = small.count()
    small.write("numbers", "abc")
    small.start_anew()

    assert (first, again, small.count()) == ((1, 1), (1, 1), (0, 2))
    assert len(list((small.folder / "checks").iterdir())) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1, "count": "x"}'])
def test_what_cannot_be_read_is_counted_again(small: Small, text: str) -> None:
    small.count()
    (kept,) = (small.folder / "checks").iterdir()
    kept.write_text(text)
    small.start_anew()

    assert small.count() == (1, 2)


def test_many_that_ask_at_once_have_it_counted_once(small: Small) -> None:
    together = threading.Barrier(8)

    def ask(_: int) -> int:
        together.wait()
        return small.count()[0]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))

    assert (found, small.asked) == ([1] * 8, 1)


def test_data_that_changes_while_it_is_counted_is_counted_again(small: Small) -> None:
    def run(engine: Engine, query: PhysicalQuery, key: CacheKey, timeout_s: float) -> ResultStream:
        if small.asked == 0:
            small.write("numbers", "abcd")
        return small.run(engine, query, key, timeout_s)

    small.counts = Counts(small.project.engines, run, small.folder / "checks")

    assert small.count() == (0, 2)


def test_data_that_never_rests_is_refused(small: Small) -> None:
    def run(engine: Engine, query: PhysicalQuery, key: CacheKey, timeout_s: float) -> ResultStream:
        small.write("numbers", "a" * (small.asked + 4))
        return small.run(engine, query, key, timeout_s)

    small.counts = Counts(small.project.engines, run, small.folder / "checks")

    with pytest.raises(DataAltered, match="the data changed while it was checked"):
        small.count()
    assert not (small.folder / "checks").exists()


def test_whoever_waits_for_a_count_waits_until_its_own_deadline(small: Small) -> None:
    counting, told = threading.Event(), threading.Event()

    def run(engine: Engine, query: PhysicalQuery, key: CacheKey, timeout_s: float) -> ResultStream:
        counting.set()
        told.wait(20)
        return small.run(engine, query, key, timeout_s)

    small.counts = Counts(small.project.engines, run, small.folder / "checks")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(small.count)
        counting.wait(20)
        with pytest.raises(EngineTimedOut, match=r"unique \(code\) of model \"numbers\""):
            small.counts.count(small.check, timeout_s=0.01)
        told.set()

        assert first.result() == (1, 1)


def test_a_broken_promise_is_told_with_its_place_and_what_to_do(small: Small) -> None:
    told = broken(small.check.promise, 1_234)

    assert (told.code, told.message, told.detail, told.hint) == (
        "SL606",
        'the data breaks unique (code) of model "numbers"',
        "Values stand in several rows: 1,234 in all.",
        "Mend the data, or declare the columns that tell its rows apart.",
    )
    at = told.position
    assert at is not None
    assert (at.source, at.line, at.column) == ("models/all.yml", 3, 39)
