"""Two states of a project: which definitions differ in what they mean, and what that changes.

What is compared is what was built: a dimension that another one reads stands in it, so that a
change of the first is one of both, and a change of layout is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlglot import exp

from semantic_models.catalog import Catalog
from semantic_models.definition_keys import Member, called, definition_of, text
from semantic_models.intrinsics import PARAMETER
from semantic_models.join_paths import walked
from semantic_models.model import (
    Bridge,
    Expr,
    Join,
    Measure,
    MeasureUse,
    Metric,
    Nested,
    Spine,
)
from semantic_models.spec import NOTHING_SAID, Described, ProjectTestSpec
from semantic_models.spec_keys import ABOUT

How = Literal["added", "removed", "changed", "affected", "described"]
"""``affected``: it is as it was, and what it is made of is not; ``described``: in words only."""

Tests = Sequence[ProjectTestSpec]
Place = tuple[str, str]
"""A kind of definition and the name of one of them, such as measure and ``orders.revenue``."""
_ASKED = re.compile(r"\bmetric\s*\(\s*([\w.]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a definition before and after."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one definition."""

    kind: str
    """project, spine, parameter, saved query, model, dimension, segment, join, measure, metric,
    test."""
    name: str
    how: How
    parts: tuple[Part, ...] = ()
    causes: tuple[str, ...] = ()
    """What it is made of that differs, such as ``measure orders.revenue``."""

    @property
    def is_of_values(self) -> bool:
        """Whether a number that is asked for by this name may be another one."""
        return self.kind in ("measure", "metric") and self.how != "described"


def differences(
    old: Catalog, new: Catalog, tests: tuple[Tests, Tests] = ((), ())
) -> tuple[Difference, ...]:
    """Everything that differs between two catalogs, in the order of their definitions.

    ``tests`` are those of the old project and of the new one.
    """
    before, after = (_members(*each) for each in zip((old, new), tests, strict=True))
    found = {
        place: each
        for place in (*before, *(each for each in after if each not in before))
        if (each := _difference(place, before.get(place), after.get(place))) is not None
    }
    if old.time_zone != new.time_zone:
        zone = Part("time_zone", old.time_zone, new.time_zone)
        found = {("project", new.name): Difference("project", new.name, "changed", (zone,))} | found
    return tuple(_with_affected(new, found, after))


def _members(catalog: Catalog, tests: Tests) -> dict[Place, Member]:
    found: dict[Place, Member] = {("spine", each.grain): each for each in catalog.spines}
    found |= {("parameter", name): each for name, each in catalog.parameters.items()}
    found |= {("saved query", name): each for name, each in catalog.saved_queries.items()}
    for model in catalog.models.values():
        found["model", model.name] = model
        members: tuple[tuple[str, Mapping[str, Member]], ...] = (
            ("dimension", model.dimensions),
            ("hierarchy", model.hierarchies),
            ("segment", model.segments),
            ("join", model.joins),
            ("join", model.bridges),
            ("measure", model.measures),
        )
        for kind, by_name in members:
            found |= {(kind, f"{model.name}.{name}"): each for name, each in by_name.items()}
    metrics = (each for name, each in catalog.metrics.items() if not _is_measure(catalog, name))
    found |= {("metric", each.name): each for each in metrics}
    return found | {("test", each.name.text): each for each in tests}


def _is_measure(catalog: Catalog, name: str) -> bool:
    metric = catalog.metrics[name]
    use = metric.inputs[0]
    return isinstance(use, MeasureUse) and name in (use.measure, f"{use.model}.{use.measure}")


def _difference(place: Place, old: Member | None, new: Member | None) -> Difference | None:
    kind, name = place
    if old is None or new is None:
        return Difference(kind, name, "added" if old is None else "removed")
    before, after = definition_of(old), definition_of(new)
    parts = tuple(
        Part(word, text(before.get(word)), text(after.get(word)))
        for word in dict.fromkeys((*before, *after))
        if (before.get(word) or None) != (after.get(word) or None)
    )
    if parts:
        worded = tuple(each for each in parts if each.old or each.new)
        return Difference(kind, name, "changed", worded or parts)
    words = tuple(_differing_words(_about(old), _about(new)))
    return Difference(kind, name, "described", words) if words else None


