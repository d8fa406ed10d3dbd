"""An engine opens over its own data only, and nothing else can be reached or set through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from gateway.engines import duckdb_open
from gateway.engines.duckdb_open import DuckDBSettings, find_sources, open_locked, quote
from gateway.errors import EngineFailed
from semantic_models.errors import SettingRejected
from semantic_models.spec import Scalar
from tests.unit.gateway.engines.data import FLIGHTS, flights_in, write_flights


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    write_flights(tmp_path, "secret.parquet")
    Path(tmp_path, "secret.csv").write_text("a\n1\n", encoding="utf-8")
    settings = flights_in(tmp_path)
    with open_locked(settings, find_sources(settings)) as connection:
        yield connection


FORBIDDEN = [
    "SELECT * FROM read_parquet('{folder}/secret.parquet')",
    "SELECT * FROM '{folder}/secret.parquet'",
    "SELECT * FROM read_csv('{folder}/secret.csv')",
    "SELECT * FROM read_text('{folder}/secret.csv')",
    "SELECT * FROM glob('{folder}/*')",
    "COPY flights TO '{folder}/stolen.csv'",
    "COPY flights TO '{folder}/flights.parquet'",
    "EXPORT DATABASE '{folder}/stolen'",
    "ATTACH '{folder}/other.db'",
    "SET threads = 1",
    "SET TimeZone = 'America/New_York'",
    "SET allowed_directories = ['/']",
    "RESET memory_limit",
    "SELECT * FROM outside",
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_nothing_but_the_own_data_is_reached(
    sql: str, locked: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    outside = pa.table({"a": [1]})
    text = sql.format(folder=tmp_path)

    with pytest.raises(duckdb.Error):
        locked.cursor().execute(text).fetchall()

    with duckdb.connect() as plain:
        plain.register("flights", FLIGHTS)
        plain.execute(text)
    assert outside.num_rows == 1


def test_the_own_data_is_reached(locked: duckdb.DuckDBPyConnection) -> None:
    assert locked.cursor().sql("FROM flights").to_arrow_table() == FLIGHTS


SALES = """
create table sales(id integer, kind integer, day integer, amount integer, cost integer);
insert into sales values (1, 1, 1, 5, 1);
create table notes(sale_id integer);
create table rates(amount integer, day integer);
insert into rates values (5, 1);
"""
JOINED = """
sales left join notes on sales.id = notes.sale_id left join rates on sales.amount = rates.amount
left join sales as noted on notes.sale_id = noted.id where rates.day >= 1
"""
LATEST = f"""
select noted.amount as g, sales.day as d,
max(sales.day) over (partition by sales.cost, sales.kind) as latest from {JOINED}
"""
ARMS = f"""
select g, count(*) from ({LATEST}) where d = latest group by 1 union all
select noted.amount, sum(sales.amount) - sum(sales.cost) from {JOINED} group by 1
"""


def test_two_arms_over_the_same_joins_keep_their_own_columns(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "shop.db") as made:
        made.execute(SALES)
    settings = DuckDBSettings(name="shop", folder=tmp_path, path="shop.db")

    with open_locked(settings, find_sources(settings)) as connection:
        assert connection.execute(ARMS).fetchall() == [(None, 1), (None, 4)]


def test_no_extension_is_fetched_or_loaded(locked: duckdb.DuckDBPyConnection) -> None:
    for sql in ("INSTALL spatial", "LOAD spatial", "INSTALL h3 FROM community"):
        with pytest.raises(duckdb.PermissionException):
            locked.execute(sql)


def test_every_cursor_shows_instants_in_utc(locked: duckdb.DuckDBPyConnection) -> None:
    found = locked.cursor().execute("SELECT current_setting('TimeZone')").fetchall()

    assert found == [("UTC",)]


def test_globs_are_expanded_in_order_from_the_projects_folder(tmp_path: Path) -> None:
    for name in ("b.parquet", "a.parquet", "other.txt"):
        write_flights(tmp_path, name)
    settings = DuckDBSettings(name="files", folder=tmp_path, files={"f": "*.parquet"})

    sources = find_sources(settings)

    assert sources == {"f": (str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet"))}
    with open_locked(settings, sources) as connection:
        assert connection.sql("SELECT count(*) FROM f").fetchall() == [(8,)]


def test_names_and_paths_are_quoted(tmp_path: Path) -> None:
    name, file = 'select "x"', 'it\'s [1] "file".parquet'
    write_flights(tmp_path, file)
    settings = DuckDBSettings(name="files", folder=tmp_path, files={name: file})

    with open_locked(settings, find_sources(settings)) as connection:
        assert connection.sql(f"FROM {quote(name)}").to_arrow_table() == FLIGHTS


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A folder of nothing but links: to a file, to a folder, and twice to one more file."""
    for name in ("real", "project"):
        Path(tmp_path, name).mkdir()
    for name in ("a.parquet", "b.parquet"):
        write_flights(tmp_path / "real", name)
    project = tmp_path / "project"
    (project / "one.parquet").symlink_to(tmp_path / "real" / "a.parquet")
    (project / "same.parquet").symlink_to(project / "one.parquet")
    (project / "folder").symlink_to(tmp_path / "real")
    return project


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("one.parquet", ["a"]),
        ("*.parquet", ["a"]),
        ("folder/b.parquet", ["b"]),
        ("folder/*.parquet", ["a", "b"]),
    ],
)
def test_data_behind_a_link_is_read_where_it_lies(
    pattern: str, names: list[str], linked: Path, tmp_path: Path
) -> None:
    settings = DuckDBSettings(name="files", folder=linked, files={"f": pattern})

    sources = find_sources(settings)

    assert sources == {"f": tuple(str(tmp_path / "real" / f"{each}.parquet") for each in names)}
    with open_locked(settings, sources) as connection:
        assert connection.sql("SELECT count(*) FROM f").fetchall() == [(4 * len(names),)]


