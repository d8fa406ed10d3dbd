"""Whether names mean one dimension to the models of a metric, however each of them is spelled."""

from __future__ import annotations

from collections.abc import Sequence

from semantic_models.errors import ForebayError, NotSupported
from semantic_models.metric_predicates import called_by
from semantic_models.model import Dimension
from semantic_models.record import record
from semantic_models.resolve_filters import Look
from semantic_models.resolve_names import Reached, parts_of


@record()
class SameNames:
    """The names that an author lists, beside those of a question."""

    looks: tuple[Look, ...]
    """What a name means to each measure of the metric."""

    def is_group_among(self, name: str, listed: Sequence[str]) -> bool:
        """The same for a dimension that is grouped by, where a bare time has a grain."""
        return any(self._covers(each, name, is_group=True) for each in listed)

    def is_among(self, name: str, listed: Sequence[str]) -> bool:
        """Whether a name means what one of those that are listed does.

        A time dimension stands for all of its grains and parts, those of calendars too.

        Raises:
            NotSupported: it does to some of the measures only.
        """
        return any(self._covers(each, name, is_group=False) for each in listed)

    def _covers(self, written: str, name: str, *, is_group: bool) -> bool:
        if parts_of(written) == parts_of(name):
            return True
        told = set()
        for look in self.looks:
            one, other = _meant(look, written), _meant(look, name)
            if one is not None and other is not None:
                told.add(_stands_for(one, other.grouped() if is_group else other))
        if len(told) > 1:
            raise NotSupported(
                f'"{written}" of a metric means "{name}" to some of its measures only',
                detail="Each measure has a metric time of its own.",
                hint=f'Ask by the name "{written}", or for the measures in metrics of their own.',
            )
        return told == {True}


def _meant(look: Look, name: str) -> Reached | None:
    if called_by(name) is not None:
        return None
    try:
        return look(name)
    except ForebayError:
        return None


def _stands_for(one: Reached, other: Reached) -> bool:
    members = [(each.path, each.owner, each.member.name) for each in (one, other)]
    if members[0] != members[1]:
        return False
    is_whole = one.grain is None and not one.part and not one.calendar_grain
    return is_whole or _cut(one) == _cut(other)


def _cut(reached: Reached) -> tuple[str | None, str, str]:
    """What is told of a time: the grain of an uncut one is its own."""
    is_cut = reached.grain is not None or reached.part or reached.calendar_grain
    own = reached.member.grain if isinstance(reached.member, Dimension) else None
    return (reached.grain if is_cut else own), reached.part, reached.calendar_grain
