"""Columns that pair rows, masked wherever they stand: rows are paired as ever, and nothing shown.

Their values are moved by one number in the other world, so that equal ones stay equal and their
order is the same: whatever differs then has been read as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from tests.oracle.language import Join, Project, Row
from tests.oracle.spell import sql_of

Place = tuple[str, str]
"""A model and a column of it."""
MOVED_BY = 1000
KINDS = ("integer", "bigint")
CHANCE = 0.6


@dataclass(frozen=True)
class MaskedKeys:
    """Columns that are masked together, because their values meet each other."""

    places: frozenset[Place] = frozenset()

    def lines(self) -> list[str]:
        """A policy for each of them."""
        return [
            f"  key_{model}_{column}: {{on: {model}, mask: {{{column}: '7'}}}}"
            for model, column in sorted(self.places)
        ]

    def moved(self, model: str, rows: Iterable[Row]) -> list[Row]:
        """Rows of a model with other values in them."""
        columns = [column for name, column in self.places if name == model]
        return [
            row | {name: row[name] + MOVED_BY for name in columns if row[name] is not None}
            for row in rows
        ]


def masked_keys(random: Random, project: Project, compared: Iterable[Place]) -> MaskedKeys:
    """Columns of a random project that are keys of each other, and none that is ``compared``."""
    compared = {*compared, *_read_otherwise(project)}
    found = [each for each in _meeting(project) if not each & compared]
    if not found or random.random() > CHANCE:
        return MaskedKeys()
    return MaskedKeys(random.choice(sorted(found, key=sorted)))


def _meeting(project: Project) -> list[frozenset[Place]]:
    """The columns whose values meet, those of each join and those of further joins with them."""
    groups: list[set[Place]] = []
    for one, other in _pairs(project):
        joined = {one, other}.union(*(each for each in groups if {one, other} & each))
        groups = [each for each in groups if not each & joined] + [joined]
    is_number = [
        frozenset(each)
        for each in groups
        if all(project.models[model].columns[column] in KINDS for model, column in each)
    ]
    return [each for each in is_number if each]


def _pairs(project: Project) -> Iterator[tuple[Place, Place]]:
    for model in project.models.values():
        for join in model.joins.values():
            if not join.through:
                yield from (((model.name, left), (join.to, right)) for left, right in join.pairs)


def _read_otherwise(project: Project) -> Iterator[Place]:
    """The columns that joins compare with more than each other, or that bridges pair by."""
    for model in project.models.values():
        for join in model.joins.values():
            text = _conditions(join)
            for name in (model.name, join.to):
                columns = project.models[name].columns
                yield from ((name, column) for column in columns if column in text)
            if join.through:
                yield from _of_bridge(project, join)


def _conditions(join: Join) -> str:
    return " ".join([*map(sql_of, join.conditions), *(join.valid or ()), join.at or ""])


def _of_bridge(project: Project, join: Join) -> Iterator[Place]:
    for model in project.models.values():
        yield from ((model.name, left) for left, _ in join.pairs)
        yield from ((model.name, right) for _, right in join.pairs)