@pytest.mark.parametrize("file", ["project/folder/b.parquet", "real/b.parquet"])
def test_a_link_opens_nothing_beside_its_file(file: str, linked: Path, tmp_path: Path) -> None:
    settings = DuckDBSettings(name="files", folder=linked, files={"f": "one.parquet"})

    with open_locked(settings, find_sources(settings)) as connection:
        with pytest.raises(duckdb.PermissionException):
            connection.execute(f"SELECT * FROM read_parquet('{tmp_path}/{file}')")

        assert connection.sql("SELECT count(*) FROM f").fetchall() == [(4,)]


def test_a_linked_database_keeps_the_name_of_the_link(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop_v2.duckdb")) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 1 AS n")
    (tmp_path / "shop.duckdb").symlink_to(tmp_path / "shop_v2.duckdb")
    settings = DuckDBSettings(name="local", folder=tmp_path, path="shop.duckdb")

    with open_locked(settings, find_sources(settings)) as connection:
        assert connection.sql("FROM shop.main.orders").fetchall() == [(1,)]


def test_a_folder_to_spill_to_may_be_a_link(linked: Path) -> None:
    settings = replace(flights_in(linked), spill_folder=linked / "folder")

    with open_locked(settings, find_sources(settings)) as connection:
        assert connection.sql("FROM flights").to_arrow_table() == FLIGHTS


@pytest.mark.parametrize("key", ["path", "files"])
def test_a_folder_is_no_file(key: str, linked: Path) -> None:
    settings = (
        DuckDBSettings(name="local", folder=linked, path="folder")
        if key == "path"
        else DuckDBSettings(name="local", folder=linked, files={"f": "folder"})
    )

    with pytest.raises(SettingRejected) as refusal:
        find_sources(settings)

    assert refusal.value.hint == "It is a folder; name a file in it."


def test_a_refusal_stands_where_the_value_is_written_and_shows_no_secret(tmp_path: Path) -> None:
    """Of a value without a place it is left to whoever knows where the engine stands."""
    written = Scalar("${NAME}", "${NAME}", "forebay.yml", ((7, 12),))
    files = {"a": "gone.parquet"}
    settings = DuckDBSettings(
        name="local", folder=tmp_path, files=files, written={"files.a": written}
    )

    with pytest.raises(SettingRejected) as refusal:
        find_sources(settings)
    with pytest.raises(SettingRejected) as unplaced:
        find_sources(replace(settings, written={}))

    told, untold = refusal.value, unplaced.value
    assert (told.position, untold.position) == (written.position(), None)
    assert (told.message, untold.message) == (
        'no file matches "${NAME}" of engine "local"',
        'no file matches "gone.parquet" of engine "local"',
    )
    assert settings.place == "${NAME}"


@pytest.mark.parametrize(
    "pattern", ["gone.parquet", "gone/*.parquet", "nul\0.parquet", "", "x" * 5_000]
)
def test_a_missing_file_is_refused_under_its_name_in_the_settings(
    pattern: str, tmp_path: Path
) -> None:
    settings = DuckDBSettings(name="files", folder=tmp_path, files={"flights": pattern})

    with pytest.raises(SettingRejected) as refusal:
        find_sources(settings)

    assert refusal.value.message == f'no file matches "{pattern}" of engine "files"'
    assert "engines.files.files.flights" in refusal.value.detail


