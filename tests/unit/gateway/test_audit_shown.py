"""``forebay audit show`` over lines that no server wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.audit import command

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
