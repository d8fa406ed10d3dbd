"""Bridges: names for the two steps over a model that pairs the rows of two others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from semantic_models.checks import unknown
from semantic_models.errors import AmbiguousPath, NoPath, WrongType
from semantic_models.faults import Faults
from semantic_models.join_paths import Bridges, Joins, both_ways
from semantic_models.model import Bridge, Join
from semantic_models.spec import JoinSpec, ModelSpec, Scalar

Specs = Mapping[str, ModelSpec]


def build_bridges(specs: Specs, joins: Joins, faults: Faults) -> Bridges:
    """Every bridge whose two joins are found; what keeps the others from it is a fault."""
    builder = _Builder(specs, joins, faults)
    return {name: builder.bridges(spec) for name, spec in specs.items()}


@dataclass(frozen=True)
class _Builder:
    specs: Specs
    joins: Joins
    faults: Faults

    @cached_property
    def edges(self) -> Joins:
        """Joins as they may be walked; without a bridge nobody asks."""
        return both_ways(self.joins)

    def bridges(self, spec: ModelSpec) -> dict[str, Bridge]:
        made = [
            self.faults.attempt(
                partial(self._bridge, spec.name.text, each, each.through),
                ("joins", spec.name.text, each.name.text),
            )
            for each in spec.joins
            if each.through is not None
        ]
        return {each.name: each for each in made if each}

    def _bridge(self, model: str, join: JoinSpec, through: Scalar) -> Bridge:
        self._check(model, join, through)
        bridge, target = through.text, join.to.text
        back = [each for each in self._leaving(model) if each.target == bridge]
        onward = [
            each
            for each in self._leaving(bridge)
            if each.target == target and each.cardinality.keeps_rows
        ]
        first = _only(back, through, f'model "{model}" to "{bridge}"')
        second = _only(onward, through, f'model "{bridge}" to "{target}"')
        path = (first.name, second.name)
        return Bridge(name=join.name.text, target=target, through=bridge, path=path)

    def _leaving(self, model: str) -> Iterable[Join]:
        return self.edges.get(model, {}).values()

    def _check(self, model: str, join: JoinSpec, through: Scalar) -> None:
        _refuse_conditions(join, through)
        for each in (join.to, through):
            if each.text not in self.specs:
                self.faults.refuse_lost("models", each.text)
                raise unknown("model", each.text, self.specs, "Models").at(each.position())
        self.faults.refuse_named("joins", model, join.name.text)
        own = {each.name.text for each in self.specs[model].joins if each.through is None}
        for place, cause in self.faults.lost.items():
            is_own = place[:2] == ("joins", model) and place[-1] in own
            if is_own or place[:2] == ("joins", through.text):
                raise cause


def _refuse_conditions(join: JoinSpec, through: Scalar) -> None:
    beside = (join.on, *join.columns, *join.valid, join.at)
    found = next((each for each in beside if each is not None), None)
    if found is not None:
        raise WrongType(
            f'join "{join.name.text}" has a condition beside "through"',
            hint=f'Write it in the joins of model "{through.text}".',
            position=found.position(),
        )


def _only(found: Sequence[Join], through: Scalar, between: str) -> Join:
    """The one join that a bridge can mean."""
    if not found:
        raise NoPath(
            f"no join leads from {between}",
            hint=f'Declare it in model "{through.text}".',
            position=through.position(),
        )
    if len(found) > 1:
        names = " and ".join(f'"{each.name.rpartition(":")[2]}"' for each in found)
        raise AmbiguousPath(
            f"several joins lead from {between}",
            hint=f"Keep one of {names}, or write the whole path in questions.",
            position=through.position(),
        )
    return found[0]
