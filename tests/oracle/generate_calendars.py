"""Random calendars: days in two stretches, cut into periods of whatever lengths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from tests.oracle.language import Calendar, Call, Expr, Literal, Name, Parts, Project, Row, Value

CALENDARS = 0.4
"""How often a project has a calendar."""
DATED = 0.12
"""How often a time is asked for by a calendar, where there is one."""
STRETCHES = ((date(2024, 2, 26), 24), (date(2024, 10, 20), 80))
"""The first day of each, and how many days it has."""
LENGTHS = {"fiscal_week": (3, 9), "fiscal_period": (8, 30)}
"""The grains, with the least and the most days of their periods."""


def with_calendar(random: Random, project: Project) -> Project:
    """The project, at times with a calendar."""
    if random.random() > CALENDARS:
        return project
    days: dict[date, Row] = {
        first + timedelta(days=number): {} for first, count in STRETCHES for number in range(count)
    }
    grains = {each: random.choice(("date", "varchar", "integer")) for each in LENGTHS}
    for grain, type_ in grains.items():
        for value, period in _periods(random, list(days), LENGTHS[grain], type_):
            for day in period:
                days[day][grain] = value
    shift = random.choice((7, 28, 40, 233, 240))
    for day, row in days.items():
        moved = shift + (random.randint(-1, 1) if random.random() < 0.1 else 0)
        row["comparable"] = None if random.random() < 0.1 else day - timedelta(days=moved)
    return replace(project, calendars={"retail": Calendar("retail", grains, ("comparable",), days)})


def _periods(
    random: Random, days: list[date], lengths: tuple[int, int], type_: str
) -> Iterator[tuple[Value, list[date]]]:
    """The days in periods, some of which have no value."""
    number = 0
    while days:
        period, days = _cut(days, random.randint(*lengths))
        number += 1
        values = {"date": period[0], "varchar": f"p{(number * 7) % 100}", "integer": number}
        yield (None if random.random() < 0.05 else values[type_]), period


def _cut(days: list[date], count: int) -> tuple[list[date], list[date]]:
    """The first days, as many as follow one another, and the others."""
    first = days[0]
    fit = [each for each in days[:count] if (each - first).days < count]
    return fit, days[len(fit) :]


def grains_of_calendars(project: Project) -> list[str]:
    """The grains that days of the project's times have of calendars."""
    return [grain for each in project.calendars.values() for grain in each.grains]


def in_period(random: Random, project: Project, time: Parts) -> Expr:
    """A predicate on what a calendar says of a time."""
    calendar = random.choice(list(project.calendars.values()))
    grain = random.choice(list(calendar.grains))
    name = Name((*time, grain))
    values = [row[grain] for row in calendar.days.values() if row[grain] is not None]
    if random.random() < 0.2 or not values:
        return Call(random.choice(("is null", "is not null")), (name,))
    value = random.choice(values)
    told = value.isoformat() if isinstance(value, date) else value
    return Call(random.choice(("=", "<>", "<=", ">")), (name, Literal(told)))
