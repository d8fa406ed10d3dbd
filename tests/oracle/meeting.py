"""Whether two rows meet, where equal columns alone do not say: versions, partitions, conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.oracle.language import (
    Aggregate,
    Call,
    Expr,
    Literal,
    MetricAt,
    Parts,
    Project,
    Row,
    Value,
    names_in,
)
from tests.oracle.paths import Reference, Refused, Step, find
from tests.oracle.values import holds


@dataclass(frozen=True)
class Meeting:
    """A row, and one of those whose columns are equal to its own."""

    step: Step
    row: Row
    other: Row
    zone: str

    def name(self, parts: Parts) -> Value:
        """A column of either side."""
        return self.row[parts[0]] if len(parts) == 1 else self.other[parts[1]]

    def aggregate(self, expr: Aggregate | MetricAt) -> Value:
        """No condition of a join has any."""
        raise AssertionError(expr)

    def is_valid_at(self, time: Value) -> bool:
        """Whether the other row is valid at a time: its start included, an end of NULL open."""
        assert self.step.join.valid is not None
        start, end = (Literal(self.other[each]) for each in self.step.join.valid)
        started = Call("<=", (start, Literal(time)))
        ended: Expr = Call("<", (Literal(time), end))
        return holds(started, self) and holds(Call("or", (Call("is null", (end,)), ended)), self)

    def has_conditions(self) -> bool:
        """Whether the join's other conditions hold."""
        return all(holds(each, self) for each in self.step.join.conditions)


def judge(project: Project, home: str, time: str | None, reference: Reference) -> None:
    """Refuse a way that the home of a measure, or its metric time, leaves open."""
    _judge(project, home, time, steps_of(project, reference))


def judge_exprs(
    project: Project, home: str, time: str | None, exprs: Iterable[Expr | None]
) -> None:
    """Refuse what the expressions of a measure need that its home or metric time leaves open."""
    for each in exprs:
        _judge(project, home, time, steps_in(project, home, each))


def _judge(project: Project, home: str, time: str | None, steps: Iterable[Step]) -> None:
    for step in steps:
        if step.by_partition and project.models[home].partition is None:
            raise Refused("E_NO_PATH")
        if _needs_time(step) and (time is None or _is_in_circle(project, home, time)):
            raise Refused("E_TIME_REQUIRED")


def judge_exists(project: Project, home: str, time: str | None, reference: Reference) -> None:
    """Refuse a version behind a join to many at a time of the home that lies behind a join."""
    if time is None or not any(map(_needs_time, steps_of(project, reference))):
        return
    if any(True for _ in steps_of(project, find(project, home, tuple(time.split("."))))):
        raise Refused("E_NOT_SUPPORTED")


def _needs_time(step: Step) -> bool:
    return step.join.valid is not None and step.join.at is None


def _is_in_circle(project: Project, home: str, time: str) -> bool:
    """Whether a metric time lies behind a join that needs one."""
    found = find(project, home, tuple(time.split(".")))
    return any(map(_needs_time, steps_of(project, found)))


def steps_of(project: Project, reference: Reference) -> Iterator[Step]:
    """Every join that a member needs: those on the way to it, and those that it is made of."""
    yield from reference.steps
    yield from steps_in(project, reference.model, reference.dimension.expr)


def steps_in(project: Project, model: str, expr: Expr | None) -> Iterator[Step]:
    """Every join that an expression of a model needs."""
    for parts in names_in(expr):
        is_member = len(parts) > 1 or parts[0] in project.models[model].dimensions
        if is_member and parts[0] != "metric_time":
            yield from steps_of(project, find(project, model, parts))
