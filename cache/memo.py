"""What was made once and would be made alike again."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memo(Generic[Key, Value]):
    """Values by key, bounded in bytes; those put first go first.

    Finding one changes nothing. Whoever shares a memo between threads locks ``put``.
    """

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        """What may be kept."""
        self.size_bytes = 0
        """What is kept now."""
        self._kept: dict[Key, tuple[Value, int]] = {}

    def get(self, key: Key) -> Value | None:
        """The value of that key, if it is kept still."""
        found = self._kept.get(key)
        return None if found is None else found[0]

    def put(self, key: Key, value: Value, size_bytes: int) -> None:
        """Keep a value; one heavier than the whole memo is not kept."""
        self._drop(key)
        if size_bytes > self.bytes_max:
            return
        self._kept[key] = value, size_bytes
        self.size_bytes += size_bytes
        while self.size_bytes > self.bytes_max:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        _, size_bytes = self._kept.pop(key, (None, 0))
        self.size_bytes -= size_bytes
