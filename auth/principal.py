"""Who asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

AttributeValue = str | int | float | bool | date | datetime
Attribute = AttributeValue | tuple[AttributeValue, ...]
"""One value, or a list of them."""


class KnownBy(NamedTuple):
    """How it is known who somebody is."""

    kind: str = ""
    """``key``, ``token`` or ``certificate``; empty where nobody was asked."""
    id: str = ""
    """Which one, where it has a name that may be told."""


@dataclass(frozen=True)
class Principal:
    """Somebody who asks, the same whatever door they came through."""

    name: str
    roles: frozenset[str] = frozenset()
    attributes: tuple[tuple[str, Attribute], ...] = ()
    """Pairs of a name and a value, by name; each name once."""
    scopes: frozenset[str] = frozenset()
    """What they may do beside asking, such as ``sql:read``."""
    known_by: KnownBy = field(default=KnownBy(), compare=False)
    """Makes nobody somebody else: it is for records of what was asked."""

    @cached_property
    def by_name(self) -> Mapping[str, Attribute]:
        """The attributes by name."""
        return dict(self.attributes)


ANONYMOUS = Principal("anonymous")
"""Whoever reaches the loopback while there is no identity."""
