"""Requests whose body is still to come."""

from __future__ import annotations

import asyncio

import pytest

from gateway.http_api.waiting import Waiting


async def soon() -> str:
    return "here"


def test_what_is_there_is_given_at_once() -> None:
    assert asyncio.run(Waiting(1.0).wait(soon())) == "here"


def test_only_those_past_their_deadline_are_ended() -> None:
    async def ask() -> list[str]:
        waiting, release = Waiting(0.7), asyncio.Event()

        async def released() -> str:
            await release.wait()
            return "released"

        async def one(after_s: float) -> str:
            await asyncio.sleep(after_s)
            try:
                return await waiting.wait(released())
            except TimeoutError:
                return "ended"

        first, second = asyncio.create_task(one(0.0)), asyncio.create_task(one(0.8))
        outcome = [await first]
        release.set()
        return [*outcome, await second]

    assert asyncio.run(ask()) == ["ended", "released"]


def test_whoever_is_cancelled_otherwise_stays_cancelled() -> None:
    async def ask() -> None:
        task = asyncio.create_task(Waiting(60.0).wait(asyncio.sleep(60)))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(ask())


def test_a_task_goes_on_after_its_deadline() -> None:
    async def ask() -> str:
        try:
            await Waiting(0.0).wait(asyncio.sleep(60))
        except TimeoutError:
            await asyncio.sleep(0)
        return "told"

    assert asyncio.run(ask()) == "told"
