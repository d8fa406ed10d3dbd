"""What is written within one turn of the event loop leaves at its end, in one piece."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.http_api.gathered_writes import HELD_BYTES_MAX, GatheredWrites


class Wire(asyncio.Transport):
    """A connection that notes what is done to it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 7)})
        self.done: list[object] = []
        self.is_gone = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.done.append(bytes(data))

    def close(self) -> None:
        self.done.append("close")
        self.is_gone = True

    def is_closing(self) -> bool:
        return self.is_gone

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")


async def end_of_turn() -> None:
    await asyncio.sleep(0)


def done_by(work: Callable[[Wire, GatheredWrites], Coroutine[Any, Any, None]]) -> list[object]:
    async def run() -> list[object]:
        wire = Wire()
        await work(wire, GatheredWrites(wire))
        return wire.done

    return asyncio.run(run())


def test_the_writes_of_a_turn_leave_together_at_its_end() -> None:
    async def work(wire: Wire, connection: GatheredWrites) -> None:
        connection.write(b"head ")
        connection.write(bytearray(b"body"))
        wire.done.append("turn")
        await end_of_turn()
        connection.write(b"next")
        await end_of_turn()

    assert done_by(work) == ["turn", b"head body", b"next"]


def test_a_buffer_that_is_used_again_is_sent_as_it_was() -> None:
    async def work(_: Wire, connection: GatheredWrites) -> None:
        buffer = bytearray(b"one")
        connection.write(buffer)
        buffer[:] = b"two"
        await end_of_turn()

    assert done_by(work) == [b"one"]


def test_much_is_not_held() -> None:
    heavy = b"x" * HELD_BYTES_MAX

    async def work(wire: Wire, connection: GatheredWrites) -> None:
        connection.write(b"head")
        connection.write(heavy)
        wire.done.append("turn")
        await end_of_turn()

    assert done_by(work) == [b"head" + heavy, "turn"]


def test_what_is_held_leaves_before_the_connection_closes() -> None:
    async def work(_: Wire, connection: GatheredWrites) -> None:
        connection.write(b"last")
        connection.close()
        await end_of_turn()

    assert done_by(work) == [b"last", "close"]


def test_nothing_is_written_to_a_client_that_left() -> None:
    async def work(wire: Wire, connection: GatheredWrites) -> None:
        connection.write(b"late")
        wire.is_gone = True
        await end_of_turn()
        connection.write(b"later")
        await end_of_turn()

    assert done_by(work) == []


def test_all_else_is_left_to_the_connection() -> None:
    told: list[object] = []

    async def work(wire: Wire, connection: GatheredWrites) -> None:
        connection.pause_reading()
        connection.resume_reading()
        told.extend([connection.is_closing(), connection.get_extra_info("peername")])
        told.append(connection.get_extra_info("sslcontext", "none"))
        wire.close()
        told.append(connection.is_closing())

    assert done_by(work) == ["pause", "resume", "close"]
    assert told == [False, ("127.0.0.1", 7), "none", True]
