"""Rows that fill an answer up: one for each period of metric time that has none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tests.oracle.language import (
    PARAM,
    Aggregate,
    Existing,
    Expr,
    MetricAt,
    Parts,
    Value,
    conjuncts,
    metrics_in,
    names_in,
)
from tests.oracle.leaves import Group, Leaf, Range, scope_of
from tests.oracle.paths import Reference, Refused
from tests.oracle.readings import at_grain, is_time, time_of
from tests.oracle.rows import Rows, find_at
from tests.oracle.time_parts import grain_within, part_named, walked_grain
from tests.oracle.times import (
    GRAINS,
    TICK,
    after,
    civil_of,
    instant_of,
    is_instant,
    midnight,
    start_of,
)
from tests.oracle.values import holds


@dataclass
class Filled:
    """The metric times of an answer, by their places among its groups."""

    rows: Rows
    leaves: list[Leaf]
    """Those whose rows' times the answer lies between."""
    columns: list[dict[Leaf, Reference]]
    grains: list[str | None]
    kinds: list[str]
    range: Range | None
    where: tuple[Expr, ...]
    is_dense: bool = False
    """Whether each period is told for all that the answer is grouped by besides."""
    ranked: int | None = None
    """The place of a dimension whose first members are meant: it is no metric time."""
    places: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.places = [
            place
            for place, each in enumerate(self.columns)
            if place != self.ranked and self._is_time(each)
        ]

    def whole_places(self) -> list[int]:
        """The places of the times that are told by a grain, and not by a part."""
        return [place for place in self.places if not part_named(self.grains[place] or "")]

    def groups(self, told: list[Group]) -> list[Group]:
        """The groups that are added to those that are told."""
        others = [place for place in range(len(self.columns)) if place not in self.places]
        is_dense = self.is_dense and bool(others)
        told_by = range(len(self.columns)) if is_dense else self.places
        seen = {tuple(group[place] for place in told_by) for group in told}
        beside = [group for group in told if is_dense] or [(None,) * len(self.columns)]
        found: dict[Group, None] = {}
        for period in self._periods() if self.places and (told or not is_dense) else []:
            for each in beside:
                group = list(each)
                for place in self.places:
                    group[place] = self._shown(period, place)
                if None in [group[place] for place in self.places]:
                    continue  # the calendar has no such day
                if tuple(group[place] for place in told_by) not in seen and self._holds(group):
                    found[tuple(group)] = None
        return list(found)

    def _is_time(self, column: dict[Leaf, Reference]) -> bool:
        times = [
            replace_grain(reference) == time_of(self.rows.project, leaf)
            for leaf, reference in column.items()
            if leaf.time(self.rows.project)
        ]
        return len(times) == len(column) and all(times)

    def _shown(self, period: datetime, place: int) -> Value:
        kind, grain = self.kinds[place], self.grains[place]
        assert grain is not None
        if grain not in GRAINS:
            return self.rows.told(period, grain)
        started = start_of(period, grain)
        if kind == "date":
            return started.date()
        return started if kind == "timestamp" else instant_of(started, self.rows.zone)

    def _periods(self) -> list[datetime]:
        grains = [walked_grain(self.grains[place] or "") for place in self.places]
        finest = min(grains, key=GRAINS.index)
        if not all(_nests(finest, each) for each in grains):
            finest = "day"
        low, high = self._ends(self.leaves)
        if (low, high) != self._ends([leaf for column in self.columns for leaf in column]):
            raise Refused("OPEN")
        if low is None or high is None:
            return []
        found, period = [], start_of(low, finest)
        while period <= high:
            found.append(period)
            period = after(period, finest)
        return found

    def _ends(self, leaves: list[Leaf]) -> tuple[datetime | None, datetime | None]:
        """The first and last time of the question's range, or of the rows of some leaves."""
        moments = [
            civil_of(value, self.rows.zone) if is_instant(value) else midnight(value)
            for leaf in leaves
            if leaf.time(self.rows.project)
            for row in self.rows.of[leaf.home]
            if (value := self._value(leaf, row)) is not None
        ]
        low, high = min(moments, default=None), max(moments, default=None)
        if self.range is None or not self._is_on_time():
            return low, high
        return self.range.start or low, self.range.end - TICK if self.range.end else high

    def _value(self, leaf: Leaf, row: dict[str, Value]) -> Value:
        scope = scope_of(self.rows, leaf, row)
        return self.rows.read(time_of(self.rows.project, leaf), scope)

    def _is_on_time(self) -> bool:
        assert self.range is not None
        return all(
            is_time(self.rows, leaf.home, leaf.time(self.rows.project), self.range.on)
            for leaf in self.leaves
        )

    def _holds(self, group: list[Value]) -> bool:
        scope = OfAdded(self, group)
        return all(
            holds(each, scope)
            for predicate in self.where
            for each in conjuncts(predicate)
            if not isinstance(each, Existing) and not any(metrics_in(each))
            if all(scope.place(name) is not None for name in names_in(each))
        )


