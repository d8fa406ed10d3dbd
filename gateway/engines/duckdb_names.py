"""The name in an author's SELECT that DuckDB cannot resolve: where it stands, in our words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from sqlglot import exp

from gateway.errors import EngineFailed
from semantic_models.errors import did_you_mean
from semantic_models.model import Select

Known = Callable[[str], Iterable[str]]
"""What an engine has, by ``column`` or ``table``."""

_NAME = r'"?(?P<name>[^"]+?)"?'
_BLAMED = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("column", r'"(?P<table>[^"]+)" does not have a column named "(?P<name>[^"]+)"'),
        ("column", rf"(?:Referenced c|C)olumn {_NAME} (?:was )?(?:not found|does not exist|in )"),
        ("column", rf"Ambiguous reference to column name {_NAME} \("),
        ("qualifier", rf"Referenced table {_NAME} not found"),
        ("table", rf"Table with name {_NAME} does not exist"),
        ("function", rf"Function with name {_NAME} does not exist"),
        ("type", rf"Type with name {_NAME} does not exist"),
        ("call", r"given name and argument types '(?P<name>\w+)\("),
    )
)
"""What DuckDB says of a name, up to its end; the rest of its text is not read."""


def unresolved(
    select: Select, engine: str, error: BaseException, known: Known
) -> EngineFailed | None:
    """The refusal of the name that an error is about, if the SELECT holds it."""
    for kind, pattern in _BLAMED:
        found = pattern.search(str(error))
        if found is None or select.origin is None:
            continue
        name, table = found["name"], found.groupdict().get("table") or ""
        place = _place(select, kind, name, table)
        if place is None:
            return None
        written = select.origin.text[place[0] : sum(place)]
        message, hint = _told(kind, written, engine, known, str(error))
        return EngineFailed(message, hint=hint, position=select.origin.position(*place))
    return None


def _told(kind: str, written: str, engine: str, known: Known, error: str) -> tuple[str, str]:
    if kind == "call":
        message = f'engine "{engine}" cannot compute "{written}" of these types'
        return message, "Compare the types of its columns with what it takes, or cast them."
    if "Ambiguous" in error:
        message = f'column "{written}" stands in several tables of the SELECT'
        return message, "Write the table's name or alias and a dot before it."
    if kind == "qualifier":
        message = f'"{written}" names no table of the SELECT'
        return message, "Write a table of its FROM, or the alias that it has there."
    name = written.rsplit(".", maxsplit=1)[-1].strip('"')
    near = did_you_mean(name, known(kind)) if kind in ("column", "table") else ""
    hint = near or "Compare its tables, columns and functions with those the engine has."
    return f'engine "{engine}" has no {kind} "{written}" for the SELECT', hint


def _place(select: Select, kind: str, name: str, table: str) -> tuple[int, int] | None:
    """Offset and length of a name in the text of the SELECT; of a dotted one, all of it."""
    text = select.origin.text if select.origin else ""
    if kind in ("function", "type", "call"):
        word = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)
        return (word.start(), len(word[0])) if word else None
    for node in _nodes(select.tree, kind, name.lower(), table.lower()):
        marks = [each.meta for each in node.find_all(exp.Identifier) if "start" in each.meta]
        if marks:
            start = min(mark["start"] for mark in marks)
            return start, max(mark["end"] for mark in marks) + 1 - start
    return None


def _nodes(tree: exp.Expr, kind: str, name: str, table: str) -> Iterator[exp.Expr]:
    """The nodes that spell a name, in the order of the tree."""
    for node in tree.find_all(exp.Column, exp.Table, exp.Identifier, bfs=False):
        if kind == "table" and isinstance(node, exp.Table):
            if name in (node.name.lower(), ".".join(each.name for each in node.parts).lower()):
                yield exp.Tuple(expressions=[each.copy() for each in node.parts])
        elif kind == "qualifier" and isinstance(node, exp.Column):
            if node.table.lower() == name:
                yield node
        elif kind == "column" and node.name.lower() == name:
            if isinstance(node, exp.Column) and table in ("", node.table.lower()):
                yield node
            if isinstance(node, exp.Identifier) and not table:
                yield from () if isinstance(node.parent, exp.Table) else (node,)
