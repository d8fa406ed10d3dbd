"""Short-lived tokens for clients that prove themselves once a connection."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from threading import Lock

from auth.errors import AuthenticationFailed
from gateway.held import Held
from gateway.identity.proven import Proven

PREFIX = "forebay-session-"
LASTS_S = 3_600.0
SESSIONS_MAX = 10_000


class Sessions:
    """Who proved themselves in the last hour, by the digest of the token that they were given."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._held: Held[bytes, Proven] = Held(count_max=SESSIONS_MAX, idle_s=LASTS_S, clock=clock)
        self._lock = Lock()

    def start(self, proven: Proven) -> str:
        """A token that proves the same for an hour, and never for longer."""
        token = PREFIX + secrets.token_urlsafe(32)
        until = min(proven.until, self._clock() + LASTS_S)
        with self._lock:
            self._held.put(_digest(token), replace(proven, until=until), proven.principal.name)
        return token

    def find(self, token: str) -> Proven:
        """Whom a token proves.

        Raises:
            AuthenticationFailed: it was never given out, or its time is over.
        """
        with self._lock:
            proven = self._held.get(_digest(token))
        if proven is None or proven.until <= self._clock():
            raise AuthenticationFailed.because("there is no such session any more")
        return proven


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
