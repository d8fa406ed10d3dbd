"""Connections that bring no request, or none that can be read."""

from __future__ import annotations

import json
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from gateway.http_api.protocol import HEAD_BYTES_MAX
from tests.protocol.http.conftest import Serve
from tests.unit.gateway.http_api.fakes import gateway_keeping
from tests.unit.gateway.http_api.test_query_routes import BATCH

TO_LONG = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * HEAD_BYTES_MAX


class Refusal(NamedTuple):
    """What came back before the connection was closed."""

    status: str
    content_type: str
    code: str


def refusal_of(url: str, sent: bytes) -> Refusal:
    """Send bytes, and read until the server closes the connection."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while data := connection.recv(65_536):
            received += data
    head, _, body = received.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    told = dict(line.split(": ", 1) for line in headers)
    assert int(told["content-length"]) == len(body)
    return Refusal(status, told["content-type"], json.loads(body)["code"])


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"garbage\r\n\r\n", "HTTP/1.1 400 Bad Request", "SL105"),
        (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400 Bad Request", "SL105"),
        (TO_LONG, "HTTP/1.1 413 Request Entity Too Large", "SL106"),
        (b"", "HTTP/1.1 408 Request Timeout", "SL711"),
        (b"GET / HT", "HTTP/1.1 408 Request Timeout", "SL711"),
    ],
)
def test_what_is_no_request_is_refused_with_a_code(
    serve: Serve, sent: bytes, status: str, code: str
) -> None:
    url = serve(gateway_keeping(BATCH))

    assert refusal_of(url, sent) == Refusal(status, "application/problem+json", code)


def test_a_second_request_that_stops_in_its_head_is_ended(serve: Serve) -> None:
    url = serve(gateway_keeping(BATCH))
    whole = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(whole)
        first = connection.recv(65_536)
        connection.sendall(whole[:10])
        second = connection.recv(65_536)
        rest = connection.recv(65_536)

    assert first.startswith(b"HTTP/1.1 200 OK")
    assert second.startswith(b"HTTP/1.1 408 Request Timeout")
    assert rest == b""


def test_a_connection_is_kept_between_requests(serve: Serve) -> None:
    url = serve(gateway_keeping(BATCH))
    with httpx.Client() as client:
        answers = [client.get(f"{url}/healthz").status_code for _ in range(3)]

    assert answers == [200, 200, 200]


def test_a_client_that_would_rather_speak_http_2_is_answered(serve: Serve) -> None:
    url = serve(gateway_keeping(BATCH))
    wish = {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2-settings": "AAEA"}

    answer = httpx.post(f"{url}/api/v1/query", json={"metrics": ["flights"]}, headers=wish)

    assert (answer.status_code, answer.json()["data"]) == (200, [{"n": 1}, {"n": 2}])


def test_an_answer_sent_in_one_piece_is_the_same_as_in_pieces(serve: Serve) -> None:
    question = {"metrics": ["flights"]}

    def told(connection: str) -> tuple[int, list[tuple[str, str]], object]:
        url = serve(gateway_keeping(BATCH))
        headers = {"connection": connection}
        answer = httpx.post(f"{url}/api/v1/query", json=question, headers=headers)
        heard = [(name, value) for name, value in answer.headers.items() if name != "date"]
        return answer.status_code, heard, answer.json()["data"]

    status, headers, data = told("keep-alive")
    assert told("close") == (status, [*headers, ("connection", "close")], data)
