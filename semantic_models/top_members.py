"""The first members of a dimension by a metric, and all others as one: ``top`` of a question.

The ranking is a question of its own, asked by every home of the answer and by every metric in a
scope, so that all of them mean the same members.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from sqlglot import exp

from semantic_models.bind import column, column_expr
from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError, NotSupported, Position, UnknownName
from semantic_models.metric_predicates import VALUE, Called
from semantic_models.model import Dimension, Expr, Path
from semantic_models.plan import LogicalPlan, Output, Project, outputs
from semantic_models.query import Asked, Query, Top
from semantic_models.resolve_names import Reached, is_metric_time, parts_of, reach
from semantic_models.resolved import MetricStep, ResolvedQuery
from semantic_models.types import BOOLEAN, INT64

MEMBER, OTHER = "top:member", "top:other"
"""What stands among the dimensions in place of the one that is ranked; nobody can write them."""
KEY, RANK = "member:", "rank:"
PATH: Path = ("top:",)


def with_ranking(query: Query, top: Top, catalog: Catalog, homes: Sequence[str]) -> Query:
    """The question by its first members, with the ranking that tells them.

    ``homes`` are the models from which its metrics see dimensions, that which ranks first.

    Raises:
        UnknownName: the dimension that is ranked is not asked for.
        NotSupported: totals stand beside it, there is no dimension to rank, or it is a time that
            is compared.
    """
    if query.totals:
        raise NotSupported(
            "top stands beside totals", hint="Ask for the totals in a question of their own."
        )
    is_time = partial(_is_time, catalog, homes)
    ranked = _ranked(query, top, is_time)
    looks_back = any(_looks_back(each, catalog) for each in query.metrics)
    if (query.compare or looks_back) and is_time(ranked.name):
        raise NotSupported(
            "top of a time stands beside values of other times",
            hint="Name another dimension, or order and limit the times.",
            position=Position("top", 1, 1, len(top.by), top.by),
        )
    name = ranked.alias or "__".join(parts_of(ranked.name))
    is_alone = len(query.dimensions) == 1
    tells_times = any(is_time(each.name) for each in query.dimensions)
    ranking = Query(
        metrics=(
            Asked(top.by, VALUE, "top.by"),
            *_making_groups(query, catalog, is_alone=is_alone),
        ),
        dimensions=(replace(ranked, alias=name),),
        where=query.where,
        having=query.having if is_alone else (),
        time=query.time,
        compare=() if tells_times and not is_alone else query.compare,
    )
    places = {ranked: (replace(ranked, name=MEMBER, alias=name), Asked(OTHER, f"{name}__other"))}
    dimensions = (each for asked in query.dimensions for each in places.get(asked, (asked,)))
    return replace(
        query,
        dimensions=tuple(dimensions),
        having=() if is_alone else query.having,
        order_by=tuple(
            replace(each, name=name) if each.name == ranked.name else each
            for each in query.order_by
        ),
        columns=(*query.columns, f"{name}__other") if query.columns else (),
        top=replace(top, on=ranked.name, ranking=ranking),
    )


def _making_groups(query: Query, catalog: Catalog, *, is_alone: bool) -> Iterable[Asked]:
    """The metrics whose groups are ranked too, each once: those of other times have none alone.

    A rank within other dimensions has none without them: what it ranks has the same groups.
    """
    made: dict[str, Asked] = {}
    for each in query.metrics:
        found = catalog.metrics.get(each.name)
        ranked = None if found is None or is_alone else found.ranked
        one = each if ranked is None else Asked(ranked.of)
        if is_alone or not _looks_back(each, catalog):
            made.setdefault(one.name, one)
    return made.values()


def _looks_back(asked: Asked, catalog: Catalog) -> bool:
    found = catalog.metrics.get(asked.name)
    return found is not None and found.looks_back


def _ranked(query: Query, top: Top, is_time: Callable[[str], bool]) -> Asked:
    if top.on:
        found = [
            each
            for each in query.dimensions
            if top.on == each.alias or parts_of(top.on) == parts_of(each.name)
        ]
        names = [each.name for each in query.dimensions]
        if not found:
            raise UnknownName.of("dimension of the question", top.on, names).at(
                Position("top.on", 1, 1, len(top.on), top.on)
            )
        return found[0]
    others = [each for each in query.dimensions if not is_time(each.name)]
    if not others:
        raise NotSupported(
            "top stands in a question without a dimension that is no time",
            hint='Group by the one whose first members are meant, or name it under "on".',
            position=Position("top", 1, 1, len(top.by), top.by),
        )
    return others[0]


def _is_time(catalog: Catalog, homes: Sequence[str], name: str) -> bool:
    """Whether a name is a time, or a grain or part of one."""
    return is_metric_time(name) or any(_is_time_of(catalog, home, name) for home in homes)


def _is_time_of(catalog: Catalog, home: str, name: str) -> bool:
    try:
        member = reach(catalog, catalog.models[home], name).member
    except ForebayError:
        return False
    return isinstance(member, Dimension) and member.grain is not None


def member(found: Reached, top: Top) -> Reached:
    """The ranked dimension, NULL for the members that are not among the first."""
    value = found.expr()
    first = exp.LTE(this=column(RANK, PATH), expression=_count(top))
    case = exp.Case(ifs=[exp.If(this=first, true=value.tree.copy())])
    return replace(found, dated=(Expr(case, value.paths), found.type))


def is_other(found: Reached, top: Top) -> Reached:
    """Whether a row's member is not among the first; unknown of one that having leaves out."""
    place = column(RANK, PATH)
    further: exp.Expr = exp.GT(this=place.copy(), expression=_count(top))
    if not _having(top):
        further = exp.Or(this=exp.Is(this=place, expression=exp.Null()), expression=further)
    tree = exp.Paren(this=further)
    flag = Dimension(name=OTHER, expr=Expr(tree), type=BOOLEAN)
    return replace(found, member=flag, dated=(Expr(tree, found.expr().paths), BOOLEAN))


