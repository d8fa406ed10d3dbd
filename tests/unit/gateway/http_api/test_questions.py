"""Reading questions from requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import pytest
from starlette.types import Message

from gateway.errors import Cancelled, HostRefused, RequestTimedOut, UnsupportedBody
from gateway.http_api.ports import Limits
from gateway.http_api.questions import (
    check_host,
    headers_of,
    question_in_body,
    question_in_query,
)
from gateway.http_api.waiting import Waiting
from semantic_models.errors import ForebayError, MalformedDocument, TooLarge, UnknownKey

LIMITS = Limits(body_bytes_max=64, question_bytes_max=32, body_timeout_s=0.05)
DOCUMENT = b'{"metrics": ["flights"]}'


def arriving(*messages: Message) -> Callable[[], Awaitable[Message]]:
    """Messages one by one; whoever asks for more waits without end."""
    left = list(messages)

    async def receive() -> Message:
        if not left:
            await anyio.sleep_forever()
        return left.pop(0)

    return receive


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def read(*messages: Message, **headers: str) -> bytes:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    waiting = Waiting(LIMITS.body_timeout_s)
    return anyio.run(partial(question_in_body, {}, named, arriving(*messages), LIMITS, waiting))


def test_a_body_is_read_whole() -> None:
    assert read(part(DOCUMENT)) == DOCUMENT


def test_a_body_in_parts_is_put_together() -> None:
    assert read(part(DOCUMENT[:5], more=True), part(DOCUMENT[5:])) == DOCUMENT


def test_space_around_a_document_is_no_part_of_it() -> None:
    assert read(part(b"\r\n\t " + DOCUMENT + b"\n")) == DOCUMENT


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json; charset=utf-8"],
)
def test_json_is_taken_under_its_names(content_type: str) -> None:
    assert read(part(DOCUMENT), content_type=content_type) == DOCUMENT


@pytest.mark.parametrize("body", [b"", b"  ", b"[]", b"1", b"SELECT 1", b"\xef\xbb\xbf{}", b"\0"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedDocument):
        read(part(body))


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/json; charset=latin-1"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": ""},
        {"content_encoding": "gzip"},
    ],
)
def test_other_bodies_are_refused_unread(headers: dict[str, str]) -> None:
    with pytest.raises(UnsupportedBody):
        read(**headers)


def test_a_body_that_says_it_is_too_long_is_refused_unread() -> None:
    with pytest.raises(TooLarge):
        read(content_length="65")


def test_a_body_that_turns_out_too_long_is_read_no_further() -> None:
    with pytest.raises(TooLarge):
        read(part(b"{" * 60, more=True), part(b"{" * 5, more=True))


def test_a_whole_body_that_is_too_long_is_refused() -> None:
    with pytest.raises(TooLarge):
        read(part(b"{" * 65))


@pytest.mark.parametrize("messages", [[], [part(b"{", more=True)]])
def test_a_body_that_does_not_come_is_not_waited_for(messages: list[Message]) -> None:
    with pytest.raises(RequestTimedOut) as refusal:
        read(*messages)

    assert refusal.value.message == "the body did not arrive within 0.05 seconds"


def test_a_client_that_leaves_half_way_asks_nothing() -> None:
    with pytest.raises(Cancelled):
        read(part(b"{", more=True), {"type": "http.disconnect"})


@pytest.mark.parametrize(
    ("query_string", "question"),
    [
        (b"q=%7B%22metrics%22%3A%5B%5D%7D", '{"metrics":[]}'),
        (b"q=SELECT+flights", "SELECT flights"),
        ("q=caf\u00e9".encode(), "caf\u00e9"),
        (b"q=caf%C3%A9", "caf\u00e9"),
        (b"q=%20%7B%7D%0A", "{}"),
    ],
)
def test_a_question_is_read_from_the_parameter_q(query_string: bytes, question: str) -> None:
    assert question_in_query({"query_string": query_string}, LIMITS) == question


@pytest.mark.parametrize(
    ("query_string", "refusal"),
    [
        (b"", MalformedDocument),
        (b"q=", MalformedDocument),
        (b"q=%20", MalformedDocument),
        (b"query=x", UnknownKey),
        (b"q=SELECT+flights&x=1", UnknownKey),
        (b"q=a&limit=", UnknownKey),
        (b"q=a&q=b", MalformedDocument),
        (b"q=&q=x", MalformedDocument),
        (b"q=%FF", MalformedDocument),
        (b"q=\xff", MalformedDocument),
        (b"&".join([b"a=1"] * 17), MalformedDocument),
        (b"q=" + b"x" * 33, TooLarge),
        (b"q=" + "\u00e9".encode() * 17, TooLarge),
        (b"x=" + b"x" * 10_000, TooLarge),
    ],
)
def test_other_query_strings_are_refused(query_string: bytes, refusal: type[ForebayError]) -> None:
    with pytest.raises(refusal):
        question_in_query({"query_string": query_string}, LIMITS)


def test_a_body_takes_no_parameters() -> None:
    scope = {"query_string": b"limit=5&x"}
    read_body = partial(question_in_body, scope, {}, arriving(), LIMITS, Waiting(1.0))

    with pytest.raises(UnknownKey) as refusal:
        anyio.run(read_body)

    assert refusal.value.message == 'parameter "limit" stands beside a body'


def test_headers_sent_twice_are_one_list() -> None:
    pairs = [(b"accept", b"text/csv"), (b"host", b"localhost"), (b"accept", b"*/*")]

    assert headers_of({"headers": pairs}) == {b"accept": b"text/csv, */*", b"host": b"localhost"}


@pytest.mark.parametrize(
    "host",
    [b"localhost", b"LOCALHOST:80", b"127.0.0.1:8080", b"127.0.0.1", b"[::1]", b"[::1]:8080"],
)
def test_names_of_this_machine_are_let_in(host: bytes) -> None:
    check_host(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        b"",
        b"example.com",
        b"example.com:8080",
        b"localhost.example.com",
        b"127.0.0.1.example.com",
        b"localhost, example.com",
        b"example.com, localhost",
        b"[::2]:1",
        b"localhost:x",
        b"0.0.0.0",
    ],
)
def test_other_names_are_refused(host: bytes | None) -> None:
    with pytest.raises(HostRefused):
        check_host(host)
