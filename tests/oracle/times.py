"""Times as the oracle knows them: zones, periods and ranges."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.oracle.language import Value

GRAINS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
PASSING_S = {"second": 1, "minute": 60, "hour": 3600}
"""Units that count the time that passes."""
TICK = timedelta(microseconds=1)


def is_instant(value: Value) -> bool:
    """Whether a time has a zone."""
    return isinstance(value, datetime) and value.tzinfo is not None


def read_civil(text: str) -> datetime:
    """A time that a text writes."""
    return datetime.fromisoformat(text)


def midnight(value: date | datetime) -> datetime:
    """A civil time as it is, a day as its midnight."""
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value.isoformat())


def instant_of(value: date | datetime, zone: str) -> datetime:
    """The instant of a time in a zone; of a time that is shown twice, the second, and one that is
    never shown moved on by what the clock skips."""
    if is_instant(value):
        assert isinstance(value, datetime)
        return value
    civil = midnight(value)
    found = civil.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC)
    if civil_of(found, zone) == civil:
        return found
    return civil.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def civil_of(value: datetime, zone: str) -> datetime:
    """What a clock of the zone shows."""
    return value.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def truncate(value: Value, grain: str, zone: str) -> Value:
    """The start of the period that a time lies in."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        return start_of(midnight(value), grain).date()
    if value.tzinfo is None:
        return start_of(value, grain)
    civil = civil_of(value, zone)
    started = start_of(civil, grain)
    if GRAINS.index(grain) < GRAINS.index("day"):
        return value - (civil - started)
    return instant_of(started, zone)


def start_of(civil: datetime, grain: str) -> datetime:
    day = civil.replace(hour=0, minute=0, second=0, microsecond=0)
    match grain:
        case "second":
            return civil.replace(microsecond=0)
        case "minute":
            return civil.replace(second=0, microsecond=0)
        case "hour":
            return civil.replace(minute=0, second=0, microsecond=0)
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)
        case _:
            return day


def after(civil: datetime, grain: str, count: int = 1) -> datetime:
    """The start of the period some periods later."""
    match grain:
        case "month" | "quarter" | "year":
            months = {"month": 1, "quarter": 3, "year": 12}[grain] * count
            moved = civil.year * 12 + civil.month - 1 + months
            return civil.replace(year=moved // 12, month=moved % 12 + 1)
        case _:
            return civil + timedelta(**{f"{grain}s": count})


def earlier(civil: datetime, step: str) -> datetime:
    """The time a calendar step before, clamped to the end of its month."""
    return _moved(civil, step, -1)


def later(civil: datetime, step: str) -> datetime:
    """The time a calendar step after, clamped to the end of its month."""
    return _moved(civil, step, 1)


def _moved(civil: datetime, step: str, direction: int) -> datetime:
    count, unit = step.split()
    unit, moves = unit.removesuffix("s"), int(count) * direction
    if unit not in ("month", "quarter", "year"):
        return after(civil, unit, moves)
    started = after(civil.replace(day=1), unit, moves)
    last = after(started, "month") - timedelta(days=1)
    return started.replace(day=min(civil.day, last.day))


_WRITTEN = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:[ T](\d\d))?(?::(\d\d))?(?::(\d\d))?$")
_PRECISIONS = ("year", "month", "day", "hour", "minute", "second")


def is_written(text: str) -> bool:
    """Whether a text writes a time."""
    return _WRITTEN.match(text) is not None


def period_of(text: str) -> tuple[datetime, datetime]:
    """Start and end of what a text writes, the end left out."""
    found = _WRITTEN.match(text)
    assert found is not None, text
    parts = [each for each in found.groups() if each is not None]
    day = "-".join((*parts[:3], *["01"] * (3 - len(parts))))
    started = datetime.fromisoformat(f"{day} {':'.join(parts[3:]) or '00'}")
    return started, after(started, _PRECISIONS[len(parts) - 1])


def is_within(value: Value, start: datetime | None, end: datetime | None, zone: str) -> bool:
    """Whether a time lies in a range of civil times; an instant by what the zone's clock shows."""
    if value is None:
        return False
    if is_instant(value):
        return not (start is not None and value < _first_showing(start, zone)) and not (
            end is not None and value >= _last_showing_before(end, zone)
        )
    civil = midnight(value)
    return not (start is not None and civil < start) and not (end is not None and civil >= end)


@cache
def _first_showing(civil: datetime, zone: str) -> datetime:
    """The first instant at which a clock shows the time or a later one."""
    return min(each for each in _near(civil, zone) if civil_of(each, zone) >= civil)


@cache
def _last_showing_before(civil: datetime, zone: str) -> datetime:
    """The instant after the last at which a clock shows an earlier time."""
    return max(each for each in _near(civil, zone) if civil_of(each - TICK, zone) < civil)


def _near(civil: datetime, zone: str) -> list[datetime]:
    """Both readings of a civil time and the moment between them at which clocks change."""
    aware = civil.replace(tzinfo=ZoneInfo(zone))
    low, high = sorted(aware.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    readings = [low, high]
    offset = low.astimezone(ZoneInfo(zone)).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(ZoneInfo(zone)).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return [*readings, high.replace(microsecond=0)]


def last_range(text: str, now: datetime, zone: str) -> tuple[datetime, datetime]:
    """Start and end of the last periods, the current one included as far as its last minute."""
    count, unit = text.split()
    grain = unit.removesuffix("s")
    shown = civil_of(now, zone)
    return after(start_of(shown, grain), grain, 1 - int(count)), after(shown, "minute")
