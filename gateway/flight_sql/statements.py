"""What clients may come back for: prepared statements and tickets, bounded in number and time."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from cachetools import TTLCache

from auth.principal import Principal
from gateway.errors import UnknownHandle

T = TypeVar("T")
Claimed = tuple[bytes, Principal]
"""A handle, and who has it."""


def new_handle() -> bytes:
    """A handle that nobody guesses, as text, since some clients print it."""
    return secrets.token_hex(16).encode()


class Handles(Generic[T]):
    """Things held for clients by handle, each for the principal that it was given to.

    To every other principal a handle is one that was never given out.

    When there are too many, the one not used for longest goes first: a client that never closes
    its statements loses its own oldest, and keeps nobody else out.
    """

    def __init__(
        self,
        kind: str,
        *,
        count_max: int,
        idle_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kind = kind
        self._held: TTLCache[Claimed, T] = TTLCache(count_max, idle_s, timer=clock)
        self._lock = Lock()

    def hold(self, thing: T, owner: Principal) -> bytes:
        """Keep a thing, and tell its handle."""
        handle = new_handle()
        with self._lock:
            self._held[handle, owner] = thing
        return handle

    def find(self, handle: bytes, owner: Principal) -> T:
        """The thing of a handle, which stays, its time beginning anew.

        Raises:
            UnknownHandle: it was never given out to them, or is closed or too old.
        """
        with self._lock:
            thing = self._pop(handle, owner)
            self._held[handle, owner] = thing
        return thing

    def take(self, handle: bytes, owner: Principal) -> T:
        """The thing of a handle, which is gone with this; refuses as ``find`` does."""
        with self._lock:
            return self._pop(handle, owner)

    def drop(self, handle: bytes, owner: Principal) -> bool:
        """Forget a handle, and tell whether it was known."""
        with self._lock:
            return self._held.pop((handle, owner), None) is not None

    def __len__(self) -> int:
        with self._lock:
            return len(self._held)

    def _pop(self, handle: bytes, owner: Principal) -> T:
        try:
            return self._held.pop((handle, owner))
        except KeyError:
            raise UnknownHandle.of(self._kind) from None
