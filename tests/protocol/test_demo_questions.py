"""The ten demo questions: the same rows through every door, equal to hand-written SQL."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from adbc_driver_flightsql import dbapi

from gateway.compose import Server
from tests.support.demo_questions import DEMO, DEMO_QUESTIONS, DemoQuestion

Rows = list[tuple[Any, ...]]
ZONE = "America/New_York"

by_question = pytest.mark.parametrize(
    "question", DEMO_QUESTIONS, ids=lambda question: question.name.replace(" ", "_")
)


def truth(question: DemoQuestion) -> pa.Table:
    """What hand-written SQL over the files says."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"SET TimeZone = '{ZONE}'")
    return connection.sql(question.truth_over()).to_arrow_table()


def posted(server: Server, question: DemoQuestion, accept: str) -> httpx.Response:
    response = httpx.post(
        f"{server.http_url}/api/v1/query",
        json=question.query,
        headers={"Accept": accept},
        timeout=60,
    )
    assert response.status_code == 200, response.text
    return response


def as_arrow(server: Server, question: DemoQuestion) -> pa.Table:
    content = posted(server, question, "application/vnd.apache.arrow.stream").content
    return pa.ipc.open_stream(content).read_all()


def as_parquet(server: Server, question: DemoQuestion) -> pa.Table:
    content = posted(server, question, "application/vnd.apache.parquet").content
    return pq.read_table(io.BytesIO(content))


def over_flight(server: Server, question: DemoQuestion) -> pa.Table:
    text = question.sql or json.dumps(question.query)
    with dbapi.connect(server.flight_url) as connection, connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetch_arrow_table()


def over_command_line(server: Server, question: DemoQuestion) -> pa.Table:
    command = [sys.executable, "-m", "gateway", "query", "-p", str(DEMO), "-f", "arrow"]
    done = subprocess.run(
        [*command, json.dumps(question.query)], capture_output=True, check=True, timeout=60
    )
    return pa.ipc.open_stream(done.stdout).read_all()


def rows_of(table: pa.Table, *, ordered: bool) -> Rows:
    rows = [tuple(map(rounded, row.values())) for row in table.to_pylist()]
    return rows if ordered else sorted(rows, key=repr)


def rounded(value: Any) -> Any:
    """Floats to nine digits: the order of a sum's parts is the engine's own."""
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value


@by_question
@pytest.mark.parametrize(
    "ask", [as_arrow, as_parquet, over_flight, over_command_line], ids=lambda ask: ask.__name__
)
def test_typed_answers_equal_the_truth(
    server: Server, question: DemoQuestion, ask: Callable[[Server, DemoQuestion], pa.Table]
) -> None:
    expected = truth(question)

    answer = ask(server, question)

    assert answer.schema.names == expected.schema.names
    assert [str(field.type) for field in answer.schema] == [
        str(field.type) for field in expected.schema
    ]
    assert rows_of(answer, ordered=question.ordered) == rows_of(expected, ordered=question.ordered)


def text_of(value: Any) -> Any:
    """A value as JSON tells it: times in ISO 8601, decimals as texts."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else rounded(value)


@by_question
def test_json_tells_the_truth(server: Server, question: DemoQuestion) -> None:
    document = posted(server, question, "application/json").json()

    expected = truth(question)
    rows = [tuple(map(rounded, row.values())) for row in document["data"]]
    true_rows = [tuple(map(text_of, row.values())) for row in expected.to_pylist()]
    assert [column["name"] for column in document["columns"]] == expected.schema.names
    assert (rows if question.ordered else sorted(rows, key=repr)) == (
        true_rows if question.ordered else sorted(true_rows, key=repr)
    )
    assert document["meta"]["rows"] == expected.num_rows


@by_question
def test_csv_tells_the_truth(server: Server, question: DemoQuestion) -> None:
    expected = truth(question)
    content = posted(server, question, "text/csv").content
    instants = [f.name for f in expected.schema if pa.types.is_timestamp(f.type)]
    types = {
        field.name: pa.string() if field.name in instants else field.type
        for field in expected.schema
    }

    table = pa_csv.read_csv(
        io.BytesIO(content),
        convert_options=pa_csv.ConvertOptions(
            column_types=types, strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )

    rows = [tuple(map(rounded, row.values())) for row in table.to_pylist()]
    true_rows = [
        tuple(v.isoformat() if hasattr(v, "isoformat") else rounded(v) for v in row.values())
        for row in expected.to_pylist()
    ]
    assert (rows if question.ordered else sorted(rows, key=repr)) == (
        true_rows if question.ordered else sorted(true_rows, key=repr)
    )


def test_new_york_has_365_days(server: Server) -> None:
    table = pa.ipc.open_stream(
        httpx.post(
            f"{server.http_url}/api/v1/query",
            json={"metrics": ["flights"], "dimensions": ["time_hour.day"]},
            headers={"Accept": "application/vnd.apache.arrow.stream"},
        ).content
    ).read_all()
    in_utc = pa.ipc.open_stream(
        httpx.post(
            f"{server.http_url}/api/v1/query",
            json={
                "metrics": ["flights"],
                "dimensions": ["time_hour.day"],
                "time": {"zone": "UTC"},
            },
            headers={"Accept": "application/vnd.apache.arrow.stream"},
        ).content
    ).read_all()

    assert (table.num_rows, in_utc.num_rows) == (365, 366)
