"""Conditions of joins other than equal columns: ranges, and what must hold of either side."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.checks import unknown
from semantic_models.definitions import refuse_clock
from semantic_models.errors import ForebayError, KeyRequired, TypeMismatch, UnknownName
from semantic_models.expressions import (
    check_forms,
    conjuncts,
    has_aggregate,
    offset_of,
    substitute,
)
from semantic_models.kept_build import Columns
from semantic_models.kinds import settle
from semantic_models.model import Expr
from semantic_models.spec import JoinSpec, ModelSpec, Scalar
from semantic_models.types import Kind

_COMPARED = exp.EQ | exp.NEQ | exp.LT | exp.LTE | exp.GT | exp.GTE | exp.Between


def join_conditions(
    parts: Sequence[exp.Expr],
    sides: tuple[ModelSpec, ModelSpec],
    join: JoinSpec,
    columns: Columns,
) -> tuple[Expr, ...]:
    """The conditions with physical columns: those of the target behind the join's name.

    Raises:
        UnknownName: a name is a column of neither side.
        TypeMismatch: one is not true or false, or compares what does not compare.
    """
    if join.on is None or not parts:
        return ()
    return tuple(_condition(part, sides, join, join.on, columns) for part in parts)


def _condition(
    part: exp.Expr,
    sides: tuple[ModelSpec, ModelSpec],
    join: JoinSpec,
    on: Scalar,
    columns: Columns,
) -> Expr:
    check_forms(part, on.text, on.position)
    refuse_clock(part, on)
    kinds: dict[str, Kind | None] = {}
    found: dict[str, exp.Expr] = {}

    def mark(node: exp.Expr, parts: tuple[str, ...]) -> exp.Expr:
        try:
            model, path = _side(parts, sides, join)
            _check_column(model, parts[-1], columns)
        except ForebayError as error:
            raise error.at(on.position(*offset_of(node))) from None
        type_ = columns.get(model.name.text, {}).get(parts[-1])
        marker = f"m{len(found)}"
        kinds[marker], found[marker] = type_.kind if type_ else None, column(parts[-1], path)
        return column(marker)

    marked = substitute(part, mark)
    try:
        settled, kind = settle(marked, lambda node: kinds[node.name])
    except ForebayError as error:
        raise error.at(on.position()) from None
    if kind not in (Kind.BOOLEAN, None) or has_aggregate(settled):
        raise TypeMismatch(
            "a condition of a join must be true or false of two rows",
            hint="Compare a column of this model with one of the other.",
            position=on.position(*offset_of(part)),
        )
    return Expr(substitute(settled, lambda _, names: found[names[0]].copy()), origin=on)


def _side(
    parts: tuple[str, ...], sides: tuple[ModelSpec, ModelSpec], join: JoinSpec
) -> tuple[ModelSpec, tuple[str, ...]]:
    """The model that a name is a column of, and the path to it."""
    mine, target = sides
    if len(parts) == 1:
        return mine, ()
    if len(parts) == 2 and parts[0] in (target.name.text, join.name.text):
        return target, (join.name.text,)
    raise UnknownName(
        f'"{".".join(parts)}" is no column of either side',
        hint=f"Write a column of this model, or {target.name.text}.its_column.",
    )


def _check_column(model: ModelSpec, name: str, columns: Columns) -> None:
    known = columns.get(model.name.text)
    if known is not None and name not in known:
        raise unknown("column", name, known, "Columns", model.name.text)


def _unwrapped(tree: exp.Expr) -> exp.Expr:
    """What is cast, in brackets or read in a zone, none of which makes a value of NULL."""
    while isinstance(tree, exp.Cast | exp.Paren | exp.Anonymous):
        tree = tree.expressions[-1] if isinstance(tree, exp.Anonymous) else tree.this
    return tree


def compared_in(conditions: Sequence[Expr], join: JoinSpec) -> str:
    """A column of the target that a condition compares, so that a row with NULL is not met.

    Raises:
        KeyRequired: no condition compares one.
    """
    for each in (part for condition in conditions for part in conjuncts(condition.tree)):
        sides = each.iter_expressions() if isinstance(each, _COMPARED) else ()
        for node in map(_unwrapped, sides):
            if isinstance(node, exp.Column) and node.table:
                return node.name
    raise KeyRequired(
        f'join "{join.name.text}" compares no column of model "{join.to.text}" that has a value',
        detail="Such a comparison tells rows that meet one from those that meet none.",
        hint=f"Add one of a column by itself, by =, <>, <, <=, >, >= or BETWEEN: "
        f"{join.to.text}.its_column >= this_column.",
        position=(join.on or join.name).position(),
    )
