"""``forebay fmt`` on files."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.blackbox.processes import run
from tests.support.demo_questions import DEMO

UNTIDY = "version:  1\nmetrics:\n    twice:   flights*2   # a note\n"
TIDY = "version: 1\nmetrics:\n  twice: flights*2   # a note\n"


def test_files_of_a_project_are_checked_then_formatted(tmp_path: Path) -> None:
    shutil.copytree(DEMO, tmp_path / "p")
    file = tmp_path / "p" / "models" / "more.yml"
    file.write_text(UNTIDY)
    file.chmod(0o640)
    on_it = ("-p", str(tmp_path / "p"))

    checked, still = run("fmt", "--check", *on_it), file.read_text()
    done, again = run("fmt", *on_it), run("fmt", "--check", *on_it)

    assert (checked.returncode, checked.stdout.decode()) == (1, f"would format {file}\n")
    assert (still, done.returncode, done.stdout.decode()) == (UNTIDY, 0, f"formatted {file}\n")
    assert (file.read_text(), file.stat().st_mode & 0o777) == (TIDY, 0o640)
    assert (again.returncode, again.stdout) == (0, b"")
    assert list(file.parent.glob("*.part")) == []


def test_nothing_is_written_where_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(UNTIDY)
    (tmp_path / "b.yml").write_text("version: 1\nversion: 1\n")

    done = run("fmt", str(tmp_path))

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"error[SL101]")
    assert (tmp_path / "a.yml").read_text() == UNTIDY
