"""An answer is of one version of the data, whoever writes it meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auth.principal import ANONYMOUS
from gateway.compose import make_gateway
from gateway.engines.base import ResultStream
from gateway.errors import Cancelled, DataAltered, EngineFailed, EngineGone, EngineRestarted
from gateway.one_version import OneVersionStream, Started
from gateway.pipeline import Gateway
from gateway.settings import Settings
from tests.unit.gateway.flight_sql.world import Batches

ROOT = """version: 1
name: shop
engines: {local: {type: duckdb, files: {parts: "part*.parquet"}}}
"""
MODELS = """version: 1
models:
  parts: {table: parts, dimensions: {i: , n: }, measures: {total: sum(n)}}
  again: {table: parts, measures: {once_more: sum(n)}}
"""
ROWS = 300_000
SUMS = '{"metrics": ["total", "once_more"]}'
ALL_ROWS = '{"fields": ["n"], "from": "parts"}'
SUM_OF_EACH = '{"metrics": ["total"], "dimensions": ["i"]}'
SCHEMA = pa.schema({"n": pa.int64()})
CHANGED = "the data changed while it was read"


def write(path: Path, value: float, *, at_once: bool = True) -> None:
    """Every row of a file has this value."""
    table = pa.table({"i": range(ROWS), "n": pa.array([value] * ROWS)})
    target = path.with_suffix(".new") if at_once else path
    pq.write_table(table, target, use_dictionary=False, compression="none", row_group_size=20_000)
    target.replace(path)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, Gateway]]:
    """One file of ones, and the gateway over it."""
    (tmp_path / "models").mkdir()
    (tmp_path / "forebay.yml").write_text(ROOT)
    (tmp_path / "models" / "all.yml").write_text(MODELS)
    write(tmp_path / "part.parquet", 1)
    gateway = make_gateway(Settings(project=tmp_path, types_folder=tmp_path / "types"))
    yield tmp_path / "part.parquet", gateway
    gateway.close()


@contextmanager
def meanwhile(write_one: Callable[[int], None]) -> Iterator[None]:
    """Versions written one after the other while something else is done."""
    ended = threading.Event()

    def go_on() -> None:
        number = 0
        while not ended.is_set():
            write_one(number)
            number += 1

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()


def start(gateway: Gateway, question: str) -> ResultStream:
    return gateway.fetch(gateway.prepare(question, ANONYMOUS)).stream


def in_place(path: Path, number: int) -> None:
    write(path, 1 + number % 3, at_once=False)


def at_once(path: Path, number: int) -> None:
    write(path, 1 + number % 3)


def of_other_types_and_back(path: Path, number: int) -> None:
    write(path, (1, 1.6)[number % 2])


@pytest.mark.parametrize("change", [in_place, at_once, of_other_types_and_back])
def test_no_sum_is_of_two_versions(
    change: Callable[[Path, int], None], served: tuple[Path, Gateway]
) -> None:
    path, gateway = served
    sums = set()
    refused = set()
    with meanwhile(lambda number: change(path, number)):
        for _ in range(20):
            try:
                found = [row for each in start(gateway, SUMS) for row in each.to_pylist()]
                sums.add(tuple(found[0].values()))
            except (DataAltered, EngineFailed, EngineGone) as refusal:
                refused.add(refusal.code)

    assert sums <= {(value * ROWS, value * ROWS) for value in (1, 2, 3)}
    assert refused <= {"SL601", "SL603", "SL605"}


def test_an_answer_of_one_batch_is_read_once_more(served: tuple[Path, Gateway]) -> None:
    path, gateway = served
    stream = start(gateway, SUMS)
    write(path, 2)

    assert [each.to_pylist() for each in stream] == [[{"total": 2 * ROWS, "once_more": 2 * ROWS}]]


def test_an_answer_that_was_begun_is_refused(served: tuple[Path, Gateway]) -> None:
    path, gateway = served
    stream = start(gateway, ALL_ROWS)
    next(iter(stream))
    write(path, 2)

    for _ in range(2):
        with pytest.raises(DataAltered) as refusal:
            list(stream)
        assert refusal.value.message == CHANGED


def test_types_that_changed_and_changed_back_are_noticed(served: tuple[Path, Gateway]) -> None:
    path, gateway = served
    stream = start(gateway, SUM_OF_EACH)
    write(path, 1.6)
    next(iter(stream))
    write(path, 1)

    with pytest.raises(DataAltered) as refusal:
        list(stream)
    assert refusal.value.message == CHANGED


def test_data_that_changes_again_is_refused() -> None:
    started = [Batches(SCHEMA, (pa.record_batch({"n": [n]}),)) for n in range(2)]
    streams = iter(started)

    def changing() -> Started:
        return Started(next(streams), lambda: False)

    with pytest.raises(DataAltered, match=CHANGED):
        list(OneVersionStream(changing(), changing))

    assert [each.closed for each in started] == [1, 0]


class Breaking(Batches):
    """A stream whose engine breaks after its batches."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        yield from self.batches
        raise EngineRestarted('engine "files" failed and is started anew')


def test_an_answer_that_broke_before_any_of_it_was_given_is_asked_once_more() -> None:
    broken, whole = (kind(SCHEMA, (pa.record_batch({"n": [1]}),)) for kind in (Breaking, Batches))

    read = list(
        OneVersionStream(Started(broken, lambda: True), lambda: Started(whole, lambda: True))
    )

    assert (read, broken.closed) == (list(whole.batches), 1)


def test_an_answer_that_breaks_twice_or_half_way_is_refused() -> None:
    twice = [Started(Breaking(SCHEMA), lambda: True) for _ in range(2)]
    half = Breaking(SCHEMA, tuple(pa.record_batch({"n": [n]}) for n in range(3)))
    stream = OneVersionStream(Started(half, lambda: True), lambda: pytest.fail("started again"))

    with pytest.raises(EngineRestarted):
        list(OneVersionStream(twice[0], lambda: twice[1]))
    assert next(iter(stream)).to_pylist() == [{"n": 0}]
    with pytest.raises(EngineRestarted):
        list(stream)


def test_a_stream_over_data_that_stands_is_the_stream_itself() -> None:
    source = Batches(SCHEMA, tuple(pa.record_batch({"n": [n]}) for n in range(5)))
    stream = OneVersionStream(Started(source, lambda: True), lambda: pytest.fail("started again"))

    read = list(stream)
    stream.close()

    assert (read, stream.schema, source.closed) == (list(source.batches), source.schema, 1)


def test_a_stream_that_was_closed_is_not_started_again() -> None:
    source, again = (Batches(SCHEMA, (pa.record_batch({"n": [1]}),)) for _ in range(2))
    stream = OneVersionStream(Started(source, lambda: False), lambda: Started(again, lambda: True))
    stream.close()

    for _ in range(2):
        with pytest.raises(Cancelled):
            next(iter(stream))

    assert again.closed == 1
