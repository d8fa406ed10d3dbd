"""Cohorts: whether who is counted is active again."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from tests.oracle.language import Cohort, Parts, Value
from tests.oracle.rows import OfRow
from tests.oracle.times import (
    PASSING_S,
    civil_of,
    instant_of,
    is_instant,
    later,
    midnight,
    start_of,
)


def is_of_cohort(cohort: Cohort, scope: OfRow) -> bool:
    """Whether a row is of a cohort: where the cohort's time is known."""
    return scope.name(_time_of(cohort)) is not None


def is_again(cohort: Cohort, time: str | None, scope: OfRow) -> bool:
    """Whether a row of a cohort shows that who is counted is active again, at a time of its own."""
    assert time is not None, "who is active is so at a time"
    began = scope.name(_time_of(cohort))
    return _is_active_after(cohort, began, scope.name((time,)), scope.zone)


def _time_of(cohort: Cohort) -> Parts:
    return tuple(cohort.time.split("."))


def _is_active_after(cohort: Cohort, began: Value, active: Value, zone: str) -> bool:
    """Whether a time of activity lies within so long after that of the cohort, or on that day."""
    if began is None or active is None:
        return False
    count, unit = cohort.after.split()
    seconds = PASSING_S.get(unit.removesuffix("s"))
    if seconds is not None:
        return _is_passed(began, active, timedelta(seconds=int(count) * seconds), zone)
    if cohort.on is not None:
        wanted = later(start_of(_civil(began, zone), cohort.on), cohort.after)
        return start_of(_civil(active, zone), cohort.on) == wanted
    day, of = (start_of(_civil(each, zone), "day") for each in (active, began))
    return of < day <= later(of, cohort.after)


def _is_passed(began: Value, active: Value, passed: timedelta, zone: str) -> bool:
    if is_instant(began) or is_instant(active):
        began, active = instant_of(began, zone), instant_of(active, zone)
    else:
        began, active = midnight(began), midnight(active)
    return bool(began < active <= began + passed)


def _civil(value: date | datetime, zone: str) -> datetime:
    if isinstance(value, datetime) and is_instant(value):
        return civil_of(value, zone)
    return midnight(value)
