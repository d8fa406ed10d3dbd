"""No file knows the machine that it was written on."""

from __future__ import annotations

import re

import pytest

from tests.tidy.tree import texts

HOMES = "work|root|home|Users"
MACHINE_PATH = re.compile(rf"(?<![\w.*}}/-])/(?:{HOMES})/|file:///(?:{HOMES})\b|\bC:\\Users")


def test_no_file_holds_a_path_of_a_machine() -> None:
    found = [
        f"{path}: {line.strip()}"
        for path, text in texts()
        for line in text.splitlines()
        if MACHINE_PATH.search(line)
    ]

    assert found == []


@pytest.mark.parametrize("home", HOMES.split("|"))
@pytest.mark.parametrize("before", ["", '"', "cd ", "=", "file://"])
def test_a_path_of_a_machine_is_found(home: str, before: str) -> None:
    assert MACHINE_PATH.search(f"{before}/{home}/somebody")


@pytest.mark.parametrize("text", ["docs/work/flow", "../root/x", "a homework", "/api/v1/query"])
def test_other_paths_are_left_alone(text: str) -> None:
    assert not MACHINE_PATH.search(text)
