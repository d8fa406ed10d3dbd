"""Equal questions run once, within limits, and no one's end is another's."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pytest

from cache.entry import ENTRY_BYTES
from cache.fingerprint import CacheKey
from cache.store import MemoryStore
from dialects.physical import PhysicalQuery
from gateway.engines.base import ResultStream
from gateway.engines.duckdb import DuckDBEngine
from gateway.errors import EngineFailed, EngineTimedOut, Overloaded, Stopping
from gateway.execution import Execution, ExecutionLimits
from tests.unit.gateway.engines.data import ENDLESS, LONG, TOTAL, flights_in, numbers, rows_of

TIMEOUT_S = 30.0
PATIENT = ExecutionLimits(stall_s_max=60.0, follow_s_max=60.0)
MANY = numbers("SELECT range AS n FROM range(400000)")


class CountingEngine(DuckDBEngine):
    """DuckDB that counts how often it was asked to run something."""

    executions = 0

    def execute(self, query: PhysicalQuery, *, timeout_s: float) -> ResultStream:
        self.executions += 1
        return super().execute(query, timeout_s=timeout_s)


@dataclass
class World:
    """An engine and what runs questions on it."""

    engine: CountingEngine
    store: MemoryStore = field(default_factory=lambda: MemoryStore(2**30))
    limits: ExecutionLimits = PATIENT

    def __post_init__(self) -> None:
        self.execution = Execution(self.store, self.limits, now=lambda: 5.0)

    def key_of(self, query: PhysicalQuery) -> CacheKey:
        return CacheKey(query.text, "duckdb", self.engine.data_version(query.relations))

    def run(
        self, query: PhysicalQuery, *, timeout_s: float = TIMEOUT_S
    ) -> tuple[ResultStream, str]:
        return self.execution.run(self.engine, query, self.key_of(query), timeout_s=timeout_s)

    def limited(self, limits: ExecutionLimits) -> World:
        return World(self.engine, self.store, limits)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    engine = CountingEngine(flights_in(tmp_path))
    yield World(engine)
    engine.close()


def test_an_answer_that_was_read_to_its_end_is_kept(world: World) -> None:
    first, first_found = world.run(TOTAL)
    first_rows = rows_of(first)
    second, second_found = world.run(TOTAL)

    assert (first_found, second_found, world.engine.executions) == ("miss", "hit", 1)
    assert first_rows == rows_of(second) == [{"n": 800}]
    assert second.schema == first.schema


def test_the_look_up_in_memory_runs_nothing(world: World) -> None:
    before = world.execution.kept(world.key_of(TOTAL))
    rows_of(world.run(TOTAL)[0])

    kept = world.execution.kept(world.key_of(TOTAL))

    assert before is None
    assert kept is not None
    assert pa.Table.from_batches(kept.batches) == pa.table({"n": [800]})
    assert world.engine.executions == 1


def test_an_answer_is_not_kept_under_the_name_of_data_that_has_changed(
    world: World, tmp_path: Path
) -> None:
    (file,) = tmp_path.rglob("*.parquet")
    stream, _ = world.run(TOTAL)
    file.touch()

    rows = rows_of(stream)

    assert (rows, len(world.store)) == ([{"n": 800}], 0)


def test_equal_questions_at_once_run_once(world: World) -> None:
    start = threading.Barrier(8)
    answers: list[pa.Table] = []

    def ask() -> None:
        start.wait()
        stream, _ = world.run(MANY)
        answers.append(pa.Table.from_batches(list(stream)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert world.engine.executions == 1
    assert answers == [pa.table({"n": range(400_000)})] * 8


def follow(world: World, query: PhysicalQuery) -> tuple[threading.Thread, list[object]]:
    """Ask the same in another thread, and collect its rows or its error."""
    outcome: list[object] = []
    is_asking = threading.Event()

    def ask() -> None:
        is_asking.set()
        try:
            stream, _ = world.run(query)
            outcome.append(sum(batch.num_rows for batch in stream))
        except Exception as error:
            outcome.append(type(error))
            raise

    thread = threading.Thread(target=ask)
    thread.start()
    is_asking.wait()
    return thread, outcome


def test_cancelling_one_does_not_cancel_those_who_wait_for_it(world: World) -> None:
    leading, _ = world.run(MANY)
    next(iter(leading))
    followers = [follow(world, MANY) for _ in range(3)]

    leading.close()
    for thread, _ in followers:
        thread.join()

    assert [outcome for _, outcome in followers] == [[400_000]] * 3
    assert world.engine.executions == 2


def test_nobody_waits_for_one_who_does_not_read(world: World) -> None:
    world = world.limited(replace(PATIENT, stall_s_max=0.0))
    idle, _ = world.run(MANY)
    idle_rows = next(iter(idle)).num_rows

    stream, found = world.run(MANY)
    rows = sum(batch.num_rows for batch in stream)
    idle_rows += sum(batch.num_rows for batch in idle)

    assert (found, rows, idle_rows, world.engine.executions) == ("miss", 400_000, 400_000, 2)


def test_waiting_for_an_equal_question_is_bounded(world: World) -> None:
    world = world.limited(replace(PATIENT, follow_s_max=0.05))
    idle, _ = world.run(MANY)

    stream, found = world.run(MANY)

    assert (found, len(rows_of(stream))) == ("miss", 400_000)
    idle.close()


def test_who_ran_alone_does_not_stop_the_other_when_closed(world: World) -> None:
    world = world.limited(replace(PATIENT, stall_s_max=0.0))
    first, _ = world.run(MANY)
    next(iter(first))
    second, _ = world.run(MANY)
    next(iter(second))

    second.close()

    assert sum(batch.num_rows for batch in first) > 0


def test_an_answer_beyond_the_limit_is_streamed_and_not_kept(world: World) -> None:
    world = world.limited(replace(PATIENT, entry_bytes_max=1_000_000))

    rows = [len(rows_of(world.run(MANY)[0])) for _ in range(2)]

    assert rows == [400_000, 400_000]
    assert (world.engine.executions, len(world.store)) == (2, 0)


def test_followers_of_an_answer_beyond_the_limit_run_on_their_own(world: World) -> None:
    world = world.limited(replace(PATIENT, entry_bytes_max=1_000_000))
    leading, _ = world.run(MANY)
    thread, outcome = follow(world, MANY)

    rows = len(rows_of(leading))
    thread.join()

    assert (rows, outcome, world.engine.executions) == (400_000, [400_000], 2)


def test_an_answer_heavier_than_the_store_is_not_kept(world: World) -> None:
    world = World(world.engine, MemoryStore(ENTRY_BYTES))

    rows = [rows_of(world.run(TOTAL)[0]) for _ in range(2)]

    assert rows == [[{"n": 800}], [{"n": 800}]]
    assert world.engine.executions == 2


def test_an_error_is_not_kept(world: World) -> None:
    failing = numbers("SELECT error('x')::BIGINT AS n")

    for _ in range(2):
        with pytest.raises(EngineFailed):
            rows_of(world.run(failing)[0])

    assert (world.engine.executions, len(world.store)) == (2, 0)
    assert rows_of(world.run(TOTAL)[0]) == [{"n": 800}]


ONE = replace(PATIENT, running_max=1, queued_max=0)


def test_one_more_than_may_run_is_refused(world: World) -> None:
    world = world.limited(ONE)
    running, _ = world.run(numbers(LONG))

    with pytest.raises(Overloaded):
        world.run(TOTAL)

    running.close()
    assert rows_of(world.run(TOTAL)[0]) == [{"n": 800}]


def test_a_kept_answer_needs_no_turn(world: World) -> None:
    world = world.limited(ONE)
    rows_of(world.run(TOTAL)[0])
    running, _ = world.run(numbers(LONG))

    stream, found = world.run(TOTAL)

    assert (rows_of(stream), found) == ([{"n": 800}], "hit")
    running.close()


def test_a_turn_that_comes_too_late_is_a_refusal(world: World) -> None:
    world = world.limited(replace(ONE, queued_max=1, queue_s_max=0.05))
    running, _ = world.run(numbers(LONG))

    with pytest.raises(Overloaded):
        world.run(TOTAL)

    running.close()


def read(world: World) -> None:
    rows_of(world.run(MANY)[0])


def fail(world: World) -> None:
    with pytest.raises(EngineFailed):
        rows_of(world.run(numbers("SELECT error('x')::BIGINT AS n"))[0])


def abandon(world: World) -> None:
    next(iter(world.run(numbers(LONG))[0]))
    gc.collect()


def run_out_of_time(world: World) -> None:
    with pytest.raises(EngineTimedOut):
        rows_of(world.run(numbers(ENDLESS), timeout_s=0.1)[0])


def be_too_late(world: World) -> None:
    with pytest.raises(EngineTimedOut):
        world.run(MANY, timeout_s=0.0)


@pytest.mark.parametrize("end", [read, fail, abandon, run_out_of_time, be_too_late])
def test_a_turn_is_given_back_however_the_stream_ends(
    end: Callable[[World], None], world: World
) -> None:
    world = world.limited(ONE)

    end(world)

    assert rows_of(world.run(TOTAL)[0]) == [{"n": 800}]


def test_a_stopped_execution_stops_what_runs_and_runs_nothing_more(world: World) -> None:
    running, _ = world.run(numbers(LONG))
    next(iter(running))

    world.execution.close()

    with pytest.raises(Stopping):
        next(iter(running))
    with pytest.raises(Stopping):
        world.run(TOTAL)


def test_whoever_waits_for_a_batch_when_the_server_stops_is_told_so(world: World) -> None:
    running, _ = world.run(numbers(ENDLESS))
    stopper = threading.Timer(0.05, world.execution.close)
    stopper.start()

    with pytest.raises(Stopping):
        next(iter(running))
    stopper.join()


def test_the_time_an_answer_was_made_is_kept_with_it(world: World) -> None:
    rows_of(world.run(TOTAL)[0])

    entry = world.store.get(world.key_of(TOTAL))

    assert entry is not None
    assert entry.made_at == 5.0


def test_no_more_questions_wait_for_an_equal_one_than_may(world: World) -> None:
    few = world.limited(replace(PATIENT, following_max=1))
    leading, _ = few.run(MANY)
    follower, outcome = follow(few, MANY)
    while not few.execution.following:
        threading.Event().wait(0.001)

    with pytest.raises(Overloaded) as refused:
        few.run(MANY)
    rows_of(leading)
    follower.join()

    assert refused.value.message == "too many questions wait for equal ones"
    assert (outcome, few.execution.following) == ([400_000], 0)


def test_there_is_a_thread_for_whoever_runs_or_waits() -> None:
    limits = ExecutionLimits(running_max=2, queued_max=3, waiting_max=4, following_max=5)

    assert limits.callers_max == 14


def test_who_does_not_read_on_keeps_a_turn_no_longer_than_the_deadline(world: World) -> None:
    world = world.limited(replace(PATIENT, running_max=1, queued_max=0, queue_s_max=0.0))
    idle, _ = world.run(numbers(LONG), timeout_s=0.2)
    next(iter(idle))
    refusals = 0

    answer: list[dict[str, object]] = []
    give_up_s = time.monotonic() + 5
    while not answer and time.monotonic() < give_up_s:
        try:
            answer = rows_of(world.run(TOTAL)[0])
        except Overloaded:
            refusals += 1

    assert (answer, refusals > 0) == ([{"n": 800}], True)
    with pytest.raises(EngineTimedOut):
        next(iter(idle))
