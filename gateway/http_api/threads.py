"""The worker threads in which HTTP enters the core, which is synchronous."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

from gateway.http_api.problems import guarded

T = TypeVar("T")

PROBES_MAX = 8


class Threads:
    """Threads of this front end alone, so that nobody else's work delays a query.

    Stopping and probing have threads of their own: they must not wait behind the queries that are
    to be stopped, or that an engine does not answer.
    """

    def __init__(self, threads_max: int) -> None:
        self._workers = CapacityLimiter(threads_max)
        self._stoppers = CapacityLimiter(threads_max)
        self._probes = CapacityLimiter(PROBES_MAX)

    async def work(self, call: Callable[[], T]) -> T:
        """Do what blocks, off the event loop; a cancelled task waits for its end."""
        return await to_thread.run_sync(partial(guarded, call), limiter=self._workers)

    async def try_work(self, call: Callable[[], T]) -> T:
        """Do what may never end; a cancelled task leaves it behind."""
        return await to_thread.run_sync(
            partial(guarded, call), limiter=self._probes, abandon_on_cancel=True
        )

    async def stop(self, call: Callable[[], None]) -> None:
        """Do it even when the task around is cancelled: who streams, closes."""
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(call, limiter=self._stoppers)
