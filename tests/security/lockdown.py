"""Every function, setting and statement of DuckDB on a connection as it is opened for serving, and
through the gateway: nothing beyond the declared data is opened, reached or told.

Honey files are watched by the kernel, a honey port counts who connects, and canaries lie in files,
in the environment and in this process's own variables.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auth.principal import ANONYMOUS
from gateway.compose import make_gateway
from gateway.engines import duckdb_open
from gateway.engines.duckdb_open import DuckDBSettings, find_sources, open_locked
from gateway.engines.duckdb_stream import only_select
from gateway.pipeline import Gateway
from gateway.settings import Settings
from semantic_models.errors import ForebayError

CANARY = "canary-5f0e1c"
TIMEOUT_S = 2.0
ROWS_READ = 50
ROOT = "version: 1\nname: small\nengines: {{local: {{type: duckdb, {data}}}}}\n"
MODELS = (
    "version: 1\n"
    "models: {orders: {table: orders, dimensions: {id: , name: }, measures: {n: count(*)}}}\n"
)
DATA = {"files": "files: {orders: orders.parquet}", "path": "path: data.duckdb"}
ORDERS = pa.table({"id": [1, 2], "name": ["a", "b"]})


@dataclass(frozen=True)
class Input:
    """A text, and whether it may leave this machine where nothing keeps it."""

    text: str
    is_local: bool = True


@dataclass
class Honey:
    """What nothing may touch, beside what may be read."""

    folder: Path
    port: int
    connected: list[str] = field(default_factory=list)
    _watch: int = -1

    @property
    def declared(self) -> Path:
        """The folder of the declared data; others are honey."""
        return self.folder / "declared"

    def opened(self) -> int:
        """How often the kernel has seen a honey file or folder opened since the last look."""
        seen = 0
        with suppress(BlockingIOError):
            while events := os.read(self._watch, 65_536):
                seen += _count(events)
        return seen

    def written(self) -> dict[str, bytes]:
        """Every file below, with what it holds."""
        return {
            str(each.relative_to(self.folder)): each.read_bytes()
            for each in sorted(self.folder.rglob("*"))
            if each.is_file()
        }


_IN_NONBLOCK, _IN_OPEN, _IN_CREATE, _IN_ISDIR = 0o4000, 0x20, 0x100, 0x40000000
_EVENT = struct.Struct("iIII")


def _count(events: bytes) -> int:
    """The events in what the kernel tells, but for looks at folders by this test itself."""
    found, at = 0, 0
    while at < len(events):
        _, mask, _, length = _EVENT.unpack_from(events, at)
        found += not mask & _IN_ISDIR
        at += _EVENT.size + length
    return found


@contextmanager
def honey() -> Iterator[Honey]:
    """A folder of declared data and honey, a port that counts, and canaries."""
    with tempfile.TemporaryDirectory() as made, socket.create_server(("127.0.0.1", 0)) as server:
        found = Honey(Path(made).resolve(), server.getsockname()[1])
        _write(found)
        threading.Thread(target=_listen, args=(server, found), daemon=True).start()
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("HOME", str(found.folder / "home"))
            patched.setenv("CANARY", CANARY)
            found._watch = _watch(found)
            try:
                yield found
            finally:
                os.close(found._watch)


def _write(found: Honey) -> None:
    for name in ("declared/models", "honey", "home/.duckdb/stored_secrets"):
        (found.folder / name).mkdir(parents=True)
    pq.write_table(ORDERS, found.declared / "orders.parquet")
    with duckdb.connect(str(found.declared / "data.duckdb")) as connection:
        connection.register("given", ORDERS)
        connection.execute("CREATE TABLE orders AS SELECT * FROM given")
    secrets = found.folder / "honey"
    pq.write_table(pa.table({"a": [CANARY]}), secrets / "s.parquet")
    for name in ("s.csv", "s.json", "s.txt", "s.sql", "s.duckdb_extension"):
        (secrets / name).write_text(f'"{CANARY}"\n', encoding="utf-8")
    with duckdb.connect(str(secrets / "s.duckdb")) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT '{CANARY}' AS a")


def _listen(server: socket.socket, found: Honey) -> None:
    with suppress(OSError):
        while True:
            caller, address = server.accept()
            found.connected.append(str(address))
            caller.close()


def _watch(found: Honey) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(_IN_NONBLOCK)
    for name in ("honey", "home", "home/.duckdb", "home/.duckdb/stored_secrets"):
        added = libc.inotify_add_watch(
            watch, os.fsencode(found.folder / name), _IN_OPEN | _IN_CREATE
        )
        assert added >= 0, os.strerror(ctypes.get_errno())
    return int(watch)


def inputs(found: Honey, count: int, seed: str = "0") -> list[Input]:
    """Every function, setting and statement in several ways, or a sample of them."""
    with duckdb.connect() as plain:
        every = [*_functions(plain, found), *_settings(plain, found), *_statements(found)]
    if count >= len(every):
        return every
    return Random(f"lockdown:{seed}").sample(every, count)


def _functions(plain: duckdb.DuckDBPyConnection, found: Honey) -> Iterator[Input]:
    text = "SELECT DISTINCT function_name, function_type FROM duckdb_functions() ORDER BY ALL"
    file = found.folder / "honey" / "s.csv"
    given = ("", "1", "'CANARY'", f"'{file}'", f"'{file}', '{file}'", f"'{found.folder}/honey/*'")
    for name, kind in plain.execute(text).fetchall():
        quoted = duckdb_open.quote(name)
        for each in given:
            call = f"{quoted}({each})"
            yield Input(f"CALL {call}" if kind == "pragma" else _called(call, kind))
        url = f"'http://127.0.0.1:{found.port}/s.csv'"
        yield Input(_called(f"{quoted}({url})", kind), is_local=False)


def _called(call: str, kind: str) -> str:
    return f"SELECT * FROM {call}" if "table" in kind else f"SELECT {call}"


def _settings(plain: duckdb.DuckDBPyConnection, found: Honey) -> Iterator[Input]:
    for (name,) in plain.execute("SELECT name FROM duckdb_settings() ORDER BY 1").fetchall():
        yield Input(f"SELECT current_setting('{name}')")
        for value in ("true", "false", f"'{found.folder}/honey'", "1", "NULL"):
            yield Input(f"SET GLOBAL {name} = {value}")
            yield Input(f"SET SESSION {name} = {value}")
        yield Input(f"RESET {name}")
        yield Input(f"PRAGMA {name}")


def _statements(found: Honey) -> Iterator[Input]:
    secret, declared = found.folder / "honey", found.declared
    for file in ("s.parquet", "s.csv", "s.json", "s.txt", "s.sql", "s.duckdb"):
        yield Input(f"SELECT * FROM '{secret}/{file}'")
        yield Input(f"CREATE TABLE t_{file[2:]} AS SELECT * FROM '{secret}/{file}'")
        yield Input(f"ATTACH '{secret}/{file}' AS a_{file[2:]}")
        yield Input(f"IMPORT DATABASE '{secret}/{file}'")
        yield Input(f"COPY (SELECT 1) TO '{secret}/{file}'")
        yield Input(f"COPY (SELECT 1) TO '{secret}/new_{file}'")
    for file in ("orders.parquet", "data.duckdb", "data.duckdb.wal", "new.parquet"):
        for form in ("parquet", "csv", "json"):
            yield Input(f"COPY (SELECT 1 AS id) TO '{declared}/{file}' (FORMAT {form})")
        yield Input(f"COPY (SELECT 1) TO '{declared}/{file}' (USE_TMP_FILE false)")
        yield Input(f"ATTACH '{declared}/{file}' AS again")
    for name in ("held_table", "outside", "CANARY"):
        yield Input(f"SELECT * FROM {name}")
        yield Input(f"SELECT getenv('{name}')")
    for text in (
        *("EXPORT DATABASE '{0}/out'", "CREATE SECRET s (TYPE s3)", "FROM duckdb_secrets()"),
        *("LOAD '{0}/s.duckdb_extension'", "LOAD json", "LOAD httpfs", "PRAGMA version"),
        *("CREATE PERSISTENT SECRET s (TYPE s3)", "DROP PERSISTENT SECRET s"),
        *("INSERT INTO orders VALUES (3, 'c')", "UPDATE orders SET id = 0", "DELETE FROM orders"),
        *("DROP TABLE orders", "DROP VIEW orders", "ALTER TABLE orders ADD COLUMN c INT"),
        *("CHECKPOINT", "FORCE CHECKPOINT", "VACUUM", "ANALYZE", "USE memory", "DETACH data"),
        *("CALL enable_logging(storage='file', storage_path='{0}/log')", "PRAGMA enable_profiling"),
        *("PRAGMA profiling_output='{0}/out'", "PRAGMA log_query_path='{0}/out'"),
        *("EXPLAIN ANALYZE SELECT * FROM '{0}/s.csv'", "SUMMARIZE '{0}/s.csv'", "SHOW ALL TABLES"),
        *("DESCRIBE '{0}/s.csv'", "PREPARE p AS FROM '{0}/s.csv'", "EXECUTE p"),
        *(
            "CREATE MACRO m() AS TABLE FROM '{0}/s.csv'",
            "FROM m()",
            "SET VARIABLE v = getenv('HOME')",
        ),
        *("PRAGMA import_database('{0}')", ".read {0}/s.sql", "FROM query('FROM ''{0}/s.csv''')"),
        *("FROM query_table('{0}/s.csv')", "FROM read_duckdb('{0}/s.duckdb')"),
        "SELECT json_execute_serialized_sql(json_serialize_sql('FROM ''{0}/s.csv'''))",
    ):
        yield Input(text.format(secret))
    for text in ("INSTALL httpfs", "FORCE INSTALL json", "UPDATE EXTENSIONS", "INSTALL h3 FROM x"):
        yield Input(text, is_local=False)
    for scheme in ("http", "https", "s3", "gs", "hf", "az"):
        url = f"{scheme}://127.0.0.1:{found.port}/s.csv"
        yield Input(f"SELECT * FROM '{url}'", is_local=False)
        yield Input(f"ATTACH '{url}'", is_local=False)
        yield Input(f"INSTALL httpfs FROM '{url}'", is_local=False)
        yield Input(f"COPY (SELECT 1) TO '{url}'", is_local=False)


def on_connection(
    found: Honey, data: str, asked: Sequence[Input], *, selects: bool = False
) -> list[str]:
    """The texts that reach something, on a connection as it is opened for serving.

    With ``selects`` they go the only way to it that the engine has: as exactly one SELECT.
    Otherwise the declared files themselves, and what DuckDB keeps beside a database, may be
    written, which no setting of DuckDB forbids where the process may write them.
    """
    with Child(found, data, selects=selects) as child:
        reaching = _reaching(found, asked, child.ask)
    return [each for each in reaching if selects or each not in _OWN_FILES]


_OWN_FILES = tuple(
    f"file declared/{name} was written"
    for name in ("orders.parquet", *(f"data.duckdb{suffix}" for suffix in ("", *duckdb_open.LOGS)))
)


class Child:
    """A process that has the connection: some of DuckDB's own functions end theirs."""

    def __init__(self, found: Honey, data: str, *, selects: bool) -> None:
        self._given, self._selects = (found.declared, data), selects
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, other = context.Pipe()
        self._process = context.Process(
            target=_serve,
            args=(other, *self._given),
            kwargs={"selects": self._selects},
            daemon=True,
        )
        self._process.start()
        other.close()

    def ask(self, text: str) -> str:
        """What a text is answered with; nothing where it is refused or ends the process."""
        self._pipe.send(text)
        try:
            return str(self._pipe.recv())
        except (EOFError, OSError):
            self._process.join()
            self._start()
            return ""

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection, folder: Path, data: str, *, selects: bool) -> None:
    path: dict[str, Any] = {"path": "data.duckdb"}
    files: dict[str, Any] = {"files": {"orders": "orders.parquet"}}
    settings = DuckDBSettings(name="local", folder=folder, **(path if data == "path" else files))
    with open_locked(settings, find_sources(settings)) as connection:
        while True:
            pipe.send(_rows(connection, pipe.recv(), selects=selects))


