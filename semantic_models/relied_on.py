"""The promises that an answer stands on: were one broken, rows would count twice or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from semantic_models.model import Key, Model
from semantic_models.promises import (
    Promise,
    no_days_apart,
    no_missing_key,
    no_overlap,
    no_repeated_key,
)
from semantic_models.resolved import Branch, PeriodsBack, ResolvedQuery, Step


def relied_on(resolved: ResolvedQuery) -> tuple[Promise, ...]:
    """Each of them once: keys of homes that are counted once by them, and of what is joined."""
    found = {each.called: each for each in _of_query(resolved)}
    return tuple(each.under(resolved.parameters) for each in found.values())


def _of_query(resolved: ResolvedQuery) -> Iterator[Promise]:
    for branch in resolved.branches:
        yield from _of_branch(branch)
    for inner in (*(each.inner for each in resolved.nested), *resolved.totals):
        yield from _of_query(inner)


def _of_branch(branch: Branch) -> Iterator[Promise]:
    if branch.fan_out is not None or branch.conversions is not None:
        yield from _of_home(branch.home)
    for step in _steps(branch):
        yield from _of_step(step)
    for period in _periods(branch):
        yield no_repeated_key(period.calendar, period.calendar.key)
        yield no_days_apart(period.calendar, period.grain)
    shifts = branch.axis.shifts if branch.axis is not None else ()
    behind = (day for each in branch.existences for day in each.calendars)
    for day in (*branch.calendars, *behind, *(step for step, _ in shifts)):
        yield no_repeated_key(day.calendar, day.calendar.key)
    for metric in branch.metrics:
        yield from _of_query(metric.inner)
    if branch.conversions is not None:
        yield from _of_home(branch.conversions.branch.home)
        yield from _of_branch(branch.conversions.branch)


def _periods(branch: Branch) -> Iterator[PeriodsBack]:
    """The periods of calendars that are told by their ends."""
    if branch.axis is None:
        return
    yield from branch.axis.backs
    yield from (each for each in branch.axis.periods.whole if isinstance(each, PeriodsBack))


def _of_home(home: Model) -> Iterator[Promise]:
    if home.key:
        yield no_missing_key(home)
        yield no_repeated_key(home, home.key)


def _steps(branch: Branch) -> Iterator[Step]:
    yield from branch.steps
    for existence in branch.existences:
        yield from existence.steps


def _of_step(step: Step) -> Iterator[Promise]:
    if not step.join.cardinality.keeps_rows:
        return
    yield no_repeated_key(step.target, _key_met(step))
    if step.join.valid:
        yield no_overlap(step.join, step.target)


def _key_met(step: Step) -> Key:
    """The declared key of the target of which a join's columns hold all."""
    joined = {right for _, right in step.join.columns}
    held = joined | {step.target.partition} | set(step.join.valid[:1])
    return next(key for key in step.target.keys if held.issuperset(key))
