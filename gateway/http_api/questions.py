"""Reading a question from a request, within its limits."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import parse_qsl

from starlette.types import Message, Receive, Scope

from auth.principal import Principal
from gateway.errors import Cancelled, HostRefused, RequestTimedOut, UnsupportedBody
from gateway.http_api.ports import CERTIFICATE, Limits
from gateway.http_api.waiting import Waiting
from gateway.identity.certificates import Presented
from semantic_models.errors import MalformedDocument, TooLarge, UnknownKey

Headers = dict[bytes, bytes]

LOOPBACK_NAMES = (b"localhost", b"127.0.0.1", b"[::1]")
PARAMETERS_MAX = 16


def headers_of(scope: Scope) -> Headers:
    """The headers by lower-case name, those sent twice joined by a comma as one list."""
    pairs: list[tuple[bytes, bytes]] = scope["headers"]
    headers = dict(pairs)
    if len(headers) < len(pairs):
        for name in headers:
            headers[name] = b", ".join(value for other, value in pairs if other == name)
    return headers


def credentials_of(scope: Scope) -> list[bytes]:
    """The values of all headers ``Authorization``."""
    return [value for name, value in scope["headers"] if name == b"authorization"]


def certificate_of(scope: Scope) -> Presented | None:
    """The certificate that the client of a request has shown; None where it showed none."""
    found: Presented | None = scope.get("extensions", {}).get(CERTIFICATE)
    return found


def principal_of(scope: Scope) -> Principal:
    """Who asks, as the application found out before it came to any route."""
    principal = scope["principal"]
    assert isinstance(principal, Principal), "the application identifies before it routes"
    return principal


@lru_cache(maxsize=64)
def check_host(host: bytes | None) -> None:
    """Let in only requests that name this machine.

    A web page may give its own name the address 127.0.0.1 and then read what is served there;
    such a request still carries the page's name.

    Raises:
        HostRefused: the Host header is another name, or absent.
    """
    name, _, port = (host or b"").lower().rpartition(b":")
    known = (name if port.isdigit() else host or b"").lower()
    if known not in LOOPBACK_NAMES:
        raise HostRefused(
            "the Host header does not name this machine",
            hint='Ask by the name "localhost" or "127.0.0.1".',
        )


def question_in_query(scope: Scope, limits: Limits) -> str:
    """The parameter ``q``: a JSON document, or semantic SQL.

    Raises:
        MalformedDocument: there is not exactly one ``q``, or it is not UTF-8.
        UnknownKey: there is another parameter.
        TooLarge: it is longer than the limit.
    """
    raw: bytes = scope["query_string"]
    # Percent-encoding takes three bytes for one.
    if len(raw) > 3 * limits.question_bytes_max + 1024:
        raise _question_too_large(limits)
    try:
        pairs = parse_qsl(
            raw.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=PARAMETERS_MAX,
        )
    except ValueError as error:
        raise MalformedDocument(
            "the query string is not percent-encoded UTF-8", hint=_QUESTION_HINT
        ) from error
    unknown = next((name for name, _ in pairs if name != "q"), None)
    if unknown is not None:
        raise UnknownKey.of("the query string", unknown[:64], ("q",))
    questions = [value.strip() for _, value in pairs]
    if len(questions) != 1:
        raise MalformedDocument(
            f'one parameter "q" is expected, {len(questions)} came', hint=_QUESTION_HINT
        )
    if not questions[0]:
        raise MalformedDocument('the parameter "q" is empty', hint=_QUESTION_HINT)
    if len(questions[0].encode()) > limits.question_bytes_max:
        raise _question_too_large(limits)
    return questions[0]


async def question_in_body(
    scope: Scope, headers: Headers, receive: Receive, limits: Limits, waiting: Waiting
) -> bytes:
    """The body: one JSON document, of which no more is read than the limit.

    ``waiting`` is shared by all requests, so that no body is waited for without an end.

    Raises:
        UnknownKey: there are parameters beside the body.
        UnsupportedBody: its content type is not JSON, or it is compressed.
        TooLarge: it is longer than the limit.
        MalformedDocument: it is no JSON object.
        RequestTimedOut: it came too slowly, or not at all.
        Cancelled: the client left before its end.
    """
    if scope.get("query_string"):
        _refuse_parameters(scope["query_string"])
    _check_kind(headers)
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limits.body_bytes_max:
        raise _body_too_large(limits)
    try:
        body = await waiting.wait(_body(receive, limits))
    except TimeoutError:
        raise RequestTimedOut(
            f"the body did not arrive within {waiting.timeout_s:g} seconds",
            hint="Send the whole document at once.",
        ) from None
    if len(body) > limits.body_bytes_max:
        raise _body_too_large(limits)
    document = body.strip(b" \t\r\n")
    if document[:1] != b"{":
        raise MalformedDocument("the body is not a JSON object", hint=_QUESTION_HINT)
    return document


def _refuse_parameters(raw: bytes) -> None:
    name = raw.decode(errors="replace").split("&")[0].split("=")[0][:64]
    raise UnknownKey(
        f'parameter "{name}" stands beside a body',
        hint="Write everything into the document; a POST takes no parameters.",
    )


async def _body(receive: Receive, limits: Limits) -> bytes:
    """A body, read no further than its limit."""
    first, is_whole = _part(await receive())
    if is_whole:
        return first
    body = bytearray(first)
    while not is_whole and len(body) <= limits.body_bytes_max:
        part, is_whole = _part(await receive())
        body += part
    return bytes(body)


def _part(message: Message) -> tuple[bytes, bool]:
    """A part of the body, and whether it was the last."""
    if message["type"] == "http.disconnect":
        raise Cancelled("the client left before the end of its question")
    return message.get("body", b""), not message.get("more_body", False)


def _check_kind(headers: Headers) -> None:
    if not _is_json(headers.get(b"content-type", b"application/json")):
        raise UnsupportedBody(
            "the content type of the body is not JSON",
            hint='Send a JSON document with the content type "application/json".',
        )
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise UnsupportedBody("the body is compressed", hint="Send it without a content encoding.")


@lru_cache(maxsize=64)
def _is_json(content_type: bytes) -> bool:
    media_type, _, parameters = content_type.lower().replace(b" ", b"").partition(b";")
    return media_type == b"application/json" and parameters in (
        b"",
        b"charset=utf-8",
        b'charset="utf-8"',
    )


def _body_too_large(limits: Limits) -> TooLarge:
    return TooLarge(
        f"the body is longer than {limits.body_bytes_max} bytes",
        hint="Ask for less at once, or filter by a range instead of a list.",
    )


def _question_too_large(limits: Limits) -> TooLarge:
    return TooLarge(
        f'the parameter "q" is longer than {limits.question_bytes_max} bytes',
        hint="Send the question as the body of a POST request.",
    )


_QUESTION_HINT = 'A question is a document such as {"metrics": ["flights"]}.'
