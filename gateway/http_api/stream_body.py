"""One query on its way to one client: started, streamed, and stopped when the client leaves."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import chain, islice

import anyio
import pyarrow as pa
from starlette.types import Receive

from gateway.admission import Caller
from gateway.engines.base import ResultStream
from gateway.errors import Cancelled
from gateway.http_api.encode import PIECES
from gateway.http_api.kept_bodies import small_batches
from gateway.http_api.negotiate import Format
from gateway.http_api.threads import Threads
from gateway.pipeline import Answer


class Run:
    """One query, from its question to the last piece of its answer.

    ``start`` and ``piece`` block and belong in a worker thread, one call at a time; ``stop`` may
    come from any other thread meanwhile.
    """

    def __init__(self, fetch: Callable[[Caller], Answer], wanted: Format) -> None:
        self.rows = 0
        self.size_bytes = 0
        self._fetch = fetch
        self._wanted = wanted
        self._pieces: Iterator[bytes] = iter(())
        self._stream: ResultStream | None = None
        self._stages: dict[str, float] = {}
        self._stopped = False

    def start(self) -> Answer:
        """Run the query as far as its first batch and the first bytes of its answer.

        What fails up to here can still be told as a problem, since nothing was sent. A small
        answer from memory is not encoded here: its bytes may be at hand.
        """
        fetched = self._fetch(self)
        self._stages.update(fetched.stages)
        answer = replace(fetched, stages=self._stages)
        self._stream = answer.stream
        if self._stopped:
            self.stop()
            raise Cancelled("the client left before its query started")
        if small_batches(answer) is not None:
            return answer
        batches = self._counted(answer)
        first_batch = list(islice(batches, 1))
        pieces = PIECES[self._wanted](answer, chain(first_batch, batches))
        first_piece = list(islice(pieces, 1))
        self._pieces = chain(first_piece, pieces)
        return answer

    def piece(self) -> bytes | None:
        """The next bytes of the answer; None after the last."""
        piece = next(self._pieces, None)
        self.size_bytes += len(piece or b"")
        return piece

    def stop(self) -> None:
        """Free the engine, and stop the query if it still runs. Safe to call twice."""
        self._stopped = True
        if self._stream is not None:
            self._stream.close()

    def is_cancelled(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._stopped

    def _counted(self, answer: Answer) -> Iterator[pa.RecordBatch]:
        """The batches, while counting rows and the time that the engine took for them."""
        batches = iter(answer.stream)
        waited_ms = self._stages.get("execute", 0.0)
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            waited_ms += (time.perf_counter() - asked) * 1000
            self._stages["execute"] = round(waited_ms, 3)
            if batch is None:
                return
            self.rows += batch.num_rows
            yield batch


async def while_connected(
    receive: Receive, run: Run, threads: Threads, work: Callable[[], Awaitable[None]]
) -> None:
    """Do the work around a run; stop the run when the work ends or the client leaves.

    A worker thread cannot be cancelled while it waits for an engine. So the query is stopped
    first, which wakes the thread, and only then the task that waits for the thread.
    """
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            await threads.stop(run.stop)
            group.cancel_scope.cancel()

        group.start_soon(watch)
        try:
            await work()
        finally:
            await threads.stop(run.stop)
        group.cancel_scope.cancel()
