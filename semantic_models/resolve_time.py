"""Ranges of time and the request's clock, as literals in the query's zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlglot import exp

from semantic_models.checks import is_zone, unknown_zone
from semantic_models.errors import WrongType
from semantic_models.intrinsics import cast, instant
from semantic_models.model import Expr, Grain, Span
from semantic_models.periods import MONTHS, SECONDS
from semantic_models.query import TimeRange
from semantic_models.types import Kind

_WRITTEN = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2})(?::(\d{2})(?::(\d{2})(\.\d{1,6})?)?)?)?)?)?"
)
_PRECISIONS = (Grain.YEAR, Grain.MONTH, Grain.DAY, Grain.HOUR, Grain.MINUTE, Grain.SECOND)
_UNITS = {f"{grain}s": grain for grain in Grain} | {str(grain): grain for grain in Grain}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Civil times in the query's zone; ``before`` itself is outside."""

    start: datetime | None = None
    before: datetime | None = None


def checked_zone(name: str) -> str:
    """The zone's name, if it exists."""
    if not is_zone(name):
        error = unknown_zone(name)
        raise error
    return name


def bounds(range_: TimeRange, zone: str, now: datetime, grain: Grain) -> Bounds:
    """The civil times between which a range lies, for a time dimension of ``grain``."""
    if range_.last:
        return _last(range_.last, now.astimezone(ZoneInfo(zone)).replace(tzinfo=None), grain)
    start = _moment(range_.start, "time.from")[0] if range_.start else None
    before = _after(range_.end) if range_.end else None
    if start and before and start >= before:
        raise WrongType(
            f'the time range from "{range_.start}" to "{range_.end}" is empty',
            hint="Write the earlier end under from.",
        )
    return Bounds(start, before)


def _after(text: str) -> datetime:
    """The first moment after what is written, at its own precision."""
    start, precision = _moment(text, "time.to")
    try:
        if isinstance(precision, timedelta):
            return start + precision
        return _step(start, precision, 1)
    except (OverflowError, WrongType):
        raise WrongType(
            f'nothing after "{text}" under time.to can be written',
            hint="End the range before the end of the year 9999, or leave time.to out.",
        ) from None


def _moment(text: str, key: str) -> tuple[datetime, Grain | timedelta]:
    """The first moment of what is written, and how long it is at its own precision."""
    match = _WRITTEN.fullmatch(text.strip())
    numbers = [int(each) for each in match.groups()[:6] if each] if match else []
    try:
        year, month, day, hour, minute, second = [*numbers, *(0, 1, 1, 0, 0, 0)[len(numbers) :]]
        start = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - civil
    except (ValueError, TypeError):
        raise WrongType(
            f'"{text}" under {key} is not a time',
            hint="Write 2026, 2026-01, 2026-01-31, or 2026-01-31 12:30.",
        ) from None
    if match and match.group(7):
        digits = match.group(7)[1:]
        start = start.replace(microsecond=int(digits.ljust(6, "0")))
        return start, timedelta(microseconds=10 ** (6 - len(digits)))
    return start, _PRECISIONS[len(numbers) - 1]


def is_within_day(text: str) -> bool:
    """Whether a text is a time of some day other than its first."""
    match = _WRITTEN.fullmatch(text.strip())
    return match is not None and any(float(each) for each in match.groups()[3:] if each)


def question_span(text: str, key: str) -> Span:
    """A count and a unit of a question, such as ``1 year``.

    Raises:
        WrongType: the unit is none, or the count is 0.
    """
    count, unit = text.split()
    period = _UNITS.get(unit)
    if period is None or period.is_finer_than(Grain.SECOND) or not int(count):
        raise WrongType(
            f'"{text}" under {key} is not a count of periods',
            hint="Write a count and a unit from second to year, such as 12 months; a calendar's "
            "own grains stand in the `offset` of a metric alone.",
        )
    return Span(int(count), period)


def _last(text: str, now: datetime, grain: Grain) -> Bounds:
    span = question_span(text, "time.last")
    period = span.grain
    assert isinstance(period, Grain), "a question steps by standard grains"
    finest = grain if Grain.MINUTE.is_finer_than(grain) else Grain.MINUTE
    return Bounds(
        _step(floor(now, period), period, 1 - span.count),
        _step(floor(now, finest), finest, 1),
    )


