"""The part of a catalog that a principal may know of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from auth.rights import Names, Rights
from semantic_models.catalog import Catalog
from semantic_models.model import Metric, Model, Table

Member = TypeVar("Member")


def visible(catalog: Catalog, rights: Rights) -> Catalog:
    """The catalog in which a principal's names are looked up.

    A hidden name and a missing one give the same error because both are looked up here. What
    authors wrote keeps its meaning: it is made of the whole catalog.
    """
    hidden = {name: _hidden(model, rights) for name, model in catalog.models.items()}
    if rights.names.are_all and not any(hidden.values()):
        return catalog
    seeing = _Seeing(catalog, rights.names, hidden)
    models = seeing.models()
    metrics = {name: each for name, each in catalog.metrics.items() if seeing.shows(name, each)}
    shared = {
        bare: tuple(each for each in names if each in metrics)
        for bare, names in catalog.shared_names.items()
    }
    return replace(
        catalog,
        models=models,
        metrics=metrics,
        shared_names={bare: names for bare, names in shared.items() if names},
        everything=catalog,
    )


def _hidden(model: Model, rights: Rights) -> frozenset[str]:
    """The names that are hidden of a model, by policies on it and on its table."""
    table = model.relation if isinstance(model.relation, Table) else None
    of_it = (
        each.hidden
        for on, each in rights.relations.items()
        if on.model == model.name or (table is not None and on.is_table(table))
    )
    return frozenset().union(*of_it)


@dataclass(frozen=True, slots=True)
class _Seeing:
    catalog: Catalog
    names: Names
    hidden: Mapping[str, frozenset[str]]

    def models(self) -> dict[str, Model]:
        """Every model that has a name to be used, without those that may not be."""
        cut = {name: self._cut(model) for name, model in self.catalog.models.items()}
        named = {name: each for name, each in cut.items() if self._is_named(each)}
        return {name: self._reaching(model, named) for name, model in named.items()}

    def shows(self, name: str, metric: Metric) -> bool:
        """Whether a metric may be used under a name."""
        if metric.is_measure and self._is_measure(name, metric):
            use = metric.measures[0]
            return self._may(use.model, use.measure) or name in self.names.metrics
        if self.names.are_all or name in self.names.metrics:
            return True
        return all(use.model in self.names.models for use in metric.measures)

    def _is_measure(self, name: str, metric: Metric) -> bool:
        use = metric.measures[0]
        return name in (use.measure, f"{use.model}.{use.measure}")

    def _may(self, model: str, member: str) -> bool:
        if member in self.hidden[model]:
            return False
        names = self.names
        return names.are_all or model in names.models or (model, member) in names.members

    def _cut(self, model: Model) -> Model:
        dimensions = self._of(model, model.dimensions)
        return replace(
            model,
            time=model.time if model.time in dimensions else None,
            dimensions=dimensions,
            hierarchies=self._of(model, model.hierarchies),
            measures=self._of(model, model.measures),
            joins=self._of(model, model.joins),
            bridges=self._of(model, model.bridges),
            segments=self._of(model, model.segments),
        )

    def _of(self, model: Model, members: Mapping[str, Member]) -> dict[str, Member]:
        return {name: each for name, each in members.items() if self._may(model.name, name)}

    def _is_named(self, model: Model) -> bool:
        parts: Iterable[Mapping[str, object]] = (
            *(model.dimensions, model.measures, model.joins, model.segments, model.bridges),
        )
        return self.names.are_all or model.name in self.names.models or any(parts)

    def _reaching(self, model: Model, named: Mapping[str, Model]) -> Model:
        """A model without joins to what has no name, and without levels that have none."""
        joins = {name: each for name, each in model.joins.items() if each.target in named}
        bridges = {
            name: each
            for name, each in model.bridges.items()
            if each.target in named and each.through in named
        }
        heads = {*model.dimensions, *joins, *bridges}
        hierarchies = {
            name: each
            for name, each in model.hierarchies.items()
            if all(level.split(".")[0] in heads for level in each.levels)
        }
        return replace(model, joins=joins, bridges=bridges, hierarchies=hierarchies)
