"""``metric(NAME, DIMENSION, …)`` in a predicate: another question, whose answer rows meet."""

from __future__ import annotations

from dataclasses import dataclass

from semantic_models.query import Asked, Query

VALUE = "n:"
"""The column of the metric's value; no member has such a name, and no alias may."""


def key_name(number: int) -> str:
    """The column of what its groups are met on."""
    return f"q:{number}"


@dataclass(frozen=True, slots=True)
class Called:
    """A metric and the dimensions that it is grouped by."""

    metric: str
    keys: tuple[str, ...]

    def __str__(self) -> str:
        return f"metric({', '.join((self.metric, *self.keys))})"

    def query(self, *, may_name_columns: bool) -> Query:
        """The question for it, without any predicate."""
        keys = (
            Asked(each, key_name(at), may_be_column=may_name_columns)
            for at, each in enumerate(self.keys)
        )
        return Query(metrics=(Asked(self.metric, VALUE),), dimensions=tuple(keys))


def called_by(name: str) -> Called | None:
    """What such a name calls; None for every other name."""
    if not name.startswith("metric(") or not name.endswith(")"):
        return None
    metric, *keys = (each.strip() for each in name[len("metric(") : -1].split(","))
    return Called(metric, tuple(keys))
