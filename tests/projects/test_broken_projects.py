"""Every fault of a broken project is told at its place, with what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pytest

from gateway.project import load_project
from semantic_models.errors import FaultyProject, ForebayError
from tests.projects.case_reader import BrokenProject, ToldFault, every_case

ROOT = b"""\
version: 1
name: shop
engines:
  local:
    type: duckdb
    files:
      orders: data/orders.parquet
      lines: data/lines.parquet
      customers: data/customers.parquet
      users: data/users.parquet
"""
TABLES = {
    "orders": "select 1 as order_id, 1 as customer_id, 2 as seller_id, 'paid' as status, "
    "9.5 as amount, 'a' as note, timestamp '2024-03-10 12:00:00' as created_at, "
    "date '2024-03-10' as created_on",
    "lines": "select 1 as order_id, 1 as line",
    "customers": "select 1 as customer_id, 'Ann' as name, 'EMEA' as region",
    "users": "select 2 as user_id, 'Sam' as name, 1 as boss_id",
}

UNMET = frozenset(
    (
        "a SELECT that reads a file",
        "a comparison in a measure's where that only the engine refuses",
        "a file of data that is not Parquet",
        "a file of data that is not there",
        "a key has no colon",
        "a table that the engine does not have",
    )
)
"""Faults that are told, but not yet at their narrowest place or with their best hint."""


def every_project() -> Iterator[object]:
    """Each broken project; one that is unmet must fail, so that it is taken off when it is met."""
    for project in every_case():
        unmet = pytest.mark.xfail(reason="the place or the hint is too wide", strict=True)
        marks = [unmet] if project.title in UNMET else []
        yield pytest.param(project, id=project.title.replace(" ", "_"), marks=marks)


UNMET = frozenset(
    (
        "a SELECT that reads a file",
        "a comparison in a measure's where that only the engine refuses",
        "a file of data that is not Parquet",
        "a file of data that is not there",
        "a key has no colon",
        "a table that the engine does not have",
        "an aggregate of rows in predicates",
    )
)
"""Faults that are told, but not yet at their narrowest place or with their best hint."""


def every_project() -> Iterator[object]:
    """Each broken project; one that is unmet must fail, so that it is taken off when it is met."""
    for project in every_case():
        unmet = pytest.mark.xfail(reason="the place or the hint is too wide", strict=True)
        marks = [unmet] if project.title in UNMET else []
        yield pytest.param(project, id=project.title.replace(" ", "_"), marks=marks)


by_project = pytest.mark.parametrize("project", list(every_project()))


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one Parquet file a table."""
    folder = tmp_path_factory.mktemp("data")
    connection = duckdb.connect(config={"threads": 1})
    for name, rows in TABLES.items():
        connection.execute(f"copy ({rows}) to '{folder / name}.parquet'")
    return folder


def written(project: BrokenProject, data: Path, folder: Path) -> Path:
    """The project's files and the data, below a folder."""
    shutil.copytree(data, folder / "data")
    (folder / "forebay.yml").write_bytes(ROOT)
    project.write(folder)
    return folder


def faults_of(folder: Path) -> Sequence[ForebayError]:
    with pytest.raises(FaultyProject) as caught:
        load_project(folder, types_folder=folder / "types").close()
    return caught.value.faults


def told(fault: ForebayError, expected: str) -> ToldFault:
    """A fault as a case writes it; of the hint, the part that was expected."""
    at = fault.position
    place = f"{at.source}:{at.line}:{at.column}" if at else ""
    hint = expected if expected in fault.hint else fault.hint
    return ToldFault(fault.code, place, at.length if at else 0, hint)


@by_project
def test_every_fault_is_told_at_its_place(
    project: BrokenProject, data: Path, tmp_path: Path
) -> None:
    faults = faults_of(written(project, data, tmp_path))

    hints = [each.hint for each in project.faults] + [""] * len(faults)
    assert [told(*each) for each in zip(faults, hints, strict=False)] == project.faults
