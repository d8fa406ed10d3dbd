"""Predicates of a question: names to columns, rows apart from aggregates."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlglot import exp

from semantic_models.catalog import Catalog
from semantic_models.definitions import substituted
from semantic_models.errors import (
    AggregateInWhere,
    ForebayError,
    MixedPredicateLevel,
    NonAggregateInHaving,
    Position,
    TypeMismatch,
    UnknownName,
)
from semantic_models.expressions import (
    columns_in,
    conjuncts,
    copied,
    has_aggregate,
    is_clock,
    names,
    nodes,
    offset_of,
    query_position,
    spelled,
    substitute,
)
from semantic_models.functions import AGGREGATES
from semantic_models.kinds import hint_of, is_text_of, settle
from semantic_models.model import Dimension, Expr, Parameter
from semantic_models.parameters import PREFIX, parameter_named
from semantic_models.query import Comparison, Existing, Filter, Plain, Predicate
from semantic_models.record import record
from semantic_models.resolve_names import Reached, parts_of
from semantic_models.resolve_time import clock_literal
from semantic_models.types import NUMBERS, TIMES, Kind

Look = Callable[[str], Reached]
"""From a name to its member, seen from one home."""


@record()
class Computed:
    """What having and order_by mean by a name: a metric's formula, or a grouped dimension."""

    tree: exp.Expr
    kind: Kind | None
    is_metric: bool = False
    is_constant: bool = False
    """Whether it is the same for every group, and so of no level."""


ColumnOf = Callable[[str], Computed | None]
"""From a name to what computes it above the groups; None for other names."""


def or_parameter(column_of: ColumnOf, parameters: Mapping[str, Parameter]) -> ColumnOf:
    """The same where names of parameters mean their values."""

    def found(name: str) -> Computed | None:
        if not name.startswith(f"{PREFIX}."):
            return column_of(name)
        value, type_ = parameter_named(name.removeprefix(f"{PREFIX}."), parameters)
        return Computed(value.tree, type_.kind, is_constant=True)

    return found if parameters else column_of


_BINARY: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
    "like": exp.Like,
}


@record()
class Clock:
    """The request's instant and the query's zone."""

    now: datetime
    zone: str


def names_in(filters: Sequence[Filter]) -> list[str]:
    """Every name of a member that predicates use, as it is spelled."""
    found: list[str] = []
    for each in filters:
        if isinstance(each, Predicate):
            written = (parts for _, parts in names(each.tree))
            found += [".".join(parts) for parts in written if parts[0] != PREFIX]
        else:
            found.append(each.name)
    return found


@record()
class RowFilter:
    """One conjunct of a predicate over a home's columns, with where it is written."""

    expr: Expr
    place: Position | None
    existing: Existing | None = None
    """What it asks of rows behind a one-to-many join, where that is written out."""


def row_filters(
    filters: Sequence[Filter], catalog: Catalog, look: Look, clock: Clock
) -> list[RowFilter]:
    """The predicates of ``where``, each conjunct apart.

    Raises:
        AggregateInWhere: one names a metric or an aggregate.
        UnknownName, AmbiguousPath, NoPath: a name of one cannot be reached.
        TypeMismatch: one compares values that do not compare.
    """
    found: list[RowFilter] = []
    for each in filters:
        tree = _tree(each, look)
        existing = each.existing if isinstance(each, Predicate) else None
        parts = conjuncts(tree) if existing is None else [tree]
        made = (_row_filter(part, each, catalog, look, clock) for part in parts)
        found += [dataclasses.replace(part, existing=existing) for part in made]
    return found


def _tree(filter_: Filter, look: Look) -> exp.Expr:
    if isinstance(filter_, Predicate):
        return filter_.tree
    try:
        return comparison(filter_, kind_of(look(filter_.name)))
    except ForebayError as error:
        name = f"{filter_.name} {filter_.operator}"
        raise error.at(Position(filter_.source, 1, 1, len(name), name)) from None


def kind_of(reached: Reached) -> Kind | None:
    """The kind of a member's values; a segment's is boolean."""
    if not isinstance(reached.member, Dimension):
        return Kind.BOOLEAN
    return reached.type.kind if reached.member.type else None