def floor(moment: datetime, grain: Grain) -> datetime:
    """The start of the period of ``grain`` that holds a civil time; weeks start on Monday."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    match grain:
        case Grain.YEAR:
            return day.replace(month=1, day=1)
        case Grain.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Grain.MONTH:
            return day.replace(day=1)
        case Grain.WEEK:
            return day - timedelta(days=day.weekday())
        case Grain.DAY:
            return day
        case Grain.HOUR:
            return moment.replace(minute=0, second=0, microsecond=0)
        case Grain.MINUTE:
            return moment.replace(second=0, microsecond=0)
        case _:
            return moment.replace(microsecond=0)


def _step(moment: datetime, grain: Grain, count: int) -> datetime:
    """The civil time ``count`` periods on; months are only stepped from their first day."""
    try:
        if grain in MONTHS:
            months = moment.year * 12 + moment.month - 1 + count * MONTHS[grain]
            return moment.replace(year=months // 12, month=months % 12 + 1)
        return moment + timedelta(seconds=count * SECONDS[grain])
    except (ValueError, OverflowError):
        raise WrongType(
            "the time range leaves the years 1 to 9999", hint="Write a shorter range."
        ) from None


def back_by(moment: datetime, span: Span) -> datetime:
    """The civil time a span earlier, within a shorter month its last day.

    Raises:
        WrongType: it leaves the years that can be written.
    """
    assert isinstance(span.grain, Grain), "a question steps by standard grains"
    if span.grain not in MONTHS:
        return _step(moment, span.grain, -span.count)
    first = _step(moment.replace(day=1), span.grain, -span.count)
    last = _step(first, Grain.MONTH, 1) - timedelta(days=1)
    return first.replace(day=min(moment.day, last.day))


def range_ago(within: Bounds, span: Span) -> Bounds:
    """A range of time that lies so much earlier."""
    start = None if within.start is None else back_by(within.start, span)
    before = None if within.before is None else back_by(within.before, span)
    return Bounds(start, before)


def time_literal(moment: datetime | date, kind: Kind) -> exp.Expr:
    """A civil time as a literal that compares with a column of ``kind``."""
    text = moment.isoformat(sep=" ") if isinstance(moment, datetime) else moment.isoformat()
    if kind is Kind.TIMESTAMP_TZ:
        return instant(cast(exp.Literal(this=text, is_string=True), "TIMESTAMP"))
    if kind is Kind.DATE and text.endswith(" 00:00:00"):
        return cast(exp.Literal(this=text[:10], is_string=True), "DATE")
    return cast(exp.Literal(this=text, is_string=True), "TIMESTAMP")


def start_literal(start: datetime, kind: Kind, zone: str) -> exp.Expr:
    """The start of a range: of instants, the first that shows it or a later time."""
    instants = _instants(start, zone) if kind is Kind.TIMESTAMP_TZ else None
    return time_literal(start, kind) if instants is None else _written(instants[0])


def end_literal(before: datetime, kind: Kind, zone: str) -> exp.Expr:
    """The end of a range, itself outside.

    It lies after the last moment that shows an earlier time, so that an hour which a clock shows
    twice belongs to the range both times.
    """
    moment = timedelta.resolution
    instants = _instants(before - moment, zone) if kind is Kind.TIMESTAMP_TZ else None
    return time_literal(before, kind) if instants is None else _written(instants[1] + moment)


def predicates_of(within: Bounds, time: Expr, kind: Kind, zone: str) -> list[Expr]:
    """That a time lies in a range, one predicate an end."""
    ends: list[Expr] = []
    if within.start is not None:
        low = start_literal(within.start, kind, zone)
        ends.append(Expr(exp.GTE(this=time.tree.copy(), expression=low), time.paths))
    if within.before is not None:
        high = end_literal(within.before, kind, zone)
        ends.append(Expr(exp.LT(this=time.tree.copy(), expression=high), time.paths))
    return ends


def _written(moment: datetime) -> exp.Expr:
    return cast(exp.Literal(this=moment.isoformat(sep=" "), is_string=True), "TIMESTAMPTZ")


def _instants(shown: datetime, zone: str) -> tuple[datetime, datetime] | None:
    """The first instant that shows a civil time or a later one, the last that shows none later.

    They differ where a clock is put back, and are neighbours where it is put forward. None where
    they leave the years that can be written.
    """
    clock = ZoneInfo(zone)
    try:
        first, last = (
            shown.replace(tzinfo=clock, fold=fold).astimezone(UTC) for fold in (False, True)
        )
    except OverflowError:
        return None
    if first <= last:
        return first, last
    before, after = last, first
    offset = after.astimezone(clock).utcoffset()
    while after - before > timedelta.resolution:
        middle = before + (after - before) // 2
        if middle.astimezone(clock).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after, before


def clock_literal(node: exp.Expr, now: datetime, zone: str) -> exp.Expr:
    """What a function of the clock gives: an instant, or the day that the zone has."""
    if isinstance(node, exp.CurrentDate) or node.name.lower() in ("today", "current_date"):
        today = now.astimezone(ZoneInfo(zone)).date()
        return cast(exp.Literal(this=today.isoformat(), is_string=True), "DATE")
    text = now.replace(second=0, microsecond=0).isoformat(sep=" ")
    return cast(exp.Literal(this=text, is_string=True), "TIMESTAMPTZ")
