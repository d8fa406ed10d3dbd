"""What was built of a project, and what each part of it read: only what reads a change is redone.

A model or metric is built from its own definition and from what it looks up. What it looks up is
noted; where all of that is as it was, the model or metric is, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from semantic_models.join_paths import Bridges, Joins
from semantic_models.model import Metric, Model
from semantic_models.spec import MetricSpec, ModelSpec
from semantic_models.types import LogicalType

Columns = Mapping[str, Mapping[str, LogicalType | None]]
"""Physical columns by model and name, for the models of which an engine has told."""
Place = tuple[str, ...]


class Read(NamedTuple):
    """Something that was looked up: a model, the meaning of a metric's name, or all joins."""

    what: Literal["model", "metric", "ways"]
    name: str = ""


WAYS = Read("ways")


@dataclass(slots=True)
class Reads:
    """Notes what is read while something is built."""

    current: set[Read] = field(default_factory=set)
    of: dict[Place, frozenset[Read]] = field(default_factory=dict)
    """What was read for each thing that is built, by it and by what it reads."""

    def note(self, what: Literal["model", "metric"], name: str) -> None:
        """Something is looked up."""
        self.current.add(Read(what, name))

    def note_all(self, place: Place) -> None:
        """Something that was built before is read, and so all that it read."""
        self.current |= self.of[place]

    @contextmanager
    def noted_for(self, place: Place) -> Iterator[None]:
        """While something is built, what is read is read for it, and for what reads it."""
        outer, self.current = self.current, set()
        try:
            yield
        finally:
            self.of[place] = frozenset(self.current)
            self.current |= outer


class AsMetrics(NamedTuple):
    """The measures of one model as metrics, by both their names."""

    qualified: Mapping[str, Metric]
    bare: Mapping[str, Metric]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A project as it was built without faults."""

    beside: tuple[object, ...] = ()
    """What any model or metric may read: engines, parameters, calendars."""
    specs: Mapping[str, ModelSpec] = field(default_factory=dict)
    metric_specs: Mapping[str, MetricSpec] = field(default_factory=dict)
    columns: Columns = field(default_factory=dict)
    joins: Joins = field(default_factory=dict)
    bridges: Bridges = field(default_factory=dict)
    models: Mapping[str, Model] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """Those that their authors wrote."""
    measures: Mapping[str, AsMetrics] = field(default_factory=dict)
    """The measures of each model."""
    bare_names: Mapping[str, list[str]] = field(default_factory=dict)
    reads: Mapping[Place, frozenset[Read]] = field(default_factory=dict)


NOTHING = Built()


@dataclass(slots=True)
class KeptBuild:
    """The last build of a project that had no faults; what is built beside some is not kept."""

    built: Built = NOTHING


def same_models(now: Built, before: Built) -> frozenset[str]:
    """The models whose definition and columns are as they were."""
    if now.beside != before.beside:
        return frozenset()
    return frozenset(
        name
        for name, spec in now.specs.items()
        if spec is before.specs.get(name) and now.columns.get(name) == before.columns.get(name)
    )


def joined_alike(now: Built, same: Set[str]) -> frozenset[str]:
    """Those of the same models whose joins lead to the same models alone."""
    return frozenset(
        name
        for name in same
        if all(
            end is None or end.text in same
            for join in now.specs[name].joins
            for end in (join.to, join.through)
        )
    )


def standing_models(now: Built, before: Built, same: Set[str]) -> frozenset[str]:
    """The models that are built as before, because all that they read is as it was."""
    alike = frozenset(
        name
        for name in same
        if now.joins[name] == before.joins[name] and now.bridges[name] == before.bridges[name]
    )
    stand = _Standing(now, before, alike)
    return frozenset(name for name in alike if stand.all(before.reads["model", name]))


def standing_metrics(now: Built, before: Built, models: Set[str]) -> frozenset[str]:
    """The metrics that are built as before, where these models are."""
    stand = _Standing(now, before, models)
    written = now.metric_specs.keys() & before.metrics.keys()
    return frozenset(name for name in written if stand.all(before.reads["metric", name]))


@dataclass(frozen=True)
class _Standing:
    """What is looked up as before."""

    now: Built
    before: Built
    models: Set[str]

    def all(self, reads: Set[Read]) -> bool:
        """Whether all that was read is as it was."""
        return all(map(self._stands, reads))

    def _stands(self, read: Read) -> bool:
        match read.what:
            case "model":
                return read.name in self.models
            case "ways":
                return self._has_same_joins
            case "metric":
                return self._means_the_same(read.name)

    @cached_property
    def _has_same_joins(self) -> bool:
        return self.now.joins == self.before.joins

    def _means_the_same(self, name: str) -> bool:
        """Whether a name in a metric is that of the same metric, or of the same measures."""
        now, before = self.now, self.before
        is_same = now.metric_specs.get(name) is before.metric_specs.get(name)
        return is_same and now.bare_names.get(name) == before.bare_names.get(name)
