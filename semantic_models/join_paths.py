"""Safe ways from one model to another, over joins that keep a row a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from semantic_models.model import Bridge, Cardinality, Join, Path

Joins = Mapping[str, Mapping[str, Join]]
"""Every join by the name of its source model and its own name."""
Bridges = Mapping[str, Mapping[str, Bridge]]
"""Every bridge, likewise."""

WAYS_MAX = 2
"""Two ways to one model are enough to know that its name is ambiguous."""


def cardinality(*, source_is_key: bool, target_is_key: bool) -> Cardinality:
    """How many rows meet, from which sides' join columns hold a declared key."""
    match source_is_key, target_is_key:
        case True, True:
            return Cardinality.ONE_TO_ONE
        case False, True:
            return Cardinality.MANY_TO_ONE
        case True, False:
            return Cardinality.ONE_TO_MANY
        case _:
            return Cardinality.MANY_TO_MANY


def backward(join: Join) -> Join:
    """The same edge walked from its target's side."""
    turned = {
        Cardinality.MANY_TO_ONE: Cardinality.ONE_TO_MANY,
        Cardinality.ONE_TO_MANY: Cardinality.MANY_TO_ONE,
    }
    return Join(
        name=f"{join.source}:{join.name}",
        source=join.target,
        target=join.source,
        columns=tuple((right, left) for left, right in join.columns),
        cardinality=turned.get(join.cardinality, join.cardinality),
        key=join.key,
        declared=False,
    )


def both_ways(joins: Joins) -> Joins:
    """The joins, and those walked backwards that nobody wrote, by the model they leave from.

    One that is walked backwards is named ``source:join``, as nobody can write.
    """
    edges = {model: dict(its) for model, its in joins.items()}
    written = {
        (join.source, join.target, frozenset(join.columns))
        for its in joins.values()
        for join in its.values()
    }
    for its in joins.values():
        for join in its.values():
            if join.valid or join.by_partition or join.conditions:
                continue
            turned = backward(join)
            place = (turned.source, turned.target, frozenset(turned.columns))
            if place not in written:
                edges.setdefault(turned.source, {})[turned.name] = turned
    return edges


def walked(joins: Joins, home: str, path: Path) -> tuple[Join, ...]:
    """The joins along a path."""
    steps: list[Join] = []
    for name in path:
        steps.append(joins[steps[-1].target if steps else home][name])
    return tuple(steps)


def safe_paths(joins: Joins, home: str) -> dict[str, tuple[Path, ...]]:
    """Up to two paths from ``home`` to each model that N:1 and 1:1 joins reach.

    A path never visits a model twice. A model that two paths reach already is not walked again,
    since whatever lies behind it is ambiguous by then; so the walk is linear in the joins.
    """
    found: dict[str, list[Path]] = {home: [()]}
    waiting: list[tuple[str, Path, tuple[str, ...]]] = [(home, (), (home,))]
    while waiting:
        model, path, visited = waiting.pop(0)
        for join in joins.get(model, {}).values():
            ways = found.setdefault(join.target, [])
            if not join.cardinality.keeps_rows or join.target in visited:
                continue
            if len(ways) < WAYS_MAX:
                ways.append((*path, join.name))
                waiting.append((join.target, (*path, join.name), (*visited, join.target)))
    return {model: tuple(ways) for model, ways in found.items() if ways}


Way = tuple[Join, ...]
"""The joins from one model to another, in the order in which they are walked."""


@dataclass(frozen=True)
class Ways:
    """The ways between the models of a project; those from one model are looked for once."""

    edges: Joins
    """Every join by the model it leaves from, those walked backwards too."""
    unparted: frozenset[str] = frozenset()
    """Homes without a partition: a join that meets a row of each is no way for them."""
    _safe: dict[tuple[str, bool], Mapping[str, tuple[Way, ...]]] = field(default_factory=dict)

    def safe(self, home: str, *, unparted: bool = False) -> Mapping[str, tuple[Way, ...]]:
        """Up to two ways from a model to each other one over joins that keep rows."""
        place = (home, unparted)
        if place not in self._safe:
            edges = self._one_row if unparted else self.edges
            self._safe[place] = {
                target: tuple(walked(self.edges, home, path) for path in paths)
                for target, paths in safe_paths(edges, home).items()
            }
        return self._safe[place]

    @cached_property
    def _one_row(self) -> Joins:
        """The joins without those that meet a row of each partition."""
        return {
            model: {name: join for name, join in its.items() if not join.by_partition}
            for model, its in self.edges.items()
        }

    def to(self, home: str, target: str) -> tuple[Way, ...]:
        """The ways to a model whose name does not spell out its joins.

        Over joins that keep rows; failing that, over one step to many and then such joins. One
        that wants a partition which the home has not is told only where there is no other.
        """
        if home not in self.unparted:
            return self._to(home, target, unparted=False)
        found = self._to(home, target, unparted=True)
        return found or self._to(home, target, unparted=False)[:1]

    def _to(self, home: str, target: str, *, unparted: bool) -> tuple[Way, ...]:
        return self.safe(home, unparted=unparted).get(target, ()) or tuple(
            (first, *steps)
            for first in self.edges[home].values()
            if not first.cardinality.keeps_rows
            for steps in self.safe(first.target, unparted=unparted).get(target, ())
        )
