"""Times without rows that an answer shows: the periods it is filled up with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from semantic_models.bind import column_expr
from semantic_models.calendar_days import day_of
from semantic_models.definitions import path_of, substituted
from semantic_models.errors import NotSupported, TimeRequired
from semantic_models.intrinsics import moment, part_of, truncate
from semantic_models.model import GRAINS, Dimension, Expr, Grain
from semantic_models.nested_queries import parts_in
from semantic_models.periods import at_period, grain_of_part, nests, period
from semantic_models.plan import Output
from semantic_models.query import Asked, Query, TimeRange, asks_for_rows
from semantic_models.record import record
from semantic_models.resolve_axis import base_grain, check_clock, is_axis, own_moment, periods
from semantic_models.resolve_branch import BranchResolver
from semantic_models.resolve_filters import (
    Clock,
    Computed,
    aggregate_filter,
    names_in,
    or_parameter,
)
from semantic_models.resolve_names import METRIC_TIME, Reached
from semantic_models.resolved import CalendarStep, Filling, Moments, Periods
from semantic_models.types import TIMESTAMP, Kind

Beside = tuple[Sequence[Output], BranchResolver]
"""The keys of a metric with groups of its own, and a home of it."""


def resolve_filling(
    query: Query,
    resolvers: Sequence[BranchResolver],
    keys: Sequence[Output],
    clock: Clock,
    beside: Sequence[Beside],
) -> Filling | None:
    """The periods that an answer is filled up with, where it tells metric times apart.

    What metrics with groups of their own are grouped by too is a metric time where it is theirs.

    Raises:
        TimeRequired: the question asks for it and tells none apart.
    """
    first = resolvers[0]
    homes = {key.name: (*resolvers, *_grouped_by(key, beside)) for key in keys}
    times = {
        key.name: asked
        for key, asked in zip(keys, query.dimensions, strict=True)
        if all(is_axis(each, asked.name) for each in homes[key.name])
    }
    if not times:
        if query.fill:
            raise TimeRequired(
                "fill stands in a question that does not group by metric time",
                hint="Group by metric_time, or leave fill out.",
            )
        return None
    grouped = {name: first.grouped(asked) for name, asked in times.items()}
    finest = _finest(resolvers, [*grouped.values()])
    days = _Days(first, finest)
    shown = tuple(
        Output(key.name, _shown(grouped[key.name], key, finest, days), key.type)
        for key in keys
        if key.name in times
    )
    known = tuple(_is_known(value.expr) for _, value in days.met.values())
    told = _Told(query, resolvers, keys, homes)
    predicates = _applied_again(told, clock, days)
    of_days = [each for each in predicates if days.is_in(each)]
    return Filling(
        periods=_between(query, resolvers, finest),
        keys=shown,
        moments=tuple(_moments(each, finest) for each in resolvers),
        predicates=tuple(each for each in predicates if each not in of_days),
        others=tuple(key for key in keys if key.name not in times) if query.is_dense else (),
        calendars=tuple(step for step, _ in days.met.values()),
        known=(*known, *(_over_period(each, shown) for each in of_days)),
    )


@record()
class _Told:
    """What a question asks, and from which homes its columns are told."""

    query: Query
    resolvers: Sequence[BranchResolver]
    keys: Sequence[Output]
    homes: Mapping[str, Sequence[BranchResolver]]
    """By key, with those of metrics that have groups of their own by it."""

    def times(self) -> list[tuple[Grain, Output]]:
        """The grouped metric times with their grains, the coarsest first."""
        first = self.resolvers[0]
        found = [
            (grain, key)
            for key, asked in zip(self.keys, self.query.dimensions, strict=True)
            if (grain := first.grouped(asked).grain) is not None
            and all(is_axis(each, asked.name) for each in self.homes[key.name])
        ]
        return sorted(found, key=lambda each: GRAINS[each[0]], reverse=True)


class _Days:
    """The days of calendars that the periods of a grain meet, as they are asked for."""

    def __init__(self, resolver: BranchResolver, finest: Grain) -> None:
        self._catalog = resolver.catalog
        self._at = (
            moment(period(), Grain.DAY, TIMESTAMP) if finest.is_finer_than(Grain.DAY) else period()
        )
        self.met: dict[str, tuple[CalendarStep, Output]] = {}
        """The calendar's row of a period, and what it says of a grain, by the grain."""

    def value(self, grain: str) -> Output:
        """What a calendar says of a period's day."""
        if grain not in self.met:
            calendar = self._catalog.calendar_of(grain)
            path = (f"calendar:{len(self.met)}",)
            self.met[grain] = day_of(calendar, grain, self._at.copy(), path)
        return self.met[grain][1]

    def is_in(self, predicate: Expr) -> bool:
        """Whether a predicate reads what a calendar says."""
        read = {path_of(node) for node in predicate.tree.find_all(exp.Column)}
        return any(step.path in read for step, _ in self.met.values())


def _over_period(predicate: Expr, shown: Sequence[Output]) -> Expr:
    """A predicate on grouped times and a calendar's grains, over a period and its day.

    Raises:
        NotSupported: it is on other groups too.
    """
    values = {each.name: each.expr for each in shown}
    tree = predicate.tree.copy()
    for node in [each for each in tree.find_all(exp.Column) if not each.table]:
        if node.name not in values:
            raise NotSupported(
                f'one predicate is on a calendar\'s grain and on "{node.name}", beside fill',
                hint="Write a predicate for each of them, or group by the calendar's grain.",
            )
        node.replace(substituted(values[node.name].tree.copy()))
    return Expr(tree)


