"""What every suite gives to the runner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Case:
    """One question of a suite with what must come of it."""

    name: str
    run: Callable[[], str | None]
    """Ask it; why it fails, with the first row that differs, or nothing where it passes."""


Suite = Callable[[Path], Iterable[Case]]
"""All cases of a folder."""
