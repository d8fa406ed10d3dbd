"""Calls and streams under way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pyarrow as pa
import pytest

from gateway.admission import Asker, Caller
from gateway.errors import Cancelled, EngineFailed, Overloaded, Stopping
from gateway.flight_sql.running import Running
from gateway.pipeline import Answer
from semantic_models.errors import ForebayError
from tests.unit.gateway.flight_sql.world import answer_of

ONE = pa.record_batch({"n": [1]})
TWO = pa.record_batch({"n": [2]})


@dataclass
class Client:
    """Somebody who waits, or does not any more."""

    is_gone: bool = False

    def is_cancelled(self) -> bool:
        return self.is_gone


class Waiting:
    """A stream that waits for its engine until it is closed."""

    schema = ONE.schema

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        yield ONE
        self.closed.wait()

    def close(self) -> None:
        self.closed.set()


@contextmanager
def running(*, calls_max: int = 4, streams_max: int = 4, wait_s: float = 0.0) -> Iterator[Running]:
    made = Running(calls_max=calls_max, streams_max=streams_max, uploads_max=1, wait_s=wait_s)
    try:
        yield made
    finally:
        made.close(drain_s=0, stop_s=5)


def waiting_answer() -> tuple[Answer, Waiting]:
    stream = Waiting()
    return replace(answer_of(ONE)[0], stream=stream), stream


def test_a_stream_gives_its_batches_and_frees_its_place() -> None:
    answer, stream = answer_of(ONE, TWO)
    with running(streams_max=1) as made:
        opened, batches = made.open_stream(b"t", Asker(caller=Client()), lambda _: answer)
        found = list(batches)
        again = list(made.open_stream(b"t", Asker(caller=Client()), lambda _: answer)[1])

    assert (opened, found, again, stream.closed) == (answer, [ONE, TWO], [ONE, TWO], 2)


def test_batches_that_nobody_reads_free_their_place() -> None:
    answer, stream = answer_of(ONE)
    with running(streams_max=1) as made:
        for _ in range(3):
            made.open_stream(b"t", Asker(caller=Client()), lambda _: answer)

    assert stream.closed == 3


def test_batches_left_half_way_free_their_place() -> None:
    answer, stream = answer_of(ONE, TWO)
    with running(streams_max=1) as made:
        _, batches = made.open_stream(b"t", Asker(caller=Client()), lambda _: answer)
        first = next(batches)
        batches.close()

    assert (first, stream.closed) == (ONE, 1)


def test_a_query_that_does_not_start_frees_its_place() -> None:
    def start(_: Caller) -> Answer:
        raise EngineFailed("the engine does not start")

    with running(streams_max=1) as made:
        for _ in range(3):
            with pytest.raises(EngineFailed):
                made.open_stream(b"t", Asker(caller=Client()), start)


def test_more_streams_than_may_be_are_refused() -> None:
    answer, _ = answer_of(ONE)
    with running(streams_max=1) as made:
        _, batches = made.open_stream(b"t", Asker(caller=Client()), lambda _: answer)
        with pytest.raises(Overloaded) as refusal:
            made.open_stream(b"u", Asker(caller=Client()), lambda _: answer)
        batches.close()

    assert refusal.value.message == "too many streams are under way"


def test_more_calls_than_may_be_are_refused() -> None:
    with (
        running(calls_max=1) as made,
        made.call(Asker(caller=Client())),
        pytest.raises(Overloaded),
        made.call(Asker(caller=Client())),
    ):
        pass


@dataclass
class Noticing:
    """Somebody whose waiting shows, since whoever makes them wait asks whether they are gone."""

    waits: threading.Event

    def is_cancelled(self) -> bool:
        self.waits.set()
        return False


def test_a_call_waits_for_a_place() -> None:
    inside, leave = threading.Event(), threading.Event()

    def first(made: Running) -> None:
        with made.call(Asker(caller=Client())):
            inside.set()
            leave.wait()

    with running(calls_max=1, wait_s=30) as made:
        thread = threading.Thread(target=first, args=(made,))
        thread.start()
        inside.wait()
        with made.call(Asker(caller=Noticing(leave))):
            has_waited = leave.is_set()
        thread.join()

    assert has_waited


def test_a_client_that_leaves_stops_waiting() -> None:
    with (
        running(calls_max=1, wait_s=30) as made,
        made.call(Asker(caller=Client())),
        pytest.raises(Cancelled),
        made.call(Asker(caller=Client(is_gone=True))),
    ):
        pass


def test_a_client_that_leaves_stops_its_query() -> None:
    answer, _ = waiting_answer()
    client = Client()
    with running() as made:
        _, batches = made.open_stream(b"t", Asker(caller=client), lambda _: answer)
        first = next(batches)
        client.is_gone = True
        with pytest.raises(Cancelled) as told:
            next(batches)

    assert (first, told.value.message) == (ONE, "nobody waits for the query any more")


def test_a_cancelled_stream_ends_as_an_error_and_not_as_its_end() -> None:
    answer, _ = waiting_answer()
    with running() as made:
        _, batches = made.open_stream(b"t", Asker(caller=Client()), lambda _: answer)
        next(batches)
        known, unknown = made.cancel(b"t"), made.cancel(b"u")
        with pytest.raises(Cancelled):
            next(batches)

    assert (known, unknown) == (True, False)


def test_a_finished_stream_cannot_be_cancelled() -> None:
    answer, _ = answer_of(ONE)
    with running() as made:
        _, batches = made.open_stream(b"t", Asker(caller=Client()), lambda _: answer)
        assert list(batches) == [ONE]
        known = made.cancel(b"t")

    assert known is False


def test_closing_stops_what_does_not_end_by_itself() -> None:
    answer, stream = waiting_answer()
    told: list[ForebayError] = []

    def read(made: Running) -> None:
        _, batches = made.open_stream(b"t", Asker(caller=Client()), lambda _: answer)
        next(batches)
        started.set()
        try:
            next(batches)
        except ForebayError as error:
            told.append(error)

    started = threading.Event()
    with running() as made:
        thread = threading.Thread(target=read, args=(made,))
        thread.start()
        started.wait()
        made.close(drain_s=0, stop_s=5)
        thread.join()

    assert (stream.closed.is_set(), [error.message for error in told]) == (
        True,
        ["the server stops"],
    )


def test_nothing_new_begins_after_closing() -> None:
    answer, _ = answer_of(ONE)
    with running() as made:
        made.close(drain_s=0, stop_s=5)
        with pytest.raises(Stopping) as refusal:
            made.open_stream(b"t", Asker(caller=Client()), lambda _: answer)

    assert refusal.value.hint == "Ask again when it has started anew."


def test_one_stream_that_does_not_close_keeps_no_other_open(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Stuck(Waiting):
        def close(self) -> None:
            if not self.closed.is_set():
                self.closed.set()
                raise OSError("stuck")

    stuck = replace(answer_of(ONE)[0], stream=Stuck())
    answer, stream = waiting_answer()
    with running() as made:
        kept = [
            made.open_stream(b"t", Asker(caller=Client()), lambda _: stuck),
            made.open_stream(b"u", Asker(caller=Client()), lambda _: answer),
        ]
        made.close(drain_s=0, stop_s=0)
        for _, batches in kept:
            batches.close()

    assert (len(kept), stream.closed.is_set(), "stuck" in caplog.text) == (2, True, True)
