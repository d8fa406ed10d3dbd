"""What is held for principals to come back for: bounded for each, in all, and in time."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


@dataclass(slots=True)
class _Thing(Generic[T]):
    value: T
    owner: str
    used_at_s: float


class Held(Generic[Key, T]):
    """Things by key, each of one owner. Whoever shares it between threads locks.

    Whoever has as many as they may loses the one of their own not used for longest. Where there
    are too many in all, so does whoever has most: nobody who has fewer than others loses any.
    """

    def __init__(
        self,
        *,
        count_max: int,
        idle_s: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count_max = count_max
        self._idle_s = idle_s
        self._clock = clock
        self._things: OrderedDict[Key, _Thing[T]] = OrderedDict()
        """Those not used for longest first."""
        self._of: dict[str, OrderedDict[Key, None]] = {}
        """The same for each owner."""

    def __len__(self) -> int:
        self._drop_idle()
        return len(self._things)

    def put(self, key: Key, value: T, owner: str, own_max: int | None = None) -> None:
        """Hold a new thing; its owner has no more than ``own_max`` then."""
        self._drop_idle()
        while own_max is not None and len(self._of.get(owner, ())) >= own_max:
            self._drop(next(iter(self._of[owner])))
        while len(self._things) >= self._count_max:
            self._drop(next(iter(self._of[self._owner_of_most(owner)])))
        self._things[key] = _Thing(value, owner, self._clock())
        self._of.setdefault(owner, OrderedDict())[key] = None

    def get(self, key: Key) -> T | None:
        """A thing, which stays, its time beginning anew."""
        self._drop_idle()
        found = self._things.get(key)
        if found is None:
            return None
        found.used_at_s = self._clock()
        self._things.move_to_end(key)
        self._of[found.owner].move_to_end(key)
        return found.value

    def pop(self, key: Key) -> T | None:
        """A thing, which is gone with this."""
        self._drop_idle()
        return self._drop(key) if key in self._things else None

    def _owner_of_most(self, newcomer: str) -> str:
        """Who has most, what is new being counted; of equals, whoever comes with it."""

        def count(owner: str) -> tuple[int, bool]:
            is_newcomer = owner == newcomer
            return len(self._of[owner]) + is_newcomer, is_newcomer

        return max(self._of, key=count)

    def _drop(self, key: Key) -> T:
        thing = self._things.pop(key)
        own = self._of[thing.owner]
        del own[key]
        if not own:
            del self._of[thing.owner]
        return thing.value

    def _drop_idle(self) -> None:
        until_s = self._clock() - self._idle_s
        while self._things:
            key, first = next(iter(self._things.items()))
            if first.used_at_s > until_s:
                return
            self._drop(key)
