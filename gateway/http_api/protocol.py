"""uvicorn's HTTP with what it leaves open: writes gathered, heads bounded, refusals coded."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from gateway.errors import RequestTimedOut
from gateway.http_api.gathered_writes import GatheredWrites
from gateway.http_api.problems import Problem, problem_of
from semantic_models.errors import ForebayError, MalformedDocument, TooLarge

HEAD_BYTES_MAX = 64 * 1024
"""What may arrive before the end of a request's headers."""

_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)

HEAD_TIMEOUT_S = 15.0
"""How long a connection may be open, or a request begun, without all of its headers."""


class Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """One connection."""

    head_timeout_s = HEAD_TIMEOUT_S

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Start a connection."""
        super().connection_made(GatheredWrites(transport))
        self._head_bytes = 0
        self._waits_since_s: float | None = self.loop.time()
        self._watch = self.loop.call_later(self.head_timeout_s, self._end_if_overdue)

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came, and count what belongs to a head that is not whole."""
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

    def _without_upgrade(self, data: bytes) -> bytes:
        """A head whose wish for another protocol is no such: the parser would drop the body.

        Clients that would rather speak HTTP/2 ask so, and take an answer in HTTP/1.1.
        """
        if self.cycle is not None and not self.cycle.response_complete:
            return data
        head, blank, body = data.partition(b"\r\n\r\n")
        return _UPGRADE.sub(b"\r\nx-asked:", head) + blank + body

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are no request; ``msg`` is uvicorn's word for that."""
        self._refuse(
            MalformedDocument(
                "the bytes are not an HTTP/1.1 request",
                hint="Ask with an HTTP client; a question beyond 64 KiB is the body of a POST.",
            )
        )

    def _end_if_overdue(self) -> None:
        now_s = self.loop.time()
        since_s = self._waits_since_s
        if since_s is not None and now_s - since_s >= self.head_timeout_s:
            self._refuse(
                RequestTimedOut(
                    f"the headers did not arrive within {self.head_timeout_s:g} seconds",
                    hint="Send the whole request at once.",
                )
            )
            return
        begun_s = now_s if since_s is None else since_s
        wait_s = begun_s + self.head_timeout_s - now_s
        self._watch = self.loop.call_later(wait_s, self._end_if_overdue)

    def _refuse(self, error: ForebayError) -> None:
        if not self.transport.is_closing():
            self.transport.write(_written(problem_of(error, headers={"connection": "close"})))
            self.transport.close()


def _written(problem: Problem) -> bytes:
    """A refusal as bytes, where no request is there that an application could answer."""
    phrase = HTTPStatus(problem.status).phrase
    lines = [f"HTTP/1.1 {problem.status} {phrase}".encode()]
    lines += [name + b": " + value for name, value in problem.headers]
    return b"\r\n".join([*lines, b"", problem.body])
