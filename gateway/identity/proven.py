"""Somebody who proved who they are, and for how long that holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auth.policy import AttributeType
from auth.principal import Principal

Declared = Callable[[], Mapping[str, AttributeType]]
"""The attributes that the project declares, as it is loaded now."""

TOKEN_BYTES_MAX = 16 * 1024
"""The longest token; no longer one is parsed."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A principal, and what its proof depends on."""

    principal: Principal
    until: float = math.inf
    """When the proof ends, in seconds since the epoch."""
    key_id: str = ""
    """The key that proves it, which may be revoked before."""
