"""Random metrics with groups or predicates of their own, and ranks."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.oracle.generate_members import (
    Words,
    atom,
    is_by_joins,
    is_number,
    measure_names,
    names_from,
    parts_of,
    type_of_metric,
    typed,
)
from tests.oracle.language import Call, Metric, Name, Project, Rank, Scope
from tests.oracle.leaves import Leaf, Scoped, leaves_of, sources_of

FUNCTIONS = ("avg", "sum", "min", "max", "count")


def with_scopes(random: Random, project: Project, names: Words) -> Project:
    """The project with some more metrics."""
    for _ in range(random.randint(1, 4)):
        made = _one(random, project, names)
        project = replace(project, metrics={**project.metrics, made.name: made})
    return project


def is_scoped(project: Project, name: str) -> bool:
    """Whether a metric has groups or predicates of its own, or is ranked."""
    metric = project.metrics.get(name)
    if metric is not None and metric.rank:
        return True
    return any(isinstance(each, Scoped) for each in sources_of(project, parts_of(name)))


def is_ranked(project: Project, name: str) -> bool:
    """Whether a metric is a rank."""
    metric = project.metrics.get(name)
    return metric is not None and metric.rank is not None


def _one(random: Random, project: Project, names: Words) -> Metric:
    ranked = [each for each in project.metrics if is_ranked(project, each)]
    of = random.choice(
        [*measure_names(project), *(each for each in project.metrics if each not in ranked)]
    )
    leaves = leaves_of(project, parts_of(of))
    chance = random.random()
    times = _times(project, leaves)
    if chance > 0.88 and times and _is_measure(project, of):
        return Metric(names("t"), of=of, time=random.choice(times))
    if chance < 0.2:
        within = _names(random, project, leaves, random.choice((0, 1, 1)))
        return Metric(names("k"), of=of, rank=Rank(random.random() < 0.7, within))
    if chance < 0.3:
        fill = 1 if is_number(project, parts_of(of)) else None
        return Metric(names("v"), of=of, fill=fill, spine=random.random() < 0.5)
    if chance < 0.5 and is_number(project, parts_of(of)):
        inner = Metric("part", of=of, scope=_looked_up(random, project, leaves, of))
        share = Call(random.choice(("/", "-", "+")), (Name(parts_of(of)), Name(("part",))))
        return Metric(names("h"), share, inner=(inner,))
    if chance < 0.75:
        return Metric(names("p"), of=of, scope=_per(random, project, leaves, of))
    return Metric(names("g"), of=of, scope=_looked_up(random, project, leaves, of))


def _is_measure(project: Project, name: str) -> bool:
    return name not in project.metrics


def _times(project: Project, leaves: list[Leaf]) -> list[str]:
    """The time dimensions of the one model whose measures are meant."""
    dimensions = project.models[leaves[0].home].dimensions.values()
    return [each.name for each in dimensions if each.grain] if len(leaves) == 1 else []


def _function(random: Random, project: Project, of: str) -> str:
    if is_number(project, parts_of(of)):
        return random.choice(FUNCTIONS)
    is_ordered = type_of_metric(project, parts_of(of)) != "boolean"
    return random.choice(("min", "max", "count") if is_ordered else ("count",))


def _per(random: Random, project: Project, leaves: list[Leaf], of: str) -> Scope:
    per = _names(random, project, leaves, random.choice((1, 1, 2)))
    if not per or (len({each.home for each in leaves}) == 1 and random.random() < 0.4):
        columns = list(project.models[leaves[0].home].columns)
        per = (*per[:1], random.choice(columns))
    function = _function(random, project, of)
    return Scope(function, per=tuple(dict.fromkeys(per)))


def _looked_up(random: Random, project: Project, leaves: list[Leaf], of: str) -> Scope:
    scope = Scope()
    if random.random() < 0.7:
        names = _names(random, project, leaves, random.choice((0, 1, 1, 2)))
        key = random.choice(("keep_only", "exclude") if names else ("keep_only",))
        scope = (
            replace(scope, keep_only=names) if key == "keep_only" else replace(scope, exclude=names)
        )
        if random.random() < 0.25:
            include = _names(random, project, leaves, 1)
            if include:
                scope = replace(scope, include=include, aggregate=_function(random, project, of))
    if scope == Scope() or random.random() < 0.4:
        scope = _filtered(random, project, leaves, scope)
    return scope


def _filtered(random: Random, project: Project, leaves: list[Leaf], scope: Scope) -> Scope:
    chance = random.random()
    names = _names(random, project, leaves, random.choice((1, 2)))
    if chance < 0.35:
        return replace(scope, drop=("all",))
    if chance < 0.6 and names:
        return replace(scope, drop=names)
    if chance < 0.8 and names:
        return replace(scope, keep=names)
    home = leaves[0].home
    plain = [each for each in names_from(project, home) if is_by_joins(project, home, *each)]
    if len({each.home for each in leaves}) > 1 or not plain:
        return replace(scope, drop=("all",))
    parts, reference = random.choice(plain)
    added = atom(random, Name(parts), typed(project).type_of(reference))
    return replace(scope, add=(added,), drop=("all",) if random.random() < 0.4 else ())


def _names(random: Random, project: Project, leaves: list[Leaf], count: int) -> tuple[str, ...]:
    """Dimensions that the first home reads, mostly its own and those over joins that keep rows."""
    first = leaves[0].home
    found = [
        (parts, each) for parts, each in names_from(project, first) if not each.dimension.is_segment
    ]
    kept = [(parts, each) for parts, each in found if each.many is None]
    chosen = kept if random.random() < 0.9 else found
    told = [".".join(random.choice(chosen)[0]) for _ in range(count)] if chosen else []
    if told and leaves[0].time(project) and random.random() < 0.2:
        told[0] = "metric_time"
    return tuple(dict.fromkeys(told))
