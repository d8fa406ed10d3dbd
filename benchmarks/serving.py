"""Answers over HTTP and Flight SQL, each beside a server that does nothing else."""

from __future__ import annotations

import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import orjson
import psutil
import pyarrow as pa
from pyarrow import flight

from benchmarks.figure import Figure, medians
from benchmarks.loader import answers_per_second
from benchmarks.processes import forebay, process
from gateway.cli.demo import demo_folder
from gateway.flight_sql import messages
from gateway.flight_sql.commands import pack

BIG_ROWS = 18_000_000
MEMORY_BUDGET_MB = 200.0
CACHED_HTTP = orjson.dumps(
    {"metrics": ["flights"], "dimensions": ["carrier"], "order_by": ["carrier"]}
)
CACHED_FLIGHT = (
    "SELECT time_hour, carrier, origin, dest, distance, flight, tailnum, sched_dep_time, dep_time, "
    "dep_delay, arr_delay, air_time, carrier.name, origin.name, dest.name FROM flights"
)
"""About 50 MB: what is measured is the flow, not the calls before it."""


def http_cached() -> Iterator[Figure]:
    """A kept answer of about 1 KB over 32 connections, beside bare ASGI with the same bytes."""
    with forebay(demo_folder()) as ours, tempfile.TemporaryDirectory() as folder:
        url = ours.told["url"]
        with urllib.request.urlopen(_request(url), timeout=60) as answer:  # noqa: S310
            content = answer.read()
        body = Path(folder) / "body.json"
        body.write_bytes(content)
        with process(["benchmarks.floors", "http", str(body)]) as floor:
            value, least = medians(
                _asking(int(url.rsplit(":", 1)[1])),
                _asking(int(floor.told["port"])),
                rounds=20,
            )
    yield Figure("http_cached", value, least, "answers/s", "higher")


def _asking(port: int) -> Callable[[], float]:
    return lambda: answers_per_second(port, _raw(port), seconds=0.5)


def _request(url: str) -> urllib.request.Request:
    headers = {"Content-Type": "application/json"}
    return urllib.request.Request(f"{url}/api/v1/query", CACHED_HTTP, headers)  # noqa: S310


def _raw(port: int) -> bytes:
    return (
        b"POST /api/v1/query HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % (port, len(CACHED_HTTP))
    ) + CACHED_HTTP


def flight_cached() -> Iterator[Figure]:
    """A kept answer over Flight SQL, beside the same batches from raw Flight."""
    with forebay(demo_folder()) as ours, tempfile.TemporaryDirectory() as folder:
        url = ours.told["flight"]
        kept = flight_sql_table(url, CACHED_FLIGHT)
        if b'"hit"' not in (kept.schema.metadata or {})[b"forebay"]:
            raise AssertionError("the answer is not kept")
        path = Path(folder) / "kept.arrow"
        with pa.ipc.new_stream(str(path), kept.schema) as writer:
            writer.write_table(kept)
        with process(["benchmarks.floors", "flight", str(path)]) as floor:
            raw = f"grpc://127.0.0.1:{floor.told['port']}"
            with flight.connect(url) as asking, flight.connect(raw) as taking:
                ours_s, floor_s = medians(
                    _elapsed(lambda: _read(asking, flight_sql_ticket(asking, CACHED_FLIGHT))),
                    _elapsed(lambda: _read(taking, flight.Ticket(b""))),
                    rounds=40,
                )
    megabytes = kept.nbytes / 1e6
    yield Figure("flight_cached", megabytes / ours_s, megabytes / floor_s, "MB/s", "higher")


def large_results() -> Iterator[Figure]:
    """``flight_duckdb`` and ``stream_memory``, over a project of generated Parquet."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        query = _make_big_project(project)
        with (
            forebay(project) as ours,
            process(["benchmarks.floors", "duckdb", query]) as floor,
            flight.connect(ours.told["flight"]) as asking,
            flight.connect(f"grpc://127.0.0.1:{floor.told['port']}") as taking,
        ):
            text = '{"fields": ["a", "b", "c", "d", "e", "f", "g", "h"], "from": "big"}'
            added_mb, bytes_read = _memory_of(ours.process_id, asking, text)
            if bytes_read < 1_000_000_000:
                raise AssertionError(f"only {bytes_read} bytes were streamed")
            ours_s, floor_s = medians(
                _elapsed(lambda: _read(asking, flight_sql_ticket(asking, text))),
                _elapsed(lambda: _read(taking, flight.Ticket(b""))),
                rounds=5,
            )
    megabytes = bytes_read / 1e6
    yield Figure("flight_duckdb", megabytes / ours_s, megabytes / floor_s, "MB/s", "higher")
    yield Figure("stream_memory", added_mb, MEMORY_BUDGET_MB, "MB", "lower")


def _make_big_project(folder: Path) -> str:
    """A model over generated Parquet; gives the query that reads all of it."""
    columns = ", ".join(
        f"hash(range + {number}) >> 1 AS {name}" for number, name in enumerate("abcdefgh")
    )
    parquet = folder / "big.parquet"
    duckdb.sql(f"COPY (SELECT {columns} FROM range({BIG_ROWS})) TO '{parquet}' (FORMAT parquet)")
    (folder / "forebay.yml").write_text(
        "version: 1\nname: big\nengines:\n  local: {type: duckdb, files: {big: big.parquet}}\n"
        "models: models/\n"
    )
    (folder / "models").mkdir()
    dimensions = "".join(f"      {name}: {{}}\n" for name in "abcdefgh")
    (folder / "models" / "big.yml").write_text(
        f"version: 1\nmodels:\n  big:\n    table: big\n    dimensions:\n{dimensions}"
        "    measures: {big_rows: count(*)}\n"
    )
    return f"SELECT a, b, c, d, e, f, g, h FROM read_parquet('{parquet}')"


def _memory_of(process_id: int, client: flight.FlightClient, text: str) -> tuple[float, int]:
    """What streaming an answer adds to the server's memory, in MB, and the bytes it had."""
    server = psutil.Process(process_id)
    before = highest = server.memory_info().rss
    over = threading.Event()

    def watch() -> None:
        nonlocal highest
        while not over.wait(0.02):
            highest = max(highest, server.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        read = _read(client, flight_sql_ticket(client, text))
    finally:
        over.set()
        watcher.join()
    return (highest - before) / 1e6, read


def flight_sql_ticket(client: flight.FlightClient, text: str) -> flight.Ticket:
    """The ticket of a statement."""
    command = pack(messages.STATEMENT_QUERY, messages.StatementQuery(query=text))
    info = client.get_flight_info(flight.FlightDescriptor.for_command(command))
    return info.endpoints[0].ticket


def flight_sql_table(url: str, text: str) -> pa.Table:
    """A statement's whole answer; asked twice, so that it is kept."""
    with flight.connect(url) as client:
        for _ in range(2):
            table = client.do_get(flight_sql_ticket(client, text)).read_all()
    return table


def _read(client: flight.FlightClient, ticket: flight.Ticket) -> int:
    """Read a stream to its end and count its bytes."""
    read = 0
    for chunk in client.do_get(ticket):
        assert chunk.data is not None
        read += chunk.data.nbytes
    return read


def _elapsed(work: Callable[[], object]) -> Callable[[], float]:
    def elapsed_s() -> float:
        started_s = time.perf_counter()
        work()
        return time.perf_counter() - started_s

    return elapsed_s
