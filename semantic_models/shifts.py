"""Instants moved by intervals: days and more along the calendar, hours and less in time itself.

On the day that clocks change, an instant and 24 hours is not the same hour of the next day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from sqlglot import exp

from semantic_models.intrinsics import back, civil, civil_time, days_of, instant
from semantic_models.model import GRAINS, Grain, Span
from semantic_models.types import Kind

IsWhole = Callable[[exp.Expr], bool]
"""Whether an expression is a whole number."""


def shifted(shift: type[exp.Binary], moment: exp.Expr, by: exp.Expr, is_whole: IsWhole) -> exp.Expr:
    """An instant plus or minus an interval; both trees are used up."""
    days, hours = _halves(by, is_whole)
    if days:
        moment = _by_days(shift, moment, _total(days))
    return shift(this=moment, expression=_total(hours)) if hours else moment


def _by_days(shift: type[exp.Binary], moment: exp.Expr, days: exp.Expr) -> exp.Expr:
    """An instant moved along the calendar; by no days it stays, in an hour that comes twice too."""
    shown = civil(moment)
    moved = shift(this=shown.copy(), expression=days)
    if isinstance(days, exp.Interval) and days.this.name.strip("-0"):
        return instant(moved)
    stays = exp.EQ(this=moved.copy(), expression=shown)
    return exp.Case(ifs=[exp.If(this=stays, true=moment.copy())], default=instant(moved))


def as_sum(node: exp.Expr) -> exp.Binary:
    """``date_add(t, interval '1 hour')`` as ``t + interval '1 hour'``, in its place."""
    sign = exp.Add if isinstance(node, exp.DateAdd) else exp.Sub
    moved = sign(this=node.this.copy(), expression=node.expression.copy())
    node.replace(exp.Paren(this=moved))
    return moved


def earlier(time: exp.Expr, kind: Kind | None, span: Span) -> exp.Expr:
    """A time of some kind a span earlier; a date becomes a civil timestamp."""
    assert isinstance(span.grain, Grain), "steps of a calendar are columns"
    if kind is not Kind.TIMESTAMP_TZ:
        return back(civil_time(time, kind), span)
    if span.grain.is_finer_than(Grain.DAY):
        return back(time, span)
    return instant(back(civil(time), span))


def _halves(by: exp.Expr, is_whole: IsWhole) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """The parts of an interval that the calendar moves, and those that time itself does."""
    if isinstance(by, exp.Paren):
        return _halves(by.this, is_whole)
    if isinstance(by, exp.Neg):
        days, hours = _halves(by.this, is_whole)
        return _negative(days), _negative(hours)
    if isinstance(by, exp.Add | exp.Sub):
        days, hours = _halves(by.this, is_whole)
        more_days, more_hours = _halves(by.expression, is_whole)
        sign = _negative if isinstance(by, exp.Sub) else list
        return days + sign(more_days), hours + sign(more_hours)
    match _moves_by_days(by, is_whole):
        case True:
            return [by], []
        case False:
            return [], [by]
        case _:
            whole = days_of(by)
            return [whole], [exp.Paren(this=exp.Sub(this=by.copy(), expression=whole.copy()))]


def _negative(parts: Sequence[exp.Expr]) -> list[exp.Expr]:
    return [exp.Paren(this=exp.Neg(this=exp.Paren(this=each))) for each in parts]


def _total(parts: Sequence[exp.Expr]) -> exp.Expr:
    """The sum of intervals, which an engine adds field by field."""
    if len(parts) == 1:
        return parts[0]
    total = reduce(lambda one, other: exp.Add(this=one, expression=other), parts)
    return exp.Paren(this=total)


def _moves_by_days(by: exp.Expr, is_whole: IsWhole) -> bool | None:
    """Whether an interval is of days and more, or else of hours and less, where it is written."""
    if isinstance(by, exp.Interval):
        unit = by.args.get("unit")
        grain = unit.name.lower().removesuffix("s") if unit is not None else ""
        if grain not in GRAINS:
            return None
        if Grain(grain).is_finer_than(Grain.DAY):
            return False
        return True if is_whole(by.this) else None
    if not isinstance(by, exp.Mul):
        return None
    by_days = {_moves_by_days(each, is_whole) for each in (by.this, by.expression)} - {None}
    factors = [each for each in (by.this, by.expression) if not isinstance(each, exp.Interval)]
    if by_days == {True}:
        return True if all(map(is_whole, factors)) else None
    return False if by_days == {False} else None
