"""The query route."""

from __future__ import annotations

import io
import logging
from collections.abc import Awaitable, Callable

import anyio
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.types import Message

from gateway.errors import EngineFailed
from gateway.http_api.app import create_app
from gateway.http_api.ports import Limits, Served
from semantic_models.errors import MalformedDocument, UnknownName
from tests.support.identities import EVERYBODY
from tests.unit.gateway.http_api.fakes import (
    ScriptedGateway,
    ScriptedStream,
    client_of,
    gateway_keeping,
    gateway_of,
    gateway_refusing,
    prepared_for,
)

BATCH = pa.record_batch({"n": [1, 2]})
QUESTION = {"metrics": ["flights"]}
PATH = "/api/v1/query"


@pytest.mark.parametrize("make", [gateway_of, gateway_keeping])
def test_an_answer_says_how_it_came_about_in_its_headers(
    make: Callable[[pa.RecordBatch], ScriptedGateway],
) -> None:
    gateway = make(BATCH)

    response = client_of(gateway).post(PATH, json=QUESTION)

    told = {name: value for name, value in response.headers.items() if name != "content-length"}
    assert (response.status_code, response.json()["data"]) == (200, [{"n": 1}, {"n": 2}])
    assert told == {
        "content-type": "application/json",
        "cache-control": "private, no-cache",
        "vary": "accept, authorization",
        "x-content-type-options": "nosniff",
        "forebay-query-id": "ab-1",
        "forebay-cache": "hit" if gateway.kept_answer else "miss",
        "forebay-proof-url": "/api/v1/queries/ab-1/proof",
    }


def test_an_answer_from_memory_tells_its_length() -> None:
    response = client_of(gateway_keeping(BATCH)).post(PATH, json=QUESTION)

    assert response.headers["content-length"] == str(len(response.content))


def test_a_question_may_be_a_parameter() -> None:
    gateway = gateway_of(BATCH)

    response = client_of(gateway).get(PATH, params={"q": "SELECT flights"})

    assert (response.status_code, gateway.asked) == (200, ["SELECT flights"])


@pytest.mark.parametrize("make", [gateway_of, gateway_keeping])
def test_formats_are_chosen_by_accept(make: Callable[[pa.RecordBatch], ScriptedGateway]) -> None:
    def asked(accept: str) -> bytes:
        return client_of(make(BATCH)).post(PATH, json=QUESTION, headers={"accept": accept}).content

    table = pa.Table.from_batches([BATCH])
    assert asked("text/csv") == b"n\r\n1\r\n2\r\n"
    assert asked("application/x-ndjson") == b'{"n":1}\n{"n":2}\n'
    assert pq.read_table(io.BytesIO(asked("application/x-parquet"))).equals(table)
    arrow = pa.ipc.open_stream(asked("application/vnd.apache.arrow.stream"))
    assert arrow.read_all().equals(table)


def test_a_large_kept_answer_is_streamed_under_one_query_id() -> None:
    gateway = gateway_keeping(pa.record_batch({"n": list(range(100_000))}))

    response = client_of(gateway).post(PATH, json=QUESTION, headers={"accept": "text/csv"})

    assert response.content.count(b"\n") == 100_001
    assert (response.headers["forebay-query-id"], next(gateway.ids)) == ("ab-1", 2)


@pytest.mark.parametrize(
    ("request_with", "status", "code"),
    [
        ({"json": QUESTION, "headers": {"accept": "image/png"}}, 406, "SL703"),
        ({"content": b"{}", "headers": {"content-type": "text/plain"}}, 415, "SL704"),
        ({"content": b"{}", "headers": {"content-encoding": "gzip"}}, 415, "SL704"),
        ({"content": b"{" * 65}, 413, "SL106"),
        ({"content": b"nonsense"}, 400, "SL105"),
    ],
)
def test_a_post_that_is_refused_unread_closes_its_connection(
    request_with: dict[str, object], status: int, code: str
) -> None:
    client = client_of(gateway_of(BATCH), limits=Limits(body_bytes_max=64))

    response = client.post(PATH, **request_with)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["connection"] == "close"


