"""What one principal may take: the answers that it has running, and how large each may be."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pyarrow as pa

from auth.policy import RoleLimits
from auth.principal import Principal
from gateway.engines.base import ResultStream
from gateway.errors import Overloaded, ResultTooLarge


class Running:
    """How many answers each principal has running. Safe for many threads."""

    def __init__(self) -> None:
        # Reentrant: a stream that is collected as garbage ends itself wherever that happens to be.
        self._lock = threading.RLock()
        self._running: Counter[str] = Counter()

    def enter(self, principal: Principal, limits: RoleLimits) -> Callable[[], None]:
        """Take a place; what comes back gives it back, once.

        Raises:
            Overloaded: the principal has all of its places taken.
        """
        name = principal.name
        with self._lock:
            if self._running[name] >= limits.running:
                raise Overloaded(
                    "too many of your queries run at once",
                    detail=f"{limits.running} of them run.",
                    hint="Ask again when one of them has ended.",
                )
            self._running[name] += 1
        held = [name]

        def leave() -> None:
            with self._lock:
                while held:
                    self._running[held.pop()] -= 1
                    self._running += Counter()

        return leave


class LimitedStream:
    """A stream that fails where it becomes larger than its principal may take."""

    def __init__(self, stream: ResultStream, limits: RoleLimits, ended: Callable[[], None]) -> None:
        self._stream = stream
        self._limits = limits
        self._ended = ended

    @property
    def schema(self) -> pa.Schema:
        """The promised schema."""
        return self._stream.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        rows, size_bytes = 0, 0
        try:
            for batch in self._stream:
                rows, size_bytes = rows + batch.num_rows, size_bytes + batch.nbytes
                check_size(rows, size_bytes, self._limits)
                yield batch
        finally:
            self.close()

    def close(self) -> None:
        """Stop it and give its place back."""
        try:
            self._stream.close()
        finally:
            self._ended()

    def __del__(self) -> None:
        self._ended()


def check_size(rows: int, size_bytes: int, limits: RoleLimits) -> None:
    """Refuse an answer beyond what a principal may take.

    Raises:
        ResultTooLarge: it has more rows or bytes.
    """
    if rows > limits.rows or size_bytes > limits.bytes:
        raise ResultTooLarge(
            "the answer is larger than you may take",
            detail=f"At most {limits.rows} rows and {limits.bytes} bytes.",
            hint="Ask for fewer groups, or with a limit.",
        )
