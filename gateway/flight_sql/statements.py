"""What clients may come back for: prepared statements and tickets, bounded in number and time."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from auth.principal import Principal
from gateway.errors import UnknownHandle
from gateway.held import Held

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
    its statements loses its own oldest, and none of others.
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
        self._held: Held[Claimed, tuple[T]] = Held(count_max=count_max, idle_s=idle_s, clock=clock)
        self._lock = Lock()

    def hold(self, thing: T, owner: Principal, own_max: int | None = None) -> bytes:
        """Keep a thing, and tell its handle; its owner has at most ``own_max`` then."""
        handle = new_handle()
        with self._lock:
            self._held.put((handle, owner), (thing,), owner.name, own_max)
        return handle

    def find(self, handle: bytes, owner: Principal) -> T:
        """The thing of a handle, which stays, its time beginning anew.

        Raises:
            UnknownHandle: it was never given out to them, or is closed or too old.
        """
        with self._lock:
            return self._known(self._held.get((handle, owner)))

    def take(self, handle: bytes, owner: Principal) -> T:
        """The thing of a handle, which is gone with this; refuses as ``find`` does."""
        with self._lock:
            return self._known(self._held.pop((handle, owner)))

    def drop(self, handle: bytes, owner: Principal) -> bool:
        """Forget a handle, and tell whether it was known."""
        with self._lock:
            return self._held.pop((handle, owner)) is not None

    def __len__(self) -> int:
        with self._lock:
            return len(self._held)

    def _known(self, found: tuple[T] | None) -> T:
        if found is None:
            raise UnknownHandle.of(self._kind)
        return found[0]
