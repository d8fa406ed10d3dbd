"""Every model and metric of a project, looked up by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from semantic_models.errors import NameCollision, UnknownName
from semantic_models.join_paths import Joins, both_ways, safe_paths, walked
from semantic_models.model import Join, Metric, Model


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """All models and metrics, resolved, under one version."""

    name: str
    version: str
    """A digest of every definition: equal versions mean equal answers over equal data."""
    models: Mapping[str, Model]
    metrics: Mapping[str, Metric]
    """Metrics and unclashing measures by bare name; every measure as ``model.measure`` too."""
    shared_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Bare names that several models' measures share, with the names that tell them apart."""
    time_zone: str = "UTC"

    def model(self, name: str) -> Model:
        """The model of that name."""
        try:
            return self.models[name]
        except KeyError:
            raise UnknownName.of("model", name, self.models) from None

    def metric(self, name: str) -> Metric:
        """The metric or measure of that name."""
        found = self.metrics.get(name) or self.metrics.get(name.replace("__", "."))
        if found is not None:
            return found
        if name in self.shared_names:
            spellings = " or ".join(f'"{each}"' for each in self.shared_names[name])
            raise NameCollision(
                f'measure "{name}" stands in several models', hint=f"Write {spellings}."
            )
        raise UnknownName.of("metric", name, self.metrics)

    @cached_property
    def edges(self) -> Joins:
        """Every join by the model it leaves from, those walked backwards too."""
        return both_ways({name: model.joins for name, model in self.models.items()})

    @cached_property
    def _ways(self) -> dict[str, Mapping[str, tuple[tuple[Join, ...], ...]]]:
        return {}

    def safe_ways(self, home: str) -> Mapping[str, tuple[tuple[Join, ...], ...]]:
        """Up to two ways from a model to each other one over joins that keep rows."""
        if home not in self._ways:
            self._ways[home] = {
                target: tuple(walked(self.edges, home, path) for path in paths)
                for target, paths in safe_paths(self.edges, home).items()
            }
        return self._ways[home]
