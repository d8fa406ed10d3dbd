"""Periods of time as columns: what stands for a row's own time where a measure looks at others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.intrinsics import ahead, back, shown_as, start_of, truncate
from semantic_models.model import (
    GRAINS,
    CalendarGrain,
    CalendarShift,
    Expr,
    Grain,
    Period,
    Reading,
    Shift,
    Span,
)
from semantic_models.types import LogicalType

PERIOD = "period"
"""The column of a series of periods."""
SPINE = ("spine:",)
"""The path of that series; no join has such a name."""

PERIODS_MAX = 1_000_000
"""The periods that are made between the ends of a range, or finer than a day between the data's."""
TOO_MANY = f"the data spans more than {PERIODS_MAX:,} periods of the question"
"""What an engine ends a query with that has more."""

MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}
SECONDS = {
    Grain.SECOND: 1,
    Grain.MINUTE: 60,
    Grain.HOUR: 3_600,
    Grain.DAY: 86_400,
    Grain.WEEK: 604_800,
}

_GRAINS_OF_PARTS = {each.value: each for each in Grain}


def period() -> exp.Expr:
    """The period that a row is counted at, as a civil time."""
    return column(PERIOD, SPINE)


def at_period(type_: LogicalType, grain: Grain, own: Grain, rest: Expr | None = None) -> Expr:
    """A period of grain ``own`` cut to a grain, in the type of a time.

    With the ``rest`` of a row's time it is as far into its period as the row is into its own.
    """
    if rest is None:
        shown = shown_as(period(), type_)
        return Expr(shown if grain is own else truncate(shown, grain, type_))
    within = exp.Paren(this=exp.Add(this=period(), expression=rest.tree.copy()))
    shown = shown_as(within, type_)
    return Expr(truncate(shown, grain, type_) if grain.is_finer_than(own) else shown, rest.paths)


BEGINS, ENDS, LOW, HIGH = ("begins", "ends", "low", "high")
"""The first and last day of a calendar's period, and of the one that lies some periods back."""
THEN = "then"
"""The day that a calendar compares a day with."""


@dataclass(frozen=True, slots=True)
class CalendarEnds:
    """Where a calendar's periods begin and end, as columns beside each period of the answer."""

    asked: dict[tuple[CalendarGrain, int], int] = field(default_factory=dict)
    """The number of each pair of a grain and a count of periods back."""
    shifts: dict[CalendarShift, int] = field(default_factory=dict)
    """The number of each shift."""

    def column(self, end: str, grain: CalendarGrain, back: int = 0) -> exp.Expr:
        """One of the ends."""
        number = self.asked.setdefault((grain, back), len(self.asked))
        return column(end_name(end, number), SPINE)

    def shifted(self, shift: CalendarShift) -> exp.Expr:
        """The day that the answer's is compared with."""
        number = self.shifts.setdefault(shift, len(self.shifts))
        return column(end_name(THEN, number), SPINE)

    def nth(self, grain: CalendarGrain, back: int) -> exp.Expr:
        """The day that lies as far in the earlier period as the answer's does in its own."""
        begins = self.column(BEGINS, grain, back)
        within = exp.Paren(this=exp.Sub(this=period(), expression=begins))
        return exp.Add(this=self.column(LOW, grain, back), expression=within)

    def earlier(self, grain: CalendarGrain, back: int) -> exp.Expr:
        """The same, within a shorter period its last day."""
        last = self.column(HIGH, grain, back)
        return exp.Least(this=self.nth(grain, back), expressions=[last])


def end_name(end: str, number: int) -> str:
    """The column of one of a calendar's ends; no member has such a name, and no alias may."""
    return f"{end}:{number}"


def divides(grain: Grain, span: Span) -> bool:
    """Whether a span is a whole number of periods of a grain."""
    step = span.grain
    if isinstance(step, CalendarGrain):
        return False
    for sizes in (MONTHS, SECONDS):
        if grain in sizes and step in sizes:
            return span.count * sizes[step] % sizes[grain] == 0
    return False


def grain_of_part(part: str) -> Grain:
    """The grain whose periods have one value each of a part of a time; days for weekdays."""
    return _GRAINS_OF_PARTS.get(part, Grain.DAY)


def nests(grain: Grain, other: Grain) -> bool:
    """Whether each period of a grain lies within one of the other."""
    if grain is other or (grain in MONTHS and other in MONTHS):
        return not other.is_finer_than(grain)
    return not Grain.DAY.is_finer_than(grain) and grain.is_finer_than(other)


