"""A project's folder, read whole."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.project import load_project, read_files
from semantic_models.errors import FaultyProject


def written(folder: Path) -> Path:
    """A small project without policies."""
    files = {
        "forebay.yml": "version: 1\nname: shop\n"
        "engines: {local: {type: duckdb, files: {numbers: numbers.parquet}}}\nmodels: models/\n",
        "models/numbers.yml": "version: 1\nmodels:\n  numbers:\n    table: numbers\n"
        "    dimensions:\n      n:\n",
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    pq.write_table(pa.table({"n": [1]}), folder / "numbers.parquet")
    return folder


def test_every_model_file_is_read(tmp_path: Path) -> None:
    assert list(read_files(written(tmp_path))) == ["forebay.yml", "models/numbers.yml"]


def test_a_project_without_policies_loads(tmp_path: Path) -> None:
    project = load_project(written(tmp_path), types_folder=tmp_path / "types")
    project.close()

    assert list(project.snapshot.catalog.models) == ["numbers"]


@pytest.mark.parametrize("name", ["staff.yml", "deep/staff.yaml"])
def test_a_folder_of_policies_is_never_passed_over(name: str, tmp_path: Path) -> None:
    """Nothing in forebay.yml names the folder: its rules would be missing without a word."""
    path = written(tmp_path) / "policies" / name
    path.parent.mkdir(parents=True)
    path.write_text("version: 1\n")

    with pytest.raises(FaultyProject) as refusal:
        load_project(tmp_path, types_folder=tmp_path / "types")

    assert [each.code for each in refusal.value.faults] == ["E_NOT_SUPPORTED"]