def _rows(connection: duckdb.DuckDBPyConnection, text: str, *, selects: bool) -> str:
    held_table = pa.table({"a": [CANARY]})
    cursor = connection.cursor()
    timer = threading.Timer(TIMEOUT_S, cursor.interrupt)
    timer.start()
    try:
        with suppress(duckdb.Error, RuntimeError, UnicodeDecodeError, ForebayError):
            asked = only_select(cursor, text) if selects else text
            return str(cursor.execute(asked).fetchmany(ROWS_READ))
    finally:
        timer.cancel()
        cursor.close()
    return "" if held_table.num_rows else "no table"


@contextmanager
def gateway(found: Honey, data: str) -> Iterator[Gateway]:
    """A gateway over the declared data."""
    (found.declared / "forebay.yml").write_text(ROOT.format(data=DATA[data]), encoding="utf-8")
    (found.declared / "models" / "all.yml").write_text(MODELS, encoding="utf-8")
    made = make_gateway(Settings(project=found.declared))
    try:
        yield made
    finally:
        made.close()


def through_gateway(found: Honey, made: Gateway, asked: Sequence[Input]) -> list[str]:
    """The texts that reach something as questions, whole or where a question has expressions."""
    return _reaching(found, asked, lambda text: "".join(_answers(made, text)))