def _row_filter(
    part: exp.Expr, filter_: Filter, catalog: Catalog, look: Look, clock: Clock
) -> RowFilter:
    at = _locator(filter_)
    if has_aggregate(part):
        raise AggregateInWhere(
            "an aggregate stands in where", hint="Predicates on aggregates belong in having."
        ).at(at(part))
    reached: list[Reached] = []
    kinds: dict[str, Kind | None] = {}

    def replace(node: exp.Expr, parts: tuple[str, ...]) -> exp.Expr:
        name = ".".join(parts)
        try:
            found = look(name)
        except ForebayError as error:
            if name in catalog.metrics:
                raise AggregateInWhere(
                    f'metric "{name}" stands in where',
                    hint="Predicates on groups of the answer belong in having; "
                    f"metric({name}, DIMENSION) is its value for a row.",
                ).at(at(node)) from None
            raise error.at(at(node)) from None
        reached.append(found)
        marker = f"m{len(reached)}"
        kinds[marker] = kind_of(found)
        return exp.Column(this=exp.Identifier(this=marker, quoted=True))

    tree = substitute(part, replace)
    tree = _predicate(_clocked(tree, clock), kinds, lambda: at(part))
    place = Position(filter_.source, 1, 1)
    values = {f"m{number}": each.expr() for number, each in enumerate(reached, 1)}
    paths = {path for each in values.values() for path in each.paths}
    return RowFilter(Expr(_filled(tree, values), tuple(sorted(paths))), place)


def _filled(tree: exp.Expr, values: Mapping[str, Expr]) -> exp.Expr:
    """Put each member's expression where its marker stands."""
    if isinstance(tree, exp.Column):
        return values[tree.name].tree
    for node in columns_in(tree):
        node.replace(substituted(copied(values[node.name].tree)))
    return tree


def _predicate(
    tree: exp.Expr, kinds: Mapping[str, Kind | None], at: Callable[[], Position]
) -> exp.Expr:
    """A tree over markers of these kinds, its literals settled, that is true or false.

    Of a kind that is not known an engine decides.
    """
    try:
        settled, kind = settle(tree, lambda node: kinds.get(node.name))
    except ForebayError as error:
        raise error.at(at()) from None
    if kind not in (Kind.BOOLEAN, None):
        raise TypeMismatch(
            "a predicate must be true or false", hint="Compare the value with something."
        ).at(at())
    return settled


def _clocked(tree: exp.Expr, clock: Clock) -> exp.Expr:
    if is_clock(tree):
        return clock_literal(tree, clock.now, clock.zone)
    for node in [each for each in nodes(tree) if is_clock(each)]:
        node.replace(clock_literal(node, clock.now, clock.zone))
    return tree


def _locator(filter_: Filter) -> Callable[[exp.Expr], Position]:
    if not isinstance(filter_, Predicate):
        name = f"{filter_.name} {filter_.operator}"
        return lambda node: Position(filter_.source, 1, 1, len(name), name)
    locate = query_position(filter_.source, filter_.statement or filter_.text)
    return lambda node: locate(*offset_of(node))


def comparison(filter_: Comparison, kind: Kind | None) -> exp.Expr:
    """The predicate of a structured filter; each value becomes a literal of the field's kind."""
    field = spelled(parts_of(filter_.name))
    if None in filter_.values:
        raise TypeMismatch(
            f'"{filter_.name}" is compared with null',
            hint='Write the operator "is null" or "is not null".',
        )
    values = [literal(value, kind, filter_) for value in filter_.values]
    match filter_.operator:
        case "is null":
            return exp.Is(this=field, expression=exp.Null())
        case "is not null":
            return exp.Not(this=exp.Is(this=field, expression=exp.Null()))
        case "in":
            return exp.In(this=field, expressions=values)
        case "not in":
            return exp.Not(this=exp.In(this=field, expressions=values))
        case "between":
            return exp.Between(this=field, low=values[0], high=values[1])
        case operator:
            return _BINARY[operator](this=field, expression=values[0])


