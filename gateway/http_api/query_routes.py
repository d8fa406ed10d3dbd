"""The query route: plain ASGI, since a router would cost more than an answer from memory."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

from auth.principal import Principal
from cache.fingerprint import CacheKey
from gateway.admission import Caller
from gateway.errors import MethodNotAllowed
from gateway.http_api.encode import proof_url
from gateway.http_api.kept_bodies import KeptBodies
from gateway.http_api.negotiate import Format, negotiate
from gateway.http_api.ports import WHOLE, Gateway, Limits, Observe, RawHeaders, Served
from gateway.http_api.problems import (
    guarded,
    internal_error,
    new_incident,
    problem_of,
    send_problem,
)
from gateway.http_api.questions import (
    headers_of,
    principal_of,
    question_in_body,
    question_in_query,
)
from gateway.http_api.stream_body import Run, while_connected
from gateway.http_api.threads import Threads
from gateway.http_api.turn import Turn
from gateway.http_api.waiting import Waiting
from gateway.pipeline import Answer, Prepared
from semantic_models.errors import ForebayError

logger = logging.getLogger(__name__)

_CONTENT_TYPES: Mapping[Format, bytes] = {
    **{each: each.value.encode() for each in Format},
    Format.CSV: b"text/csv; charset=utf-8; header=present",
}
_SAME_FOR_ALL: Mapping[Format, RawHeaders] = {
    each: [
        (b"content-type", _CONTENT_TYPES[each]),
        (b"cache-control", b"private, no-cache"),
        (b"vary", b"accept, authorization"),
        (b"x-content-type-options", b"nosniff"),
    ]
    for each in Format
}


SendWhole = Callable[[RawHeaders, bytes], bool]


def _never_whole(_headers: RawHeaders, _body: bytes) -> bool:
    """What a server does that has not the extension."""
    return False


class Asked(NamedTuple):
    """What one request asks, when it came, and from whom."""

    question: str | bytes
    wanted: Format
    came_at: float
    principal: Principal
    send_whole: SendWhole = _never_whole


class Sent(NamedTuple):
    """How much of an answer was sent."""

    rows: int
    size_bytes: int
    code: str = ""


class QueryRoute:
    """Answers questions asked by POST, or by GET with the parameter ``q``."""

    def __init__(
        self, gateway: Gateway, threads: Threads, *, limits: Limits, observe: Observe
    ) -> None:
        self._gateway = gateway
        self._threads = threads
        self._limits = limits
        self._waiting = Waiting(limits.body_timeout_s)
        self._observe = observe
        self._kept_bodies = KeptBodies()
        self._keys: Turn[Prepared, CacheKey] = Turn(gateway.key_of)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        came_at = time.perf_counter()
        try:
            asked = await self._asked(scope, receive, came_at)
            kept = self._kept(asked)
            if kept and (encoded := self._kept_bodies.body(kept, asked.wanted)):
                await self._send_whole(kept, asked, encoded, send)
                return
        except ForebayError as error:
            await self._refuse(error, scope, send, came_at)
            return
        except Exception:
            incident = new_incident()
            logger.exception("internal error %s", incident)
            await self._refuse(internal_error(incident), scope, send, came_at)
            return
        run = Run(partial(self._fetch, asked, kept), asked.wanted)
        await while_connected(receive, run, self._threads, partial(self._stream, run, asked, send))

    async def _asked(self, scope: Scope, receive: Receive, came_at: float) -> Asked:
        headers = headers_of(scope)
        wanted = negotiate(headers.get(b"accept"))
        match scope["method"]:
            case "POST":
                limits = self._limits.within(self._gateway.limits_of(principal_of(scope)))
                question: str | bytes = await question_in_body(
                    scope, headers, receive, limits, self._waiting
                )
            case "GET":
                question = question_in_query(scope, self._limits)
            case _:
                raise MethodNotAllowed(
                    "a query is asked by GET or POST", hint="Send the question by POST."
                )
        send_whole = scope.get("extensions", {}).get(WHOLE, _never_whole)
        return Asked(question, wanted, came_at, principal_of(scope), send_whole)

    def _kept(self, asked: Asked) -> Answer | None:
        prepared = self._gateway.prepared_kept(asked.question, asked.principal)
        if prepared is None:
            return None
        return self._gateway.kept(prepared, self._keys.of(prepared))

    def _fetch(self, asked: Asked, kept: Answer | None, caller: Caller) -> Answer:
        prepare = self._gateway.prepare
        return kept or self._gateway.fetch(prepare(asked.question, asked.principal), caller)

    async def _send_whole(
        self, answer: Answer, asked: Asked, encoded: tuple[bytes, int], send: Send
    ) -> None:
        """Send a small answer from memory at once, without leaving the event loop."""
        body, rows = encoded
        headers = headers_told(answer, asked.wanted)
        headers.append((b"content-length", b"%d" % len(body)))
        if not asked.send_whole(headers, body):
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        self._tell(asked, answer, Sent(rows, len(body)))

    async def _stream(self, run: Run, asked: Asked, send: Send) -> None:
        """Send an answer as its batches arrive, or whole where it was kept after all."""
        try:
            answer = await self._threads.work(run.start)
            encoded = guarded(self._kept_bodies.body, answer, asked.wanted)
        except ForebayError as error:
            await send_problem(send, problem_of(error))
            self._observe(refused(error, asked.came_at))
            return
        if encoded is not None:
            await self._send_whole(answer, asked, encoded, send)
            return
        headers = headers_told(answer, asked.wanted)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        code = await self._send_pieces(run, send)
        self._tell(asked, answer, Sent(run.rows, run.size_bytes, code))

    async def _send_pieces(self, run: Run, send: Send) -> str:
        """Send what follows the status line; give the code of what cut it short.

        A body that is not ended makes the server close the connection without the last chunk,
        which no client takes for a whole answer.
        """
        try:
            while (piece := await self._threads.work(run.piece)) is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except ForebayError as error:
            return error.code
        await send({"type": "http.response.body", "body": b""})
        return ""

    async def _refuse(self, error: ForebayError, scope: Scope, send: Send, came_at: float) -> None:
        headers = {"allow": "GET, POST"} if isinstance(error, MethodNotAllowed) else {}
        if scope["method"] != "GET":
            # A body may be left unread, and no other request can follow it.
            headers["connection"] = "close"
        await send_problem(send, problem_of(error, headers=headers))
        self._observe(refused(error, came_at))

    def _tell(self, asked: Asked, answer: Answer, sent: Sent) -> None:
        elapsed_ms = (time.perf_counter() - asked.came_at) * 1000
        self._observe(
            Served(
                answer.query_id,
                asked.wanted,
                answer.cache,
                sent.rows,
                sent.size_bytes,
                elapsed_ms,
                answer.stages,
                sent.code,
            )
        )


def headers_told(answer: Answer, wanted: Format) -> RawHeaders:
    """The headers that say, in every format, how an answer came about."""
    headers = [
        *_SAME_FOR_ALL[wanted],
        (b"forebay-query-id", answer.query_id.encode()),
        (b"forebay-cache", answer.cache.encode()),
        (b"forebay-proof-url", proof_url(answer.query_id).encode()),
    ]
    if answer.warned.warnings:
        headers.append((b"forebay-warnings", answer.warned.header().encode()))
    return headers


def refused(error: ForebayError, came_at: float) -> Served:
    """What is told of a query that gave no answer."""
    return Served(
        query_id="",
        media_type="",
        cache="",
        rows=0,
        size_bytes=0,
        elapsed_ms=(time.perf_counter() - came_at) * 1000,
        stages={},
        code=error.code,
    )
