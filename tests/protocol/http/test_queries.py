"""Questions over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pyarrow as pa
import pytest

QUESTION = {
    "metrics": ["flights"],
    "dimensions": ["carrier.name"],
    "order_by": ["-flights"],
    "limit": 2,
}
ROWS = [
    {"carrier__name": "United Air Lines Inc.", "flights": 58665},
    {"carrier__name": "JetBlue Airways", "flights": 54635},
]
COLUMNS = [
    {
        "name": "carrier__name",
        "role": "dimension",
        "type": "string",
        "label": "Airline",
        "format": "",
    },
    {"name": "flights", "role": "metric", "type": "int64", "label": "", "format": ",d"},
]


def asked(http_url: str, question: dict[str, Any], accept: str = "*/*") -> httpx.Response:
    response = httpx.post(
        f"{http_url}/api/v1/query", json=question, headers={"accept": accept}, timeout=60
    )
    assert response.status_code == 200, response.text
    return response


def test_json_tells_columns_rows_and_how_they_came_about(http_url: str) -> None:
    response = asked(http_url, QUESTION)

    document = response.json()
    meta = document.pop("meta")
    assert document == {"columns": COLUMNS, "data": ROWS}
    assert (meta["rows"], meta["dialect"], meta["sql"][:7]) == (2, "duckdb", "SELECT ")
    assert meta["query_id"] == response.headers["forebay-query-id"]
    assert meta["proof_url"] == response.headers["forebay-proof-url"]
    assert response.content.index(b'"data"') < response.content.index(b'"meta"')


def test_the_proof_of_an_answer_is_told_at_its_address(http_url: str) -> None:
    response = asked(http_url, QUESTION, "text/csv")

    told = httpx.get(http_url + response.headers["forebay-proof-url"])
    assert told.json() == asked(http_url, QUESTION).json()["meta"]["proof"]


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "application/vnd.apache.arrow.stream",
        "application/vnd.apache.parquet",
        "application/x-ndjson",
        "text/csv",
    ],
)
def test_every_format_says_whether_the_answer_was_kept(http_url: str, accept: str) -> None:
    question = {**QUESTION, "limit": 3}
    asked(http_url, question)

    again = asked(http_url, question, accept)

    assert again.headers["content-type"].startswith(accept)
    assert again.headers["forebay-cache"] == "hit"
    assert again.headers["content-length"] == str(len(again.content))
    assert again.headers["vary"] == "accept, authorization"


def test_each_answer_has_a_query_id_of_its_own(http_url: str) -> None:
    ids = {asked(http_url, QUESTION).headers["forebay-query-id"] for _ in range(5)}

    assert len(ids) == 5


def test_arrow_metadata_says_what_the_headers_say(http_url: str) -> None:
    response = asked(http_url, QUESTION, "application/vnd.apache.arrow.stream")

    schema = pa.ipc.open_stream(response.content).schema
    told = orjson.loads((schema.metadata or {})[b"forebay"])
    assert told["columns"] == COLUMNS
    assert (told["query_id"], told["cache"], told["proof_url"]) == (
        response.headers["forebay-query-id"],
        response.headers["forebay-cache"],
        response.headers["forebay-proof-url"],
    )


@pytest.mark.parametrize(
    "question", [orjson.dumps(QUESTION).decode(), "SELECT carrier.name, flights FROM flights"]
)
def test_a_question_may_be_a_parameter_in_either_spelling(http_url: str, question: str) -> None:
    response = httpx.get(f"{http_url}/api/v1/query", params={"q": question}, timeout=60)

    found = {row["carrier__name"]: row["flights"] for row in response.json()["data"]}
    assert found["JetBlue Airways"] == 54635


def test_instants_carry_the_offset_of_their_zone(http_url: str) -> None:
    question = {
        "fields": ["time_hour", "carrier", "flight"],
        "from": "flights",
        "where": ["flight = 1545", "carrier = 'UA'"],
        "order_by": ["time_hour"],
        "limit": 1,
    }

    data = asked(http_url, question).json()["data"]

    assert data == [{"time_hour": "2013-01-01T05:00:00-05:00", "carrier": "UA", "flight": 1545}]


def test_a_compiled_question_is_what_a_query_runs(http_url: str) -> None:
    compiled = httpx.post(f"{http_url}/api/v1/compile", json=QUESTION).json()

    meta = asked(http_url, QUESTION).json()["meta"]
    assert (compiled["sql"], compiled["dialect"]) == (meta["sql"], meta["dialect"])
    assert (compiled["columns"], compiled["proof"]) == (COLUMNS, meta["proof"])


def test_the_catalog_is_told_once_a_version(http_url: str) -> None:
    first = httpx.get(f"{http_url}/api/v1/catalog")
    again = httpx.get(
        f"{http_url}/api/v1/catalog", headers={"if-none-match": first.headers["etag"]}
    )

    assert first.headers["etag"] == f'"{first.json()["version"]}"'
    assert "flights" in {each["name"] for each in first.json()["metrics"]}
    assert (again.status_code, again.content) == (304, b"")


def test_the_server_is_ready(http_url: str) -> None:
    assert httpx.get(f"{http_url}/readyz").json() == {
        "status": "ready",
        "engines": {"local": {"status": "ok"}},
    }