def ranking_step(found: Reached, inner: ResolvedQuery, top: Top) -> MetricStep:
    """What gives each row the place of its member."""
    called = Called(top.by, (top.on,))
    return MetricStep(PATH, inner, ((found.expr(), KEY),), called, ranks=top.count)


def _having(top: Top) -> bool:
    assert top.ranking is not None, "the question has its ranking"
    return bool(top.ranking.having)


def shown_rows(top: Top) -> tuple[Expr, ...]:
    """Which rows are in the answer: all, those that having leaves, or of the first members."""
    if not top.other:
        return (Expr(exp.LTE(this=column(RANK, PATH), expression=_count(top))),)
    if not _having(top):
        return ()
    return (Expr(exp.Not(this=exp.Is(this=column(RANK, PATH), expression=exp.Null()))),)


def shown_groups(query: Query, top: Top) -> tuple[Expr, ...]:
    """Which groups are, where rows that are not shown decide which others count."""
    flag = column(_flag(query))
    if not top.other:
        return (Expr(exp.Not(this=flag)),)
    if not _having(top):
        return ()
    return (Expr(exp.Not(this=exp.Is(this=flag, expression=exp.Null()))),)


def _flag(query: Query) -> str:
    return next(each.alias for each in query.dimensions if each.name == OTHER)


def _count(top: Top) -> exp.Expr:
    return exp.Literal(this=str(top.count), is_string=False)


def or_other(having: Iterable[Expr], query: Query) -> tuple[Expr, ...]:
    """Predicates that every group must satisfy but those of the other members."""
    flag = _flag(query)
    return tuple(
        Expr(exp.Or(this=column(flag), expression=exp.Paren(this=each.tree.copy())))
        for each in having
    )


def numbered(plan: LogicalPlan) -> LogicalPlan:
    """The members of a ranking with their places: the highest first, ties by the member."""
    member, *_ = outputs(plan)
    keys = [
        exp.Ordered(this=column(VALUE), desc=True, nulls_first=False),
        exp.Ordered(this=column(member.name), desc=False, nulls_first=False),
    ]
    place = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=keys))
    return Project(
        plan,
        (Output(KEY, column_expr(member.name), member.type), Output(RANK, Expr(place), INT64)),
    )
