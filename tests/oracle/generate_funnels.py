"""Random funnels from one measure with a time to another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from tests.oracle.funnels import converted_cells
from tests.oracle.generate_members import TIMES, Words, is_number, measure_names, typed
from tests.oracle.generate_readings import MONTHS, STEPS
from tests.oracle.language import Call, Funnel, Literal, Metric, Model, Name, Project, names_in
from tests.oracle.leaves import Asked, Leaf, leaves_of
from tests.oracle.paths import Refused
from tests.oracle.rows import Rows, find_at
from tests.oracle.times import is_instant, midnight
from tests.oracle.told import parts_of
from tests.oracle.values import WHOLE

HOURS = ("1 hour", "90 minutes", "2 hours", "24 hours", "1 day")
FUNNELS = 0.15
"""How often a question asks for a funnel."""
EXACT = 0.35
"""How often a conversion comes just when it no longer counts, where it may."""
FOLLOWED = 0.9
"""How often a funnel has conversions, where one that was tried has."""


def with_funnels(random: Random, project: Project, names: Words) -> Project:
    """The project with funnels between measures that share a column."""
    sides = sides_of(project)
    for _ in range(random.choice((0, 1, 1, 2)) if sides else 0):
        tried = [_one(random, project, sides) for _ in range(6)]
        fit = [each for each in tried if each is not None]
        if not fit:
            continue
        followed = [each for each in fit if _is_followed(project, each)]
        chosen = next(iter(followed if random.random() < FOLLOWED else fit), fit[0])
        made = Metric(names("c"), funnel=chosen, fill=0 if random.random() < 0.2 else None)
        project = replace(project, metrics={**project.metrics, made.name: made})
        if random.random() < 0.35:
            formula = _formula(random, project, made, names)
            project = replace(project, metrics={**project.metrics, formula.name: formula})
    return project


def is_funnel(project: Project, name: str) -> bool:
    """Whether a metric needs conversions."""
    return any(leaf.conversions for leaf in leaves_of(project, parts_of(name)))


def sides_of(project: Project) -> dict[str, Leaf]:
    """Measures of rows with times, and metrics that filter one."""
    found: dict[str, Leaf] = {}
    for name in (*measure_names(project), *project.metrics):
        leaves = leaves_of(project, parts_of(name))
        if len(leaves) == 1 and _is_filtered(project, name) and _is_timed(project, leaves[0]):
            found[name] = leaves[0]
    return found


def _is_filtered(project: Project, name: str) -> bool:
    metric = project.metrics.get(name)
    if metric is None:
        return True
    return metric.where is not None and _is_filtered(project, metric.of or "")


def _is_timed(project: Project, leaf: Leaf) -> bool:
    return leaf.time(project) is not None and leaf.measure.edge is None and not leaf.readings


def _is_followed(project: Project, funnel: Funnel) -> bool:
    """Whether any row of the base has a conversion."""
    counted = Metric("", funnel=replace(funnel, show="count"))
    made = replace(project, metrics={**project.metrics, "": counted})
    (leaf,) = leaves_of(made, ("",))
    try:
        found = converted_cells(Rows(project, project.zone), leaf, Asked((), (), (), None))
    except Refused:
        return False
    return bool(found[()])


def without_many(
    random: Random, project: Project, home: str, dimensions: tuple[str, ...]
) -> tuple[str, ...]:
    """The dimensions, mostly those that meet one row: a funnel is grouped by no others."""
    if random.random() < 0.1:
        return dimensions
    time = project.models[home].time

    def is_one(text: str) -> bool:
        try:
            return find_at(project, home, parts_of(text), time).many is None
        except Refused:
            return False

    return tuple(filter(is_one, dimensions))


def _one(random: Random, project: Project, sides: dict[str, Leaf]) -> Funnel | None:
    base, converted = random.choice(list(sides)), random.choice(list(sides))
    own, other = (project.models[sides[each].home] for each in (base, converted))
    shared = [(name, name) for name in own.columns if (name, name) in _alike(project, own, other)]
    if not shared:
        return None
    by = random.sample(shared, min(len(shared), random.choice((1, 1, 1, 2))))
    held = random.sample(_alike(project, own, other), random.choice((0, 0, 0, 1)))
    within = random.choice((*HOURS, *STEPS, *MONTHS)) if random.random() < 0.7 else None
    gaps = _gaps(project, sides[base], sides[converted], by[0][0])
    if gaps and random.random() < EXACT:
        within = random.choice(gaps)
    funnel = Funnel(
        base,
        converted,
        tuple(name for name, _ in by),
        within,
        tuple(held),
        random.choice(("rate", "count", "value")),
    )
    if funnel.show != "count" and not is_number(project, parts_of(converted)):
        funnel = replace(funnel, show="count")
    if funnel.show == "rate" and not is_number(project, parts_of(base)):
        funnel = replace(funnel, show="count")
    return funnel


def _gaps(project: Project, base: Leaf, converted: Leaf, by: str) -> list[str]:
    """How long after their bases conversions come, which is just too long."""
    found: dict[str, None] = {}
    for one in project.models[base.home].rows:
        for other in project.models[converted.home].rows:
            times = (one[base.time(project) or ""], other[converted.time(project) or ""])
            if None in times or len({is_instant(each) for each in times}) > 1:
                continue
            passed = midnight(times[1]) - midnight(times[0])
            if one[by] == other[by] and one[by] is not None and passed > timedelta():
                minutes = passed // timedelta(minutes=1)
                days, rest = divmod(minutes, 24 * 60)
                found[f"{minutes} minutes" if rest else f"{days} days"] = None
    return list(found)


def _alike(project: Project, own: Model, other: Model) -> list[tuple[str, str]]:
    """Members of two models that may be equal."""
    rows = typed(project)

    def kind(model: Model, name: str) -> str:
        type_ = rows.type_in(model.name, (name,))
        return "whole" if type_ in WHOLE else type_

    return [
        (one, two)
        for one in _members(own)
        for two in _members(other)
        if kind(own, one) == kind(other, two) and kind(own, one) not in TIMES
    ]


def _members(model: Model) -> list[str]:
    """Columns, and dimensions that are made of them alone."""
    made = [
        name
        for name, each in model.dimensions.items()
        if all(len(parts) == 1 for parts in names_in(each.expr))
    ]
    return list(dict.fromkeys((*model.columns, *made)))


def _formula(random: Random, project: Project, made: Metric, names: Words) -> Metric:
    """A formula over a funnel."""
    name = Name((made.name,))
    numeric = [each for each in measure_names(project) if is_number(project, parts_of(each))]
    choices = [Call("+", (name, Literal(1))), Call("coalesce", (name, Literal(0)))]
    if numeric:
        other = Name(parts_of(random.choice(numeric)))
        choices += [Call(random.choice(("/", "-")), (name, other))] * 2
    return Metric(names("y"), random.choice(choices))
