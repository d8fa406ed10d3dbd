"""What an import gives: files, and what was lost on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

COLLIDING = "E_NAME_COLLISION"
"""The code of members of one name, of which an import chooses none."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that one format says and another one does not carry over."""

    place: str
    """The kind and name of what is lost, such as ``metric "revenue"``."""
    reason: str
    code: str = ""
    """The code with which a question for it is refused, where there is one."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The files of a project by path, and the losses."""

    files: Mapping[str, str]
    losses: tuple[Loss, ...]
