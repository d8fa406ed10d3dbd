"""One word a thing: classes, functions and modules are named in the field's own words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.tidy.tree import name_of, python_files, source_files, tree_of

INSTEAD = {
    "acl": "Policy",
    "actor": "Principal",
    "adapter": "Dialect or Engine",
    "backend": "Engine",
    "cube": "Model",
    "cursor": "ResultStream",
    "dataset": "Model",
    "driver": "Engine",
    "fact": "Measure",
    "hook": "Observation",
    "kpi": "Metric",
    "manifest": "Catalog",
    "registry": "Catalog",
    "relationship": "Join",
    "user": "Principal",
    "view": "Model",
}
"""Words that are never used, and what is said instead.

The glossary's other second names (key, field, statement, request, context, rule, event) also have
an honest meaning of their own: a join's key, a row's field, HTTP's request, Flight's statement.
"""

ENGINES = "gateway/engines/"
OF_ENGINES = frozenset(("cursor", "driver", "view"))
"""An engine's own things, which keep the engine's word for them inside ``ENGINES``."""

SHAPELESS = frozenset(
    ("utils", "helpers", "common", "core", "base", "manager", "handler", "service")
)
"""Names of modules that say nothing of what is in them."""
SHAPELESS_BUT_AGREED = frozenset(("gateway/engines/base.py",))

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def test_classes_and_functions_are_called_by_the_fields_words() -> None:
    wrong = [
        f'{name_of(path)}: "{name}" says "{word}", not {INSTEAD[word]}'
        for path in source_files()
        for name, word in _wrong_names(tree_of(path))
        if not (word in OF_ENGINES and name_of(path).startswith(ENGINES))
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("class DatasetSpec: ...", [("DatasetSpec", "dataset")]),
        ("class KPI: ...", [("KPI", "kpi")]),
        ("def open_cursor(): ...", [("open_cursor", "cursor")]),
        ("async def views(): ...", [("views", "view")]),
        ("class Reviewer: ...\ndef preview(): ...", []),
    ],
)
def test_a_wrong_word_is_found_whole(text: str, found: list[tuple[str, str]]) -> None:
    assert list(_wrong_names(ast.parse(text))) == found


def test_modules_are_named_after_what_is_in_them() -> None:
    names = {name_of(path) for path in python_files()} - SHAPELESS_BUT_AGREED

    assert [each for each in sorted(names) if _is_shapeless(each)] == []


def test_a_shapeless_module_or_folder_is_found() -> None:
    names = ("cache/utils.py", "gateway/core/plan.py", "gateway/based.py")

    assert [_is_shapeless(each) for each in names] == [True, True, False]


def test_nobody_mocks() -> None:
    mocking = [name_of(path) for path in python_files() if _mocks(tree_of(path))]

    assert mocking == []


@pytest.mark.parametrize(
    "text",
    ["import unittest.mock", "from unittest import mock", "from unittest.mock import Mock"],
)
def test_a_mock_is_found(text: str) -> None:
    assert _mocks(ast.parse(text))


def _wrong_names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for name in _names(tree):
        for word in WORD.findall(name):
            singular = word.lower().removesuffix("s")
            if singular in INSTEAD:
                yield name, singular


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def _is_shapeless(name: str) -> bool:
    return not SHAPELESS.isdisjoint(PurePosixPath(name).with_suffix("").parts)


def _mocks(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                named = {each.name for each in names}
            case ast.ImportFrom(module=str(module), names=names):
                named = {module} | {f"{module}.{each.name}" for each in names}
            case _:
                continue
        if "unittest.mock" in named:
            return True
    return False
