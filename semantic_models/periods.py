"""Periods of time as columns: what stands for a row's own time where a measure looks at others."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.intrinsics import back, shown_as, start_of, truncate
from semantic_models.model import Expr, Grain, Reading, Shift, Span
from semantic_models.types import LogicalType

PERIOD = "period"
"""The column of a series of periods."""
SPINE = ("spine:",)
"""The path of that series; no join has such a name."""

_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}
_SECONDS = {
    Grain.SECOND: 1,
    Grain.MINUTE: 60,
    Grain.HOUR: 3_600,
    Grain.DAY: 86_400,
    Grain.WEEK: 604_800,
}


def period() -> exp.Expr:
    """The period that a row is counted at, as a civil time."""
    return column(PERIOD, SPINE)


def at_period(type_: LogicalType, grain: Grain, own: Grain) -> Expr:
    """A period of grain ``own`` cut to a grain, in the type of a time."""
    shown = shown_as(period(), type_)
    return Expr(shown if grain is own else truncate(shown, grain, type_))


def divides(grain: Grain, span: Span) -> bool:
    """Whether a span is a whole number of periods of a grain."""
    for sizes in (_MONTHS, _SECONDS):
        if grain in sizes and span.grain in sizes:
            return span.count * sizes[span.grain] % sizes[grain] == 0
    return False


def counted(reading: Reading, moment: exp.Expr) -> tuple[Expr, ...]:
    """When a row of a moment counts at a period."""
    at = period()
    for each in reading.shifts:
        at = _shifted(at, each)
    window = reading.window
    if window is None:
        return (Expr(exp.EQ(this=moment.copy(), expression=at)),)
    until = Expr(exp.LTE(this=moment.copy(), expression=at.copy()))
    if window.trailing is not None:
        start = back(at.copy(), window.trailing)
        return Expr(exp.GT(this=moment.copy(), expression=start)), until
    if window.to_date is not None:
        start = start_of(at.copy(), window.to_date)
        return Expr(exp.GTE(this=moment.copy(), expression=start)), until
    return (until,)


def begins(grains: Sequence[Grain]) -> Expr:
    """Whether a period begins one of the grains."""
    starts: list[exp.Expr] = [
        exp.EQ(this=period(), expression=start_of(period(), each)) for each in grains
    ]
    choice = starts[0]
    for each in starts[1:]:
        choice = exp.Or(this=choice, expression=each)
    return Expr(choice)


def _shifted(at: exp.Expr, shift: Shift) -> exp.Expr:
    if shift.back is not None:
        return back(at, shift.back)
    assert shift.start_of is not None, "a shift goes back by a span or to a start"
    return start_of(at, shift.start_of)
