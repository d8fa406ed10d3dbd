"""The part of a catalog that a principal may know of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from auth.granted import granted
from auth.groups_only import AskingGroups
from auth.parameters_read import parameters_read
from auth.rights import Names, Rights
from semantic_models.catalog import Catalog
from semantic_models.model import Metric, Model, Parameter, Table
from semantic_models.resolve_names import parts_of
from semantic_models.tables_read import tables_of

Member = TypeVar("Member")


def visible(catalog: Catalog, rights: Rights) -> Catalog:
    """The catalog in which a principal's names are looked up.

    A hidden name and a missing one give the same error because both are looked up here. What
    authors wrote keeps its meaning: it is made of the whole catalog. Where grants of rows stand
    beside those of metrics alone, each question is asked in the catalog of one of them.
    """
    names = rights.names
    if names.apart is None:
        return _seen(catalog, rights, granted(catalog, names))
    rows, groups = names.apart
    of_rows = visible(catalog, replace(rights, names=rows))
    groups = replace(groups, metrics=groups.metrics | of_rows.metrics.keys())
    of_groups = visible(catalog, replace(rights, names=groups))
    seen = _seen(catalog, rights, granted(catalog, groups))
    return replace(seen, apart=(of_rows, of_groups))


def _seen(catalog: Catalog, rights: Rights, members: frozenset[tuple[str, str]]) -> Catalog:
    """The part of a catalog that rights tell of, and that the members of granted times do."""
    hidden = {name: _hidden(model, rights) for name, model in catalog.models.items()}
    if rights.names.are_all and not any(hidden.values()) and rights.sees_rows:
        return catalog
    seeing = _Seeing(catalog, rights.names, hidden, members)
    models = seeing.models()
    metrics = {name: each for name, each in catalog.metrics.items() if seeing.shows(name, each)}
    shared = {
        bare: tuple(each for each in names if each in metrics)
        for bare, names in catalog.shared_names.items()
    }
    alone = {bare: metrics[names[0]] for bare, names in shared.items() if len(names) == 1}
    return replace(
        catalog,
        models=models,
        metrics={**metrics, **alone},
        shared_names={bare: names for bare, names in shared.items() if len(names) > 1},
        calendars=seeing.calendars(models),
        shifts={
            name: each
            for name, each in catalog.shifts.items()
            if _has(models, each.calendar, each.name)
        },
        parameters=seeing.parameters(models, metrics),
        terms=None if rights.sees_rows else AskingGroups(rights.names, rights.floor),
        everything=catalog,
    )


def names_dimension(models: Mapping[str, Model], model: Model, path: str) -> bool:
    """Whether a path from a model names a dimension, or a part of one, by names that are there."""
    head, _, rest = path.partition(".")
    if head in model.dimensions:
        return True
    join = model.joins.get(head) or model.bridges.get(head)
    target = models.get(join.target) if join is not None else None
    return target is not None and names_dimension(models, target, rest)


def _has(models: Mapping[str, Model], model: str, dimension: str) -> bool:
    return model in models and dimension in models[model].dimensions


def _hidden(model: Model, rights: Rights) -> frozenset[str]:
    """The names that are hidden of a model, by policies on it and on the tables that it reads."""
    tables = [Table(parts) for parts in tables_of(model.relation)]
    of_it = (
        each.hidden
        for on, each in rights.relations.items()
        if on.model == model.name or any(map(on.is_table, tables))
    )
    return frozenset().union(*of_it)


@dataclass(frozen=True, slots=True)
class _Seeing:
    catalog: Catalog
    names: Names
    hidden: Mapping[str, frozenset[str]]
    granted: frozenset[tuple[str, str]]
    """Pairs of a model and a member that a granted dimension is or leads through."""

    def models(self) -> dict[str, Model]:
        """Every model that has a name to be used, without those that may not be."""
        cut = {name: self._cut(model) for name, model in self.catalog.models.items()}
        named = {name: each for name, each in cut.items() if self._is_named(each)}
        reaching = {name: self._reaching(model, named) for name, model in named.items()}
        return {name: _with_levels(model, reaching) for name, model in reaching.items()}

    def shows(self, name: str, metric: Metric) -> bool:
        """Whether a metric may be used under a name."""
        if metric.is_measure and self._is_measure(name, metric):
            use = metric.measures[0]
            granted = self.names.metrics
            is_granted = name in granted or f"{use.model}.{use.measure}" in granted
            is_hidden = use.measure in self.hidden[use.model]
            return self._may(use.model, use.measure) or (is_granted and not is_hidden)
        if self.names.are_all or name in self.names.metrics:
            return True
        return all(use.model in self.names.models for use in metric.measures)

    def calendars(self, models: Mapping[str, Model]) -> dict[str, str]:
        """The grains of calendars that have a name, there or as those of a granted time."""
        granted = {parts_of(each)[-1] for each in self.names.dimensions}
        return {
            grain: model
            for grain, model in self.catalog.calendars.items()
            if grain in granted or _has(models, model, grain)
        }

    def parameters(
        self, models: Mapping[str, Model], metrics: Mapping[str, Metric]
    ) -> dict[str, Parameter]:
        """The parameters that something with a name reads; of all names, those of questions too."""
        every = self.catalog.parameters
        if not every:
            return {}
        known = parameters_read(self.catalog, models, metrics)
        if self.names.are_all:
            known |= every.keys() - parameters_read(
                self.catalog, self.catalog.models, self.catalog.metrics
            )
        return {name: each for name, each in every.items() if name in known}

    def _is_measure(self, name: str, metric: Metric) -> bool:
        use = metric.measures[0]
        return name in (use.measure, f"{use.model}.{use.measure}")

    def _may(self, model: str, member: str) -> bool:
        if member in self.hidden[model]:
            return False
        names = self.names
        is_named = (model, member) in names.members or (model, member) in self.granted
        return names.are_all or model in names.models or is_named

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
        """A model without joins to what has no name."""
        joins = {name: each for name, each in model.joins.items() if each.target in named}
        bridges = {
            name: each
            for name, each in model.bridges.items()
            if each.target in named and each.through in named
        }
        return replace(model, joins=joins, bridges=bridges)


def _with_levels(model: Model, models: Mapping[str, Model]) -> Model:
    """A model without hierarchies any of whose levels has no name."""
    hierarchies = {
        name: each
        for name, each in model.hierarchies.items()
        if all(names_dimension(models, model, level) for level in each.levels)
    }
    return replace(model, hierarchies=hierarchies)
