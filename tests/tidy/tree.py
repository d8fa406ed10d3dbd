"""The project's own files, as the tidy tests see them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "semantic_models", "dialects", "cache", "auth")
SKIPPED = frozenset(("__pycache__", "build", "dist", "node_modules"))
HIDDEN_BUT_OURS = frozenset((".ci", ".gitignore", ".dockerignore"))


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Every file below ``folder`` that belongs to the project, in order."""
    for each in sorted(folder.iterdir()):
        if each.name in SKIPPED or each.suffix == ".egg-info":
            continue
        if each.name.startswith(".") and each.name not in HIDDEN_BUT_OURS:
            continue
        if each.is_dir():
            yield from files(each)
        else:
            yield each


def texts() -> Iterator[tuple[str, str]]:
    """Path and text of every file that is text."""
    for each in files():
        try:
            yield name_of(each), each.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def python_files() -> list[Path]:
    """Every Python file: packages, tests, benchmarks and scripts."""
    return [each for each in files() if each.suffix == ".py"]


def source_files() -> list[Path]:
    """Every Python file of the packages that are installed."""
    return [each for each in python_files() if each.relative_to(ROOT).parts[0] in PACKAGES]


def name_of(path: Path) -> str:
    """The path as people write it, from the project's folder."""
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    """The parsed text of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=name_of(path))
