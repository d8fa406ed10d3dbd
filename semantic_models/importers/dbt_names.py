"""dbt's names of dimensions and entities -> paths of joins, seen from one semantic model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from semantic_models.importers.dbt_calls import UnknownDbtName
from semantic_models.model import GRAINS

Json = Mapping[str, Any]

METRIC_TIME = "metric_time"
NO_COLUMN = "no column"
"""Marks an entity that a model only names."""
KEYS = ("primary", "unique", "natural")
"""The kinds of entity that tell the rows of their model apart."""


@dataclass(frozen=True)
class DbtModels:
    """The semantic models of a manifest, by name."""

    models: Mapping[str, Json]
    custom_grains: frozenset[str] = frozenset()
    homes: dict[str, str] = field(default_factory=dict)
    """The model of the first measure of each metric."""

    def entities(self, model: str) -> dict[str, Json]:
        """The entities of a model by name; its ``primary_entity`` has no column."""
        found = {each["name"]: each for each in self.models[model].get("entities") or ()}
        primary = self.models[model].get("primary_entity")
        if primary and primary not in found:
            found[primary] = {"name": primary, "type": "primary", NO_COLUMN: True}
        return found

    def dimensions(self, model: str) -> dict[str, Json]:
        """The dimensions of a model by name."""
        return {each["name"]: each for each in self.models[model].get("dimensions") or ()}

    def targets(self, model: str, entity: str) -> list[str]:
        """The other models whose rows an entity of a model tells apart."""
        return [
            name
            for name in self.models
            if name != model
            and (found := self.entities(name).get(entity)) is not None
            and found["type"].lower() in KEYS
            and column_of(found) is not None
        ]

    def join_name(self, model: str, entity: str, target: str) -> str:
        """The join over an entity: its target's name where no other entity leads there."""
        leading = [each for each in self.entities(model) if target in self.targets(model, each)]
        return target if leading == [entity] else f"{entity}_{target}"

    def path(self, model: str, name: str) -> str:
        """A dunder name, without its grain, as a path from a model.

        Raises:
            UnknownDbtName: it leads nowhere.
        """
        *prefix, member = name.split("__")
        found = self._path(model, tuple(prefix), member) or self._behind(
            model, tuple(prefix), member
        )
        if found is None:
            raise UnknownDbtName(name)
        return ".".join(found)

    def _behind(self, model: str, prefix: tuple[str, ...], member: str) -> tuple[str, ...] | None:
        """The same behind one entity that the name does not tell."""
        for entity in self.entities(model):
            found = self._path(model, (entity, *prefix), member)
            if found is not None:
                return found
        return None

    def _path(self, model: str, prefix: tuple[str, ...], member: str) -> tuple[str, ...] | None:
        is_member = member in self.dimensions(model) or self._has_column(model, member)
        if not prefix:
            return (member,) if is_member else None
        entity, rest = prefix[0], prefix[1:]
        own = self.entities(model).get(entity)
        if own is None:
            return None
        if not rest and is_member and own["type"].lower() in KEYS:
            return (member,)
        for target in self.targets(model, entity):
            found = self._path(target, rest, member) if rest else self._path(target, (), member)
            if found is not None:
                return (self.join_name(model, entity, target), *found)
        return None

    def _has_column(self, model: str, entity: str) -> bool:
        found = self.entities(model).get(entity)
        return found is not None and column_of(found) is not None

    def owner(self, name: str) -> str:
        """A dunder name as ``model.member``, wherever it is read from."""
        *prefix, member = name.split("__")
        for model in self.models:
            known = self.entities(model)
            own = known.get(prefix[-1]) if prefix else known.get(member)
            has = member in self.dimensions(model) or self._has_column(model, member)
            if has and own is not None and own["type"].lower() in KEYS:
                return f"{model}.{member}"
        raise UnknownDbtName(name)

    def validity(self, model: str) -> list[str]:
        """The columns from and to which a row of a model is valid; none where it always is."""
        found = {"is_start": "", "is_end": ""}
        for each in self.dimensions(model).values():
            told = (each.get("type_params") or {}).get("validity_params") or {}
            for end in found:
                if told.get(end):
                    found[end] = str(each.get("expr") or each["name"])
        return list(found.values()) if all(found.values()) else []

    def partition(self, model: str) -> str:
        """The column by which a model is partitioned; empty where it is not."""
        for each in self.dimensions(model).values():
            if each.get("is_partition"):
                return str(each.get("expr") or each["name"])
        return ""

    def split_grain(self, name: str) -> tuple[str, str]:
        """A dunder name apart from the grain that it may end with."""
        head, _, last = name.rpartition("__")
        if head and (last in GRAINS or last in self.custom_grains):
            return head, last
        return name, ""


def about(declared: Json) -> dict[str, str]:
    """A description and a label, where they say more than the name."""
    texts = {key: " ".join(str(declared.get(key) or "").split()) for key in _ABOUT}
    return {key: text for key, text in texts.items() if text and text != declared["name"]}


_ABOUT = ("description", "label")


def column_of(entity: Json) -> str | None:
    """The column or expression of an entity; None where it has none."""
    return None if NO_COLUMN in entity else str(entity.get("expr") or entity["name"])
