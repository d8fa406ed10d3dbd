"""What holds for one turn of the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

Subject = TypeVar("Subject")
Found = TypeVar("Found")


class Turn(Generic[Subject, Found]):
    """Finds something out about each subject once a turn of the event loop.

    Every request that is handled in a turn was sent before the turn began, so that what is found
    in it is no older than any of them: whoever changes data and then asks is answered from what
    it changed. To ask the system for the state of a file is a good part of an answer from memory.
    """

    def __init__(self, find: Callable[[Subject], Found]) -> None:
        self._find = find
        self._found: dict[int, tuple[Subject, Found]] = {}

    def of(self, subject: Subject) -> Found:
        """What is found of this very object. Raises what finding raises, which is not kept."""
        kept = self._found.get(id(subject))
        if kept is not None:
            return kept[1]
        found = self._find(subject)
        if not self._found:
            asyncio.get_running_loop().call_soon(self._found.clear)
        # The subject is held so that its identity stays its own.
        self._found[id(subject)] = subject, found
        return found
