"""What SECURITY.md says is tested has its tests."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_row_names_tests_that_are_there() -> None:
    rows = re.findall(r"^\| (S\d+) \|.*\| ([^|]*) \|$", TEXT, re.MULTILINE)
    named = {name: re.findall(r"`(tests/[^`]+)`", where) for name, where in rows}

    assert list(named) == [f"S{number}" for number in range(1, 15)]
    assert all(named.values())
    assert [each for paths in named.values() for each in paths if not (ROOT / each).is_file()] == []
