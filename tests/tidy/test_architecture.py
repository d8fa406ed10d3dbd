"""The map of the code shows every module."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tests.tidy.tree import ROOT, name_of, source_files

FILE_NAME = re.compile(r"\w+\.py\b")


def test_architecture_names_every_module() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    modules = [name_of(path) for path in source_files() if path.name != "__init__.py"]

    assert _unnamed(modules, text) == []


def test_modules_of_one_name_are_named_as_often_as_there_are() -> None:
    modules = ("dialects/duckdb.py", "gateway/engines/duckdb.py", "gateway/status.py")

    assert _unnamed(modules, "`duckdb.py` and status.pyx") == ["duckdb.py", "status.py"]


def _unnamed(modules: Iterable[str], text: str) -> list[str]:
    """File names that the text says less often than there are modules of that name."""
    wanted = Counter(each.rsplit("/", 1)[-1] for each in modules)
    return sorted(wanted - Counter(FILE_NAME.findall(text)))
