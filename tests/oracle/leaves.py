"""The measures that a metric is made of, and what each gives for each group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from tests.oracle.aggregates import aggregate
from tests.oracle.cohorts import is_again, is_of_cohort
from tests.oracle.language import (
    PARAM,
    Aggregate,
    Cohort,
    Expr,
    Funnel,
    Measure,
    Members,
    Metric,
    MetricAt,
    Name,
    Parts,
    Project,
    Reading,
    Row,
    Scope,
    Value,
    Values,
    conjuncts,
    names_in,
)
from tests.oracle.paths import Reference, Refused, Step, find
from tests.oracle.rows import Bound, Filter, OfRow, Rows
from tests.oracle.shown import SHOWN, Both, ratio
from tests.oracle.times import is_within
from tests.oracle.values import value_of

Group = tuple[Value, ...]
Pair = tuple[Row, Row | None]
"""A home row, and the row of the step to many that is grouped."""


@dataclass(frozen=True)
class Leaf:
    """A measure with the predicates of the metrics that narrow it."""

    home: str
    measure: Measure
    where: tuple[Expr, ...] = ()
    readings: tuple[Reading, ...] = ()
    """When its rows count, the outermost metric's first."""
    told_time: str | None = None
    """The metric time that a metric tells in place of its own."""
    conversions: Conversions | None = None
    """What follows its rows, and is told in place of them."""
    params: Values = ()
    """Values of parameters that the metrics around it have, the innermost last."""
    cohort: Cohort | None = None
    """What its rows are of, where a share of them is told."""

    def time(self, project: Project) -> str | None:
        """Its metric time."""
        return self.told_time or self.measure.time or project.models[self.home].time

    def own_predicates(self) -> tuple[Expr, ...]:
        """Those of the metrics that narrow it, and its own."""
        own = self.measure.where
        return self.where if own is None else (*self.where, own)

    def exprs(self) -> tuple[Expr, ...]:
        """All that it is told of: its measure, its predicates and the time of its cohort."""
        cohort = () if self.cohort is None else (name_of(self.cohort.time),)
        return (self.measure.expr, *self.own_predicates(), *cohort)


@dataclass(frozen=True)
class Conversions:
    """The rows that follow those of a funnel's base."""

    of: Leaf
    funnel: Funnel


@dataclass(frozen=True)
class Range:
    """A range of civil times on a name."""

    on: Parts
    start: datetime | None
    end: datetime | None
    to_now: bool = False
    """Whether the clock ends it, in the middle of whatever period."""


def leaf_named(project: Project, parts: Parts) -> Leaf | None:
    """The measure of a name, if it is one."""
    if len(parts) == 2 and parts[0] in project.models:
        measure = project.models[parts[0]].measures.get(parts[1])
        return None if measure is None else Leaf(parts[0], measure)
    homes = [each for each in project.models.values() if parts[0] in each.measures]
    if len(parts) > 1 or not homes:
        return None
    if len(homes) > 1:
        raise Refused("E_NAME_COLLISION")
    return Leaf(homes[0].name, homes[0].measures[parts[0]])


def is_metric(project: Project, parts: Parts) -> bool:
    """Whether a name is a metric's or measure's."""
    return ".".join(parts) in project.metrics or leaf_named(project, parts) is not None


@dataclass(frozen=True)
class Scoped:
    """A metric with groups or predicates of its own, and the predicates that narrow it."""

    metric: Metric
    where: tuple[Expr, ...] = ()

    @property
    def of(self) -> Parts:
        """What it is made of."""
        assert self.metric.of is not None
        return tuple(self.metric.of.split("."))

    @property
    def scope(self) -> Scope:
        """Its groups and predicates."""
        assert self.metric.scope is not None
        return self.metric.scope


Source = Leaf | Scoped
"""What gives a value for each group."""


def leaves_of(project: Project, parts: Parts, where: tuple[Expr, ...] = ()) -> list[Leaf]:
    """Every measure that a metric needs, those of what is scoped too."""
    return [
        leaf
        for source in sources_of(project, parts, where)
        for leaf in (
            [source] if isinstance(source, Leaf) else leaves_of(project, source.of, source.where)
        )
    ]


