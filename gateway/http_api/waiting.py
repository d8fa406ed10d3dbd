"""Requests whose body is still to come, and the end of those that wait too long."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")

SWEEP_S = 0.5
"""How often those who wait are looked at: a timer for each would cost as much as its answer."""


class Waiting:
    """Ends what is waited for longer than a deadline. Used by one event loop alone."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._since_s: dict[asyncio.Task[object], float] = {}
        self._overdue: set[asyncio.Task[object]] = set()
        self._is_swept = False

    async def wait(self, work: Coroutine[object, object, T]) -> T:
        """The result of ``work``.

        Raises:
            TimeoutError: it was not there at its deadline, or at most a sweep later.
        """
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        loop = asyncio.get_running_loop()
        self._since_s[task] = loop.time()
        if not self._is_swept:
            self._is_swept = True
            loop.call_later(SWEEP_S, self._sweep, loop)
        try:
            return await work
        except asyncio.CancelledError:
            if task not in self._overdue:
                raise
            task.uncancel()
            raise TimeoutError from None
        finally:
            del self._since_s[task]
            self._overdue.discard(task)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        began_s = loop.time() - self.timeout_s
        for task, since_s in self._since_s.items():
            if since_s <= began_s and task not in self._overdue:
                self._overdue.add(task)
                task.cancel()
        self._is_swept = bool(self._since_s)
        if self._is_swept:
            loop.call_later(SWEEP_S, self._sweep, loop)
