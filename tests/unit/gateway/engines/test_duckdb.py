"""DuckDB as an engine: it describes its data, knows its versions, and outlives what goes wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from gateway.engines.duckdb import DuckDBEngine
from gateway.engines.duckdb_open import DuckDBSettings
from gateway.errors import Cancelled, EngineFailed, EngineGone, EngineTimedOut
from semantic_models.errors import ForebayError
from semantic_models.model import Select, Table
from semantic_models.types import INT64, STRING, Kind, LogicalType
from tests.unit.gateway.engines.data import (
    ENDLESS,
    FLIGHTS,
    LONG,
    TOTAL,
    flights_in,
    numbers,
    rows_of,
    write_flights,
)

TIMEOUT_S = 30.0
TEN = ", ".join(f"t{n:02}" for n in range(10))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(flights_in(tmp_path))
    yield engine
    engine.close()


def make_database(path: Path, *, orders: int) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA shop")
        connection.execute(f"CREATE TABLE shop.orders AS SELECT range AS n FROM range({orders})")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[DuckDBEngine]:
    make_database(tmp_path / "data.duckdb", orders=3)
    engine = DuckDBEngine(DuckDBSettings(name="local", folder=tmp_path, path="data.duckdb"))
    yield engine
    engine.close()


ORDERS = numbers("SELECT count(*) AS n FROM shop.orders")


def test_a_wider_sum_is_given_in_the_promised_type(engine: DuckDBEngine) -> None:
    stream = engine.execute(TOTAL, timeout_s=TIMEOUT_S)

    assert rows_of(stream) == [{"n": 800}]
    assert stream.schema == pa.schema({"n": pa.int64()})


def test_a_database_file_is_an_engine_too(database: DuckDBEngine) -> None:
    stream = database.execute(ORDERS, timeout_s=TIMEOUT_S)

    assert rows_of(stream) == [{"n": 3}]


def test_a_relation_is_described_in_its_order(engine: DuckDBEngine) -> None:
    told = engine.describe(Table(("flights",)))

    assert list(told.items()) == [("carrier", STRING), ("distance", INT64)]


def test_a_table_of_a_schema_is_described(database: DuckDBEngine) -> None:
    assert database.describe(Table(("shop", "orders"))) == {"n": INT64}


def test_a_select_is_described(engine: DuckDBEngine) -> None:
    text = "select distance / 2 as half, [carrier] as stops from flights"
    tree = sqlglot.parse_one(text, dialect="duckdb")

    told = engine.describe(Select(tree))

    assert told == {"half": LogicalType(Kind.FLOAT64), "stops": None}


def test_a_select_from_a_function_is_described_over_a_database_file(
    database: DuckDBEngine,
) -> None:
    tree = sqlglot.parse_one("select a.range x from range(9) a, range(3) b", dialect="duckdb")

    assert database.describe(Select(tree)) == {"x": INT64}


def test_a_query_is_described_without_running_it(engine: DuckDBEngine) -> None:
    told = engine.describe_query("SELECT sum(distance) AS s, error('runs')::DATE AS e FROM flights")

    assert told == {"s": LogicalType(Kind.DECIMAL, 38, 0), "e": LogicalType(Kind.DATE)}


def test_a_missing_table_is_refused_with_the_nearest_name(engine: DuckDBEngine) -> None:
    with pytest.raises(EngineFailed) as refusal:
        engine.describe(Table(("fligths",)))

    assert refusal.value.message == 'table "fligths" does not exist in engine "files"'
    assert refusal.value.hint == 'Perhaps "flights" is meant.'


@pytest.mark.parametrize(
    ("tables", "hint"),
    [
        (["a", "b"], "The engine has a, b, shop.orders."),
        ([f"t{n:02}" for n in range(12)], f"The engine has {TEN} and 3 more."),
    ],
)
def test_a_missing_table_like_no_other_is_refused_with_those_that_are_there(
    tables: list[str], hint: str, tmp_path: Path
) -> None:
    make_database(tmp_path / "data.duckdb", orders=3)
    with duckdb.connect(str(tmp_path / "data.duckdb")) as connection:
        for each in tables:
            connection.execute(f"CREATE TABLE {each} AS SELECT 1 AS n")
    engine = DuckDBEngine(DuckDBSettings(name="local", folder=tmp_path, path="data.duckdb"))

    hints = []
    for parts in (("xyz",), ("no_such", "main", "xyz"), ("shop", "orderz")):
        with pytest.raises(EngineFailed) as refusal:
            engine.describe(Table(parts))
        hints.append(refusal.value.hint)
    engine.close()

    assert hints == [hint, hint, 'Perhaps "shop.orders" is meant.']


def test_an_engine_without_tables_says_so(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "data.duckdb")).close()
    engine = DuckDBEngine(DuckDBSettings(name="local", folder=tmp_path, path="data.duckdb"))

    with pytest.raises(EngineFailed) as refusal:
        engine.describe(Table(("orders",)))
    engine.close()

    assert refusal.value.hint == "The engine has no tables."


def test_a_view_of_a_database_that_cannot_be_read_is_refused_by_its_name(tmp_path: Path) -> None:
    write_flights(tmp_path)
    with duckdb.connect(str(tmp_path / "data.duckdb")) as connection:
        connection.execute("CREATE TABLE old AS SELECT 1 AS n")
        connection.execute("CREATE VIEW stale AS SELECT n FROM old")
        connection.execute("DROP TABLE old")
        connection.execute(f"CREATE VIEW far AS FROM '{tmp_path}/flights.parquet'")
    engine = DuckDBEngine(DuckDBSettings(name="local", folder=tmp_path, path="data.duckdb"))

    messages = []
    for name in ("stale", "far"):
        with pytest.raises(EngineFailed) as refusal:
            engine.describe(Table((name,)))
        messages.append(refusal.value.message)
    engine.close()

    assert messages == [
        'view "stale" of engine "local" selects what is not there',
        'the view reaches beyond the data of engine "local"',
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "SELECT * FROM read_text('/etc/hostname')",
            'the SELECT reaches beyond the data of engine "files"',
        ),
        ("FROM '/etc/secret.parquet'", 'the SELECT reaches beyond the data of engine "files"'),
        ("SELECT secret FROM flights", 'engine "files" cannot resolve every name of the SELECT'),
        ("SELECT FROM WHERE", 'engine "files" cannot read the SELECT'),
        ("SET threads = 1", "a text for the engine is not exactly one SELECT"),
    ],
)
def test_a_query_that_cannot_be_described_is_refused_in_our_words(
    text: str, message: str, engine: DuckDBEngine
) -> None:
    with pytest.raises(EngineFailed) as refusal:
        engine.describe_query(text)

    told = refusal.value
    assert told.message == message
    for secret in ("distance", "/etc"):
        assert secret not in told.message + told.detail + told.hint


def test_the_version_changes_with_the_files_that_are_read(tmp_path: Path) -> None:
    write_flights(tmp_path, "a.parquet")
    write_flights(tmp_path, "b.parquet")
    files = {"a": "a.parquet", "b": "b.parquet"}
    engine = DuckDBEngine(DuckDBSettings(name="files", folder=tmp_path, files=files))
    before = [engine.data_version(each) for each in (["a"], ["B"], ["select 1"])]

    os.utime(tmp_path / "b.parquet", ns=(1, 1))
    after = [engine.data_version(each) for each in (["a"], ["B"], ["select 1"])]
    engine.close()

    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, False]


def test_the_version_of_a_database_counts_its_log(database: DuckDBEngine, tmp_path: Path) -> None:
    before = database.data_version(["shop.orders"])

    Path(tmp_path, "data.duckdb.wal").write_bytes(b"")

    assert database.data_version(["shop.orders"]) != before


def test_identities_differ_with_the_place_of_the_data(tmp_path: Path) -> None:
    for name in ("one", "two"):
        Path(tmp_path, name).mkdir()
    one, two = (DuckDBEngine(flights_in(tmp_path / name)) for name in ("one", "two"))

    assert one.identity != two.identity
    assert one.identity.startswith(f"duckdb {duckdb.__version__} ")
    one.close()
    two.close()


def test_an_engine_recovers_when_its_file_is_back(engine: DuckDBEngine, tmp_path: Path) -> None:
    Path(tmp_path, "flights.parquet").rename(tmp_path / "away")
    refused: list[Callable[[], object]] = [
        lambda: engine.data_version(["flights"]),
        engine.check,
        lambda: engine.describe(Table(("flights",))),
        lambda: engine.describe_query("SELECT distance FROM flights"),
        lambda: list(engine.execute(TOTAL, timeout_s=TIMEOUT_S)),
    ]
    for ask in refused:
        with pytest.raises(EngineGone):
            ask()

    Path(tmp_path, "away").rename(tmp_path / "flights.parquet")

    engine.check()
    assert rows_of(engine.execute(TOTAL, timeout_s=TIMEOUT_S)) == [{"n": 800}]


def test_a_missing_file_is_told_as_the_settings_name_it(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    Path(tmp_path, "flights.parquet").unlink()

    with pytest.raises(EngineGone) as refusal:
        engine.check()

    assert refusal.value.detail == "A file of flights.parquet in forebay.yml is missing."
    assert str(tmp_path) not in refusal.value.message


def test_a_file_with_more_columns_is_the_same_relation(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    wider = FLIGHTS.append_column("origin", pa.array(["JFK"] * 4))
    pq.write_table(wider, tmp_path / "flights.parquet")

    assert rows_of(engine.execute(TOTAL, timeout_s=TIMEOUT_S)) == [{"n": 800}]


def test_a_file_that_lost_a_column_is_refused(engine: DuckDBEngine, tmp_path: Path) -> None:
    pq.write_table(FLIGHTS.drop_columns(["distance"]), tmp_path / "flights.parquet")

    with pytest.raises(EngineGone) as refusal:
        list(engine.execute(TOTAL, timeout_s=TIMEOUT_S))

    assert refusal.value.message == 'engine "files" no longer has what a model names'


def test_a_replaced_database_is_opened_anew(database: DuckDBEngine, tmp_path: Path) -> None:
    before = database.data_version(["shop.orders"])
    make_database(tmp_path / "next.duckdb", orders=5)

    Path(tmp_path, "next.duckdb").replace(tmp_path / "data.duckdb")

    assert rows_of(database.execute(ORDERS, timeout_s=TIMEOUT_S)) == [{"n": 5}]
    assert database.data_version(["shop.orders"]) != before


def test_a_database_that_is_written_over_in_place_is_opened_anew(
    database: DuckDBEngine, tmp_path: Path
) -> None:
    before = rows_of(database.execute(ORDERS, timeout_s=TIMEOUT_S))
    file = tmp_path / "data.duckdb"
    inode = file.stat().st_ino
    make_database(tmp_path / "next.duckdb", orders=5)

    file.write_bytes(Path(tmp_path, "next.duckdb").read_bytes())

    assert file.stat().st_ino == inode
    assert (before, rows_of(database.execute(ORDERS, timeout_s=TIMEOUT_S))) == (
        [{"n": 3}],
        [{"n": 5}],
    )


def test_content_that_keeps_its_size_and_time_is_another_version(
    database: DuckDBEngine, tmp_path: Path
) -> None:
    before = database.data_version(["shop.orders"])
    file = tmp_path / "data.duckdb"
    stamps = file.stat()

    file.write_bytes(file.read_bytes())
    os.utime(file, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))

    assert file.stat().st_mtime_ns == stamps.st_mtime_ns
    assert database.data_version(["shop.orders"]) != before


def test_a_query_over_a_replaced_database_goes_on(database: DuckDBEngine, tmp_path: Path) -> None:
    reading = database.execute(numbers(f"{LONG} LIMIT 400000"), timeout_s=TIMEOUT_S)
    rows = next(iter(reading)).num_rows
    make_database(tmp_path / "next.duckdb", orders=5)
    Path(tmp_path, "next.duckdb").replace(tmp_path / "data.duckdb")

    renewed = rows_of(database.execute(ORDERS, timeout_s=TIMEOUT_S))
    rows += sum(batch.num_rows for batch in reading)

    assert (renewed, rows) == ([{"n": 5}], 400_000)


def test_a_query_over_a_replaced_database_can_still_be_stopped(
    database: DuckDBEngine, tmp_path: Path
) -> None:
    reading = database.execute(numbers(ENDLESS), timeout_s=1)
    raised: list[type[ForebayError]] = []

    def read() -> None:
        try:
            list(reading)
        except ForebayError as error:
            raised.append(type(error))

    reader = Thread(target=read, daemon=True)
    reader.start()
    make_database(tmp_path / "next.duckdb", orders=5)
    Path(tmp_path, "next.duckdb").replace(tmp_path / "data.duckdb")
    database.check()
    reader.join(15)

    assert raised == [EngineTimedOut]


def test_a_replacement_that_is_no_database_is_refused_until_there_is_one(
    database: DuckDBEngine, tmp_path: Path
) -> None:
    Path(tmp_path, "data.duckdb").rename(tmp_path / "away")
    Path(tmp_path, "data.duckdb").write_bytes(b"junk" * 4_096)

    with pytest.raises(EngineGone) as refusal:
        database.check()
    Path(tmp_path, "away").replace(tmp_path / "data.duckdb")

    assert refusal.value.message == 'engine "local" cannot be started anew'
    assert rows_of(database.execute(ORDERS, timeout_s=TIMEOUT_S)) == [{"n": 3}]


@pytest.mark.parametrize("name", ["shop", "memory", "temp", 'it\'s "quoted"'])
def test_any_name_of_a_database_file_will_do(name: str, tmp_path: Path) -> None:
    make_database(tmp_path / "data.duckdb", orders=3)
    Path(tmp_path, "data.duckdb").rename(tmp_path / f"{name}.duckdb")
    settings = DuckDBSettings(name="local", folder=tmp_path, path=f"{name}.duckdb")

    engine = DuckDBEngine(settings)
    rows = rows_of(engine.execute(ORDERS, timeout_s=TIMEOUT_S))
    engine.close()

    assert rows == [{"n": 3}]


def test_two_engines_read_one_database_at_once(database: DuckDBEngine, tmp_path: Path) -> None:
    reading = database.execute(numbers(LONG), timeout_s=TIMEOUT_S)
    next(iter(reading))

    other = DuckDBEngine(DuckDBSettings(name="local", folder=tmp_path, path="data.duckdb"))
    rows = rows_of(other.execute(ORDERS, timeout_s=TIMEOUT_S))
    other.close()
    reading.close()

    assert rows == [{"n": 3}]


def test_an_engine_that_broke_is_started_anew(engine: DuckDBEngine) -> None:
    """A fatal failure cannot be had at will, so the engine is told of one."""
    before = engine.execute(numbers(LONG), timeout_s=TIMEOUT_S)
    next(iter(before))

    told = engine.failure(duckdb.FatalException("FATAL Error: database has been invalidated"))

    assert told.message == 'engine "files" failed and is started anew'
    assert rows_of(engine.execute(TOTAL, timeout_s=TIMEOUT_S)) == [{"n": 800}]
    before.close()


def test_a_closed_engine_stops_what_runs_and_runs_nothing(tmp_path: Path) -> None:
    engine = DuckDBEngine(flights_in(tmp_path))
    stream = engine.execute(numbers(LONG), timeout_s=TIMEOUT_S)
    next(iter(stream))

    engine.close()

    with pytest.raises(Cancelled):
        next(iter(stream))
    with pytest.raises(EngineGone):
        engine.execute(TOTAL, timeout_s=TIMEOUT_S)


def test_queries_run_side_by_side(engine: DuckDBEngine) -> None:
    streams = [
        engine.execute(numbers(f"SELECT range + {number} AS n FROM range(300000)"), timeout_s=30)
        for number in range(3)
    ]

    firsts = [next(iter(stream)).column(0)[0].as_py() for stream in streams]
    counts = [sum(batch.num_rows for batch in stream) for stream in streams]

    assert firsts == [0, 1, 2]
    assert len(set(counts)) == 1


def test_files_that_a_glob_meets_later_are_read_and_those_that_go_are_not(tmp_path: Path) -> None:
    def write(name: str, rows: int) -> None:
        duckdb.sql(f"copy (select range as n from range({rows})) to '{tmp_path / name}.parquet'")

    def rows() -> int:
        query = numbers('SELECT COUNT(*) AS "n" FROM "t"')
        (batch,) = opened.execute(query, timeout_s=TIMEOUT_S)
        return int(batch.column(0)[0].as_py())

    write("a", 2)
    opened = DuckDBEngine(DuckDBSettings(name="f", folder=tmp_path, files={"t": "*.parquet"}))
    versions = [opened.data_version(["t"])]
    assert rows() == 2
    write("b", 3)
    versions.append(opened.data_version(["t"]))
    assert rows() == 5
    (tmp_path / "a.parquet").unlink()
    versions.append(opened.data_version(["t"]))
    assert rows() == 3
    (tmp_path / "b.parquet").unlink()
    with pytest.raises(EngineGone):
        opened.data_version(["t"])
    write("c", 1)
    assert opened.data_version(["t"]) not in versions
    assert rows() == 1
    assert len(set(versions)) == 3
    opened.close()
