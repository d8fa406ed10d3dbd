"""Values at the edges of their types come through rightly on every road, or are refused."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import adbc_driver_flightsql.dbapi as flight_sql
import duckdb
import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.compose import Server
from tests.support.server import running

VALUES = {
    "big": ("18446744073709551615::ubigint", 2**64 - 1, "18446744073709551615"),
    "wide": ("99999999999999999999999999999999999999::hugeint", Decimal(10**38 - 1), "9" * 38),
    "exact": ("-1.5::decimal(38, 10)", Decimal("-1.5000000000"), "-1.5000000000"),
    "choice": ("'b'::enum('a', 'b')", "b", "b"),
    "id": (
        "'6c1f2b9e-0000-4000-8000-000000000001'::uuid",
        "6c1f2b9e-0000-4000-8000-000000000001",
        "6c1f2b9e-0000-4000-8000-000000000001",
    ),
    "doc": ("'{\"a\": [1]}'::json", '{"a": [1]}', '{"a": [1]}'),
}
"""What the engine holds, what a client of Arrow reads, and what the texts say."""
REFUSED = {
    "infinite_day": ("date 'infinity'", "an infinite date"),
    "no_day": ("date '-infinity'", "an infinite date"),
    "infinite_time": ("timestamp 'infinity'", "an infinite timestamp"),
    "infinite_instant": ("timestamptz '-infinity'", "an infinite timestamp"),
    "night": ("time '24:00:00'", "the time 24:00:00"),
    "far": ("date '20000-01-01'", "a date outside of the years 1 to 9999"),
    "too_wide": (f"{2**127 - 1}::hugeint", "a number of more than 38 digits"),
}
ALIKE = "[0.0, -0.0, 0.0, 'nan'::double, '-nan'::double, NULL]"
LONG = "repeat('x', 20000000)"
FORMATS = (
    "application/json",
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
    "application/x-ndjson",
    "text/csv",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unusual")
    columns = {name: text for name, (text, *_) in (VALUES | REFUSED).items()} | {"long": LONG}
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        listed = ", ".join(f"{text} AS {name}" for name, text in columns.items())
        connection.execute(f"CREATE TABLE unusual AS SELECT {listed}")
        connection.execute("CREATE TABLE many AS SELECT (2.0 ** 62)::bigint AS n FROM range(4)")
        connection.execute(f"CREATE TABLE alike AS SELECT unnest({ALIKE}) AS f")
    (folder / "models").mkdir()
    (folder / "forebay.yml").write_text(
        "version: 1\nname: unusual\nengines: {local: {type: duckdb, path: data.duckdb}}\n"
    )
    dimensions = ", ".join(f"{name}: " for name in columns)
    (folder / "models" / "all.yml").write_text(
        "version: 1\nmodels:\n"
        f"  unusual:\n    table: unusual\n    dimensions: {{{dimensions}}}\n"
        "  many:\n    table: many\n    measures: {total: sum(n)}\n"
        "  alike:\n    table: alike\n    dimensions: {f: }\n    measures: {rows: count(*)}\n"
    )
    return folder


@pytest.fixture(scope="module")
def unusual(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("types"), project) as server:
        yield server


def asked(server: Server, accept: str, question: dict[str, Any]) -> httpx.Response:
    url = f"{server.http_url}/api/v1/query"
    return httpx.post(url, json=question, headers={"accept": accept}, timeout=60)


def over_flight(server: Server, question: dict[str, Any]) -> pa.Table:
    with flight_sql.connect(server.flight_url) as connection, connection.cursor() as cursor:
        cursor.execute(json.dumps(question))
        return cursor.fetch_arrow_table()


def _refusal(response: httpx.Response) -> tuple[int, str, str]:
    told = response.json()
    return response.status_code, told["code"], told["message"]


@pytest.mark.parametrize("name", VALUES)
def test_an_unusual_value_is_the_same_on_every_road(name: str, unusual: Server) -> None:
    question = {"dimensions": [name]}
    _, value, text = VALUES[name]

    written, arrow, parquet, lines, cells = (asked(unusual, f, question) for f in FORMATS)

    tables = [
        pa.ipc.open_stream(arrow.content).read_all(),
        pq.read_table(io.BytesIO(parquet.content)),
        over_flight(unusual, question),
    ]
    assert [table.to_pylist() for table in tables] == [[{name: value}]] * 3
    assert [
        *written.json()["data"],
        json.loads(lines.text),
        *csv.DictReader(io.StringIO(cells.text)),
    ] == [{name: text}] * 3


@pytest.mark.parametrize("name", REFUSED)
def test_a_value_that_no_answer_carries_is_refused_on_every_road(
    name: str, unusual: Server
) -> None:
    question = {"fields": [name], "from": "unusual"}
    told = f'engine "local" gave {REFUSED[name][1]} in column "{name}"'

    answers = [asked(unusual, accept, question) for accept in FORMATS]
    with pytest.raises(flight_sql.Error) as flight:
        over_flight(unusual, question)

    assert {
        (each.status_code, each.json()["code"], each.json()["message"]) for each in answers
    } == {(502, "SL601", told)}
    assert f"[SL601] {told}" in str(flight.value)


@pytest.mark.parametrize("shape", ["table", "csv", "parquet"])
def test_the_command_line_refuses_it_too(shape: str, project: Path, tmp_path: Path) -> None:
    question = ["--fields", "night", "--from", "unusual", "-f", shape, "-p", str(project)]
    to_file = ["--out", str(tmp_path / "out")] if shape == "parquet" else []

    ended = subprocess.run(
        [sys.executable, "-m", "gateway", "query", *question, *to_file],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 1
    assert 'engine "local" gave the time 24:00:00 in column "night"' in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_sum_beyond_its_type_is_an_error_on_every_road(unusual: Server) -> None:
    question = {"metrics": ["total"]}

    answers = [asked(unusual, accept, question) for accept in FORMATS]
    with pytest.raises(flight_sql.Error) as flight:
        over_flight(unusual, question)

    told = 'engine "local" met a value that does not fit its type'
    assert {_refusal(each) for each in answers} == {(502, "SL601", told)}
    assert f"[SL601] {told}" in str(flight.value)


def test_a_text_too_long_for_a_flight_message_is_refused_there_and_sent_over_http(
    unusual: Server,
) -> None:
    question = {"dimensions": ["long"]}

    lengths = [
        len(asked(unusual, accept, question).content)
        for accept in FORMATS
        if "parquet" not in accept
    ]
    with pytest.raises(flight_sql.Error) as flight:
        over_flight(unusual, question)

    assert min(lengths) > 20_000_000
    assert "[SL604] one row of the answer has 20,000,0" in str(flight.value)


def test_zeros_are_one_group_and_so_are_all_that_are_no_number(unusual: Server) -> None:
    question = {"dimensions": ["f"], "metrics": ["rows"], "order_by": ["f"]}

    table = over_flight(unusual, question)

    assert [(str(row["f"]).removeprefix("-"), row["rows"]) for row in table.to_pylist()] == [
        ("0.0", 3),
        ("nan", 2),
        ("None", 1),
    ]
