"""Random retentions: shares of cohorts that are active again."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.oracle.generate_funnels import sides_of
from tests.oracle.generate_members import Words, is_by_joins, names_from
from tests.oracle.language import Aggregate, Cohort, Expr, Metric, Project
from tests.oracle.leaves import Asked, Leaf, cells, leaves_of
from tests.oracle.meeting import judge_exprs
from tests.oracle.paths import Refused
from tests.oracle.rows import Rows
from tests.oracle.told import parts_of

COUNTS = ("count", "count distinct", "count_if")
DAYS = ("1 day", "3 days", "7 days", "40 days", "1 week", "1 month", "2 months", "1 year")
HOURS = ("1 hour", "2 hours", "90 minutes", "24 hours")
COHORTS = 0.12
"""How often a question asks for a retention."""
AGAIN = 0.9
"""How often someone is active again, where that is so for one that was tried."""


def with_cohorts(random: Random, project: Project, names: Words) -> Project:
    """The project with shares of cohorts, where a measure counts and the cohort has a time."""
    counts = {name: leaf for name, leaf in sides_of(project).items() if _counts(leaf.measure.expr)}
    for _ in range(random.choice((0, 1, 1, 2)) if counts else 0):
        tried = [_one(random, project, counts) for _ in range(12)]
        fit = [each for each in tried if each is not None]
        if not fit:
            continue
        again = [each for each in fit if _is_active_again(project, each)]
        made = next(iter(again if random.random() < AGAIN else fit), fit[0])
        metric = Metric(names("b"), cohort=made, fill=0 if random.random() < 0.15 else None)
        project = _with(project, metric)
        if random.random() < 0.2:
            inner = Metric(names("o"), of=metric.name, reading=(("offset", "1 month"),))
            project = _with(project, inner)
    return project


def _one(random: Random, project: Project, counts: dict[str, Leaf]) -> Cohort | None:
    of = random.choice(list(counts))
    times = _times(project, counts[of])
    if not times:
        return None
    after = random.choice((*DAYS, *DAYS, *HOURS))
    unit = after.split()[1].removesuffix("s")
    on = unit if after in DAYS and random.random() < 0.35 else None
    return Cohort(of, random.choice(times), after, on)


def _is_active_again(project: Project, cohort: Cohort) -> bool:
    """Whether anyone is active again."""
    made = replace(project, metrics={**project.metrics, "": Metric("", cohort=cohort)})
    (leaf,) = leaves_of(made, ("",))
    try:
        judge_exprs(project, leaf.home, leaf.time(project), leaf.exprs())
    except Refused:
        return False
    return bool(cells(Rows(project, project.zone), leaf, Asked((), (), (), None))[()])


def _with(project: Project, metric: Metric) -> Project:
    return replace(project, metrics={**project.metrics, metric.name: metric})


def is_of_cohort(project: Project, name: str) -> bool:
    """Whether a metric tells a share of a cohort."""
    return any(leaf.cohort for leaf in leaves_of(project, parts_of(name)))


def _counts(expr: Expr) -> bool:
    return isinstance(expr, Aggregate) and expr.function in COUNTS


def _times(project: Project, leaf: Leaf) -> list[str]:
    """Times of who is counted, that are told by the day or finer: another time than the rows'."""
    return [
        ".".join(parts)
        for parts, each in names_from(project, leaf.home)
        if is_by_joins(project, leaf.home, parts, each)
        and each.dimension.grain not in (None, "month")
        and parts != (leaf.time(project),)
    ]
