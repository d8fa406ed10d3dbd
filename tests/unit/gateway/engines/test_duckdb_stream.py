"""A stream gives the whole answer or an error, and frees the engine either way."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from gateway.engines.duckdb import DuckDBEngine
from gateway.engines.duckdb_stream import only_select
from gateway.errors import Cancelled, EngineFailed, EngineTimedOut
from semantic_models.errors import ForebayError
from semantic_models.types import STRING
from tests.unit.gateway.engines.data import ENDLESS, LONG, flights_in, numbers, rows_of

TIMEOUT_S = 30.0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(flights_in(tmp_path))
    yield engine
    engine.close()


def test_batches_arrive_while_the_query_runs(engine: DuckDBEngine) -> None:
    stream = engine.execute(numbers(LONG), timeout_s=TIMEOUT_S)

    first = next(iter(stream))

    assert first.schema == stream.schema
    assert first.column(0)[:3].to_pylist() == [0, 1, 2]
    stream.close()


def test_rows_keep_the_order_of_the_data(engine: DuckDBEngine) -> None:
    stream = engine.execute(numbers("SELECT range AS n FROM range(400000)"), timeout_s=TIMEOUT_S)

    batches = list(stream)

    assert len(batches) > 1
    assert pa.Table.from_batches(batches) == pa.table({"n": range(400_000)})


def test_heavy_batches_arrive_in_pieces(engine: DuckDBEngine) -> None:
    query = numbers("SELECT repeat('x', 1000) AS n FROM range(40000)", name="n", logical=STRING)

    stream = engine.execute(query, timeout_s=TIMEOUT_S)
    batches = list(stream)

    assert sum(batch.num_rows for batch in batches) == 40_000
    assert max(batch.nbytes for batch in batches) < 12 * 2**20


def test_a_read_stream_stays_at_its_end(engine: DuckDBEngine) -> None:
    stream = engine.execute(numbers("SELECT 1::BIGINT AS n"), timeout_s=TIMEOUT_S)

    first, second = rows_of(stream), rows_of(stream)
    stream.close()

    assert (first, second) == ([{"n": 1}], [])


def test_a_closed_stream_never_looks_complete(engine: DuckDBEngine) -> None:
    stream = engine.execute(numbers(LONG), timeout_s=TIMEOUT_S)
    next(iter(stream))

    stream.close()
    stream.close()

    for _ in range(2):
        with pytest.raises(Cancelled):
            next(iter(stream))


def test_closing_from_another_thread_stops_the_query(engine: DuckDBEngine) -> None:
    stream = engine.execute(numbers(ENDLESS), timeout_s=TIMEOUT_S)
    raised: list[ForebayError] = []
    is_reading = threading.Event()

    def read() -> None:
        is_reading.set()
        try:
            list(stream)
        except ForebayError as error:
            raised.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    is_reading.wait()
    stream.close()
    reader.join(10)

    assert not reader.is_alive()
    assert [type(error) for error in raised] == [Cancelled]


@pytest.mark.parametrize("text", [ENDLESS, LONG], ids=["before the first batch", "half way"])
def test_a_query_past_its_deadline_is_stopped(text: str, engine: DuckDBEngine) -> None:
    started_s = time.monotonic()
    stream = engine.execute(numbers(text), timeout_s=0.2)

    with pytest.raises(EngineTimedOut) as refusal:
        list(stream)

    assert refusal.value.message == "the query ran past its deadline of 0.2 s"
    assert time.monotonic() - started_s < 5
    with pytest.raises(EngineTimedOut):
        next(iter(stream))


def test_a_stream_that_nobody_reads_ends_at_its_deadline(engine: DuckDBEngine) -> None:
    stream = engine.execute(numbers(LONG), timeout_s=0.1)
    next(iter(stream))

    while engine.running():
        pass

    with pytest.raises(EngineTimedOut):
        next(iter(stream))


def test_an_abandoned_stream_is_freed(engine: DuckDBEngine) -> None:
    stream = engine.execute(numbers(LONG), timeout_s=TIMEOUT_S)
    next(iter(stream))
    reference = weakref.ref(stream)

    del stream
    gc.collect()

    assert reference() is None
    assert engine.running() == 0


def test_a_failure_half_way_is_an_error_and_stays_one(engine: DuckDBEngine) -> None:
    failing = "CASE WHEN range = 900000 THEN error('x')::BIGINT ELSE range END"
    query = numbers(f"SELECT {failing} AS n FROM range(1000000)")
    stream = engine.execute(query, timeout_s=TIMEOUT_S)
    next(iter(stream))

    for _ in range(2):
        with pytest.raises(EngineFailed):
            list(stream)

    assert engine.running() == 0


def test_another_type_than_promised_is_refused_before_the_first_row(engine: DuckDBEngine) -> None:
    stream = engine.execute(numbers("SELECT 'a' AS n"), timeout_s=TIMEOUT_S)

    with pytest.raises(EngineFailed) as refusal:
        next(iter(stream))

    assert refusal.value.message == 'engine "files" gave column "n" another type than promised'


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1; SELECT 2",
        "",
        "-- nothing",
        "COPY (SELECT 1) TO 'x.csv'",
        "ATTACH ':memory:' AS other",
        "CREATE TEMP VIEW v AS SELECT 1",
        "SET VARIABLE x = 1",
        "EXPLAIN SELECT 1",
    ],
)
def test_only_one_select_is_ever_run(text: str) -> None:
    with duckdb.connect() as connection, pytest.raises(EngineFailed) as refusal:
        only_select(connection, text)

    assert refusal.value.message == "a text for the engine is not exactly one SELECT"


@pytest.mark.parametrize("text", ["SELECT 1", "WITH a AS (SELECT 1) FROM a", "(SELECT 1)"])
def test_one_select_is_run(text: str) -> None:
    with duckdb.connect() as connection:
        assert connection.sql(only_select(connection, text)).fetchall() == [(1,)]
