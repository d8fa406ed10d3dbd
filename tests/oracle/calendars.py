"""Calendars: what they say of a day, and where their periods begin and end."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from tests.oracle.language import Calendar, Project, Value
from tests.oracle.times import earlier, midnight, start_of

Span = tuple[datetime, datetime]
"""The first and the last day of a period."""


def is_of_calendar(project: Project, text: str) -> bool:
    """Whether a text is a grain of a calendar."""
    return any(text in each.grains for each in project.calendars.values())


def calendar_of(project: Project, grain: str) -> Calendar:
    """The calendar that has a grain."""
    return next(each for each in project.calendars.values() if grain in each.grains)


def value_on(project: Project, grain: str, day: date) -> Value:
    """What a calendar says of a day; NULL of one that it has not."""
    return calendar_of(project, grain).days.get(day, {}).get(grain)


def is_by_calendar(project: Project, kind: str, value: str) -> bool:
    """Whether a reading is made by a calendar: by its steps, its periods or its shifts."""
    if kind in ("offset", "trailing"):
        return "." in value or unit_of(project, value) is not None
    return kind in ("to_date", "offset_to") and is_of_calendar(project, value)


def unit_of(project: Project, step: str) -> str | None:
    """The grain of a calendar that a step counts, such as ``2 fiscal_weeks``."""
    unit = step.rsplit(maxsplit=1)[-1]
    told = (each for calendar in project.calendars.values() for each in calendar.grains)
    return next((each for each in told if unit in (each, f"{each}s")), None)


def back(project: Project, day: datetime, step: str) -> datetime | None:
    """The time a step before, or that which a calendar's shift compares with."""
    if "." in step:
        calendar, shift = step.split(".")
        found = project.calendars[calendar].days.get(day.date(), {}).get(shift)
        return None if found is None else midnight(found)
    unit = unit_of(project, step)
    if unit is None:
        return earlier(day, step)
    ends = _ends_back(project, unit, day, int(step.split(maxsplit=1)[0]))
    if ends is None:
        return None
    now, then = ends
    return min(then[0] + (day - now[0]), then[1])


def is_ahead(project: Project, own: datetime, day: datetime, step: str) -> bool:
    """Whether a row of the earlier period counts at a day: once, within a shorter one at last."""
    unit = unit_of(project, step)
    assert unit is not None
    ends = _ends_back(project, unit, day, int(step.split(maxsplit=1)[0]))
    if ends is None:
        return False
    now, then = ends
    return then[0] <= own <= then[1] and day == min(now[0] + (own - then[0]), now[1])


def begin_of(project: Project, grain: str, day: datetime) -> datetime | None:
    """The start of the period that holds a day."""
    if not is_of_calendar(project, grain):
        return start_of(day, grain)
    found = span_of(project, grain, day)
    return None if found is None else found[0]


def span_of(project: Project, grain: str, moment: datetime) -> Span | None:
    """The period that holds a time."""
    value = value_on(project, grain, moment.date())
    return None if value is None else _by_value(project, grain)[value]


def span_with(project: Project, grain: str, value: Value) -> Span:
    """The period of a value."""
    return _by_value(project, grain)[value]


def last_moment(project: Project, grain: str, moment: datetime) -> datetime:
    """The end of the period that holds a time; the time itself where none does."""
    found = span_of(project, grain, moment)
    return moment if found is None else found[1] + timedelta(days=1) - timedelta(microseconds=1)


def _ends_back(project: Project, grain: str, day: datetime, count: int) -> tuple[Span, Span] | None:
    """The period that holds a day, and the one that lies so many before it."""
    spans, now = _spans(project, grain), span_of(project, grain, day)
    if now is None or spans.index(now) < count:
        return None
    return now, spans[spans.index(now) - count]


def _spans(project: Project, grain: str) -> list[Span]:
    """The periods of a grain in the order of their first days."""
    return sorted(_by_value(project, grain).values())


def _by_value(project: Project, grain: str) -> dict[Value, Span]:
    if ("spans", grain) not in project.walked:
        by_value: dict[Value, list[date]] = {}
        for day, row in calendar_of(project, grain).days.items():
            if row[grain] is not None:
                by_value.setdefault(row[grain], []).append(day)
        spans = {
            value: (midnight(min(each)), midnight(max(each))) for value, each in by_value.items()
        }
        project.walked["spans", grain] = spans
    found: dict[Value, Span] = project.walked["spans", grain]
    return found
