"""What is wrong with a project, and what is lost to it, gathered from stage to stage.

Whatever could not be read, resolved or typed is lost, with the fault that is the cause. Who needs
it raises that cause again: it is told once, and what only follows from it is not told at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from semantic_models.errors import ForebayError
from semantic_models.spec import ANY, ROOT_NAME

T = TypeVar("T")

Place = tuple[str, ...]
"""What is lost: a section's word and names within it.

``models MODEL``, ``columns MODEL COLUMN``, ``joins MODEL JOIN``, ``members MODEL NAME`` (dimensions
and segments), ``metrics NAME`` and ``metrics MODEL.NAME`` (measures too); ``key MODEL``, ``engine
MODEL`` and ``relation MODEL`` are what a model says of itself; ``engines ENGINE``, ``tables ENGINE
TABLE`` and ``default_engine`` are of forebay.yml. A name may be ``ANY``.
"""


@dataclass
class Faults:
    """Collects what goes wrong, so that one fault does not hide the next."""

    found: list[ForebayError] = field(default_factory=list)
    lost: dict[Place, ForebayError] = field(default_factory=dict)
    """The cause of each loss."""

    def add(self, fault: ForebayError, *places: Place) -> None:
        """Take a fault that is told, and what is lost to it."""
        self.found.append(fault)
        self.lose(fault, *places)

    def add_once(self, fault: ForebayError, *, since: int) -> None:
        """Take a fault of an expression, unless another of its words has the same."""
        same = (each for each in self.found[since:] if each.message == fault.message)
        if next(same, None) is None:
            self.found.append(fault)

    def lose(self, cause: ForebayError, *places: Place) -> None:
        """Take what is lost to a fault that is told elsewhere."""
        for place in places:
            self.lost.setdefault(place, cause)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong, and nothing lost."""
        return not self.found and not self.lost

    def take(self, others: Faults) -> None:
        """Take the faults of a part, and what is lost to them."""
        self.found += others.found
        for place, cause in others.lost.items():
            self.lost.setdefault(place, cause)

    def attempt(self, work: Callable[[], T], *places: Place) -> T | None:
        """The work's result, or None, one fault more and what is lost to it."""
        try:
            return work()
        except ForebayError as error:
            self.add(error, *places)
            return None

    def refuse_since(self, before: int) -> None:
        """Raise the first fault that was told after ``before`` of them, if any was."""
        if len(self.found) > before:
            raise self.found[before]

    def refuse_named(self, *place: str) -> None:
        """Raise the cause why something that is named is lost, if it is."""
        cause = self.lost.get(place)
        if cause is not None:
            raise cause

    def refuse_lost(self, *place: str) -> None:
        """Raise the cause why what is not found is lost, if it is or may be."""
        cause = self.lost.get(place) or self.lost.get((*place[:-1], ANY))
        if cause is not None:
            raise cause

    def refuse_any_lost(self, *within: str) -> None:
        """Raise the cause why anything of a section is lost, if it is."""
        for place, cause in self.lost.items():
            if place[: len(within)] == within:
                raise cause

    def in_order(self) -> tuple[ForebayError, ...]:
        """Each fault once, by file and line, those of forebay.yml first."""
        told: dict[tuple[object, ...], ForebayError] = {}
        for error in self.found:
            told.setdefault((error.code, error.message, error.position), error)
        return tuple(sorted(told.values(), key=_place))


def _place(error: ForebayError) -> tuple[bool, str, int, int]:
    at = error.position
    return (at.source != ROOT_NAME, at.source, at.line, at.column) if at else (False, "", 0, 0)
