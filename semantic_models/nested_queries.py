"""The question that a metric in a scope of its own asks, made from the one it is asked with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count

from semantic_models.expressions import conjuncts, parse_expression
from semantic_models.model import Grain, Scope
from semantic_models.query import Asked, Filter, Predicate, Query, TimeRange, asks_for_rows
from semantic_models.record import record
from semantic_models.resolve_filters import names_in
from semantic_models.resolve_names import METRIC_TIME, parts_of
from semantic_models.same_names import SameNames
from semantic_models.spec import Scalar
from semantic_models.top_members import MEMBER, OTHER

INNER = "n:"
"""The name under which the metric is asked for; no author can write it."""


@record()
class Scoped:
    """The scope of a metric, and what the names in it mean."""

    scope: Scope
    names: SameNames


def nested_query(
    scoped: Scoped, name: str, query: Query, keys: Mapping[str, Asked], grain: Grain | None
) -> Query:
    """What is asked of a metric so that ``name`` is its column.

    ``keys`` are the grouped dimensions by their columns, ``grain`` that of a bare metric time.

    Raises:
        NotSupported: a name of its scope means one of the question's to some of its measures only.
    """
    scope = scoped.scope
    asked_so = {column: _with_grain(asked, grain) for column, asked in keys.items()}
    kept = [
        Asked(asked_so[column], column, asked.source, asked.may_be_column)
        for column, asked in keys.items()
        if _keeps(scoped, real_name(asked_so[column], query))
    ]
    is_ranked = any(each.name == MEMBER for each in kept)
    columns = (column for column in map("p:{}".format, count()) if column not in keys)
    per = [Asked(each, next(columns), may_be_column=True) for each in scope.per]
    return Query(
        metrics=(Asked(INNER, name),),
        dimensions=(*kept, *per),
        where=(*_filters(scoped, query.where), *map(predicate, scope.add_filters)),
        top=query.top if is_ranked else None,
        time=_range(scoped, query.time),
    )


def real_name(name: str, query: Query) -> str:
    """The name that a ranked dimension was asked by."""
    if query.top is None or name not in (MEMBER, OTHER):
        return name
    return query.top.on


def _with_grain(asked: Asked, grain: Grain | None) -> str:
    is_bare = parts_of(asked.name) == (METRIC_TIME,)
    return f"{METRIC_TIME}.{grain}" if is_bare and grain is not None else asked.name


def _keeps(scoped: Scoped, name: str) -> bool:
    scope, names = scoped.scope, scoped.names
    if scope.keep_only is not None and not names.is_group_among(name, scope.keep_only):
        return False
    return not names.is_group_among(name, scope.exclude)


def _filters(scoped: Scoped, filters: Sequence[Filter]) -> list[Filter]:
    return [part for each in filters for part in parts_in(each) if _holds(scoped, names_in([part]))]


def parts_in(filter_: Filter) -> list[Filter]:
    """The conjuncts of a predicate, each as one of its own."""
    if isinstance(filter_, Predicate) and not asks_for_rows(filter_):
        return [replace(filter_, tree=part) for part in conjuncts(filter_.tree)]
    return [filter_]


def _holds(scoped: Scoped, names: Sequence[str]) -> bool:
    scope, same = scoped.scope, scoped.names
    if scope.keep_filters is not None and not any(
        same.is_among(name, scope.keep_filters) for name in names
    ):
        return False
    return not any(same.is_among(name, scope.drop_filters) for name in names)


def predicate(written: Scalar) -> Predicate:
    """What an author wrote, as a predicate of a question."""
    tree = parse_expression(written.text, written.position)
    return Predicate(written.text, tree, "metrics", is_author=True)


def authored_names(query: Query) -> frozenset[str]:
    """The names in a question that only a model's author wrote."""
    groups = {each.name for each in query.dimensions if each.may_be_column}
    filters = [each for each in query.where if isinstance(each, Predicate) and each.is_author]
    if not filters:
        return frozenset(groups)
    others = [each for each in query.where if each not in filters]
    asked = {each.name for each in query.dimensions if not each.may_be_column}
    return frozenset({*groups, *names_in(filters)} - {*asked, *names_in(others)})


def _range(scoped: Scoped, time: TimeRange) -> TimeRange:
    if time.is_given and not _holds(scoped, [time.on or METRIC_TIME]):
        return TimeRange(zone=time.zone)
    return time
