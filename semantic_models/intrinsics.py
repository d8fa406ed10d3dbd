"""Operations that no two engines spell alike, kept in trees as calls that dialects lower.

An author's or user's text cannot name them: its functions are checked against a list first.

    sl_civil(instant)        the civil time that the plan's zone shows
    sl_instant(civil)        the instant at which the plan's zone shows a civil time
    sl_truncate(unit, civil) a civil time cut to a grain
    sl_part(part, civil)     a part of a civil time as a whole number; weekdays from Monday = 1
    sl_param(name)           the value that the question gives to a parameter
    sl_days(interval)        what of an interval is days and more
    sl_moved(unit, n, civil)  a civil time n units later, within a shorter month its last day
"""

from __future__ import annotations

from sqlglot import exp

from semantic_models.model import Grain, Span
from semantic_models.types import Kind, LogicalType

CIVIL = "sl_civil"
INSTANT = "sl_instant"
TRUNCATE = "sl_truncate"
MOVED = "sl_moved"
DAYS = "sl_days"
PART = "sl_part"
PARAMETER = "sl_param"
INTRINSICS = frozenset((CIVIL, INSTANT, TRUNCATE, MOVED, DAYS, PART, PARAMETER))

PARTS = ("year", "quarter", "month", "week", "day", "dow", "doy", "hour", "minute", "second")
"""The parts of a time that may be asked for."""


def civil(instant: exp.Expr) -> exp.Expr:
    """The civil time of an instant in the plan's zone."""
    return exp.Anonymous(this=CIVIL, expressions=[instant])


def instant(civil_time: exp.Expr) -> exp.Expr:
    """The instant of a civil time in the plan's zone."""
    return exp.Anonymous(this=INSTANT, expressions=[civil_time])


def cast(tree: exp.Expr, type_name: str) -> exp.Expr:
    """A cast to a type without parameters."""
    return exp.Cast(this=tree, to=exp.DataType(this=exp.DType[type_name], nested=False))


def truncate(tree: exp.Expr, grain: Grain, type_: LogicalType) -> exp.Expr:
    """A time cut to the start of its period, in the type that it had.

    An instant is cut to a day or more where its zone's calendar turns. To less than a day it
    loses what its civil time has beyond the period, so that an hour that a clock shows twice
    stays two hours.
    """
    match type_.kind:
        case Kind.DATE:
            return cast(_cut(tree, grain), "DATE")
        case Kind.TIMESTAMP_TZ if grain.is_finer_than(Grain.DAY):
            rest = exp.Sub(this=civil(tree.copy()), expression=_cut(civil(tree.copy()), grain))
            return exp.Sub(this=tree, expression=exp.Paren(this=rest))
        case Kind.TIMESTAMP_TZ:
            return instant(_cut(civil(tree), grain))
        case _:
            return _cut(tree, grain)


def part_in(name: str) -> str:
    """The part of a time that ``part(dow)`` names; nothing where it is no such name."""
    if not name.lower().startswith("part(") or not name.endswith(")"):
        return ""
    return name[len("part(") : -1].lower()


def part_of(tree: exp.Expr, part: str, type_: LogicalType) -> exp.Expr:
    """A part of a time, of an instant as its zone shows it."""
    shown = civil(tree) if type_.kind is Kind.TIMESTAMP_TZ else tree
    name = exp.Literal(this=part, is_string=True)
    return exp.Anonymous(this=PART, expressions=[name, shown])


def civil_time(tree: exp.Expr, kind: Kind | None) -> exp.Expr:
    """A time as a civil timestamp: a date as its midnight, an instant as its zone shows it."""
    match kind:
        case Kind.TIMESTAMP_TZ:
            return civil(tree)
        case Kind.TIMESTAMP:
            return tree
        case _:
            return cast(tree, "TIMESTAMP")


def moment(tree: exp.Expr, grain: Grain, type_: LogicalType) -> exp.Expr:
    """The period of a time as a civil timestamp."""
    shown = civil_time(tree, type_.kind)
    is_exact = type_.kind is Kind.DATE and grain is Grain.DAY
    return shown if is_exact else _cut(shown, grain)


def shown_as(period: exp.Expr, type_: LogicalType) -> exp.Expr:
    """A civil timestamp in the type of a time."""
    match type_.kind:
        case Kind.DATE:
            return cast(period, "DATE")
        case Kind.TIMESTAMP_TZ:
            return instant(period)
        case _:
            return period


def start_of(civil_time: exp.Expr, grain: Grain) -> exp.Expr:
    """The start of the period that holds a civil time."""
    return _cut(civil_time, grain)


def back(civil_time: exp.Expr, span: Span) -> exp.Expr:
    """A civil time a span earlier."""
    assert isinstance(span.grain, Grain), "steps of a calendar are columns"
    return _moved(civil_time, span.grain, -span.count)


def ahead(civil_time: exp.Expr, span: Span) -> exp.Expr:
    """A civil time a span later."""
    assert isinstance(span.grain, Grain), "steps of a calendar are columns"
    return _moved(civil_time, span.grain, span.count)


def last_of(civil_time: exp.Expr, grain: Grain, own: Grain) -> exp.Expr:
    """The last period of grain ``own`` in the one of ``grain`` that holds a civil time."""
    return _moved(_moved(_cut(civil_time, grain), grain, 1), own, -1)


def _moved(civil_time: exp.Expr, grain: Grain, count: int) -> exp.Expr:
    unit = exp.Literal(this=grain.value, is_string=True)
    number = exp.Literal(this=str(count), is_string=False)
    return exp.Anonymous(this=MOVED, expressions=[unit, number, civil_time])


def days_of(interval: exp.Expr) -> exp.Expr:
    """What of an interval is days, months and years; the rest is hours and less."""
    return exp.Anonymous(this=DAYS, expressions=[interval])


def _cut(tree: exp.Expr, grain: Grain) -> exp.Expr:
    return exp.Anonymous(
        this=TRUNCATE, expressions=[exp.Literal(this=grain.value, is_string=True), tree]
    )
