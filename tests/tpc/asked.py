"""Queries of a benchmark as questions of its sample project, one file a query.

A file holds the ``questions``, and where it is needed

- ``columns``: the answer's column for each of the reference's, null where it is not compared;
- ``together``: how several answers make one, ``rows`` below each other, NULL in
  columns that one has not, or ``columns`` beside each other;
- ``is_ordered``: whether the reference's order is total, and the answer's is the same;
- ``has_limit``: false where a LIMIT cuts ties, and is lifted on both sides;
- ``note``: what of the reference is presentation, and how it is told here.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from auth.principal import Principal
from gateway.pipeline import Gateway
from gateway.settings import Settings
from semantic_models.errors import ForebayError
from tests.suites.case import Case
from tests.suites.rows import Row, difference
from tests.suites.runner import known_failures
from tests.support.nothing_hidden import open_project
from tests.tidy.tree import ROOT
from tests.tpc.data import Benchmark, Reference, generate, reference

HERE = Path(__file__).parent
EXAMPLES = ROOT / "semantic_models" / "examples"
KEYS = {"columns", "has_limit", "is_ordered", "note", "questions", "together"}

Answer = tuple[tuple[str, ...], list[Row]]


@dataclass(frozen=True)
class Asked:
    """A benchmark's sample project over its data, beside its reference."""

    benchmark: Benchmark
    gateway: Gateway
    asker: Principal
    reference: Reference

    def cases(self) -> list[Case]:
        """Every query that has a file."""
        return [
            Case(path.stem, partial(self.why_it_differs, path))
            for path in files_of(self.benchmark.name)
        ]

    def why_it_differs(self, path: Path) -> str | None:
        """Ask a file's questions; where the answer is not the reference's, or nothing."""
        case = orjson.loads(path.read_bytes())
        has_limit = case.get("has_limit", True)
        names, wanted = self.reference.answer(number_of(path.stem), has_limit=has_limit)
        try:
            answers = [self._answer(each, has_limit=has_limit) for each in case["questions"]]
        except ForebayError as error:
            return f"{error.code}: {error.message}"
        columns, given = TOGETHER[case.get("together", "rows")](answers)
        chosen = case.get("columns", columns)
        if len(chosen) != len(names):
            return f"columns {chosen} in place of {names}"
        places = [at for at, name in enumerate(chosen) if name is not None]
        return difference(
            _picked(given, [columns.index(chosen[at]) for at in places]),
            _picked(wanted, places),
            is_ordered=case.get("is_ordered", False),
        )

    def is_empty(self, path: Path) -> bool:
        """Whether the reference has no row at this scale, so that equality says little."""
        return not self.reference.answer(number_of(path.stem), has_limit=True)[1]

    def _answer(self, question: Mapping[str, object], *, has_limit: bool) -> Answer:
        lifted = {key: value for key, value in question.items() if has_limit or key != "limit"}
        stream = self.gateway.fetch(self.gateway.prepare(orjson.dumps(lifted), self.asker)).stream
        try:
            columns = [[each.to_pylist() for each in batch.columns] for batch in stream]
            rows = [row for batch in columns for row in zip(*batch, strict=True)]
            return tuple(stream.schema.names), rows
        finally:
            stream.close()


def files_of(name: str) -> list[Path]:
    """The files of a benchmark in the order of its queries."""
    return sorted((HERE / name).glob("q*.json"))


def number_of(name: str) -> int:
    """The number of the query that a file is named for."""
    return int(name.removeprefix("q"))


def unsaid(name: str) -> dict[str, str]:
    """Why each query of a benchmark that has no file is not said."""
    return known_failures(name, HERE / "unsaid")


@contextmanager
def asked(benchmark: Benchmark, folder: Path, scale: float | None = None) -> Iterator[Asked]:
    """The sample project copied into a folder, with its data made there."""
    project = folder / benchmark.name
    shutil.copytree(EXAMPLES / benchmark.name, project)
    data = project / "data" / f"{benchmark.name}.duckdb"
    data.parent.mkdir()
    generate(benchmark, data, scale or benchmark.scale)
    gateway, asker = open_project(Settings(project=project, types_folder=folder / "types"))
    beside = reference(benchmark, data)
    try:
        yield Asked(benchmark, gateway, asker, beside)
    finally:
        beside.connection.close()
        gateway.close()


def _below(answers: list[Answer]) -> Answer:
    names = tuple(dict.fromkeys(name for columns, _ in answers for name in columns))
    named = [dict(zip(columns, row, strict=True)) for columns, rows in answers for row in rows]
    return names, [tuple(row.get(name) for name in names) for row in named]


def _beside(answers: list[Answer]) -> Answer:
    names = tuple(name for columns, _ in answers for name in columns)
    parts = zip(*(rows for _, rows in answers), strict=True)
    return names, [tuple(value for row in part for value in row) for part in parts]


TOGETHER: Mapping[str, Callable[[list[Answer]], Answer]] = {"rows": _below, "columns": _beside}


def _picked(rows: list[Row], places: list[int]) -> list[Row]:
    return [tuple(row[at] for at in places) for row in rows]
