"""How one engine's SQL differs, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from semantic_models.model import Grain


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What the generator must know of an engine beyond its sqlglot dialect."""

    name: str
    """Ours and sqlglot's name of the dialect."""
    version: str
    """Changes whenever the same plan may give another text: part of every cache key."""
    types: dict[str, str]
    """The engine's names of our kinds, as written in a CAST."""
    truncate: Callable[[Grain, exp.Expr], exp.Expr]
    """Cut a civil time to a grain."""
    to_civil: Callable[[exp.Expr, str], exp.Expr]
    """The civil time that an instant shows in a zone."""
    to_instant: Callable[[exp.Expr, str], exp.Expr]
    """The instant at which a zone shows a civil time."""
    series: Callable[[exp.Expr, exp.Expr, exp.Expr], exp.Expr]
    """What FROM reads one row a step of, from a first civil time to a last one."""
    refusal: str = ""
    """The function that ends a query with a text; empty where there is none."""
    weekday: str = "ISODOW"
    """What EXTRACT calls the day of the week from Monday = 1 on."""
    has_filter_clause: bool = True
    """Whether aggregates take FILTER (WHERE …)."""
    has_boolean_max: bool = True
    """Whether MAX takes booleans."""
    has_mixed_intervals: bool = True
    """Whether one interval may have days and hours, which are then told apart."""
    lacks: frozenset[type[exp.Expr]] = frozenset()
    """Functions that the engine has not, or only in an approximate form."""