def sources_of(
    project: Project,
    parts: Parts,
    where: tuple[Expr, ...] = (),
    readings: tuple[Reading, ...] = (),
) -> list[Source]:
    """What gives the values that a metric is computed of."""
    metric = project.metrics.get(".".join(parts))
    if metric is not None:
        return _sources_of(project, metric, where, readings)
    leaf = leaf_named(project, parts)
    if leaf is None:
        raise Refused("E_NAME_NOT_FOUND")
    return [Leaf(leaf.home, leaf.measure, where, readings)]


def _sources_of(
    project: Project, metric: Metric, where: tuple[Expr, ...], readings: tuple[Reading, ...]
) -> list[Source]:
    found = _sources_beneath(project, metric, where, readings)
    return [with_params(each, metric.params) for each in found] if metric.params else found


def _sources_beneath(
    project: Project, metric: Metric, where: tuple[Expr, ...], readings: tuple[Reading, ...]
) -> list[Source]:
    if metric.cohort is not None:
        return [_leaf_of_cohort(project, metric.cohort, where, readings)]
    if metric.funnel is not None:
        return _sources_of_funnel(project, metric.funnel, readings)
    if metric.scope is not None:
        if _is_rank(project, tuple((metric.of or "").split("."))):
            raise Refused("E_WINDOWED_METRIC_COMPOSITION")
        if readings:
            raise Refused("OPEN")
        return [Scoped(metric, where)]
    if metric.of is not None:
        of = tuple(metric.of.split("."))
        if _is_rank(project, of) or (metric.rank and where):
            raise Refused("E_WINDOWED_METRIC_COMPOSITION")
        inner = (*where, metric.where) if metric.where is not None else where
        now = [] if metric.show == "value" else sources_of(project, of, inner, readings)
        then = (*readings, metric.reading) if metric.reading else readings
        return [
            at_time(each, metric.time) for each in (*now, *sources_of(project, of, inner, then))
        ]
    return _sources_of_formula(project, metric, where, readings)


def _sources_of_formula(
    project: Project, metric: Metric, where: tuple[Expr, ...], readings: tuple[Reading, ...]
) -> list[Source]:
    found: list[Source] = []
    for name in names_in(metric.expr):
        known = metric.known(project, name)
        if known is not None and known.rank:
            raise Refused("E_WINDOWED_METRIC_COMPOSITION")
        found += (
            sources_of(project, name, where, readings)
            if known is None
            else _sources_of(project, known, where, readings)
        )
    return found


def _sources_of_funnel(
    project: Project, funnel: Funnel, readings: tuple[Reading, ...] = ()
) -> list[Source]:
    """The conversions, and the base too where they are told as a share of it."""
    if readings:
        raise Refused("E_NOT_SUPPORTED")
    (base,), (of,) = (
        leaves_of(project, tuple(each.split("."))) for each in (funnel.base, funnel.converted)
    )
    converted = replace(base, conversions=Conversions(of, funnel))
    return [converted, base] if funnel.show == "rate" else [converted]


def _leaf_of_cohort(
    project: Project, cohort: Cohort, where: tuple[Expr, ...], readings: tuple[Reading, ...]
) -> Leaf:
    (active,) = leaves_of(project, tuple(cohort.of.split(".")), where)
    return replace(active, readings=readings, told_time=cohort.time, cohort=cohort)


def at_time(source: Source, time: str | None) -> Source:
    """The same with the metric time that a metric tells, if it tells one."""
    return replace(source, told_time=time) if time and isinstance(source, Leaf) else source


def with_params(source: Source, params: Values) -> Source:
    """The same with values that a metric around it gives to parameters."""
    if not isinstance(source, Leaf):
        raise Refused("OPEN")
    return replace(source, params=(*params, *source.params))


def _is_rank(project: Project, parts: Parts) -> bool:
    metric = project.metrics.get(".".join(parts))
    return metric is not None and metric.rank is not None


