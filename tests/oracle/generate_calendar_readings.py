"""Random metrics that calendars lead to other times: by steps, periods or shifts of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from tests.oracle import calendars
from tests.oracle.generate_calendars import grains_of_calendars
from tests.oracle.generate_members import is_number, measure_names
from tests.oracle.generate_readings import is_measure
from tests.oracle.language import Calendar, Metric, Project, Reading
from tests.oracle.leaves import Leaf, leaves_of, sources_of
from tests.oracle.readings import time_of
from tests.oracle.told import parts_of

BY_MONTH = 0.05
"""How often a time is kept by the month, where no calendar has days."""
REPEATED = "eve"
"""A shift to a day before several others."""
SHOWN = ("change", "ratio", "percent_change")


def with_calendar_readings(random: Random, project: Project) -> Project:
    """The project with some more metrics, where it has a calendar."""
    names = [*measure_names(project), *project.metrics]
    made = [_one(random, project, f"k{place}", random.choice(names)) for place in range(6)]
    found = {each.name: each for each in made if each is not None and project.calendars}
    return replace(project, metrics={**project.metrics, **found})


def with_repeated_days(random: Random, project: Project) -> Project:
    """The project whose calendars have a shift too that compares several days with one."""
    found = {name: _repeating(random, each) for name, each in project.calendars.items()}
    return replace(project, calendars=found)


def _repeating(random: Random, calendar: Calendar) -> Calendar:
    length, ago = random.choice((2, 3, 7)), random.choice((0, 1, 6))
    days = {
        day: {**row, REPEATED: day - timedelta(days=day.toordinal() % length + ago)}
        for day, row in calendar.days.items()
    }
    return replace(calendar, days=days, shifts=(*calendar.shifts, REPEATED))


def is_by_calendar(project: Project, name: str) -> bool:
    """Whether a metric goes by a calendar to other times."""
    return any(
        calendars.is_by_calendar(project, *reading[0])
        for leaf in leaves_of(project, parts_of(name))
        for reading in leaf.readings
    )


def shifts_of(project: Project) -> tuple[str, ...]:
    """What questions may be compared with by calendars."""
    return tuple(
        f"{each.name}.{shift}" for each in project.calendars.values() for shift in each.shifts
    )


def _one(random: Random, project: Project, name: str, of: str) -> Metric | None:
    sources = sources_of(project, parts_of(of))
    leaves = [each for each in sources if isinstance(each, Leaf) and _may_go(project, each)]
    by_month = any(time_of(project, each).dimension.grain == "month" for each in leaves)
    is_rank = of in project.metrics and project.metrics[of].rank is not None
    if not project.calendars or len(leaves) < len(sources) or is_rank:
        return None
    if by_month and random.random() > BY_MONTH:
        return None
    number = is_number(project, parts_of(of))
    is_plain = len(leaves) == 1 and not leaves[0].readings and is_measure(project, of)
    if is_plain and random.random() < 0.45:
        return Metric(name, of=of, reading=_window(random, project, number))
    if any(kind == "offset_to" for leaf in leaves for (kind, _), *_ in leaf.readings):
        return None
    show = random.choice(SHOWN) if number and random.random() < 0.25 else "value"
    return Metric(name, of=of, reading=_offset(random, project), show=show)


def _may_go(project: Project, leaf: Leaf) -> bool:
    is_plain = leaf.conversions is None and leaf.cohort is None and not leaf.measure.edge
    return is_plain and leaf.time(project) is not None


def _window(random: Random, project: Project, number: bool) -> Reading:  # noqa: FBT001 - of data
    grain = random.choice(grains_of_calendars(project))
    kinds = (("trailing", _step(random, grain)), ("to_date", grain))
    grains = ("first", "last", "average") if number else ("first", "last")
    regrain = (("regrain", random.choice(grains)),) if random.random() < 0.6 else ()
    return (random.choice(kinds), *regrain)


def _offset(random: Random, project: Project) -> Reading:
    grain, chance = random.choice(grains_of_calendars(project)), random.random()
    if chance < 0.2:
        return (("offset_to", grain),)
    shift = (("shift", "rows"),) if random.random() < 0.2 else ()
    if chance < 0.6:
        return (("offset", random.choice(shifts_of(project))), *shift)
    return (("offset", _step(random, grain)), *shift)


def _step(random: Random, grain: str) -> str:
    count = random.choice((1, 1, 2, 3, 5))
    return f"{count} {grain}{'s' if count > 1 else ''}"