def _answers(made: Gateway, text: str) -> Iterator[str]:
    expression = text.removeprefix("SELECT ").removeprefix("* FROM ").removeprefix("CALL ")
    forms = (text, f"SELECT n FROM orders WHERE {expression}", f"SELECT {expression} FROM orders")
    for each in (*forms, f"SELECT * FROM {expression}"):
        with suppress(ForebayError):
            stream = made.fetch(made.prepare(each, ANONYMOUS)).stream
            yield str([row for batch in stream for row in batch.to_pylist()])


def _reaching(found: Honey, asked: Sequence[Input], ask: Callable[[str], str]) -> list[str]:
    before, reaching = found.written(), []
    found.opened()
    for each in asked:
        connected = len(found.connected)
        told = ask(each.text)
        if CANARY in told or found.opened() or len(found.connected) > connected:
            reaching.append(each.text)
    after = found.written()
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return [*reaching, *(f"file {name} was written" for name in sorted(changed))]


@contextmanager
def unlocked() -> Iterator[None]:
    """Connections that are opened without what locks them down."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("_FROM_THE_START", "_AT_LAST", "LOCKED"):
            patched.setattr(duckdb_open, name, {})
        yield


def run(count: int, seed: str) -> tuple[int, list[str]]:
    """Ask all of it, or a sample, of both kinds of data: how many texts, and those that reach."""
    asked, reaching = 0, []
    for data in DATA:
        for selects in (False, True):
            with honey() as found:
                texts = inputs(found, count, seed)
                reaching += on_connection(found, data, texts, selects=selects)
        with honey() as found, gateway(found, data) as made:
            reaching += through_gateway(found, made, inputs(found, count, seed))
        asked += 3 * len(texts)
    return asked, reaching


def control() -> list[str]:
    """What reaches something where connections are not locked down."""
    with honey() as found, unlocked():
        asked = [each for each in _statements(found) if each.is_local]
        return on_connection(found, "files", asked)