def _with_affected(
    catalog: Catalog, found: Mapping[Place, Difference], members: Mapping[Place, Member]
) -> Iterator[Difference]:
    """The differences, and the measures and metrics that are made of what differs."""
    meant = {place for place, each in found.items() if each.how != "described"}
    used = {
        place: _used(catalog, member) - {place}
        for place, member in members.items()
        if isinstance(member, Measure | Metric)
    }
    differing = set(meant)
    while reached := {each for each in used if used[each] & differing} - differing:
        differing |= reached
    causes = {
        place: tuple(f"{kind} {name}" for kind, name in sorted(made_of & differing))
        for place, made_of in used.items()
        if made_of & differing
    }
    for place, each in found.items():
        is_made_anew = each.how == "changed" and place in causes
        yield replace(each, causes=causes[place]) if is_made_anew else each
    for place, told in causes.items():
        if place not in meant:
            yield Difference(*place, "affected", causes=told)


def _about(member: Member) -> Described:
    return NOTHING_SAID if isinstance(member, Join | Bridge | Spine) else member.about


def _differing_words(old: Described, new: Described) -> Iterator[Part]:
    for word in ABOUT:
        before, after = getattr(old, word), getattr(new, word)
        if before != after:
            yield Part(word, text(before), text(after))


# What a measure or metric is made of.


def _used(catalog: Catalog, member: Measure | Metric) -> set[Place]:
    uses = (MeasureUse(member.model, member.name),) if isinstance(member, Measure) else ()
    metric_uses = member.measures if isinstance(member, Metric) else uses
    places = {place for use in metric_uses for place in _used_by(catalog, use)}
    if isinstance(member, Metric):
        places |= {*_scoped(catalog, member), *_parameters(member.formula)}
    return places


def _used_by(catalog: Catalog, use: MeasureUse) -> Iterator[Place]:
    model = catalog.models[use.model]
    measure = model.measures[use.measure]
    yield "model", model.name
    yield "measure", f"{model.name}.{measure.name}"
    time = use.time or measure.time
    if time is not None:
        yield "dimension", f"{model.name}.{time}"
    read = [measure.expr, measure.where, *use.filters]
    if measure.one_time is not None:
        read += [measure.one_time.by, *measure.one_time.per]
    for expr in read:
        if expr is not None:
            yield from _joined(catalog, model.name, expr)
            yield from _parameters(expr)
    if model.where is not None:
        yield from _parameters(model.where)
    for each in use.asked:
        for name in _ASKED.findall(each.text):
            metric = catalog.metrics.get(name)
            measured = metric is not None and _is_measure(catalog, name)
            yield (
                ("measure", called(metric.inputs[0])) if measured and metric else ("metric", name)
            )


def _parameters(expr: Expr) -> Iterator[Place]:
    for node in expr.tree.find_all(exp.Anonymous):
        if node.name == PARAMETER:
            yield "parameter", node.expressions[0].name


def _joined(catalog: Catalog, home: str, expr: Expr) -> Iterator[Place]:
    """The joins that an expression walks, and the models that they meet."""
    for path in expr.paths:
        for join in walked(catalog.ways.edges, home, path):
            source, _, name = join.name.partition(":")
            written = f"{source}.{name}" if name else f"{join.source}.{join.name}"
            yield "join", written
            yield "model", join.target


def _scoped(catalog: Catalog, metric: Metric) -> Iterator[Place]:
    """The dimensions that a metric is grouped by of its own."""
    for use in metric.inputs:
        if isinstance(use, Nested):
            names = (*use.scope.per, *(use.scope.keep_only or ()), *use.scope.exclude)
            yield from (("dimension", f"{use.home}.{name}") for name in names)
            yield from _scoped(catalog, use.metric)
