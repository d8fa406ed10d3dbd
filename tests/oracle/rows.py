"""Rows of a project: what a name gives on one of them, and which of them predicates keep."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime

from tests.oracle.calendars import calendar_of, is_of_calendar, value_on
from tests.oracle.language import (
    PARAM,
    Aggregate,
    Call,
    Existing,
    Expr,
    MetricAt,
    Parts,
    Project,
    Row,
    Value,
    Values,
    names_in,
)
from tests.oracle.meeting import Meeting, judge, judge_exists
from tests.oracle.paths import Reference, Refused, Step, find
from tests.oracle.time_parts import part_named, part_of
from tests.oracle.times import GRAINS, civil_of, is_instant, midnight, truncate
from tests.oracle.values import holds, type_of, value_of

Bound = dict[Step, Row | None]
"""The one row that is meant behind each step to many."""


class Rows:
    """The rows that may be seen, and the types of what they hold."""

    def __init__(self, project: Project, zone: str, params: Values = ()) -> None:
        self.project = project
        self.zone = zone
        self.params = {each.name: each.default for each in project.parameters.values()}
        self.params |= dict(params)
        self.of = {
            name: [row for row in model.rows if holds(model.where, OfRow(self, name, row))]
            for name, model in project.models.items()
        }
        self.asked: dict[MetricAt, dict[Parts, Value]] = {}
        self.ask: Callable[[MetricAt], dict[Parts, Value]] | None = None
        """What answers metrics in predicates."""
        self._met: dict[Step, dict[Parts, list[Row]]] = {}

    def fixed(self, params: Values) -> Rows:
        """The same where some parameters have values of a metric's own."""
        if not params:
            return self
        found = copy(self)
        found.params = self.params | dict(params)
        return found

    def cells_of(self, expr: MetricAt) -> dict[Parts, Value]:
        """A metric's values by its groups."""
        if expr not in self.asked:
            assert self.ask is not None
            self.asked[expr] = self.ask(expr)
        return self.asked[expr]

    def partners(self, step: Step, row: Row, home: OfRow) -> list[Row]:
        """The rows on the other side of a join; NULL meets nothing."""
        equal = self._equal(step, row)
        partition = self.project.models[step.target].partition
        own = self.project.models[home.model].partition
        if partition is not None and own is not None:
            wanted = home.row[own]
            equal = [] if wanted is None else [e for e in equal if e[partition] == wanted]
        if not step.join.valid and not step.join.conditions:
            return equal
        met = [Meeting(step, row, each, self.zone) for each in equal]
        if step.join.valid:
            time = self._time_of(step, row, home)
            met = [each for each in met if each.is_valid_at(time)]
        return [each.other for each in met if each.has_conditions()]

    def _time_of(self, step: Step, row: Row, home: OfRow) -> Value:
        """The time at which a row must be valid: the join's own, or that of the home row."""
        if step.join.at is not None:
            return OfRow(self, step.source, row).name((step.join.at,))
        assert home.time is not None
        return OfRow(self, home.model, home.row).name(tuple(home.time.split(".")))

    def _equal(self, step: Step, row: Row) -> list[Row]:
        """The rows whose columns are equal."""
        if step not in self._met:
            met: dict[Parts, list[Row]] = {}
            for each in self.of[step.target]:
                met.setdefault(tuple(each[there] for _, there in step.pairs), []).append(each)
            self._met[step] = met
        key = tuple(row[here] for here, _ in step.pairs)
        return [] if None in key else self._met[step].get(key, [])

    def read(self, reference: Reference, scope: OfRow) -> Value:
        """What a member is on a row; NULL where a row on the way is missing."""
        home = scope.home or scope
        row: Row | None = scope.row
        steps = reference.steps
        if reference.many is not None:
            row, steps = scope.bound[reference.many], steps[1:]
        for step in steps:
            row = None if row is None else next(iter(self.partners(step, row, home)), None)
        if row is None:
            return None
        dimension = reference.dimension
        if dimension.expr is None:
            value = row[dimension.name]
        else:
            value = value_of(dimension.expr, OfRow(self, reference.model, row, home=home))
        return self.told(value, reference.grain)

    def told(self, value: Value, grain: str | None) -> Value:
        """A time at a grain, of whatever calendar, or a part of it."""
        if grain is None or value is None:
            return value
        if is_of_calendar(self.project, grain):
            return value_on(self.project, grain, self.civil(value).date())
        part = part_named(grain)
        return part_of(self.civil(value), part) if part else truncate(value, grain, self.zone)

    def civil(self, value: Value) -> datetime:
        """What a clock shows at a time."""
        return civil_of(value, self.zone) if is_instant(value) else midnight(value)

    def type_in(self, model: str, parts: Parts) -> str:
        """The type of a name of a model."""
        if parts[0] == PARAM:
            return type_of_parameter(self.project, parts)
        if len(parts) == 1 and parts[0] not in self.project.models[model].dimensions:
            return self.project.models[model].columns[parts[0]]
        return self.type_of(find(self.project, model, parts))

    def type_of(self, reference: Reference) -> str:
        """The type of a member at its grain."""
        dimension = reference.dimension
        grain = reference.grain or ""
        if part_named(grain):
            return "bigint"
        if is_of_calendar(self.project, grain):
            return calendar_of(self.project, grain).grains[grain]
        if dimension.expr is None:
            return self.project.models[reference.model].columns[dimension.name]
        return type_of(dimension.expr, lambda parts: self.type_in(reference.model, parts))


