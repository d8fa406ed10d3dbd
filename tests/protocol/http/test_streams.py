"""Answers that are cut short, left, or too large to hold."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import psutil
import pyarrow as pa
import pytest

from gateway.errors import EngineFailed
from gateway.http_api.negotiate import Format
from tests.protocol.http.conftest import Serve
from tests.unit.gateway.http_api.fakes import ScriptedGateway, ScriptedStream, prepared_for

BATCH = pa.RecordBatch.from_pydict({"n": list(range(100_000))})
REQUEST = (
    b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nAccept: text/csv\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
)
LEFT_S = 10.0
"""Far more than it takes to notice that a client left; only a failure waits so long."""


def streaming(stream: ScriptedStream) -> ScriptedGateway:
    return ScriptedGateway(prepared_for(BATCH), stream)


def connected(url: str) -> socket.socket:
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout=LEFT_S)


def received(connection: socket.socket) -> Iterator[bytes]:
    while data := connection.recv(65_536):
        yield data


@pytest.mark.parametrize("wanted", Format)
def test_a_failure_after_the_first_byte_is_an_error_to_the_client(
    serve: Serve, wanted: Format
) -> None:
    stream = ScriptedStream([BATCH] * 4, failure=EngineFailed("it broke"))
    url = serve(streaming(stream))

    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{url}/api/v1/query", json={}, headers={"accept": wanted.value})

    assert stream.closed.is_set()


def test_a_failure_after_the_first_byte_sends_no_last_chunk(serve: Serve) -> None:
    stream = ScriptedStream([BATCH], failure=EngineFailed("it broke"))

    with connected(serve(streaming(stream))) as connection:
        connection.sendall(REQUEST % (2, b"{}"))
        sent = b"".join(received(connection))

    assert sent.startswith(b"HTTP/1.1 200 ")
    assert sent.endswith(b"99999\r\n\r\n")


def test_a_client_that_leaves_while_bytes_come_stops_its_query(serve: Serve) -> None:
    stream = ScriptedStream(itertools.repeat(BATCH))
    url = serve(streaming(stream))

    with httpx.stream("POST", f"{url}/api/v1/query", json={}) as response:
        next(response.iter_raw())

    assert stream.closed.wait(LEFT_S)


def test_a_client_that_leaves_before_any_byte_stops_its_query(serve: Serve) -> None:
    stream = ScriptedStream([], hangs=True)

    with connected(serve(streaming(stream))) as connection:
        connection.sendall(REQUEST % (2, b"{}"))
        assert stream.started.wait(LEFT_S)

    assert stream.closed.wait(LEFT_S)


def test_a_client_that_reads_nothing_makes_nothing_pile_up(serve: Serve) -> None:
    """The engine is asked for the next batch only when the last one was taken off."""
    given = itertools.count()
    stream = ScriptedStream(BATCH for _ in given)

    with connected(serve(streaming(stream))) as connection:
        connection.sendall(REQUEST % (2, b"{}"))
        connection.recv(1)

        assert not stream.closed.wait(0.5)

    assert next(given) < 100


@pytest.mark.parametrize("wanted", Format)
def test_a_large_answer_is_sent_with_flat_memory(serve: Serve, wanted: Format) -> None:
    batch = pa.RecordBatch.from_pydict({"n": list(range(122_880)), "s": ["x" * 40] * 122_880})
    url = serve(ScriptedGateway(prepared_for(batch), ScriptedStream([batch] * 40)))
    process = psutil.Process()
    before = highest = process.memory_info().rss

    with httpx.stream(
        "POST", f"{url}/api/v1/query", json={}, headers={"accept": wanted.value}, timeout=60
    ) as response:
        for _ in response.iter_raw():
            highest = max(highest, process.memory_info().rss)

    assert highest - before < 100 * 2**20


def test_a_body_that_stops_half_way_is_given_up(serve: Serve) -> None:
    with connected(serve(streaming(ScriptedStream([])))) as connection:
        connection.sendall(REQUEST % (100, b'{"metrics"'))
        sent = b"".join(received(connection))

    assert sent.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"SL711"' in sent


def test_one_connection_carries_many_questions(http_url: str) -> None:
    question = {"fields": ["carrier"], "from": "flights", "limit": 50_000}

    with httpx.Client(timeout=60) as client:
        answers = [client.post(f"{http_url}/api/v1/query", json=question) for _ in range(3)]

    assert [each.json()["meta"]["rows"] for each in answers] == [50_000] * 3