@dataclass
class OfGroup:
    """Metrics as they are in one group."""

    project: Project
    cells: dict[Source, Value]
    zone: str
    where: tuple[Expr, ...] = ()
    readings: tuple[Reading, ...] = ()
    formula: Metric | None = None
    """The metric whose formula is computed."""
    told_time: str | None = None
    """The metric time that a metric around it tells."""
    params: Values = ()
    """Values of parameters that the metrics around it have."""
    asked: Values = ()
    """Those that the question has."""

    def name(self, parts: Parts) -> Value:
        """The value of a metric, measure or parameter."""
        if parts[0] == PARAM:
            return dict((*self.asked, *self.params))[parts[1]]
        if self.formula is None:
            metric = self.project.metrics.get(".".join(parts))
        else:
            metric = self.formula.known(self.project, parts)
        if metric is None:
            leaf = leaf_named(self.project, parts)
            assert leaf is not None
            found = Leaf(
                leaf.home,
                leaf.measure,
                self.where,
                self.readings,
                self.told_time,
                params=self.params,
            )
            return self.cells[found]
        value = self.value(metric)
        return metric.fill if value is None else value

    def value(self, metric: Metric) -> Value:
        """The value of a metric before NULL is filled."""
        if metric.funnel is not None:
            told = [self.cells[each] for each in _sources_of_funnel(self.project, metric.funnel)]
            return told[0] if len(told) == 1 else ratio(told[0], told[1], self.zone)
        if metric.params:
            outer = replace(self, params=(*self.params, *metric.params))
            return outer.value(replace(metric, params=()))
        if metric.cohort is not None:
            found = _leaf_of_cohort(self.project, metric.cohort, self.where, self.readings)
            return self.cells[with_params(found, self.params)]
        outer = replace(self, formula=None)
        if metric.scope is not None:
            return self.cells[Scoped(metric, self.where)]
        if metric.of is not None:
            if metric.where is not None:
                outer = replace(outer, where=(*self.where, metric.where))
            outer = replace(outer, told_time=metric.time or self.told_time)
            return _at_times(metric, outer)
        assert metric.expr is not None
        return value_of(metric.expr, replace(self, formula=metric))

    def aggregate(self, expr: Aggregate | MetricAt) -> Value:
        """A formula has no aggregates of its own."""
        raise AssertionError(expr)


def _at_times(metric: Metric, scope: OfGroup) -> Value:
    """The value of a metric of another one, of now, of another time, or of both."""
    assert metric.of is not None
    of = tuple(metric.of.split("."))
    if not metric.reading:
        return scope.name(of)
    then = replace(scope, readings=(*scope.readings, metric.reading)).name(of)
    if metric.show == "value":
        return then
    scopes = Both(scope.name(of), then, scope.zone)
    return value_of(SHOWN[metric.show], scopes)


@dataclass
class OfRows:
    """Aggregates over the rows of one group."""

    scopes: list[OfRow]
    rows: Rows
    """Those that may be seen, with the values of the measure's parameters."""

    @property
    def zone(self) -> str:
        """The zone that times are read in."""
        return self.rows.zone

    def name(self, parts: Parts) -> Value:
        """A parameter; a measure has no column outside its aggregates."""
        if parts[0] == PARAM:
            return self.rows.params[parts[1]]
        raise AssertionError(parts)

    def aggregate(self, expr: Aggregate | MetricAt) -> Value:
        """The aggregate over all rows."""
        assert isinstance(expr, Aggregate)
        return aggregate(expr, self.scopes)


@dataclass(frozen=True)
class Asked:
    """What is asked of a leaf."""

    groups: tuple[Reference, ...]
    grains: tuple[str | None, ...]
    where: tuple[Expr, ...]
    range: Range | None
    members: Members | None = None

    def group(self, values: Iterable[Value]) -> Group:
        """The group of the values that a row has; further members are one."""
        group = tuple(values)
        kept = self.members
        if kept is None or group[kept.place] in kept.first:
            return group
        further = OTHERS if group[kept.place] in kept.others else NOWHERE
        return (*group[: kept.place], further, *group[kept.place + 1 :])


class Further:
    """A group of members that are none of the first."""


OTHERS = Further()
"""The one group of all further members."""
NOWHERE = Further()
"""The members that no group of an answer has."""


def grouped_step(groups: Iterable[Reference]) -> Step | None:
    """The step to many that is grouped."""
    return next((each.many for each in groups if each.many), None)