@dataclass
class OfAdded:
    """Names as they are in an added row."""

    filled: Filled
    group: list[Value]

    @property
    def zone(self) -> str:
        """The zone that times are read in."""
        return self.filled.rows.zone

    def place(self, parts: Parts) -> int | None:
        """The grouped column that a name is."""
        for place, column in enumerate(self.filled.columns):
            if all(
                self._is_same(leaf, parts, each, self.filled.grains[place])
                for leaf, each in column.items()
            ):
                return place
        grains = self.filled.grains
        told = [place for place in self.filled.places if grains[place] in GRAINS]
        for place in sorted(told, key=lambda each: GRAINS.index(grains[each] or "")):
            if self._is_told(parts, place):
                return place
        return None

    def _is_told(self, parts: Parts, place: int) -> bool:
        """Whether a name is metric time, and alike in the whole of a period or bare."""
        rows, own = self.filled.rows, self.filled.grains[place]
        assert own is not None
        return all(
            is_time(rows, leaf.home, leaf.time(rows.project), parts)
            and ((grain := self._grain(leaf, parts)) is None or _nests(own, grain_within(grain)))
            for leaf in self.filled.columns[place]
        )

    def _grain(self, leaf: Leaf, parts: Parts) -> str | None:
        project = self.filled.rows.project
        return find_at(project, leaf.home, parts, leaf.time(project)).grain

    def _is_same(self, leaf: Leaf, parts: Parts, column: Reference, grain: str | None) -> bool:
        project = self.filled.rows.project
        found = find_at(project, leaf.home, parts, leaf.time(project))
        if replace_grain(found) != replace_grain(column):
            return False
        if grain is None or found.grain == grain:
            return True
        return found.grain is None and found.dimension.grain == grain

    def name(self, parts: Parts) -> Value:
        """The value of a grouped column or of a parameter."""
        if parts[0] == PARAM:
            return self.filled.rows.params[parts[1]]
        place = self.place(parts)
        assert place is not None
        value, rows = self.group[place], self.filled.rows
        leaf = next(iter(self.filled.columns[place]))
        named = find_at(rows.project, leaf.home, parts, leaf.time(rows.project))
        if place not in self.filled.places or value is None:
            return value
        return value if named.grain == self.filled.grains[place] else at_grain(rows, named, value)

    def aggregate(self, expr: Aggregate | MetricAt) -> Value:
        """No document says whether a metric's value for a row is one for an added row."""
        raise Refused("OPEN")


def _nests(grain: str, other: str) -> bool:
    """Whether each period of a grain lies within one of the other."""
    months = ("month", "quarter", "year")
    if grain == other or (grain in months and other in months):
        return GRAINS.index(grain) <= GRAINS.index(other)
    return GRAINS.index(grain) <= GRAINS.index("day") and GRAINS.index(grain) < GRAINS.index(other)


def replace_grain(reference: Reference) -> Reference:
    """A name at no grain."""
    return Reference(reference.steps, reference.model, reference.dimension)
