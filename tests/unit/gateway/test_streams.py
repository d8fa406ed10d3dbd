"""A run of an engine frees what it holds, and its copy is kept only when it is whole."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pyarrow as pa
import pytest

from cache.entry import Entry, make_entry
from gateway.errors import EngineFailed
from gateway.streams import Copy, Flight, KeptStream, Loss, Outcome, RunningStream

BATCHES = [pa.record_batch({"n": [1, 2]}), pa.record_batch({"n": [3]})]
SCHEMA = BATCHES[0].schema
ENTRY = make_entry(SCHEMA, BATCHES, made_at=5.0)


class Source:
    """Batches in memory, which may fail at their end."""

    schema = SCHEMA

    def __init__(self, error: Exception | None = None) -> None:
        self.closed = 0
        self._batches = self._give(error)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self._batches

    def close(self) -> None:
        self.closed += 1

    def _give(self, error: Exception | None) -> Iterator[pa.RecordBatch]:
        yield from BATCHES
        if error is not None:
            raise error


class Run:
    """A running stream over a source, with what came of it."""

    def __init__(self, source: Source, *, bytes_max: int = 1_000) -> None:
        self.source = source
        self.outcomes: list[Outcome] = []
        self.released = 0
        self.flight = Flight()
        self.stream = RunningStream(
            source,
            release=self._release,
            copy=Copy(self.flight, bytes_max=bytes_max, land=self._land),
            now=lambda: 5.0,
        )

    def _land(self, outcome: Outcome) -> None:
        if self.flight.land(outcome):
            self.outcomes.append(outcome)

    def _release(self) -> None:
        self.released += 1


def test_a_kept_answer_is_read_as_often_as_asked() -> None:
    stream = KeptStream(ENTRY)

    stream.close()

    assert [list(stream), list(stream)] == [BATCHES, BATCHES]
    assert (stream.schema, stream.batches) == (SCHEMA, tuple(BATCHES))


def test_a_whole_answer_is_kept() -> None:
    run = Run(Source())

    batches = list(run.stream)

    assert batches == BATCHES
    assert run.outcomes == [ENTRY]
    assert (run.released, run.source.closed) == (1, 1)


def test_an_answer_that_fails_half_way_is_not_kept() -> None:
    run = Run(Source(EngineFailed("the engine broke")))

    with pytest.raises(EngineFailed):
        list(run.stream)

    assert run.outcomes == [Loss.FAILED]
    assert run.released == 1


def test_an_answer_that_is_closed_half_way_is_not_kept() -> None:
    run = Run(Source())
    next(run.stream)

    run.stream.close()

    assert run.outcomes == [Loss.CANCELLED]
    assert (run.released, run.source.closed) == (1, 1)


def test_a_stream_that_nobody_holds_frees_everything() -> None:
    run = Run(Source())

    del run.stream

    assert run.outcomes == [Loss.CANCELLED]
    assert (run.released, run.source.closed) == (1, 1)


def test_a_heavy_answer_is_streamed_without_a_copy() -> None:
    run = Run(Source(), bytes_max=20)

    batches = list(run.stream)

    assert batches == BATCHES
    assert run.outcomes == [Loss.TOO_LARGE]


def test_a_copy_that_nobody_waits_for_any_more_is_not_made() -> None:
    run = Run(Source())
    run.flight.land(Loss.CANCELLED)

    assert list(run.stream) == BATCHES
    assert run.outcomes == []


def test_only_the_first_outcome_counts() -> None:
    flight = Flight()

    assert [flight.land(ENTRY), flight.land(Loss.FAILED)] == [True, False]
    assert isinstance(flight.wait(until_s=0, stall_s_max=0), Entry)


def test_waiting_ends_in_time() -> None:
    flight = Flight()

    assert flight.wait(until_s=time.monotonic() + 0.01, stall_s_max=60) is Loss.LATE


def test_waiting_ends_where_nobody_reads_on() -> None:
    flight = Flight()
    flight.idles()

    assert flight.wait(until_s=time.monotonic() + 60, stall_s_max=0) is Loss.LATE


def test_waiting_goes_on_while_the_engine_works() -> None:
    flight = Flight()
    flight.idles()
    flight.works()

    started_s = time.monotonic()
    flight.wait(until_s=started_s + 0.3, stall_s_max=0)

    assert time.monotonic() - started_s >= 0.3
