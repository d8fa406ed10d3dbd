"""What the files of a dbt project or of a semantic manifest declare, in one form.

That form is the one of semantic manifests whose metrics are made of measures. Models that carry
their own semantics, and metrics that carry their own aggregate, are brought into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from semantic_models.importers.dbt_models import (
    nested_metric,
    referred_relation,
    relation,
    semantic_model,
    time_spine,
)
from semantic_models.importers.dbt_names import DbtModels, Json
from semantic_models.importers.dbt_own_aggregates import OwnAggregates
from semantic_models.importers.imported import COLLIDING, Loss

Tree = dict[str, Any]

_MEMBERS = {"entity": "entities", "dimension": "dimensions", "measure": "measures"}


@dataclass
class DbtDeclarations:
    """What the files of a manifest declare."""

    models: dict[str, Tree] = field(default_factory=dict)
    metrics: dict[str, Tree] = field(default_factory=dict)
    saved_queries: list[Json] = field(default_factory=list)
    spines: list[Json] = field(default_factory=list)
    older_spines: list[Json] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    @property
    def names(self) -> DbtModels:
        """The semantic models, and the grains that spines give names to."""
        grains = (each for spine in self.spines for each in custom_grains(spine))
        return DbtModels(self.models, frozenset(grains))


def custom_grains(spine: Json) -> dict[str, str]:
    """The columns of a spine's own grains, by their names."""
    return {
        each["name"]: str(each.get("column_name") or each["name"])
        for each in spine.get("custom_granularities") or ()
    }


def read_dbt(documents: Iterable[Json]) -> DbtDeclarations:
    """What documents of either form declare."""
    reader = _Reader()
    for each in documents:
        reader.read(each)
    return reader.settled()


@dataclass
class _Reader:
    found: DbtDeclarations = field(default_factory=DbtDeclarations)
    models: list[Tree] = field(default_factory=list)
    metrics: list[Tree] = field(default_factory=list)
    relations: dict[str, dict[str, str]] = field(default_factory=dict)

    def read(self, document: Json) -> None:
        """Take what one document declares."""
        for each in _several(document, "semantic_model", "semantic_models"):
            self.models.append(_plain(each))
        for each in _several(document, "model", "models"):
            self._model(each)
        for each in _several(document, "node", "nodes"):
            self._spine(each)
        for each in _several(document, "metric", "metrics"):
            self._metric(each, "")
        self.found.saved_queries += _plain(_several(document, "saved_query", "saved_queries"))
        configuration = document.get("project_configuration") or {}
        self.found.spines += configuration.get("time_spines") or ()
        self.found.older_spines += configuration.get("time_spine_table_configurations") or ()

    def _model(self, model: Json) -> None:
        self.relations[model["name"]] = relation(model)
        self._spine(model)
        made = semantic_model(model)
        metrics = list(model.get("metrics") or ())
        if made is not None:
            self.models.append(_plain(made))
        for each in metrics:
            self._metric(each, "" if made is None else made["name"])

    def _spine(self, model: Json) -> None:
        spine = time_spine(model)
        self.found.spines += [] if spine is None else [spine]

    def _metric(self, metric: Json, owner: str) -> None:
        if "type_params" in metric:
            self.metrics.append(_plain(metric))
            return
        try:
            self.metrics.append(_plain(nested_metric(metric, owner)))
        except KeyError as error:
            self.found.losses.append(Loss(f'metric "{metric["name"]}"', f"it has no {error}"))

    def settled(self) -> DbtDeclarations:
        """All of it, once every document is read."""
        found = self.found
        found.models = self._by_name("semantic model", filter(_is_enabled, self.models))
        found.metrics = self._by_name("metric", filter(_is_enabled, self.metrics))
        found.saved_queries = [each for each in found.saved_queries if _is_enabled(each)]
        for each in found.models.values():
            for kind, many in _MEMBERS.items():
                if each.get(many):
                    each[many] = list(self._by_name(kind, each[many]).values())
            if not each.get("node_relation"):
                each["node_relation"] = referred_relation(str(each["model"]), self.relations)
        self._without_templates()
        OwnAggregates(found.models, found.metrics, found.losses).measured()
        return found

    def _by_name(self, kind: str, declared: Iterable[Tree]) -> dict[str, Tree]:
        """Members by their names; of several of one name that differ none."""
        found: dict[str, list[Tree]] = {}
        for each in declared:
            alike = found.setdefault(each["name"], [])
            alike += [] if each in alike else [each]
        self.found.losses += [
            Loss(f'{kind} "{name}"', "several have this name", COLLIDING)
            for name, each in found.items()
            if len(each) > 1
        ]
        return {name: each[0] for name, each in found.items() if len(each) == 1}

    def _without_templates(self) -> None:
        """Lose the descriptions that dbt would look up in its documents."""
        found = self.found
        declared: list[tuple[str, Json]] = [
            *((f'semantic model "{name}"', each) for name, each in found.models.items()),
            *((f'metric "{name}"', each) for name, each in found.metrics.items()),
            *((f'saved query "{each["name"]}"', each) for each in found.saved_queries),
        ]
        found.losses += [
            Loss(place, "a description of it is a template")
            for place, each in declared
            if _drop_templates(each)
        ]


def _drop_templates(tree: Any) -> int:
    """Drop the descriptions that are templates, and count them."""
    if isinstance(tree, list):
        return sum(map(_drop_templates, tree))
    if not isinstance(tree, dict):
        return 0
    is_template = "{{" in str(tree.get("description"))
    if is_template:
        del tree["description"]
    return is_template + sum(map(_drop_templates, tree.values()))


def _several(document: Json, one: str, many: str) -> list[Json]:
    """Members that stand alone, in a list, or in a map by their identifiers."""
    lone = [document[one]] if isinstance(document.get(one), Mapping) else []
    written = document.get(many) or ()
    return [*lone, *(written.values() if isinstance(written, Mapping) else written)]


def _plain(tree: Any) -> Any:
    """A tree of maps and lists that may be changed without changing what was read."""
    if isinstance(tree, Mapping):
        return {key: _plain(value) for key, value in tree.items()}
    return [_plain(each) for each in tree] if isinstance(tree, list | tuple) else tree


def _is_enabled(declared: Json) -> bool:
    return (declared.get("config") or {}).get("enabled") is not False
