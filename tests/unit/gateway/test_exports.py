"""Documents of other formats as files."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import yaml

from gateway.exports import document_text, export_project, write_document
from gateway.project import find_project
from semantic_models.errors import FaultyProject, SettingRejected
from tests.support.demo_questions import DEMO


def test_yaml_and_json_say_the_same() -> None:
    document = export_project("ossie", find_project(DEMO)).document

    as_yaml = document_text(document, as_json=False)
    as_json = document_text(document, as_json=True)

    assert yaml.safe_load(as_yaml) == orjson.loads(as_json) == document
    assert as_yaml.startswith("name: flights\ndatasets:\n- name: airlines\n")


def test_a_file_is_not_written_over_unasked(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    write_document(file, "first", overwrite=False)
    with pytest.raises(SettingRejected, match="exists"):
        write_document(file, "second", overwrite=False)
    kept = file.read_text()
    write_document(file, "second", overwrite=True)

    assert (kept, file.read_text()) == ("first", "second")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingRejected, match="cannot be written: no such file or directory"):
        write_document(tmp_path / "nowhere" / "a.yml", "text", overwrite=False)


@pytest.mark.parametrize("models", ["version: 1\nmodels: {a: }\n", "version: 1\nmodel: {}\n"])
def test_a_project_with_faults_is_not_exported(tmp_path: Path, models: str) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "forebay.yml").write_text("version: 1\nname: a\n")
    (tmp_path / "models" / "all.yml").write_text(models)

    with pytest.raises(FaultyProject):
        export_project("ossie", tmp_path)
