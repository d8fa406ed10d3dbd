"""Worker threads."""

from __future__ import annotations

import threading

import anyio
import pytest

from gateway.errors import InternalError
from gateway.http_api.threads import Threads


def test_work_is_done_off_the_loop() -> None:
    async def main() -> tuple[int, int]:
        return threading.get_ident(), await Threads(1).work(threading.get_ident)

    here, there = anyio.run(main)

    assert here != there


def test_a_bug_in_a_thread_is_told_without_its_text() -> None:
    async def main() -> None:
        await Threads(1).work(lambda: 1 // 0)

    with pytest.raises(InternalError):
        anyio.run(main)


def test_stopping_does_not_wait_behind_the_work_it_stops() -> None:
    stopped = threading.Event()

    async def main() -> bool:
        threads = Threads(1)
        async with anyio.create_task_group() as group:
            group.start_soon(threads.work, stopped.wait)
            await threads.stop(stopped.set)
        return stopped.is_set()

    assert anyio.run(main)


def test_stopping_happens_although_the_task_is_cancelled() -> None:
    stopped = threading.Event()

    async def main() -> None:
        threads = Threads(1)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await threads.stop(stopped.set)

    anyio.run(main)

    assert stopped.is_set()


def test_what_never_ends_is_left_behind() -> None:
    released = threading.Event()

    async def main() -> bool:
        with anyio.move_on_after(0.01) as scope:
            await Threads(1).try_work(released.wait)
        return scope.cancelled_caught

    try:
        assert anyio.run(main)
    finally:
        released.set()