def filters(rows: Rows, leaf: Leaf, asked: Asked) -> list[Filter]:
    """The question's predicates, and each metric's own; each are judged by themselves."""
    time, grouped = leaf.time(rows.project), grouped_step(asked.groups)
    found = []
    own = rows.fixed(leaf.params)
    sides = [(rows, asked.where), *((own, (each,)) for each in leaf.own_predicates())]
    for known, predicates in sides:
        made = Filter(known, leaf.home, time, grouped)
        for predicate in predicates:
            for each in conjuncts(predicate):
                made.add(each)
        found.append(made)
    return found


def cells(rows: Rows, leaf: Leaf, asked: Asked) -> dict[Group, Value]:
    """The measure's value in every group that its rows make."""
    grouped, own = grouped_step(asked.groups), rows.fixed(leaf.params)
    members: dict[Group, dict[int, OfRow]] = {}
    if not asked.groups:
        members[()] = {}
    for row, joined in at_edge(rows, leaf, asked, list(counted_pairs(rows, leaf, asked))):
        bound: Bound = {} if grouped is None else {grouped: joined}
        scope = scope_of(own, leaf, row)
        beside = replace(scope_of(rows, leaf, row), bound=bound)
        group = asked.group(rows.read(each, beside) for each in asked.groups)
        members.setdefault(group, {})[id(row)] = scope
    return {group: told(own, leaf, list(found.values())) for group, found in members.items()}


def told(own: Rows, leaf: Leaf, scopes: list[OfRow]) -> Value:
    """What a leaf tells of some of its rows: its measure, or which share of it is active again."""
    whole = value_of(leaf.measure.expr, OfRows(scopes, own))
    if leaf.cohort is None:
        return whole
    active = replace(leaf, told_time=None).time(own.project)
    again = [each for each in scopes if is_again(leaf.cohort, active, each)]
    return ratio(value_of(leaf.measure.expr, OfRows(again, own)), whole, own.zone)


def counted_pairs(rows: Rows, leaf: Leaf, asked: Asked) -> Iterator[Pair]:
    """The home rows that count, each beside every row of the step that is grouped."""
    made = filters(rows, leaf, asked)
    grouped = grouped_step(asked.groups)
    for row in rows.of[leaf.home]:
        scope = scope_of(rows, leaf, row)
        if leaf.cohort is not None and not is_of_cohort(leaf.cohort, scope):
            continue
        for joined in _joined(grouped, scope):
            if _in_range(rows, leaf, asked.range, row) and _all_hold(made, row, joined):
                yield row, joined


def _all_hold(made: list[Filter], row: Row, joined: Row | None) -> bool:
    return all(each.holds(row, joined) for each in made)


def at_edge(rows: Rows, leaf: Leaf, asked: Asked, counted: list[Pair]) -> list[Pair]:
    """Of the rows that count, those of the first or last time of a measure that has one."""
    if leaf.measure.edge is None:
        return counted
    edge, by = leaf.measure.edge
    time = find(rows.project, leaf.home, (by,))
    periods = [each for each in asked.groups if replace(each, grain=None) == time]
    by_class: dict[Group, list[tuple[Value, Pair]]] = {}
    for row, joined in counted:
        scope = scope_of(rows, leaf, row)
        class_ = (
            *(scope.name((each,)) for each in leaf.measure.per),
            *(rows.read(each, scope) for each in periods),
        )
        value = rows.read(time, scope)
        if value is not None:
            by_class.setdefault(class_, []).append((value, (row, joined)))
    choose = min if edge == "first_by" else max
    found: list[Pair] = []
    for each in by_class.values():
        wanted = choose(value for value, _ in each)
        found += [pair for value, pair in each if value == wanted]
    return found


def scope_of(rows: Rows, leaf: Leaf, row: Row) -> OfRow:
    """A row of a measure's home, at its metric time."""
    return OfRow(rows, leaf.home, row, {}, leaf.time(rows.project))


def _joined(grouped: Step | None, scope: OfRow) -> list[Row | None]:
    if grouped is None:
        return [None]
    return [*scope.rows.partners(grouped, scope.row, scope)] or [None]


def _in_range(rows: Rows, leaf: Leaf, range_: Range | None, row: Row) -> bool:
    if range_ is None:
        return True
    value = scope_of(rows, leaf, row).name(range_.on)
    return is_within(value, range_.start, range_.end, rows.zone)


def name_of(text: str) -> Name:
    """A dotted name from its text."""
    return Name(tuple(text.split(".")))
