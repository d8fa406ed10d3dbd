"""Where answers are kept, by their names."""

from __future__ import annotations

from typing import Protocol

from cachetools import LRUCache

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
        self._entries: LRUCache[CacheKey, Entry] = LRUCache(
            bytes_max, lambda entry: entry.size_bytes
        )

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size_bytes(self) -> int:
        """What is kept now."""
        return int(self._entries.currsize)

    @property
    def bytes_max(self) -> int:
        """What may be kept."""
        return int(self._entries.maxsize)

    def get(self, key: CacheKey) -> Entry | None:
        """The answer of that name, which thereby becomes the last to go."""
        return self._entries.get(key)

    def put(self, key: CacheKey, entry: Entry) -> bool:
        """Keep an answer; one heavier than the whole store is not."""
        if entry.size_bytes > self.bytes_max:
            return False
        self._entries[key] = entry
        return True

    def clear(self) -> None:
        """Keep nothing."""
        self._entries.clear()
