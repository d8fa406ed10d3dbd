"""uvicorn's HTTP with what it leaves open: writes gathered, heads bounded, refusals coded."""

from __future__ import annotations

import asyncio
import logging
import re
from http import HTTPStatus
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.errors import RequestTimedOut
from gateway.http_api.gathered_writes import GatheredWrites
from gateway.http_api.ports import CERTIFICATE, WHOLE, Limits, RawHeaders
from gateway.http_api.problems import Problem, problem_of
from gateway.identity.certificates import presented_over
from semantic_models.errors import ForebayError, MalformedDocument, TooLarge

TARGET_BYTES_MAX = 64 * 1024 - 1
"""The longest path with its parameters as they are sent, percent-encoded."""

HEAD_BYTES_MAX = 80 * 1024
"""What may arrive before the end of a request's headers."""

_OK = b"HTTP/1.1 200 OK\r\n"
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)

HEAD_TIMEOUT_S = 15.0
"""How long a connection may be open, or a request begun, without all of its headers."""

log = logging.getLogger(__name__)
log.setLevel(logging.WARNING)
# uvicorn also warns of what clients send or leave, which they are told themselves.
log.addFilter(lambda record: record.exc_info is not None)


class Protocol(HttpToolsProtocol):
    """One connection."""

    head_timeout_s = HEAD_TIMEOUT_S
    stall_timeout_s = Limits().stall_timeout_s

    transport: GatheredWrites
    cycle: RequestResponseCycle | None  # type: ignore[assignment]  # uvicorn starts with None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.logger = log
        self._running: RequestResponseCycle | None = None
        self._refusal: ForebayError | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._extensions: dict[str, Any] = {WHOLE: self._send_whole}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start a connection."""
        super().connection_made(GatheredWrites(transport, self._is_sent_more))
        certificate = presented_over(transport.get_extra_info("ssl_object"))
        if certificate is not None:
            self._extensions[CERTIFICATE] = certificate
        self._head_bytes = 0
        self._waits_since_s: float | None = self.loop.time()
        self._watch = self.loop.call_later(self.head_timeout_s, self._end_if_overdue)

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._watch.cancel()
        self._end_stall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came, and count what belongs to a head that is not whole."""
        if self._refusal is not None or self.transport.is_lingering:
            self.transport.drop(len(data))
            return
        if b"grade:" in data or b"GRADE:" in data:
            data = self._without_upgrade(data)
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._waits_since_s, self._head_bytes = None, 0
            return
        self._head_bytes += len(data)
        self._waits_since_s = self._waits_since_s or self.loop.time()
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(
                TooLarge(
                    f"the headers are longer than {HEAD_BYTES_MAX} bytes",
                    hint="Send the question as the body of a POST.",
                )
            )

    def on_url(self, url: bytes) -> None:
        """Take in a part of the target; the parser of its parts takes no longer one."""
        super().on_url(url)
        if len(self.url) > TARGET_BYTES_MAX:
            self._refusal = TooLarge(
                f"the path and its parameters are longer than {TARGET_BYTES_MAX} bytes",
                hint="Send the question as the body of a POST.",
            )
            raise ValueError("the target is too long")

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are no request; ``msg`` is uvicorn's word for that.

        The requests before them are answered first.
        """
        self._refusal = self._refusal or MalformedDocument(
            "the bytes are not an HTTP/1.1 request",
            hint="Ask with an HTTP client; a question beyond 64 KiB is the body of a POST.",
        )
        if self.pipeline and self.pipeline[0][0].more_body:
            self.pipeline.popleft()
        running = self._running
        if running is None or running.response_complete or running.more_body:
            self._refuse(self._refusal)

    def on_response_complete(self) -> None:
        """Go on to what was sent meanwhile."""
        super().on_response_complete()
        is_idle = self._running is None or self._running.response_complete
        if self._refusal is not None and is_idle:
            self._refuse(self._refusal)

    def pause_writing(self) -> None:
        """Wait for a client to take what was sent, unless it takes nothing for too long."""
        super().pause_writing()
        self._watch_stall(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Go on sending."""
        self._end_stall()
        super().resume_writing()

    def _watch_stall(self, left_bytes: int) -> None:
        self._stall = self.loop.call_later(self.stall_timeout_s, self._end_if_stalled, left_bytes)

    def _end_if_stalled(self, left_bytes: int) -> None:
        now_left_bytes = self.transport.get_write_buffer_size()
        if now_left_bytes >= left_bytes:
            self.transport.reset()
        else:
            self._watch_stall(now_left_bytes)

    def _end_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        if cycle.scope["http_version"] == "1.0":
            app = self._ended_by_close(app, cycle)
        cycle.scope["extensions"] = self._extensions
        super()._start_asgi_task(cycle, app)

    def _send_whole(self, headers: RawHeaders, body: bytes) -> bool:
        """Send an answer of status 200 in one piece; nothing is sent where it is more than that.

        uvicorn looks for faults in every header of every answer, which takes longer than to find
        the answer in memory. These are our own, and hold none.
        """
        cycle = self._running
        assert cycle is not None, "who answers was asked"
        is_usual = cycle.keep_alive and not cycle.disconnected and not self.flow.write_paused
        if is_usual:
            lines = [b"%b: %b\r\n" % each for each in (*cycle.default_headers, *headers)]
            self.transport.write(b"".join([_OK, *lines, b"\r\n", body]))
            cycle.response_started = cycle.response_complete = True
            cycle.waiting_for_100_continue = False
            cycle.message_event.set()
            cycle.on_response()
        return is_usual

    def _ended_by_close(self, app: Any, cycle: RequestResponseCycle) -> Any:
        """The application for a client that knows no chunks: to it the end of data is the end.

        What is broken off must not look like that, so that the connection is reset.
        """

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            is_measured = True

            async def send_unchunked(message: Message) -> None:
                nonlocal is_measured
                if message["type"] == "http.response.start":
                    is_measured = any(name == b"content-length" for name, _ in message["headers"])
                    cycle.chunked_encoding = None if is_measured else False
                elif not is_measured:
                    cycle.expected_content_length = len(message.get("body", b""))
                await send(message)

            await app(scope, receive, send_unchunked)
            if cycle.response_started and not cycle.response_complete:
                self.transport.reset()

        return answer

    def _is_sent_more(self) -> bool:
        return self.cycle is not None and self.cycle.more_body

    def _without_upgrade(self, data: bytes) -> bytes:
        """A head whose wish for another protocol is no such: the parser would drop the body.

        Clients that would rather speak HTTP/2 ask so, and take an answer in HTTP/1.1.
        """
        if self.cycle is not None and not self.cycle.response_complete:
            return data
        head, blank, body = data.partition(b"\r\n\r\n")
        return _UPGRADE.sub(b"\r\nx-asked:", head) + blank + body

    def _end_if_overdue(self) -> None:
        now_s = self.loop.time()
        since_s = self._waits_since_s
        if since_s is not None and now_s - since_s >= self.head_timeout_s:
            self._send_refusal(
                RequestTimedOut(
                    f"the headers did not arrive within {self.head_timeout_s:g} seconds",
                    hint="Send the whole request at once.",
                )
            )
            self.transport.close()
            return
        begun_s = now_s if since_s is None else since_s
        wait_s = begun_s + self.head_timeout_s - now_s
        self._watch = self.loop.call_later(wait_s, self._end_if_overdue)

    def _refuse(self, error: ForebayError) -> None:
        if not self.transport.is_closing():
            self._send_refusal(error)
            self.transport.linger()

    def _send_refusal(self, error: ForebayError) -> None:
        if not self.transport.is_closing():
            self.transport.write(_written(problem_of(error, headers={"connection": "close"})))


def protocol_with(limits: Limits) -> type[Protocol]:
    """The protocol with an operator's limits."""

    class Limited(Protocol):
        stall_timeout_s = limits.stall_timeout_s

    return Limited


def _written(problem: Problem) -> bytes:
    """A refusal as bytes, where no request is there that an application could answer."""
    phrase = HTTPStatus(problem.status).phrase
    lines = [f"HTTP/1.1 {problem.status} {phrase}".encode()]
    lines += [name + b": " + value for name, value in problem.headers]
    return b"\r\n".join([*lines, b"", problem.body])