def test_a_missing_database_is_refused_and_not_made(tmp_path: Path) -> None:
    settings = DuckDBSettings(name="local", folder=tmp_path, path="shop.duckdb", read_only=False)

    with pytest.raises(SettingRejected) as refusal:
        find_sources(settings)

    assert refusal.value.message == 'no file matches "shop.duckdb" of engine "local"'
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["path", "files"])
def test_a_file_of_another_format_is_refused_without_the_engines_text(
    key: str, tmp_path: Path
) -> None:
    Path(tmp_path, "junk").write_bytes(b"junk" * 4_096)
    settings = (
        DuckDBSettings(name="local", folder=tmp_path, path="junk")
        if key == "path"
        else DuckDBSettings(name="local", folder=tmp_path, files={"junk": "junk"})
    )

    with pytest.raises(SettingRejected) as refusal:
        open_locked(settings, find_sources(settings))

    told = refusal.value
    assert told.message.startswith('"junk" of engine "local" cannot be')
    assert f"engines.local.{key}" in told.detail
    assert str(tmp_path) not in told.message + told.detail + told.hint


@pytest.mark.parametrize(
    ("path", "files"), [(None, {}), ("a.db", {"a": "a.parquet"})], ids=["neither", "both"]
)
def test_either_a_database_or_files_are_named(
    path: str | None, files: dict[str, str], tmp_path: Path
) -> None:
    settings = DuckDBSettings(name="local", folder=tmp_path, path=path, files=files)

    with pytest.raises(SettingRejected) as refusal:
        find_sources(settings)

    assert refusal.value.message == 'engine "local" needs either "path" or "files"'


@pytest.mark.parametrize("names", [("",), ("Flights", "flights")], ids=["empty", "twice"])
def test_names_of_files_are_names_of_their_own(names: tuple[str, ...], tmp_path: Path) -> None:
    write_flights(tmp_path)
    files = dict.fromkeys(names, "flights.parquet")
    settings = DuckDBSettings(name="files", folder=tmp_path, files=files)

    with pytest.raises(SettingRejected) as refusal:
        find_sources(settings)

    assert refusal.value.message == f'"{names[0]}" of engines.files.files is not a name of its own'


def test_memory_and_threads_are_bounded_as_set(tmp_path: Path) -> None:
    settings = replace(flights_in(tmp_path), memory_bytes_max=256 * 2**20, threads=1)

    with open_locked(settings, find_sources(settings)) as connection:
        held = connection.execute(
            "SELECT current_setting('memory_limit'), current_setting('threads')"
        ).fetchall()

    assert held == [("256.0 MiB", 1)]


def test_bounds_that_duckdb_does_not_take_are_refused(tmp_path: Path) -> None:
    settings = replace(flights_in(tmp_path), threads=0)

    with pytest.raises(SettingRejected) as refusal:
        open_locked(settings, find_sources(settings))

    assert refusal.value.message == 'the bounds of engine "files" cannot be used'


def test_a_setting_that_is_not_held_refuses_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB holds every setting it is given, so the test expects one that nobody gave."""
    settings = flights_in(tmp_path)
    monkeypatch.setitem(duckdb_open.LOCKED, "allow_unsigned_extensions", "true")

    with pytest.raises(EngineFailed) as refusal:
        open_locked(settings, find_sources(settings))

    assert refusal.value.message == 'engine "files" is not locked down'
    assert refusal.value.detail == "DuckDB does not hold as set: allow_unsigned_extensions."


def test_a_file_that_may_be_reached_beside_the_own_refuses_the_start(tmp_path: Path) -> None:
    settings = replace(flights_in(tmp_path), files={"a": "flights.parquet", "b": "f*.parquet"})
    sources = dict(find_sources(settings))
    write_flights(tmp_path, "other.parquet")
    linked = {**sources, "b": (f"{tmp_path}/./other.parquet",)}

    with pytest.raises(EngineFailed) as refusal:
        open_locked(settings, linked)

    assert refusal.value.detail == "DuckDB does not hold as set: allowed_paths."


def test_a_sort_beyond_memory_spills_only_where_a_folder_is_given(tmp_path: Path) -> None:
    lean = replace(flights_in(tmp_path), memory_bytes_max=64 * 2**20, threads=1)
    spilling = replace(lean, spill_folder=tmp_path / "spill")
    sql = "SELECT max(n) FROM (SELECT n FROM range(8000000) t(n) ORDER BY hash(n) LIMIT 7999999)"

    with (
        open_locked(lean, find_sources(lean)) as connection,
        pytest.raises(duckdb.OutOfMemoryException),
    ):
        connection.execute(sql)

    with open_locked(spilling, find_sources(spilling)) as connection:
        assert len(connection.execute(sql).fetchall()) == 1
