"""Files and functions stay small enough to be read at once; run with ``-rP`` for the longest."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tests.tidy.tree import name_of, python_files, tree_of

FILE_LINES_MAX = 500
TABLE_LINES_MAX = 800
FUNCTION_LINES_MAX = 60
NESTING_MAX = 3
SHOWN = 10

Function = ast.FunctionDef | ast.AsyncFunctionDef
NESTING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """How much a file or function asks of its reader."""

    lines: int
    place: str


def test_files_are_short() -> None:
    sizes: list[Size] = []
    too_long: list[Size] = []
    for path in python_files():
        tree = tree_of(path)
        size = Size(len(path.read_text(encoding="utf-8").splitlines()), name_of(path))
        sizes.append(size)
        if size.lines > _lines_max(tree):
            too_long.append(size)
    _show(sizes)

    assert too_long == []


def test_functions_are_short() -> None:
    sizes = [
        Size(_lines(each), f"{name_of(path)}:{each.lineno} {each.name}")
        for path in python_files()
        for each in _functions(tree_of(path))
    ]
    _show(sizes)

    assert [each for each in sizes if each.lines > FUNCTION_LINES_MAX] == []


def test_functions_nest_little() -> None:
    deep = [
        f"{name_of(path)}:{each.lineno} {each.name}"
        for path in python_files()
        for each in _functions(tree_of(path))
        if _nesting(each.body) > NESTING_MAX
    ]

    assert deep == []


def test_lines_of_a_function_are_counted_from_def_to_its_last_line() -> None:
    tree = ast.parse("@decorated\ndef f():\n    a = 1\n\n    return a\n")

    assert [_lines(each) for each in _functions(tree)] == [4]


def test_an_elif_nests_no_deeper_than_its_if() -> None:
    text = "if a:\n  pass\nelif b:\n  for c in d:\n    with c:\n      while e:\n        pass\n"

    assert _nesting(ast.parse(text).body) == 4


def test_a_case_nests_no_deeper_than_its_match() -> None:
    text = "match a:\n  case 1:\n    try:\n      pass\n    except E:\n      if b:\n        pass\n"

    assert _nesting(ast.parse(text).body) == 3


def test_a_file_without_functions_is_a_table_of_data() -> None:
    table, code = ast.parse("ROWS = (1, 2)"), ast.parse("def f(): ...")

    assert (_lines_max(table), _lines_max(code)) == (TABLE_LINES_MAX, FILE_LINES_MAX)


def _lines_max(tree: ast.Module) -> int:
    return FILE_LINES_MAX if any(_functions(tree)) else TABLE_LINES_MAX


def _functions(tree: ast.Module) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def _lines(function: Function) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def _nesting(body: list[ast.stmt]) -> int:
    return max((_depth(each) for each in body), default=0)


def _depth(statement: ast.stmt) -> int:
    if not isinstance(statement, NESTING):
        return 0
    return max(1 + max(_nesting(each) for each in _bodies(statement)), _depth_of_elif(statement))


def _bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Every block inside a compound statement, but not an ``elif``."""
    for each in ast.iter_child_nodes(statement):
        if isinstance(each, ast.ExceptHandler | ast.match_case):
            yield each.body
    for name in ("body", "orelse", "finalbody"):
        if name != "orelse" or _elif(statement) is None:
            yield getattr(statement, name, [])


def _depth_of_elif(statement: ast.stmt) -> int:
    following = _elif(statement)
    return 0 if following is None else _depth(following)


def _elif(statement: ast.stmt) -> ast.If | None:
    match statement:
        case ast.If(orelse=[ast.If() as following]):
            return following
        case _:
            return None


def _show(sizes: list[Size]) -> None:
    for each in sorted(sizes, reverse=True)[:SHOWN]:
        print(f"{each.lines:5} {each.place}")
