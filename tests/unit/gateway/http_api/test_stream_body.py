"""One query on its way to one client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pyarrow as pa
import pytest
from starlette.types import Message

from gateway.errors import Cancelled, EngineFailed
from gateway.http_api.negotiate import Format
from gateway.http_api.stream_body import Run, while_connected
from gateway.http_api.threads import Threads
from gateway.pipeline import Answer
from tests.unit.gateway.http_api.fakes import KEY, ScriptedStream, prepared_for

BATCH = pa.record_batch({"n": [1, 2]})


def answer_from(stream: ScriptedStream) -> Answer:
    return Answer("ab-1", prepared_for(BATCH), stream, "miss", KEY, {"parse": 0.5})


def run_of(stream: ScriptedStream, wanted: Format = Format.CSV) -> Run:
    return Run(lambda _: answer_from(stream), wanted)


def client(*messages: Message) -> Callable[[], Awaitable[Message]]:
    """A client that sends these messages and then stays."""
    left = list(messages)

    async def receive() -> Message:
        if not left:
            await anyio.sleep_forever()
        return left.pop(0)

    return receive


def test_a_run_gives_every_byte_and_counts_them() -> None:
    run = run_of(ScriptedStream([BATCH, BATCH]))

    run.start()
    sent = b"".join(iter(run.piece, None))

    assert (sent, run.rows, run.size_bytes) == (b"n\r\n1\r\n2\r\n1\r\n2\r\n", 4, len(sent))


def test_a_run_tells_how_long_the_engine_took() -> None:
    answer = run_of(ScriptedStream([BATCH])).start()

    assert (list(answer.stages), answer.stages["parse"]) == (["parse", "execute"], 0.5)
    assert answer.stages["execute"] > 0


def test_a_query_that_fails_at_once_fails_before_its_first_byte() -> None:
    with pytest.raises(EngineFailed):
        run_of(ScriptedStream([], failure=EngineFailed("it broke"))).start()


def test_a_query_that_fails_later_fails_after_bytes() -> None:
    run = run_of(ScriptedStream([BATCH, BATCH], failure=EngineFailed("it broke")))
    sent: list[bytes | None] = []

    run.start()
    with pytest.raises(EngineFailed):
        sent.extend(iter(run.piece, None))

    assert sent == [b"n\r\n", b"1\r\n2\r\n", b"1\r\n2\r\n"]


def test_a_run_stopped_before_its_query_started_stops_it_then() -> None:
    stream = ScriptedStream([BATCH])
    run = run_of(stream)

    run.stop()
    with pytest.raises(Cancelled):
        run.start()

    assert stream.closed.is_set()


def test_stopping_twice_is_harmless() -> None:
    stream = ScriptedStream([BATCH])
    run = run_of(stream)
    run.start()

    run.stop()
    run.stop()

    assert stream.closed.is_set()


def test_a_client_that_leaves_stops_the_query_that_its_thread_waits_for() -> None:
    stream = ScriptedStream([BATCH], hangs=True)
    run, threads = run_of(stream), Threads(1)
    refusals: list[str] = []

    async def work() -> None:
        try:
            await threads.work(run.start)
            while await threads.work(run.piece) is not None:
                pass
        except Cancelled as error:
            refusals.append(error.code)

    async def main() -> None:
        left = client({"type": "http.request"}, {"type": "http.disconnect"})
        await while_connected(left, run, threads, work)

    anyio.run(main)

    assert stream.closed.is_set()
    assert refusals in ([], ["SL702"])


def test_work_that_ends_closes_its_stream_and_waits_for_nobody() -> None:
    stream = ScriptedStream([BATCH])
    run, threads = run_of(stream), Threads(1)

    async def main() -> None:
        async def work() -> None:
            await threads.work(run.start)

        await while_connected(client(), run, threads, work)

    anyio.run(main)

    assert stream.closed.is_set()


def test_a_cancelled_request_closes_its_stream() -> None:
    stream = ScriptedStream([BATCH])
    run, threads = run_of(stream), Threads(1)

    async def main() -> None:
        started = anyio.Event()

        async def work() -> None:
            await threads.work(run.start)
            started.set()
            await anyio.sleep_forever()

        async with anyio.create_task_group() as group:
            group.start_soon(while_connected, client(), run, threads, work)
            await started.wait()
            group.cancel_scope.cancel()

    anyio.run(main)

    assert stream.closed.is_set()
