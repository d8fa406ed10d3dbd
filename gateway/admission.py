"""Who runs now, who waits, and who is sent away."""

from __future__ import annotations

import threading
from collections import deque

from gateway.errors import Overloaded


class Slot:
    """The right to run one query, until it is released."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._lock = threading.Lock()
        self._held = True

    def release(self) -> None:
        """Let the next one run. Safe to call twice, from any thread."""
        with self._lock:
            held, self._held = self._held, False
        if held:
            self._admission.leave()


class Admission:
    """Bounds how many run at once and how many wait for that, first come, first served."""

    def __init__(self, *, running_max: int, queued_max: int) -> None:
        # Reentrant: a query that is collected as garbage leaves wherever that happens to be.
        self._lock = threading.RLock()
        self._running_max = running_max
        self._queued_max = queued_max
        self._running = 0
        self._queue: deque[threading.Event] = deque()

    @property
    def running(self) -> int:
        """How many slots are held."""
        return self._running

    @property
    def queued(self) -> int:
        """How many wait."""
        return len(self._queue)

    def enter(self, *, timeout_s: float) -> Slot:
        """Take a slot, waiting in line for one.

        Raises:
            Overloaded: the line is full, or no slot came free in time.
        """
        turn = threading.Event()
        with self._lock:
            self._queue.append(turn)
            self._call_next()
            if len(self._queue) > self._queued_max and self._gave_up(turn):
                raise self._refusal(f"{self._queued_max} wait already")
        if not turn.wait(timeout_s) and self._gave_up(turn):
            raise self._refusal(f"no turn came within {timeout_s:g} s")
        return Slot(self)

    def leave(self) -> None:
        """Give a slot back; called by the slot itself."""
        with self._lock:
            self._running -= 1
            self._call_next()

    def _call_next(self) -> None:
        while self._queue and self._running < self._running_max:
            self._running += 1
            self._queue.popleft().set()

    def _gave_up(self, turn: threading.Event) -> bool:
        """Leave the line; not possible any more where the turn has come meanwhile."""
        with self._lock:
            if turn.is_set():
                return False
            self._queue.remove(turn)
            return True

    def _refusal(self, reason: str) -> Overloaded:
        return Overloaded(
            "too many queries run at once",
            detail=f"{self._running_max} queries run, and {reason}.",
            hint="Ask again in a few seconds.",
        )
