"""Metrics with groups and predicates of their own: each asks a question in the question."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from tests.oracle.aggregates import over_values
from tests.oracle.language import (
    Expr,
    Members,
    Parts,
    Question,
    Scope,
    Value,
    conjuncts,
    metrics_in,
    names_in,
)
from tests.oracle.leaves import Group
from tests.oracle.paths import Refused

Same = Callable[[Parts, Parts], bool]
"""Whether two names mean one member, at whatever grain."""


@dataclass(frozen=True)
class Inner:
    """The question that a scope asks: its groups begin with those of the outer one it keeps."""

    question: Question
    kept: tuple[int, ...]
    """Places of the outer groups."""


def kept_places(scope: Scope, dimensions: tuple[str, ...], same: Same) -> tuple[int, ...]:
    """The places of the grouped dimensions that a scope keeps."""
    return tuple(
        place
        for place, text in enumerate(dimensions)
        if (scope.keep_only is None or _is_among(text, scope.keep_only, same))
        and not _is_among(text, scope.exclude, same)
    )


def inner_of(scope: Scope, of: str, question: Question, same: Same) -> Inner:
    """The question of a scope in a question whose dimensions all have a grain."""
    kept = kept_places(scope, question.dimensions, same)
    shown = [question.dimensions[place] for place in kept]
    further = [each for each in (*scope.per, *scope.include) if each not in shown]
    asked = replace(
        question,
        metrics=(of,),
        dimensions=(*shown, *further),
        where=(*_predicates(scope, question.where, same), *scope.add),
        having=(),
        order_by=(),
        limit=None,
        offset=None,
        fill=False,
        is_dense=False,
        members=_kept_members(scope, question, kept, same),
    )
    ranged = parts_of_text(question.on or "metric_time")
    if not _holds(scope, [ranged], same):
        asked = replace(asked, start=None, end=None, last=None)
    return Inner(asked, kept)


def _kept_members(
    scope: Scope, question: Question, kept: tuple[int, ...], same: Same
) -> Members | None:
    """The first members of a grouped dimension, by its place in a scope that keeps it."""
    members = question.members
    if members is None or members.place not in kept:
        return None
    if _is_among(question.dimensions[members.place], (*scope.per, *scope.include), same):
        raise Refused("OPEN")
    return replace(members, place=kept.index(members.place))


def _predicates(scope: Scope, where: Iterable[Expr], same: Same) -> tuple[Expr, ...]:
    return tuple(
        each for predicate in where for each in conjuncts(predicate) if _holds_in(scope, each, same)
    )


def _holds_in(scope: Scope, predicate: Expr, same: Same) -> bool:
    """Whether a predicate holds in a scope; of one that asks for a metric it is not said."""
    if any(metrics_in(predicate)) and (scope.keep is not None or scope.drop not in ((), ("all",))):
        raise Refused("OPEN")
    return _holds(scope, names_in(predicate), same)


def _holds(scope: Scope, names: list[Parts], same: Same) -> bool:
    """Whether a predicate of the question on some names holds in a scope."""
    if scope.drop == ("all",):
        return False
    told = scope.drop if scope.keep is None else scope.keep
    found = {_is_among(".".join(each), told, same) for each in names}
    if len(found) > 1:
        raise Refused("OPEN")
    return found <= {scope.keep is not None}


def _is_among(text: str, names: Iterable[str], same: Same) -> bool:
    return any(same(parts_of_text(text), parts_of_text(each)) for each in names)


def folded(scope: Scope, cells: dict[Group, Value], width: int) -> dict[Group, Value]:
    """One value for each of the outer groups, which have so many places."""
    if scope.aggregate is None:
        return cells
    found: dict[Group, list[Value]] = {} if width else {(): []}
    for group, value in cells.items():
        found.setdefault(group[:width], []).append(value)
    return {group: over_values(scope.aggregate, values) for group, values in found.items()}


def ranks(
    values: dict[Group, Value],
    places: tuple[int, ...],
    desc: bool,  # noqa: FBT001 - of data
) -> dict[Group, int]:
    """The rank of each group among those that are equal at some places, NULL last."""
    found = {}
    for group, value in values.items():
        rivals = [
            other
            for each, other in values.items()
            if all(each[place] == group[place] for place in places)
        ]
        found[group] = 1 + sum(_is_before(other, value, desc) for other in rivals)
    return found


def _is_before(one: Value, other: Value, desc: bool) -> bool:  # noqa: FBT001 - of data
    if one is None or other is None:
        return one is not None and other is None
    return bool(one > other if desc else one < other)


def parts_of_text(text: str) -> Parts:
    """A dotted name from its text."""
    return tuple(text.split("."))
