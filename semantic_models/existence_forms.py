"""``exists(path, predicate)`` and ``not exists(path, predicate)`` as predicates of a question."""

from __future__ import annotations

from sqlglot import exp

from semantic_models.errors import MalformedSql
from semantic_models.expressions import (
    Locate,
    check_forms,
    conjuncts,
    name_parts,
    names,
    offset_of,
    parse_one,
)
from semantic_models.query import Existing, Predicate


def predicates_of(text: str, locate: Locate, source: str) -> tuple[Predicate, ...]:
    """A text as predicates: one, or where it asks that rows exist one for each part of its AND.

    Raises:
        MalformedSql, UnknownFunction, NotSupported: see ``parse_expression``; a name within
            ``exists`` does not begin with its path.
    """
    tree = parse_one(text, locate)
    parts = conjuncts(tree)
    if not any(existing_in(each) for each in parts):
        check_forms(tree, text, locate)
        return (Predicate(text, tree, source),)
    return tuple(predicate_of(each, text, locate, source) for each in parts)


def predicate_of(part: exp.Expr, text: str, locate: Locate, source: str) -> Predicate:
    """One part of a text that stands alone or within an AND."""
    existing = existing_in(part)
    if existing is None:
        return plain_predicate(part, text, locate, source)
    wanted, path, inner = existing
    check_forms(inner, text, locate)
    if not any(True for _ in names(inner)):
        raise MalformedSql(
            f'the predicate of exists(…) names nothing behind "{".".join(path)}"',
            hint=f"Write for example {'.'.join(path)}.ITS_KEY is not null.",
            position=locate(*offset_of(part)),
        )
    for node, parts in names(inner):
        if parts[: len(path)] != path or len(parts) == len(path):
            raise MalformedSql(
                f'"{".".join(parts)}" in exists(…) is not behind "{".".join(path)}"',
                hint=f"Write names as {'.'.join(path)}.ITS_NAME, and other predicates beside it.",
                position=locate(*offset_of(node)),
            )
    return Predicate(part.sql("duckdb"), inner, source, text, existing=wanted)


def plain_predicate(part: exp.Expr, text: str, locate: Locate, source: str) -> Predicate:
    """The same where no rows may be asked to exist: in having."""
    check_forms(part, text, locate)
    return Predicate(part.sql("duckdb"), part, source, text)


def existing_in(part: exp.Expr) -> tuple[Existing, tuple[str, ...], exp.Expr] | None:
    """What a part asks to exist: some row or none, behind which path, and with what predicate."""
    node, wanted = _bare(part), Existing.SOME
    if isinstance(node, exp.Not):
        node, wanted = _bare(node.this), Existing.NONE
    if not isinstance(node, exp.Exists) or not isinstance(node.expression, exp.Expr):
        return None
    path = name_parts(node.this)
    return None if path is None else (wanted, path, node.expression)


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node
