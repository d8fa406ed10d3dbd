"""How connections end: each client can read all that it is told, and none holds on for ever."""

from __future__ import annotations

import http.client
import itertools
import json
import logging
import socket
import time
from urllib.parse import quote, urlsplit

import httpx
import pyarrow as pa
import pytest

from gateway.errors import EngineFailed
from gateway.http_api.protocol import TARGET_BYTES_MAX
from tests.protocol.http.conftest import Serve
from tests.protocol.http.test_streams import BATCH, LEFT_S, connected, received, streaming
from tests.unit.gateway.http_api.fakes import ScriptedStream, gateway_keeping
from tests.unit.gateway.http_api.test_query_routes import BATCH as SMALL

MANY = pa.RecordBatch.from_pydict({"n": list(range(4_000_000))})
LARGE = b'{"metrics": ["' + b"x" * 5_000_000 + b'"]}'
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
OLD = b"GET /api/v1/query?q=x HTTP/1.0\r\nHost: localhost\r\nAccept: text/csv\r\n\r\n"


def send_until(connection: socket.socket, until_s: float) -> None:
    while time.monotonic() < until_s:
        connection.sendall(b"x" * 1_000)


def code_of(body: bytes) -> str:
    return str(json.loads(body)["code"])


@pytest.mark.parametrize("path", ["/api/v1/query", "/api/v1/compile", "/nothing"])
def test_a_body_that_is_too_long_is_told_so(serve: Serve, path: str) -> None:
    address = urlsplit(serve(gateway_keeping(SMALL)))
    told = set()
    for _ in range(10):
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
        connection.request("POST", path, body=LARGE, headers={"content-type": "application/json"})
        answer = connection.getresponse()
        told.add((answer.status, code_of(answer.read())))
        connection.close()

    assert told == ({(404, "SL705")} if path == "/nothing" else {(413, "SL106")})


def test_a_long_body_in_chunks_is_told_so(serve: Serve) -> None:
    url = serve(gateway_keeping(SMALL))
    told = set()
    for _ in range(10):
        parts = (LARGE[at : at + 100_000] for at in range(0, len(LARGE), 100_000))
        answer = httpx.post(
            f"{url}/api/v1/query", content=parts, headers={"content-type": "application/json"}
        )
        told.add((answer.status_code, answer.json()["code"]))

    assert told == {(413, "SL106")}


def test_a_client_that_sends_for_ever_is_left(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.http_api.gathered_writes.LINGER_S", 0.3)
    begun_s = time.monotonic()
    with connected(serve(gateway_keeping(SMALL))) as connection:
        connection.sendall(b"garbage\r\n\r\n")
        with pytest.raises(ConnectionError):
            send_until(connection, begun_s + LEFT_S)


@pytest.mark.parametrize(
    ("length", "status", "code"),
    [(TARGET_BYTES_MAX, 422, "E_NAME_NOT_FOUND"), (TARGET_BYTES_MAX + 1, 413, "SL106")],
)
def test_a_target_is_as_long_as_the_limit(
    http_url: str, length: int, status: int, code: str
) -> None:
    path = "/api/v1/query?q=" + quote("SELECT nothing FROM flights --", safe="")
    path += "x" * (length - len(path))

    address = urlsplit(http_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    told = answer.status, code_of(answer.read())
    connection.close()

    assert told == (status, code)


def test_a_client_of_http_1_0_is_sent_no_chunks(serve: Serve) -> None:
    with connected(serve(streaming(ScriptedStream([BATCH])))) as connection:
        connection.sendall(OLD)
        head, _, body = b"".join(received(connection)).partition(b"\r\n\r\n")

    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head.lower()
    assert body.decode().split() == ["n", *map(str, range(100_000))]


def test_a_small_answer_to_http_1_0_is_measured(serve: Serve) -> None:
    with connected(serve(gateway_keeping(SMALL))) as connection:
        connection.sendall(OLD)
        head, _, body = b"".join(received(connection)).partition(b"\r\n\r\n")

    assert b"content-length: %d" % len(body) in head
    assert body == b"n\r\n1\r\n2\r\n"


def test_an_answer_to_http_1_0_that_breaks_off_is_no_whole_one(serve: Serve) -> None:
    stream = ScriptedStream([BATCH] * 4, failure=EngineFailed("it broke"))
    with connected(serve(streaming(stream))) as connection:
        connection.sendall(OLD)
        with pytest.raises(ConnectionResetError):
            list(received(connection))


@pytest.mark.parametrize("good", [1, 3])
def test_what_stands_before_garbage_is_answered(serve: Serve, good: int) -> None:
    with connected(serve(gateway_keeping(SMALL))) as connection:
        connection.sendall(GET * good + b"garbage\r\n\r\n")
        told = b"".join(received(connection))

    last_head = told.rpartition(b"\r\n\r\n")[0].rpartition(b"}")[2]
    assert told.count(b"HTTP/1.1 200 OK") == good
    assert told.count(b"HTTP/1.1 400 Bad Request") == 1
    assert last_head.startswith(b"HTTP/1.1 400 Bad Request")
    assert told.endswith(b"}")


def test_a_body_of_garbage_is_refused_at_once(serve: Serve) -> None:
    begun = GET + b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\n"
    with connected(serve(gateway_keeping(SMALL))) as connection:
        connection.sendall(begun + b"Transfer-Encoding: chunked\r\n\r\nno length\r\n")
        told = b"".join(received(connection))

    assert (told.count(b"200 OK"), told.count(b"400 Bad Request")) == (1, 1)


def test_a_client_that_takes_nothing_is_left_and_its_query_stopped(serve: Serve) -> None:
    stream = ScriptedStream(itertools.repeat(BATCH))
    with connected(serve(streaming(stream))) as connection:
        connection.sendall(OLD)

        assert stream.closed.wait(LEFT_S)


def test_a_client_that_takes_little_is_not_left(serve: Serve) -> None:
    stream = ScriptedStream(itertools.repeat(MANY))
    with connected(serve(streaming(stream))) as connection:
        connection.sendall(OLD)
        until_s = time.monotonic() + 3.0
        while time.monotonic() < until_s:
            assert connection.recv(1_000_000)
            assert not stream.closed.wait(0.05)


def test_the_log_tells_nothing_of_answers_that_break_off(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    stream = ScriptedStream([BATCH], failure=EngineFailed("it broke"))
    with caplog.at_level(logging.DEBUG), connected(serve(streaming(stream))) as connection:
        connection.sendall(OLD.replace(b"1.0", b"1.1"))
        list(received(connection))

    assert [each.getMessage() for each in caplog.records if each.levelno > logging.INFO] == []
