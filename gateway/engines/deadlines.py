"""What stops queries: one watch an engine, over all that run."""

from __future__ import annotations

import threading
import time
import weakref
from typing import Protocol

TICK_S = 0.05
"""How late a deadline may be noticed; also how often a stop is said again."""


class Running(Protocol):
    """A query that may have to be stopped."""

    @property
    def is_running(self) -> bool:
        """Whether it still holds anything of its engine."""
        ...

    def tick(self, now_s: float) -> bool:
        """Stop if it is time to, and say whether to go on watching."""
        ...

    def close(self) -> None:
        """Stop."""
        ...


class Watch:
    """Looks at every running query each tick, on a thread that lives only while there are some.

    A stop that reaches an engine between two phases of a query is lost, so it is said again
    until the query is seen to have ended. Queries are held weakly: one that nobody reads any more
    is freed, and ends, although it is watched.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[weakref.ref[Running]] = set()
        self._thread: threading.Thread | None = None

    def add(self, running: Running) -> None:
        """Watch a query until it says that it has ended."""
        with self._lock:
            self._running.add(weakref.ref(running))
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="deadlines", daemon=True)
                self._thread.start()

    def running(self) -> tuple[Running, ...]:
        """Every query that is watched."""
        with self._lock:
            watched = tuple(self._running)
        return tuple(each for reference in watched if (each := reference()) is not None)

    def _look(self) -> None:
        while True:
            time.sleep(TICK_S)
            with self._lock:
                watched = tuple(self._running)
            ended = {each for each in watched if not _goes_on(each)}
            with self._lock:
                self._running -= ended
                if not self._running:
                    self._thread = None
                    return


def _goes_on(reference: weakref.ref[Running]) -> bool:
    running = reference()
    return running is not None and running.tick(time.monotonic())
