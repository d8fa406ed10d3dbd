"""What a row of `make security` has seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """How many inputs were asked, and what came of those that should have gone otherwise."""

    inputs: int
    leaks: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    """Verdicts that should have been others, dead controls among them."""
