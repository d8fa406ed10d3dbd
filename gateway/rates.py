"""How often each may come: a bucket of tokens for each name, of which every coming takes one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

BUCKETS_MAX = 10_000
"""Names that are remembered at once; those that came first go first."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float
    full_at_s: float


class Rates:
    """Token buckets by name. Safe for many threads.

    A bucket that is full again is the same as none, and is forgotten.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}
        self._swept_at_s = clock()

    def __len__(self) -> int:
        with self._lock:
            return len(self._buckets)

    def take(self, name: str, *, per_second: float, burst: float) -> float:
        """Take a token; 0 where there was one, else how many seconds until there is."""
        with self._lock:
            now_s = self._clock()
            self._forget(now_s)
            bucket = self._buckets.get(name) or _Bucket(burst, now_s, now_s)
            tokens = min(burst, bucket.tokens + (now_s - bucket.at_s) * per_second)
            wait_s = max(0.0, (1 - tokens) / per_second)
            if not wait_s:
                tokens -= 1
            full_at_s = now_s + (burst - tokens) / per_second
            self._buckets[name] = _Bucket(tokens, now_s, full_at_s)
            return wait_s

    def wait_s(self, name: str, *, per_second: float) -> float:
        """How many seconds until there is a token; takes none."""
        with self._lock:
            bucket = self._buckets.get(name)
            if bucket is None:
                return 0.0
            tokens = bucket.tokens + (self._clock() - bucket.at_s) * per_second
            return max(0.0, (1 - tokens) / per_second)

    def _forget(self, now_s: float) -> None:
        """Drop what is full again, at most once a second; and the first, where there are many."""
        if now_s - self._swept_at_s >= 1:
            self._swept_at_s = now_s
            full = [name for name, each in self._buckets.items() if each.full_at_s <= now_s]
            for name in full:
                del self._buckets[name]
        while len(self._buckets) >= BUCKETS_MAX:
            del self._buckets[next(iter(self._buckets))]
