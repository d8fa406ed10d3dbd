"""What holds for one turn of the event loop."""

from __future__ import annotations

import asyncio

import pytest

from gateway.http_api.turn import Turn


class Data:
    """Something that changes, and counts how often it is looked at."""

    def __init__(self) -> None:
        self.version = 1
        self.looks = 0

    def find(self, _: object) -> int:
        self.looks += 1
        return self.version


def test_all_requests_of_a_turn_share_one_look() -> None:
    async def ask() -> list[int]:
        async def request() -> int:
            return turn.of(question)

        return list(await asyncio.gather(request(), request(), request()))

    data, question = Data(), object()
    turn = Turn(data.find)

    assert asyncio.run(ask()) == [1, 1, 1]
    assert data.looks == 1


def test_each_subject_is_looked_at_on_its_own() -> None:
    async def ask() -> tuple[object, object]:
        one, other = object(), object()
        return turn.of(one) is one, turn.of(other) is other

    turn: Turn[object, object] = Turn(lambda subject: subject)

    assert asyncio.run(ask()) == (True, True)


def test_what_changed_before_a_request_came_is_seen_by_it() -> None:
    """The first request is answered over a socket's turn; the next comes after the change."""

    async def ask() -> list[int]:
        seen = []
        came = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.readexactly(1):
                seen.append(turn.of(question))
                writer.write(b"x")
                if len(seen) == 50:
                    came.set()
                    break
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(50):
            writer.write(b"?")
            await reader.readexactly(1)
            data.version += 1
        await came.wait()
        writer.close()
        server.close()
        await server.wait_closed()
        return seen

    data, question = Data(), object()
    turn = Turn(data.find)

    assert asyncio.run(ask()) == list(range(1, 51))


def test_a_failed_look_is_not_kept() -> None:
    async def ask() -> None:
        with pytest.raises(LookupError):
            turn.of(question)
        with pytest.raises(LookupError):
            turn.of(question)

    looks, question = [], object()

    def find(_: object) -> int:
        looks.append(1)
        raise LookupError

    turn = Turn(find)
    asyncio.run(ask())

    assert len(looks) == 2
