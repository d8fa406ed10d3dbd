"""What of a project with faults can still be judged, so that one fault does not hide the next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from semantic_models.catalog import Catalog
from semantic_models.errors import EmptyProject, ForebayError, NoPath, Position, UnknownName
from semantic_models.spec import ProjectSpec

_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[\"']?\s*:")
_QUOTED = re.compile(r'"([^"]*)"')


def without_follow_ups(
    faults: Iterable[ForebayError], files: Mapping[str, str | bytes], spec: ProjectSpec
) -> list[ForebayError]:
    """The faults of names, without those that follow from what could not be read.

    A name that stands in a file as a key, and is not in the spec, was lost with a fault of form.
    """
    keys, models = _keys(files), {each.name.text for each in spec.models}
    lost = _Lost(keys - models, keys - models - _names(spec))
    return [each for each in faults if not _follows(each, lost)]


class _Lost(NamedTuple):
    """Names that stand as keys in a file and are none of the spec's."""

    models: set[str]
    members: set[str]


def _keys(files: Mapping[str, str | bytes]) -> set[str]:
    texts = (
        each.decode(errors="replace") if isinstance(each, bytes) else each
        for each in files.values()
    )
    return {name for text in texts for name in _KEY.findall(text)}


def _names(spec: ProjectSpec) -> set[str]:
    found = {each.name.text for each in spec.metrics}
    for model in spec.models:
        found |= {each.name.text for each in model.dimensions}
        found |= {each.name.text for each in model.measures}
        found |= {each.name.text for each in model.joins}
        found |= {each.name.text for each in model.segments}
    return found


def _follows(fault: ForebayError, lost: _Lost) -> bool:
    if isinstance(fault, EmptyProject | NoPath):
        return True
    if not isinstance(fault, UnknownName):
        return False
    names = {part for name in _QUOTED.findall(fault.message) for part in name.split(".")}
    return bool(names & (lost.models if fault.message.startswith("model ") else lost.members))


def sound_models(
    catalog: Catalog, spec: ProjectSpec, faults: Sequence[ForebayError]
) -> frozenset[str]:
    """The models without a fault, from which no join leads to one that has."""
    broken = {name for each in faults for name in _model_of(each.position, spec)}
    for model in spec.models:
        if len(model.joins) > len(catalog.models[model.name.text].joins):
            broken.add(model.name.text)  # One of them leads to a model that was lost.
    while True:
        led = {
            each.name
            for each in catalog.models.values()
            if any(join.target in broken for join in each.joins.values())
        }
        if led <= broken:
            return frozenset(catalog.models.keys() - broken)
        broken |= led


def sound_metrics(
    catalog: Catalog, spec: ProjectSpec, models: frozenset[str], faults: Sequence[ForebayError]
) -> frozenset[str]:
    """The measures of sound models, and metrics without a fault that are made of nothing else."""
    faulty = {
        each.name.text
        for each in spec.metrics
        for fault in faults
        if fault.position and _is_within(fault.position, each.name.position())
    }
    return frozenset(
        name
        for name, metric in catalog.metrics.items()
        if name not in faulty and all(use.model in models for use in metric.inputs)
    )


def _is_within(at: Position, name: Position) -> bool:
    return (at.source, at.line) == (name.source, name.line)


def _model_of(at: Position | None, spec: ProjectSpec) -> tuple[str, ...]:
    """The model in whose lines a fault stands; every model where that cannot be told."""
    if at is None:
        return tuple(each.name.text for each in spec.models)
    before = [
        (begun.line, name)
        for begun, name in _declared(spec)
        if begun.source == at.source and begun.line <= at.line
    ]
    _, last = max(before, default=(0, ""))
    return (last,) if last else ()


def _declared(spec: ProjectSpec) -> Iterator[tuple[Position, str]]:
    """Where each model begins, and each metric, which is part of none."""
    for model in spec.models:
        yield model.name.position(), model.name.text
    for metric in spec.metrics:
        yield metric.name.position(), ""
