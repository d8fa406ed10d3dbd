"""Where answers are kept, by their names."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

from cache.entry import Entry
from cache.fingerprint import CacheKey


class Store(Protocol):
    """Keeps some answers. Whoever shares it between threads locks it."""

    def get(self, key: CacheKey) -> Entry | None:
        """The answer of that name, if it is kept still."""
        ...

    def put(self, key: CacheKey, entry: Entry) -> bool:
        """Keep an answer, if there can be room for it; tell whether it is kept."""
        ...


class MemoryStore:
    """Answers in memory, bounded in bytes; those asked for longest ago go first."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        """What may be kept."""
        self.size_bytes = 0
        """What is kept now."""
        self._entries: OrderedDict[CacheKey, Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: CacheKey) -> Entry | None:
        """The answer of that name, which thereby becomes the last to go."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: CacheKey, entry: Entry) -> bool:
        """Keep an answer; one heavier than the whole store is not."""
        if entry.size_bytes > self.bytes_max:
            return False
        self._drop(self._entries.pop(key, None))
        self._entries[key] = entry
        self.size_bytes += entry.size_bytes
        while self.size_bytes > self.bytes_max:
            self._drop(self._entries.popitem(last=False)[1])
        return True

    def clear(self) -> None:
        """Keep nothing."""
        self._entries.clear()
        self.size_bytes = 0

    def _drop(self, entry: Entry | None) -> None:
        if entry is not None:
            self.size_bytes -= entry.size_bytes