def literal(value: Plain, kind: Kind | None, filter_: Comparison) -> exp.Expr:
    """A value as a literal of the field's kind; refused where it has another."""
    match value:
        case bool() if kind in (Kind.BOOLEAN, None):
            return exp.Boolean(this=value)
        case int() | float() | Decimal() if kind in NUMBERS or kind is None:
            if not isinstance(value, bool):
                return _number(value)
        case str() if kind in (Kind.STRING, None) or is_text_of(value, kind):
            return exp.Literal(this=value, is_string=True)
        case datetime() | date() if kind in TIMES:
            return exp.Literal(this=value.isoformat(), is_string=True)
    raise TypeMismatch(
        f'"{filter_.name}" holds {kind.value if kind else "something else"} and is compared with '
        f"{value!r}",
        hint=hint_of(kind),
        position=Position(filter_.source, 1, 1, 1, f"{filter_.name} {filter_.operator}"),
    )


def _number(value: float | Decimal) -> exp.Expr:
    magnitude = exp.Literal(this=str(abs(value)), is_string=False)
    return exp.Neg(this=magnitude) if value < 0 else magnitude


def aggregate_filter(
    filter_: Filter,
    column_of: ColumnOf,
    clock: Clock,
) -> list[Expr]:
    """The conjuncts of one entry of ``having``, over the columns of the answer.

    ``column_of`` gives what computes a metric or grouped dimension, or None for other names.

    Raises:
        NonAggregateInHaving: one names neither metrics nor grouped dimensions.
        MixedPredicateLevel: one names a metric and a column that is not grouped.
    """
    at = _locator(filter_)
    if isinstance(filter_, Predicate):
        tree = filter_.tree
    else:
        known = column_of(filter_.name)
        tree = comparison(filter_, known.kind if known else None)
    _check_level(tree, column_of, at)
    return [_aggregate_part(part, column_of, at, clock) for part in conjuncts(tree)]


def _check_level(tree: exp.Expr, column_of: ColumnOf, at: Callable[[exp.Expr], Position]) -> None:
    """One entry of having speaks of metrics, or of grouped dimensions, never of both."""
    of_rows: list[tuple[exp.Expr, str]] = []
    of_groups = 0
    for node, parts in names(tree):
        if node.find_ancestor(*AGGREGATES) is not None:
            continue
        try:
            known = column_of(".".join(parts))
        except UnknownName as error:
            raise error.at(at(node)) from None
        if known is not None and known.is_constant:
            continue
        if known is not None and known.is_metric:
            of_groups += 1
        else:
            of_rows.append((node, ".".join(parts)))
    unknown = [(node, name) for node, name in of_rows if column_of(name) is None]
    of_groups += has_aggregate(tree)
    if of_rows and of_groups:
        node, name = of_rows[0]
        raise MixedPredicateLevel(
            f'one predicate of having mixes "{name}" with metrics',
            hint="Write a predicate for each; the entries of a list are joined by AND.",
        ).at(at(node))
    if unknown:
        node, name = unknown[0]
        raise NonAggregateInHaving(
            f'"{name}" in having is neither a metric nor a grouped dimension',
            hint="Predicates on rows belong in where; a time is named at its grouped grain.",
        ).at(at(node))


def _aggregate_part(
    part: exp.Expr,
    column_of: ColumnOf,
    at: Callable[[exp.Expr], Position],
    clock: Clock,
) -> Expr:
    if has_aggregate(part):
        raise NonAggregateInHaving(
            "an aggregate of its own stands in having",
            hint="Name a metric; measures declare the aggregates.",
        ).at(at(part))
    trees: dict[str, exp.Expr] = {}
    kinds: dict[str, Kind | None] = {}

    def replace(node: exp.Expr, parts: tuple[str, ...]) -> exp.Expr:
        found = column_of(".".join(parts))
        assert found is not None, "unknown names were refused above"
        marker = f"h{len(trees)}"
        trees[marker], kinds[marker] = found.tree, found.kind
        return exp.Column(this=exp.Identifier(this=marker, quoted=True))

    tree = _predicate(_clocked(substitute(part, replace), clock), kinds, lambda: at(part))
    if isinstance(tree, exp.Column):
        return Expr(trees[tree.name].copy())
    for node in columns_in(tree):
        node.replace(substituted(trees[node.name].copy()))
    return Expr(tree)