@dataclass
class OfRow:
    """Names as they are on one row of a model."""

    rows: Rows
    model: str
    row: Row
    bound: Bound = field(default_factory=dict)
    time: str | None = None
    """The metric time."""
    home: OfRow | None = None
    """The row that this one is read for."""

    @property
    def zone(self) -> str:
        """The zone that times are read in."""
        return self.rows.zone

    def name(self, parts: Parts) -> Value:
        """The value of a dimension, a column or what lies behind joins."""
        if parts[0] == PARAM:
            return self.rows.params[parts[1]]
        project = self.rows.project
        is_member = parts[0] in project.models[self.model].dimensions
        if len(parts) == 1 and not is_member and parts[0] in self.row:
            return self.row[parts[0]]
        reference = find_at(project, self.model, parts, self.time)
        return self.rows.read(reference, self)

    def aggregate(self, expr: Aggregate | MetricAt) -> Value:
        """No row has an aggregate; the value of a metric is NULL where no group meets the row."""
        assert isinstance(expr, MetricAt)
        cells = self.rows.cells_of(expr)
        group = tuple(self.name(tuple(each.split("."))) for each in expr.dimensions)
        return None if None in group else cells.get(group)


PARAMETER_TYPES = {"integer": "whole", "number": "double", "string": "varchar"}


def type_of_parameter(project: Project, parts: Parts) -> str:
    """The type of a parameter."""
    told = project.parameters[parts[1]].type
    return PARAMETER_TYPES.get(told, told)


def find_at(project: Project, home: str, parts: Parts, time: str | None) -> Reference:
    """The member that a name means, ``metric_time`` among them."""
    if parts[0] != "metric_time":
        return find(project, home, parts)
    if time is None:
        raise Refused("E_TIME_REQUIRED")
    return find(project, home, (*time.split("."), *parts[1:]))


def default_grain(reference: Reference) -> str | None:
    """The grain of a bare time dimension: its own, or day where that is finer."""
    if reference.grain or reference.dimension.grain is None:
        return reference.grain
    return max(reference.dimension.grain, "day", key=GRAINS.index)


@dataclass
class Filter:
    """Predicates of a question from one home, by the step to many that each lies behind."""

    rows: Rows
    home: str
    time: str | None
    grouped: Step | None = None
    """The step to many that is grouped: predicates behind it filter the joined rows."""
    kept: list[Expr] = field(default_factory=list)
    behind: dict[Step, list[Expr]] = field(default_factory=dict)
    existing: list[tuple[Step, Existing]] = field(default_factory=list)

    def add(self, predicate: Expr) -> None:
        """Take one more conjunct."""
        project = self.rows.project
        found = [
            find_at(project, self.home, parts, self.time)
            for parts in names_in(predicate)
            if not self._is_column(parts)
        ]
        steps = {each.many for each in found}
        many = steps - {None}
        is_alone = isinstance(predicate, Existing)
        exists = many if is_alone else many - {self.grouped}
        if is_alone and not many:
            raise Refused("E_NO_PATH")
        if len(many) > 1 or (exists and None in steps and self._chooses(predicate)):
            raise Refused("E_NOT_SUPPORTED")
        for each in found:
            judge(project, self.home, self.time, each)
            if each.many in exists:
                judge_exists(project, self.home, self.time, each)
        for step in many:
            assert step is not None
            if isinstance(predicate, Existing):
                self.existing.append((step, predicate))
                return
            self.behind.setdefault(step, []).append(predicate)
            return
        self.kept.append(predicate)

    def _chooses(self, predicate: Expr) -> bool:
        """Whether a predicate chooses between rows behind a step and others."""
        if not isinstance(predicate, Call):
            return False
        inner = predicate.args[0] if predicate.op == "not" else None
        if isinstance(inner, Call) and inner.op == "and":
            return not all(map(self._is_behind, inner.args)) or any(map(self._chooses, inner.args))
        sides = predicate.args
        if predicate.op == "in":
            sides = tuple(each for each in sides if any(True for _ in names_in(each)))
        if predicate.op in ("or", "in") and not all(map(self._is_behind, sides)):
            return True
        return any(map(self._chooses, predicate.args))

    def _is_behind(self, expr: Expr) -> bool:
        """Whether an expression reads a row behind a step to many."""
        project = self.rows.project
        names = [each for each in names_in(expr) if not self._is_column(each)]
        return any(find_at(project, self.home, each, self.time).many for each in names)

    def _is_column(self, parts: Parts) -> bool:
        model = self.rows.project.models[self.home]
        return len(parts) == 1 and parts[0] not in model.dimensions and parts[0] in model.columns

    def holds(self, row: Row, joined: Row | None) -> bool:
        """Whether a home row counts, beside the joined row of the step that is grouped."""
        scope = OfRow(self.rows, self.home, row, {}, self.time)
        if not all(holds(each, scope) for each in self.kept):
            return False
        if any(self._is_met(row, s, [e.predicate]) is e.is_none for s, e in self.existing):
            return False
        return all(
            self._all_hold(row, step, joined, predicates)
            if step == self.grouped
            else self._is_met(row, step, predicates)
            for step, predicates in self.behind.items()
        )

    def _is_met(self, row: Row, step: Step, predicates: list[Expr]) -> bool:
        """Whether a row behind a step satisfies some predicates together."""
        scope = OfRow(self.rows, self.home, row, {}, self.time)
        partners = self.rows.partners(step, row, scope)
        return any(self._all_hold(row, step, each, predicates) for each in partners)

    def _all_hold(self, row: Row, step: Step, other: Row | None, predicates: list[Expr]) -> bool:
        scope = OfRow(self.rows, self.home, row, {step: other}, self.time)
        return all(holds(each, scope) for each in predicates)


def own_codes(predicate: Expr) -> set[str]:
    """What is refused of a predicate besides what its names are refused for."""
    return {"E_NOT_SUPPORTED", *(("E_NO_PATH",) if isinstance(predicate, Existing) else ())}
