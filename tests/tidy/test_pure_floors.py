"""The lower floors ask nothing of the world: no clock, chance, environment, file or output."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.tidy.tree import ROOT, name_of, python_files, tree_of

PURE = ("semantic_models", "dialects", "auth", "cache")
MODULES = frozenset(
    (
        *("os", "sys", "io", "time", "random", "secrets", "uuid", "tempfile", "shutil", "socket"),
        *("subprocess", "threading", "platform", "locale", "getpass", "glob", "fileinput"),
    )
)
"""Modules of the standard library that only ask the world or change it."""
BUILTINS = frozenset(
    (
        *("open", "input", "print", "exec", "eval", "compile", "__import__", "breakpoint"),
        *("globals", "id", "hash"),
    )
)
"""Built-in functions that do, or whose answer differs from process to process."""
CLOCKS = {
    "datetime": frozenset(("now", "today", "utcnow", "fromtimestamp")),
    "date": frozenset(("today", "fromtimestamp")),
}
"""Methods of classes that read the clock or the machine's own zone."""
OF_FILES = frozenset(
    (
        *("read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "rglob", "mkdir"),
        *("unlink", "is_file", "is_dir", "getenv", "environ", "urandom", "perf_counter"),
        *("monotonic", "token_hex", "uuid4", "expanduser"),
    )
)
"""Names that mean the same on whatever they stand."""
PURE_PATHS = frozenset(("PurePath", "PurePosixPath", "PureWindowsPath"))


def test_the_lower_floors_are_pure() -> None:
    paths = [each for each in python_files() if each.relative_to(ROOT).parts[0] in PURE]
    found = [f"{name_of(path)}:{each}" for path in paths for each in impurities(tree_of(path))]

    assert len(paths) > len(PURE)
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "open('models.yml')",
        "read = open",
        "Path('models.yml').read_text()",
        "from pathlib import Path",
        "import pathlib",
        "import time",
        "from time import monotonic as now",
        "datetime.now(UTC)",
        "datetime.datetime.now()",
        "make = dataclasses.field(default_factory=datetime.utcnow)",
        "date.today()",
        "import os.path",
        "os.environ['HOME']",
        "from random import choice",
        "import secrets",
        "print('here')",
        "def f():\n    import subprocess",
        "key = hash(text)",
        "path.expanduser()",
    ],
)
def test_a_planted_impurity_is_found(text: str) -> None:
    assert list(impurities(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "datetime(2024, 1, 1, tzinfo=UTC)",
        "datetime.fromisoformat(text)",
        "clock.now",
        "from pathlib import PurePosixPath",
        "from datetime import UTC, datetime",
        "expand(text, environment, read_file)",
        "class Wide:\n    def open(self) -> None: ...",
        "self.opened.open()",
    ],
)
def test_what_only_computes_is_pure(text: str) -> None:
    assert list(impurities(ast.parse(text))) == []


def impurities(tree: ast.Module) -> Iterator[str]:
    """The line of each part of a module that asks the world, and what it is."""
    for node in ast.walk(tree):
        asked = _asked(node)
        if asked:
            yield f"{getattr(node, 'lineno', 0)} {asked}"


def _asked(node: ast.AST) -> str:
    """The name by which a node asks the world, or nothing."""
    if isinstance(node, ast.Import):
        roots = [each.name.partition(".")[0] for each in node.names]
        return next((each for each in roots if each in MODULES or each == "pathlib"), "")
    if isinstance(node, ast.ImportFrom):
        return _imported_from(node)
    if isinstance(node, ast.Name):
        return node.id if node.id in BUILTINS and isinstance(node.ctx, ast.Load) else ""
    if isinstance(node, ast.Attribute):
        owner = node.value
        name = getattr(owner, "attr", getattr(owner, "id", ""))
        return node.attr if node.attr in OF_FILES | CLOCKS.get(name, frozenset()) else ""
    return ""


def _imported_from(node: ast.ImportFrom) -> str:
    root = (node.module or "").partition(".")[0]
    if root == "pathlib":
        return next((each.name for each in node.names if each.name not in PURE_PATHS), "")
    return root if root in MODULES else ""
