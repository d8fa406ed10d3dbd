"""What every route refuses, and that the server serves on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.compose import Server
from gateway.http_api.app import create_app
from tests.support.identities import EVERYBODY

QUERY = "/api/v1/query"
COMPILE = "/api/v1/compile"
JSON = {"content-type": "application/json"}
DEEP = b'{"where":' + b"[" * 40 + b"]" * 40 + b"}"

Refused = tuple[str, str, dict[str, Any], int, str]
"""Method, path, what is sent, and the status and code that come back."""

BODIES: list[tuple[dict[str, Any], int, str]] = [
    ({"content": b""}, 400, "SL105"),
    ({"content": b"{"}, 400, "SL105"),
    ({"content": b"[]"}, 400, "SL105"),
    ({"content": b'{"limit": NaN}'}, 400, "SL105"),
    ({"content": b'{"metrics": ["\xff"]}'}, 400, "SL105"),
    ({"content": b'{"metrics": ["a\x00b"]}'}, 400, "SL105"),
    ({"content": DEEP}, 400, "SL105"),
    ({"content": b'{"metrics": "flights"}'}, 400, "SL103"),
    ({"content": b'{"metrix": ["flights"]}'}, 400, "SL102"),
    ({"content": b'{"metrics": ["flihgts"]}'}, 422, "E_NAME_NOT_FOUND"),
    ({"content": b'{"metrics": ["flights\\u0000"]}'}, 422, "E_NAME_NOT_FOUND"),
    ({"content": b'{"metrics": ["flights"], "totals": true}'}, 422, "E_NOT_SUPPORTED"),
    ({"content": b"{}"}, 422, "E_EMPTY_AGGREGATION_QUERY"),
    ({"content": b'{"metrics": ["' + b"x" * 2**20 + b'"]}'}, 413, "SL106"),
    ({"content": b"{}", "headers": {"content-type": "text/plain"}}, 415, "SL704"),
    ({"content": b"{}", "headers": {**JSON, "content-encoding": "gzip"}}, 415, "SL704"),
]
QUESTIONS: list[tuple[dict[str, Any], int, str]] = [
    ({}, 400, "SL105"),
    ({"params": {"q": ""}}, 400, "SL105"),
    ({"params": {"q": "SELECT flights FROM flights; SELECT 1"}}, 400, "SL104"),
    ({"params": {"q": "DROP TABLE flights"}}, 400, "SL104"),
    ({"params": {"q": "SELECT flights\x00 FROM flights"}}, 400, "SL104"),
    ({"params": {"q": "SELECT flihgts FROM flights"}}, 422, "E_NAME_NOT_FOUND"),
]
OTHERS: list[Refused] = [
    ("POST", QUERY, {"json": {}, "headers": {"accept": "image/png"}}, 406, "SL703"),
    ("GET", QUERY, {"headers": {"accept": "text/html"}}, 406, "SL703"),
    ("POST", "/", {}, 405, "SL706"),
    ("PUT", "/api/v1/catalog", {}, 405, "SL706"),
    ("GET", "/api/v1/queries/nothing/proof", {}, 404, "SL707"),
    ("DELETE", "/healthz", {}, 405, "SL706"),
    ("POST", "/readyz", {}, 405, "SL706"),
    ("POST", "/openapi.json", {}, 405, "SL706"),
]
REFUSED: list[Refused] = [
    *(("POST", path, *body) for path in (QUERY, COMPILE) for body in BODIES),
    *(("GET", path, *question) for path in (QUERY, COMPILE) for question in QUESTIONS),
    *OTHERS,
]


@pytest.mark.parametrize("refused", REFUSED)
def test_what_cannot_be_served_is_a_coded_problem(http_url: str, refused: Refused) -> None:
    method, path, sent, status, code = refused
    headers = {**(JSON if "content" in sent else {}), **sent.get("headers", {})}
    request = {**sent, "headers": headers}

    response = httpx.request(method, http_url + path, timeout=60, **request)

    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert {"type", "title", "status", "detail", "instance", "hint"} <= response.json().keys()
    assert httpx.get(f"{http_url}/healthz").json() == {"status": "ok"}


def test_every_route_refuses_something(server: Server) -> None:
    refused = {path.replace("nothing", "{query_id}") for _, path, *_ in REFUSED}

    assert refused == {
        route.path for route in create_app(server.gateway, identity=EVERYBODY).routes
    }


def test_a_body_without_a_length_is_read_no_further_than_its_limit(http_url: str) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b"{" * 65_536

    response = httpx.post(f"{http_url}{QUERY}", content=endless(), headers=JSON)

    assert (response.status_code, response.json()["code"]) == (413, "SL106")


def test_a_page_of_another_name_reads_nothing(http_url: str) -> None:
    response = httpx.get(f"{http_url}/api/v1/catalog", headers={"host": "evil.example"})

    assert (response.status_code, response.json()["code"]) == (421, "SL709")


def test_a_faulty_predicate_is_pointed_at(http_url: str) -> None:
    question = {"metrics": ["flights"], "where": ["origin = 'JFK'", "origni = 'JFK'"]}

    problem = httpx.post(f"{http_url}{QUERY}", json=question).json()

    assert problem["source"] == {"file": "where[1]", "line": 1, "column": 1}
    assert problem["hint"] == 'Perhaps "origin" is meant.'
