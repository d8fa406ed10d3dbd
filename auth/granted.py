"""What a grant of dimensions beside metrics makes known: the members that they lead through."""

from __future__ import annotations

from collections.abc import Iterator

from auth.rights import Names
from semantic_models.catalog import Catalog
from semantic_models.join_paths import walked
from semantic_models.model import GRAINS, MeasureUse, Model
from semantic_models.resolve_names import METRIC_TIME, parts_of

Member = tuple[str, str]
"""A model and the name of a member of it."""


def granted(catalog: Catalog, names: Names) -> frozenset[Member]:
    """The members that the granted dimensions of somebody are, seen from the granted metrics."""
    if not names.is_metrics_only:
        return frozenset()
    uses = [
        use
        for name in names.metrics
        if (metric := catalog.metrics.get(name)) is not None
        for use in metric.measures
    ]
    return frozenset(
        member for each in names.dimensions for use in uses for member in led_to(catalog, use, each)
    )


def led_to(catalog: Catalog, use: MeasureUse, name: str) -> Iterator[Member]:
    """The members that a dimension's name leads through from the home of a measure.

    There are none where it leads nowhere from there.
    """
    model = catalog.models[use.home]
    parts = parts_of(name)
    if parts[0] == METRIC_TIME:
        own = use.time or catalog.models[use.model].measures[use.measure].time
        parts = (*parts_of(own), *parts[1:]) if own else ()
    if parts and parts[0] == model.name and not _knows(model, parts[0]):
        parts = parts[1:]
    found: list[Member] = []
    while parts:
        head, *rest = parts
        if head in model.dimensions and (not rest or _is_of_time(catalog, rest)):
            yield from (*found, (model.name, head))
            return
        steps = _steps(catalog, model, head)
        if not steps:
            return
        found += [(model.name, head), *steps[0]]
        model, parts = steps[1], tuple(rest)


def _knows(model: Model, name: str) -> bool:
    return name in model.dimensions or name in model.joins or name in model.bridges


def _is_of_time(catalog: Catalog, rest: list[str]) -> bool:
    last = rest[0]
    is_grain = last in GRAINS or last in catalog.calendars or last.startswith("part(")
    return len(rest) == 1 and is_grain


def _steps(catalog: Catalog, model: Model, name: str) -> tuple[list[Member], Model] | None:
    """The members that a join or bridge is made of, and the model it leads to."""
    if name in model.joins:
        return [], catalog.models[model.joins[name].target]
    if name not in model.bridges:
        return None
    bridge = model.bridges[name]
    edges = walked(catalog.ways.edges, model.name, bridge.path)
    return [(each.source, each.name) for each in edges], catalog.models[bridge.target]
