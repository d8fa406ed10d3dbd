"""Random metrics that count rows at other times, and questions that they can answer."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.oracle.generate_calendars import grains_of_calendars
from tests.oracle.generate_members import Words, is_number, measure_names
from tests.oracle.language import Metric, Project, Reading
from tests.oracle.leaves import Leaf, leaves_of
from tests.oracle.readings import time_of
from tests.oracle.times import GRAINS
from tests.oracle.told import parts_of

STEPS = ("1 day", "2 days", "7 days", "1 week", "40 days")
MONTHS = ("1 month", "2 months", "1 quarter", "9 months", "1 year")
"""Steps of times that are kept by the month, too."""
DEFAULT_GRAINS = 0.1
"""How often a metric says what grain a bare metric time has."""
FINE = ("second", "minute", "hour")


def with_readings(random: Random, project: Project, names: Words) -> Project:
    """The project with some more metrics."""
    for _ in range(random.randint(1, 4)):
        made = _one(random, project, names)
        if made is not None:
            project = replace(project, metrics={**project.metrics, made.name: made})
    return project


def with_default_grains(random: Random, project: Project) -> Project:
    """The project with a grain of a bare metric time of some metrics."""
    found = {
        name: _with_default_grain(random, project, each) for name, each in project.metrics.items()
    }
    return replace(project, metrics=found)


def _with_default_grain(random: Random, project: Project, metric: Metric) -> Metric:
    leaves = leaves_of(project, (metric.name,))
    grains = [_grain(project, leaf) for leaf in leaves if leaf.time(project)]
    if random.random() > DEFAULT_GRAINS or len(grains) < len(leaves) or not grains:
        return metric
    return replace(metric, default_grain=random.choice(("quarter", "year")))


def is_reading(project: Project, name: str) -> bool:
    """Whether a metric counts rows at other times."""
    return any(leaf.readings for leaf in leaves_of(project, parts_of(name)))


def _one(random: Random, project: Project, names: Words) -> Metric | None:
    of = random.choice([*measure_names(project), *project.metrics])
    leaves = leaves_of(project, parts_of(of))
    if any(leaf.time(project) is None or leaf.measure.edge for leaf in leaves):
        return None
    by_month = "month" in {_grain(project, leaf) for leaf in leaves}
    is_plain = len(leaves) == 1 and not leaves[0].readings and is_measure(project, of)
    number = is_number(project, parts_of(of))
    if is_plain and random.random() < 0.6:
        return Metric(names("r"), of=of, reading=_window(random, by_month, number))
    if any(kind == "offset_to" for leaf in leaves for (kind, _), *_ in leaf.readings):
        return None
    show = random.choice(("change", "ratio", "percent_change"))
    return Metric(
        names("r"),
        of=of,
        reading=_offset(random, by_month),
        show=show if number and random.random() < 0.25 else "value",
    )


def is_of_months(project: Project, metrics: tuple[str, ...]) -> bool:
    """Whether times of some metrics are kept by the month."""
    leaves = [leaf for each in metrics for leaf in leaves_of(project, parts_of(each))]
    return "month" in {_grain(project, leaf) for leaf in leaves if leaf.time(project)}


def is_measure(project: Project, name: str) -> bool:
    """Whether a metric is a measure, maybe narrowed, and no formula."""
    metric = project.metrics.get(name)
    return metric is None or (metric.of is not None and is_measure(project, metric.of))


def _grain(project: Project, leaf: Leaf) -> str | None:
    return time_of(project, leaf).dimension.grain


def _window(random: Random, by_month: bool, number: bool) -> Reading:  # noqa: FBT001 - of data
    kinds = (
        ("cumulative", "all"),
        ("trailing", random.choice(MONTHS if by_month else (*STEPS, *MONTHS))),
        ("to_date", random.choice(("quarter", "year") if by_month else ("week", "month", "year"))),
    )
    grains = ("first", "last", "average") if number else ("first", "last")
    regrain = (("regrain", random.choice(grains)),) if random.random() < 0.6 else ()
    return (random.choice(kinds), *regrain)


def _offset(random: Random, by_month: bool) -> Reading:  # noqa: FBT001 - of data
    if random.random() < 0.2:
        grains = ("quarter", "year") if by_month else ("week", "month", "year")
        return (("offset_to", random.choice(grains)),)
    step = random.choice(MONTHS if by_month else (*STEPS, *MONTHS))
    shift = (("shift", "rows"),) if random.random() < 0.25 else ()
    return (("offset", step), *shift)


def at_times(random: Random, project: Project, dimensions: tuple[str, ...]) -> tuple[str, ...]:
    """Dimensions with metric time among them, and no time by less than a day."""
    found = [_by_day(each) for each in dimensions]
    grain = random.choice(("", *(f".{each}" for each in GRAINS[GRAINS.index("day") :])))
    own = grains_of_calendars(project)
    if own and random.random() < 0.2:
        grain = f".{random.choice(own)}"
    elif random.random() < 0.08:
        grain = random.choice((".part(month)", ".part(dow)", ".part(year)"))
    if random.random() < 0.9 and not any(each.startswith("metric_time") for each in found):
        found.insert(random.randint(0, len(found)), f"metric_time{grain}")
    return tuple(dict.fromkeys(found))


def _by_day(text: str) -> str:
    most, _, last = text.rpartition(".")
    return f"{most}.day" if most and last in FINE else text
