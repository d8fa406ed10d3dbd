"""A key that the data breaks, as clients of every protocol meet it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from adbc_driver_flightsql import dbapi
from adbc_driver_manager import Error as ClientError
from pyarrow import flight

from gateway.compose import Server
from gateway.flight_sql import commands
from gateway.flight_sql import messages as m
from tests.blackbox.processes import run
from tests.support.server import running

MODELS = """version: 1
models:
  orders:
    table: orders
    measures: {revenue: sum(amount)}
    joins: {customer: customers}
  customers: {table: customers, key: customer_id, dimensions: {name: }}
"""
ROOT = """version: 1
name: shop
engines: {local: {type: duckdb, files: {orders: orders.parquet, customers: customers.parquet}}}
"""
SQL = "SELECT customer.name, revenue FROM orders"
QUESTION = {"metrics": ["revenue"], "dimensions": ["customer.name"]}
TWICE = [{"customer__name": "Ann", "revenue": 20}]
ONCE = [{"customer__name": "Ann", "revenue": 10}]
BROKEN = 'the data breaks key (customer_id) of model "customers"'
WARNING = {
    "code": "SL606",
    "message": BROKEN,
    "detail": "Values stand in several rows: 1 in all.",
    "hint": "Mend the data, or declare the columns that tell its rows apart.",
    "source": {"file": "models/all.yml", "line": 7, "column": 38},
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project whose one order meets two rows of its one customer."""
    folder = tmp_path / "shop"
    (folder / "models").mkdir(parents=True)
    (folder / "forebay.yml").write_text(ROOT)
    (folder / "models" / "all.yml").write_text(MODELS)
    orders = pa.table({"customer_id": [1], "amount": pa.array([10], pa.int64())})
    pq.write_table(orders, folder / "orders.parquet")
    write_customers(folder, 2)
    return folder


def write_customers(folder: Path, times: int) -> None:
    customers = pa.table({"customer_id": [1] * times, "name": ["Ann"] * times})
    pq.write_table(customers, folder / "beside")
    (folder / "beside").replace(folder / "customers.parquet")


def over_http(server: Server, accept: str = "application/json") -> httpx.Response:
    url = f"{server.http_url}/api/v1/query"
    return httpx.post(url, json=QUESTION, headers={"accept": accept})


def over_flight(server: Server) -> pa.Table:
    with dbapi.connect(server.flight_url) as connection, connection.cursor() as cursor:
        cursor.execute(SQL)
        return cursor.fetch_arrow_table()


def story_over_flight(server: Server) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows, and what the schema tells of how they came about."""
    command = commands.pack(m.STATEMENT_QUERY, m.StatementQuery(SQL))
    with flight.connect(server.flight_url) as client:
        info = client.get_flight_info(flight.FlightDescriptor.for_command(command))
        table = client.do_get(info.endpoints[0].ticket).read_all()
    return table.to_pylist(), json.loads((table.schema.metadata or {})[b"forebay"])


def test_unchecked_answers_come_without_a_word(shop: Path, tmp_path: Path) -> None:
    with running(tmp_path / "kept", shop) as server:
        answer, table = over_http(server), over_flight(server)
    done = run("query", SQL, "-p", str(shop))

    assert (answer.json()["data"], answer.json()["meta"]["warnings"]) == (TWICE, [])
    assert "forebay-warnings" not in answer.headers
    assert table.to_pylist() == TWICE
    assert (done.returncode, done.stderr) == (0, b"")


def test_broken_keys_refuse_over_http_until_the_data_is_mended(shop: Path, tmp_path: Path) -> None:
    with running(tmp_path / "kept", shop, check_keys="error") as server:
        refused = [over_http(server) for _ in range(2)]
        write_customers(shop, 1)
        mended = over_http(server)
        write_customers(shop, 3)
        again = over_http(server)

    assert [each.status_code for each in (*refused, mended, again)] == [503, 503, 200, 503]
    told = refused[0].json()
    assert {key: told[key] for key in ("code", "message", "hint", "source")} == {
        key: WARNING[key] for key in ("code", "message", "hint", "source")
    }
    assert mended.json()["data"] == ONCE


def test_broken_keys_refuse_over_flight(shop: Path, tmp_path: Path) -> None:
    with (
        running(tmp_path / "kept", shop, check_keys="error") as server,
        pytest.raises(ClientError, match=r"SL606.*customer_id"),
    ):
        over_flight(server)


def test_broken_keys_are_warned_of_over_http(shop: Path, tmp_path: Path) -> None:
    with running(tmp_path / "kept", shop, check_keys="warn") as server:
        answers = [over_http(server) for _ in range(3)]
        csv = over_http(server, "text/csv")
        write_customers(shop, 1)
        mended = over_http(server)

    assert [each.headers["forebay-cache"] for each in answers] == ["miss", "hit", "hit"]
    told = [(each.json()["data"], each.json()["meta"]["warnings"]) for each in answers]
    assert told == [(TWICE, [WARNING])] * 3
    lines = [json.loads(each.headers["forebay-warnings"]) for each in (*answers, csv)]
    assert lines == [[f"[SL606] {BROKEN}"]] * 4
    assert (mended.json()["data"], mended.json()["meta"]["warnings"]) == (ONCE, [])
    assert "forebay-warnings" not in mended.headers


def test_broken_keys_are_warned_of_over_flight(shop: Path, tmp_path: Path) -> None:
    with running(tmp_path / "kept", shop, check_keys="warn") as server:
        told = [story_over_flight(server) for _ in range(2)]

    assert [rows for rows, _ in told] == [TWICE] * 2
    assert [story["cache"] for _, story in told] == ["miss", "hit"]
    assert [story["warnings"] for _, story in told] == [[WARNING]] * 2


def test_broken_keys_on_the_command_line(shop: Path) -> None:
    asked = ("query", SQL, "-f", "ndjson", "-p", str(shop))
    refused = run(*asked, "--check-keys", "error")
    warned = run(*asked, "--check-keys", "warn")

    assert (refused.returncode, refused.stdout) == (1, b"")
    assert refused.stderr.decode().startswith(f"error[SL606]: {BROKEN}\n")
    assert (warned.returncode, json.loads(warned.stdout)) == (0, TWICE[0])
    assert warned.stderr.decode() == (
        f"warning[SL606]: {BROKEN}\n"
        "  --> models/all.yml:7:38\n"
        "   |\n"
        " 7 |   customers: {table: customers, key: customer_id, dimensions: {name: }}\n"
        "   |                                      ^^^^^^^^^^^\n"
        "   = note: Values stand in several rows: 1 in all.\n"
        "   = help: Mend the data, or declare the columns that tell its rows apart.\n"
    )
