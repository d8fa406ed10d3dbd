"""``forebay audit show`` over lines that no server wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.audit_log import lines_of
from gateway.cli.audit import command
from semantic_models.errors import SettingRejected

RECORD = '{"at": "now", "verdict": "refused", "principal": "ann", "door": "http"}'


@pytest.mark.parametrize("line", ['{"at": "x", "verd', "[1]", '{"verdict": "allowed"}', ""])
@pytest.mark.parametrize("format_", ["table", "json"])
def test_a_line_that_is_no_record_is_told_beside_those_that_are(
    tmp_path: Path, line: str, format_: str
) -> None:
    (tmp_path / "a.jsonl").write_text(f"{line}\n{RECORD}\n")
    result = CliRunner().invoke(command, ["show", str(tmp_path), "-f", format_])
    assert result.exit_code == 1
    assert "ann" in result.output
    assert "1 lines are no records" in result.output


def test_a_folder_among_the_files_is_none_of_them(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").mkdir()
    (tmp_path / "b.jsonl").write_text(f"{RECORD}\n")

    result = CliRunner().invoke(command, ["show", str(tmp_path)])

    assert (result.exit_code, result.output.count("ann")) == (0, 1)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").symlink_to("a.jsonl")

    with pytest.raises(SettingRejected, match=r'file "a.jsonl" of the audit cannot be read'):
        list(lines_of(tmp_path))