def _grouped_by(key: Output, beside: Sequence[Beside]) -> Iterator[BranchResolver]:
    return (home for keys, home in beside if any(each.name == key.name for each in keys))


def _finest(resolvers: Sequence[BranchResolver], grouped: Sequence[Reached]) -> Grain:
    """The grain of the periods that grouped times are filled up by.

    Parts within a day go over hours and less, of which a clock may show two alike: that matters
    to times alone.
    """
    told = [each.grain or Grain.DAY for each in grouped if not each.part]
    parts = [grain_of_part(each.part) for each in grouped if each.part]
    by_day = [min(each, Grain.DAY, key=GRAINS.__getitem__) for each in parts]
    for each in resolvers if told else ():
        check_clock(each, min(told, key=GRAINS.__getitem__))
    return _periods_of(resolvers, [*told, *by_day])


def _periods_of(resolvers: Sequence[BranchResolver], grains: Sequence[Grain]) -> Grain:
    """The grain of periods that lie within one of each grain: the finest, or that of days."""
    finest = min(grains, key=GRAINS.__getitem__)
    if all(nests(finest, each) for each in grains):
        return finest
    found = (base_grain(each.look(METRIC_TIME), grains) for each in resolvers)
    return min(found, key=GRAINS.__getitem__)


def _between(query: Query, resolvers: Sequence[BranchResolver], grain: Grain) -> Periods:
    """The periods of the range, where it is of every home's metric time; else of the data."""
    on = query.time.on or METRIC_TIME
    is_shared = all(is_axis(each, on) for each in resolvers)
    return periods(resolvers[0], query if is_shared else replace(query, time=TimeRange()), grain)


def _moments(resolver: BranchResolver, finest: Grain) -> Moments:
    time = own_moment(resolver, finest)
    resolver.walk_paths(time.paths)
    return Moments.of(resolver.home, time, resolver.walked())


def _is_known(expr: Expr) -> Expr:
    return Expr(exp.Not(this=exp.Is(this=expr.tree.copy(), expression=exp.Null())))


def _shown(reached: Reached, key: Output, finest: Grain, days: _Days) -> Expr:
    """A grouped time over the periods that fill an answer up."""
    if reached.calendar_grain:
        return days.value(reached.calendar_grain).expr
    if reached.part:
        return replace(reached, axis=finest, rest=None).expr()
    return at_period(key.type, reached.grain or Grain.DAY, finest)


def _applied_again(told: _Told, clock: Clock, days: _Days) -> tuple[Expr, ...]:
    """The predicates on grouped columns and on metric time, over the columns of the answer."""
    parts = [
        part for each in told.query.where for part in parts_in(each) if not asks_for_rows(part)
    ]
    names = names_in(parts)
    known = _of_periods(names, told, days) | _exact_columns(names, told)
    column_of = or_parameter(known.get, told.resolvers[0].catalog.parameters)
    return tuple(
        found
        for part in parts
        if all(name in known for name in names_in([part]))
        for found in aggregate_filter(part, column_of, clock)
    )


def _of_periods(names: Sequence[str], told: _Told, days: _Days) -> dict[str, Computed]:
    """Names of metric time that a grouped time tells: by its first moment, and what is coarser."""
    first = told.resolvers[0]
    known: dict[str, Computed] = {}
    for grain, key in told.times():
        for name in names:
            is_time = all(is_axis(each, name) for each in told.homes[key.name])
            found = _of_period(first.look(name), grain, key, days) if is_time else None
            if found is not None:
                known[name] = found
    return known


def _of_period(reached: Reached, grain: Grain, key: Output, days: _Days) -> Computed | None:
    """What a time is at the start of the period that a column holds, where all of it is alike."""
    column = column_expr(key.name).tree.copy()
    if reached.part:
        alike = nests(grain, grain_of_part(reached.part))
        return Computed(part_of(column, reached.part, key.type), Kind.INT64) if alike else None
    if reached.calendar_grain:
        if not nests(grain, Grain.DAY):
            return None
        value = days.value(reached.calendar_grain)
        return Computed(value.expr.tree.copy(), value.type.kind)
    if reached.grain is None:
        return Computed(column, key.type.kind)
    if not nests(grain, reached.grain):
        return None
    return Computed(truncate(column, reached.grain, key.type), key.type.kind)


def _exact_columns(names: Sequence[str], told: _Told) -> dict[str, Computed]:
    """The grouped columns by the names whose very values they hold, however they are spelled."""
    known: dict[str, Computed] = {}
    for key, asked in zip(told.keys, told.query.dimensions, strict=True):
        column = Computed(column_expr(key.name).tree, key.type.kind)
        exact = [(each, _exact_names(each, asked)) for each in told.resolvers]
        spelled = (key.name, key.name.replace("__", "."))
        known |= {
            name: column
            for name in names
            if name in spelled or all(each.look(name) in same for each, same in exact)
        }
    return known


def _exact_names(resolver: BranchResolver, asked: Asked) -> tuple[Reached, ...]:
    """What a grouped dimension is: at its grain, and without one where that is its own."""
    grouped = resolver.grouped(asked)
    if grouped.grain is None:
        return (grouped,)
    is_own = isinstance(grouped.member, Dimension) and grouped.member.grain is grouped.grain
    return (grouped, replace(grouped, grain=None)) if is_own else (grouped,)