def counted(
    reading: Reading, moment: exp.Expr, ends: CalendarEnds, *, by_day: bool
) -> tuple[Expr, ...]:
    """When a row of a moment counts at a period; ``by_day`` where the answer tells days apart."""
    window = reading.window
    by_rows = by_day or any(each.by_rows for each in reading.shifts)
    lone = reading.shifts[0].back if window is None and len(reading.shifts) == 1 else None
    if lone is not None and isinstance(lone.grain, CalendarGrain) and not by_rows:
        return (Expr(_once(moment, ends, lone.grain, lone.count)),)
    at = period()
    for each in reading.shifts:
        at = _shifted(at, each, ends)
    if window is None:
        return (Expr(exp.EQ(this=moment.copy(), expression=at)),)
    until = Expr(exp.LTE(this=moment.copy(), expression=at.copy()))
    if window.trailing is not None:
        start = _back(at.copy(), window.trailing, ends)
        return Expr(exp.GT(this=moment.copy(), expression=start)), until
    if window.to_date is not None:
        start = _start(at.copy(), window.to_date, reading.shifts, ends)
        return Expr(exp.GTE(this=moment.copy(), expression=start)), until
    return (until,)


def counted_once(reading: Reading, moment: exp.Expr) -> Expr:
    """When a row counts that lies ahead of its own moment by the steps of a reading."""
    at = moment.copy()
    for each in reversed(reading.shifts):
        assert each.back is not None, "only steps lead ahead"
        at = ahead(at, each.back)
    return Expr(exp.EQ(this=at, expression=period()))


def moves_ahead(reading: Reading, grains: Sequence[Grain]) -> bool:
    """Whether each row counts once in a group: by steps of whole groups, and in no window."""
    steps = [each.back for each in reading.shifts if not each.by_rows]
    if reading.window is not None or len(steps) < len(reading.shifts) or not grains:
        return False
    finest = min(grains, key=GRAINS.__getitem__)
    told = (finest,) if all(nests(finest, each) for each in grains) else grains
    return all(each and divides(grain, each) for each in steps for grain in told)


def _once(moment: exp.Expr, ends: CalendarEnds, grain: CalendarGrain, back: int) -> exp.Expr:
    """Each row of the earlier period on one day: the same one, or the last of a shorter period."""
    nth = ends.nth(grain, back)
    is_last = exp.EQ(this=period(), expression=ends.column(ENDS, grain, back))
    later = exp.GT(this=moment.copy(), expression=nth.copy())
    inside = exp.LTE(this=moment.copy(), expression=ends.column(HIGH, grain, back))
    rest = exp.And(this=exp.And(this=is_last, expression=later), expression=inside)
    same = exp.EQ(this=moment.copy(), expression=nth)
    within = exp.LTE(this=nth.copy(), expression=ends.column(HIGH, grain, back))
    return exp.Or(
        this=exp.Paren(this=exp.And(this=same, expression=within)),
        expression=exp.Paren(this=rest),
    )


def begins(grains: Sequence[Period], ends: CalendarEnds) -> Expr:
    """Whether a period begins one of the grains."""
    starts: list[exp.Expr] = [
        exp.EQ(this=period(), expression=_start(period(), each, (), ends)) for each in grains
    ]
    choice = starts[0]
    for each in starts[1:]:
        choice = exp.Or(this=choice, expression=each)
    return Expr(choice)


def _shifted(at: exp.Expr, shift: Shift, ends: CalendarEnds) -> exp.Expr:
    if shift.back is not None:
        return _back(at, shift.back, ends)
    if shift.named is not None:
        return ends.shifted(shift.named)
    assert shift.start_of is not None, "a shift goes back by a span or to a start"
    return _start(at, shift.start_of, (), ends)


def _back(at: exp.Expr, span: Span, ends: CalendarEnds) -> exp.Expr:
    if isinstance(span.grain, CalendarGrain):
        return ends.earlier(span.grain, span.count)
    return back(at, span)


def _start(at: exp.Expr, grain: Period, shifts: Sequence[Shift], ends: CalendarEnds) -> exp.Expr:
    if not isinstance(grain, CalendarGrain):
        return start_of(at, grain)
    by = next((each.back for each in shifts if each.back is not None), None)
    return ends.column(BEGINS, grain) if by is None else ends.column(LOW, grain, by.count)
