"""Every fault of a broken project is told at its place, with what to do about it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gateway.project import find_project, load_project
from semantic_models.errors import FaultyProject, ForebayError, ProjectNotFound
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

by_project = pytest.mark.parametrize(
    "project", every_case(), ids=lambda project: project.title.replace(" ", "_")
)


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


SHOWN = (
    "a column in the second line of a block",
    "faults of meaning in three files",
    "a sum of a text",
    "a key stands twice",
    "a file that is not UTF-8",
    "an unknown key of a dimension",
    "every section beside models",
    "mistakes of retentions",
    "a join to a model that does not exist",
    "SQL that cannot be read",
    "faults of form in three files",
)
"""Projects that the command itself is run on."""
SHOWN_AS_JSON = ("a file that is not UTF-8", "a sum of a text", "faults of meaning in three files")

BLOCK = """\
error[E_NAME_NOT_FOUND]: column "amonut" does not exist in model "orders"
  --> models/shop.yml:9:21
   |
 9 |                when amonut < 99 then 'middle'
   |                     ^^^^^^
   = help: Perhaps "amount" is meant.

1 fault in 1 file
"""


@by_project
def test_every_fault_is_told_at_its_place(
    project: BrokenProject, data: Path, tmp_path: Path
) -> None:
    faults = faults_of(written(project, data, tmp_path))

    hints = [each.hint for each in project.faults] + [""] * len(faults)
    assert [told(*each) for each in zip(faults, hints, strict=False)] == project.faults


def test_a_project_without_models_has_one_fault_of_no_place(tmp_path: Path) -> None:
    (tmp_path / "forebay.yml").write_text("version: 1\nname: shop\n")

    [fault] = faults_of(tmp_path)

    assert (fault.code, fault.position, fault.hint) == (
        "SL202",
        None,
        "Write one below the models folder.",
    )


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectNotFound) as caught:
        find_project(tmp_path)

    assert caught.value.hint == ("Name the project's folder with --project, or try `forebay demo`.")


def validated(folder: Path, *options: str) -> tuple[int, str, str]:
    """The exit code, the output and the errors of ``forebay validate``."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "validate", "-p", str(folder), *options],
        capture_output=True,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "NO_COLOR": "1"},
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize(
    "title", [*SHOWN[:3], *(pytest.param(each, marks=pytest.mark.slow) for each in SHOWN[3:])]
)
def test_the_command_shows_each_fault_at_its_place(title: str, data: Path, tmp_path: Path) -> None:
    [project] = [each for each in every_case() if each.title == title]

    code, output, shown = validated(written(project, data, tmp_path))

    places = re.findall(r"--> (\S+)", shown)
    codes = re.findall(r"^error\[(\w+)\]", shown, flags=re.MULTILINE)
    carets = [len(each) for each in re.findall(r"\| +(\^+)$", shown, flags=re.MULTILINE)]
    hints = re.findall(r"= help: (.*)", shown)
    found = [ToldFault(*each) for each in zip(codes, places, carets, hints, strict=True)]
    assert (code, output, "Traceback" in shown) == (1, "", False)
    assert [_as_expected(*each) for each in zip(found, project.faults, strict=True)] == (
        project.faults
    )


@pytest.mark.parametrize("title", SHOWN_AS_JSON)
def test_the_command_tells_programs_the_same(title: str, data: Path, tmp_path: Path) -> None:
    [project] = [each for each in every_case() if each.title == title]

    code, output, shown = validated(written(project, data, tmp_path), "-f", "json")

    found = [_told_fault(each) for each in json.loads(output)["faults"]]
    assert (code, shown) == (1, "")
    assert [_as_expected(*each) for each in zip(found, project.faults, strict=True)] == (
        project.faults
    )


def _told_fault(document: dict[str, Any]) -> ToldFault:
    at = document["source"]
    place = f"{at['file']}:{at['line']}:{at['column']}"
    return ToldFault(document["code"], place, at["length"], document["hint"])


def _as_expected(found: ToldFault, expected: ToldFault) -> ToldFault:
    return replace(found, hint=expected.hint) if expected.hint in found.hint else found


def test_the_command_shows_the_line_and_a_caret_below(data: Path, tmp_path: Path) -> None:
    [project] = [each for each in every_case() if each.title == SHOWN[0]]

    _, _, shown = validated(written(project, data, tmp_path))

    assert shown == BLOCK
