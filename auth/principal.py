"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who asks, the same whatever door they came through."""

    name: str
    roles: frozenset[str] = frozenset()


ANONYMOUS = Principal("anonymous")
"""Whoever reaches the loopback while there is no identity."""
