"""Answers on their way: one that is kept, and one that an engine is still making."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum, auto

import pyarrow as pa

from cache.entry import Entry, make_entry
from gateway.engines.base import ResultStream
from gateway.errors import Cancelled
from semantic_models.errors import ForebayError


class KeptStream:
    """An answer from memory; its batches are all there."""

    __slots__ = ("batches", "schema")

    def __init__(self, entry: Entry) -> None:
        self.schema: pa.Schema = entry.schema
        self.batches: tuple[pa.RecordBatch, ...] = entry.batches

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return iter(self.batches)

    def close(self) -> None:
        """Nothing is held."""


class Loss(Enum):
    """Why a run left no answer for those who waited for it."""

    TOO_LARGE = auto()
    FAILED = auto()
    CANCELLED = auto()
    LATE = auto()
    """It may still be kept; whoever waited does not wait any longer."""


Outcome = Entry | Loss

WAIT_S = 0.1
"""How often whoever waits looks whether the run still moves."""


class Flight:
    """One run of an engine that others with the same question wait for."""

    def __init__(self) -> None:
        self._landed = threading.Event()
        self._lock = threading.Lock()
        self._outcome: Outcome | None = None
        self._idle_since_s: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether its outcome is known."""
        return self._outcome is not None

    def land(self, outcome: Outcome) -> bool:
        """Say how it ended; only the first outcome counts, and is told by True."""
        with self._lock:
            if self._outcome is not None:
                return False
            self._outcome = outcome
        self._landed.set()
        return True

    def works(self) -> None:
        """Note that the engine is at work."""
        self._idle_since_s = None

    def idles(self) -> None:
        """Note that the engine waits until its batches are read on."""
        self._idle_since_s = time.monotonic()

    def wait(
        self, *, until_s: float, stall_s_max: float, is_left: Callable[[], bool] = bool
    ) -> Outcome:
        """The outcome, or that it is late: time is up, nobody reads on, or nobody waits for it.

        A run moves only as fast as the client that started it reads, so that one who stopped
        reading would hold up all others.
        """
        while not self._landed.wait(max(0.0, min(WAIT_S, until_s - time.monotonic()))):
            now_s, idle_since_s = time.monotonic(), self._idle_since_s
            is_stalled = idle_since_s is not None and now_s - idle_since_s > stall_s_max
            if now_s >= until_s or is_stalled or is_left():
                return Loss.LATE
        assert self._outcome is not None, "it has landed"
        return self._outcome


class Copy:
    """The copy in the making of an answer, which is dropped beyond its limit of bytes."""

    def __init__(self, flight: Flight, *, bytes_max: int, land: Callable[[Outcome], None]) -> None:
        self.flight = flight
        self._bytes_max = bytes_max
        self._land = land
        self._batches: list[pa.RecordBatch] = []
        self._size_bytes = 0

    def take(self, batch: pa.RecordBatch) -> bool:
        """Add a batch; tell whether the copy goes on."""
        self._size_bytes += batch.nbytes
        if self._size_bytes > self._bytes_max:
            self.drop(Loss.TOO_LARGE)
        if self.flight.is_over:
            self._batches = []
            return False
        self._batches.append(batch)
        return True

    def keep(self, schema: pa.Schema, *, made_at: float) -> None:
        """The answer is complete."""
        if not self.flight.is_over:
            self._land(make_entry(schema, self._batches, made_at=made_at))

    def drop(self, loss: Loss) -> None:
        """The answer will not be complete, or is too heavy."""
        self._land(loss)


class RunningStream:
    """Batches from an engine, counted against admission, and copied while they are few."""

    def __init__(
        self,
        source: ResultStream,
        *,
        release: Callable[[], None],
        copy: Copy | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._release = release
        self._copy = copy
        self._now = now
        self._stopped_by: ForebayError | None = None
        self._batches = iter(source)
        if copy is not None:
            copy.flight.idles()

    @property
    def schema(self) -> pa.Schema:
        """The promised schema; every batch has exactly this one."""
        return self._source.schema

    def __iter__(self) -> RunningStream:
        return self

    def __next__(self) -> pa.RecordBatch:
        copy = self._copy
        try:
            if copy is None:
                return next(self._batches)
            return self._copied(copy)
        except Cancelled:
            self._end(Loss.FAILED)
            if self._stopped_by is not None:
                raise self._stopped_by from None
            raise
        except BaseException:
            self._end(Loss.FAILED)
            raise

    def stop(self, reason: ForebayError) -> None:
        """End the query; whoever reads it is told the reason."""
        self._stopped_by = reason
        self._end(Loss.FAILED)

    def close(self) -> None:
        """Free everything, and stop the query if it still runs."""
        self._end(Loss.CANCELLED)

    def __del__(self) -> None:
        self.close()

    def _copied(self, copy: Copy) -> pa.RecordBatch:
        copy.flight.works()
        try:
            batch = next(self._batches)
        except StopIteration:
            copy.keep(self.schema, made_at=self._now())
            raise
        copy.flight.idles()
        if not copy.take(batch):
            self._copy = None
        return batch

    def _end(self, loss: Loss) -> None:
        copy, self._copy = self._copy, None
        if copy is not None:
            copy.drop(loss)
        try:
            self._source.close()
        finally:
            self._release()
