"""Responses of one small document."""

from __future__ import annotations

import logging

import anyio
import orjson
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.http_api.documents import (
    document_response,
    problem_response,
    tell_bug,
    tell_no_route,
    tell_refusal,
)
from semantic_models.errors import MalformedDocument


def request(method: str) -> Request:
    return Request({"type": "http", "method": method, "path": "/", "headers": []})


def test_a_document_is_json_for_its_client_alone() -> None:
    response = document_response({"a": 1}, headers={"etag": '"v1"'})

    assert (bytes(response.body), dict(response.headers)) == (
        b'{"a":1}',
        {
            "cache-control": "private, no-cache",
            "x-content-type-options": "nosniff",
            "etag": '"v1"',
            "content-length": "7",
            "content-type": "application/json",
        },
    )


def test_a_problem_keeps_its_status_and_headers() -> None:
    response = problem_response(MalformedDocument("no"), headers={"allow": "GET"})

    assert (response.status_code, response.headers["allow"]) == (400, "GET")


@pytest.mark.parametrize(("method", "closes"), [("GET", False), ("HEAD", False), ("POST", True)])
def test_only_a_refusal_that_may_leave_a_body_unread_closes(method: str, *, closes: bool) -> None:
    response = anyio.run(tell_refusal, request(method), MalformedDocument("no"))

    assert ("connection" in response.headers) is closes


@pytest.mark.parametrize(
    ("error", "status", "code", "hint"),
    [
        (HTTPException(404), 404, "SL705", "The paths are listed at /."),
        (HTTPException(405, headers={"Allow": "GET, HEAD"}), 405, "SL706", "It takes GET, HEAD."),
    ],
)
def test_the_routers_refusals_are_coded(
    error: HTTPException, status: int, code: str, hint: str
) -> None:
    response = anyio.run(tell_no_route, request("PUT"), error)

    told = orjson.loads(response.body)
    assert (response.status_code, told["code"], told["hint"]) == (status, code, hint)


def test_a_bug_is_in_the_log_under_the_number_that_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        response = anyio.run(tell_bug, request("GET"), ValueError("secret"))

    told = orjson.loads(response.body)
    incident = caplog.records[0].getMessage().rpartition(" ")[2]
    assert told["detail"] == f"Internal error. The log of the server has it as {incident}."
    assert b"secret" not in response.body
    assert "secret" in caplog.text