def test_a_get_that_is_refused_keeps_its_connection() -> None:
    response = client_of(gateway_of(BATCH)).get(PATH)

    assert (response.status_code, response.json()["code"]) == (400, "SL105")
    assert "connection" not in response.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_told_which_there_are(method: str) -> None:
    response = client_of(gateway_of(BATCH)).request(method, PATH)

    assert (response.status_code, response.json()["code"]) == (405, "SL706")
    assert response.headers["allow"] == "GET, POST"


def test_a_refused_question_is_a_problem() -> None:
    error = UnknownName('metric "x" does not exist', hint="List the names.")

    response = client_of(gateway_refusing(error)).post(PATH, json=QUESTION)

    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, response.json()["hint"]) == (422, "List the names.")


def test_a_query_that_fails_before_its_first_batch_is_a_problem() -> None:
    stream = ScriptedStream([], failure=EngineFailed('engine "local" broke'))

    response = client_of(ScriptedGateway(prepared_for(BATCH), stream)).post(PATH, json=QUESTION)

    assert (response.status_code, response.json()["code"]) == (502, "SL601")
    assert stream.closed.is_set()


@pytest.mark.parametrize("is_memoised", [True, False])
def test_a_bug_is_told_without_its_text(
    caplog: pytest.LogCaptureFixture, *, is_memoised: bool
) -> None:
    class Broken(ScriptedGateway):
        def prepare(self, text: str | bytes, principal: object) -> None:  # type: ignore[override]
            raise ValueError("secret")

        def kept(self, prepared: object, key: object = None) -> None:
            raise ValueError("secret")

    gateway = Broken(prepared_for(BATCH), ScriptedStream([]), is_memoised=is_memoised)

    with caplog.at_level(logging.ERROR):
        response = client_of(gateway).post(PATH, json=QUESTION)

    assert (response.status_code, response.json()["code"]) == (500, "SL900")
    assert "secret" not in response.text
    assert "secret" in caplog.text


def test_a_bug_before_the_question_is_read_is_told_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        raise ValueError("secret")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": [(b"host", b"localhost")]}
    app: Callable[..., Awaitable[None]] = create_app(gateway_of(BATCH), identity=EVERYBODY)
    with caplog.at_level(logging.ERROR):
        anyio.run(app, scope, receive, send)

    assert (sent[0]["status"], orjson.loads(sent[1]["body"])["code"]) == (500, "SL900")
    assert b"secret" not in sent[1]["body"]
    assert "secret" in caplog.text


def test_a_failure_after_the_first_byte_leaves_the_body_unended() -> None:
    stream = ScriptedStream([BATCH], failure=EngineFailed("it broke"))
    served: list[Served] = []

    sent = call(ScriptedGateway(prepared_for(BATCH), stream), served)

    assert [message.get("status") for message in sent] == [200, None, None]
    assert [message.get("more_body") for message in sent] == [None, True, True]
    assert [(each.code, each.rows) for each in served] == [("SL601", 2)]
    assert stream.closed.is_set()


def test_each_query_is_told_once_with_what_was_sent() -> None:
    kept: list[Served] = []
    streamed: list[Served] = []
    refused: list[Served] = []

    bodies = [
        b"".join(message.get("body", b"") for message in call(gateway, told))
        for gateway, told in (
            (gateway_keeping(BATCH), kept),
            (gateway_of(BATCH), streamed),
            (gateway_refusing(MalformedDocument("no")), refused),
        )
    ]

    summaries = [
        (each.query_id, each.media_type, each.cache, each.rows, each.size_bytes, each.code)
        for each in (*kept, *streamed, *refused)
    ]
    assert summaries == [
        ("ab-1", "text/csv", "hit", 2, len(bodies[0]), ""),
        ("ab-1", "text/csv", "miss", 2, len(bodies[1]), ""),
        ("", "", "", 0, 0, "SL105"),
    ]


def call(gateway: ScriptedGateway, served: list[Served]) -> list[Message]:
    """Ask for CSV by hand, and get what a server would be given to send."""
    sent: list[Message] = []
    asked: list[Message] = [{"type": "http.request", "body": orjson.dumps(QUESTION)}]

    async def receive() -> Message:
        if not asked:
            await anyio.sleep_forever()
        return asked.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"accept", b"text/csv")],
    }
    app: Callable[..., Awaitable[None]]
    app = create_app(gateway, identity=EVERYBODY, observe=served.append)
    anyio.run(app, scope, receive, send)
    return sent
