"""What one principal may take: how often, how many at once, and how large each may be."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator

import pyarrow as pa

from auth.decide import limits_of
from auth.policy import PolicySet, RoleLimits
from auth.principal import Principal
from cache.memo import Memo
from gateway.admission import Admission, Asker, Share, Slot
from gateway.engines.base import ResultStream
from gateway.errors import QuotaExceeded, ResultTooLarge
from gateway.rates import Rates
from gateway.streams import KeptStream
from semantic_models.errors import TooLarge

REMEMBERED_MAX = 1_000
"""Sets of roles whose limits are remembered."""


class PrincipalLimits:
    """Keeps every principal within their limits. Safe for many threads."""

    def __init__(self, waiting_max: int) -> None:
        self._known: Memo[tuple[str, frozenset[str]], RoleLimits] = Memo(REMEMBERED_MAX)
        self._lock = threading.Lock()
        self._rates = Rates()
        self._places = Admission(running_max=10**9, queued_max=waiting_max)

    def of(self, policies: PolicySet, principal: Principal) -> RoleLimits | None:
        """How much a principal may take; None: as much as anybody."""
        if not policies.is_governed:
            return policies.limits
        asked = (policies.version, principal.roles)
        known = self._known.get(asked)
        if known is None:
            known = limits_of(policies, principal.roles) or RoleLimits()
            with self._lock:
                self._known.put(asked, known, 1)
        return known

    def count_request(self, principal: Principal, limits: RoleLimits | None) -> None:
        """Take a request from what a principal may ask.

        Raises:
            QuotaExceeded: it comes too soon.
        """
        if limits is None:
            return
        burst, per_second = limits.burst, limits.per_second
        wait_s = self._rates.take(principal.name, per_second=per_second, burst=burst)
        if wait_s:
            raise QuotaExceeded(
                "too many requests of yours came",
                detail=f"At most {per_second} a second may, and {burst} at once; "
                f"the next one in {wait_s:.2f} s.",
                hint="Ask again then.",
                retry_after_s=max(1, math.ceil(wait_s)),
            )

    def enter(self, asker: Asker, limits: RoleLimits, timeout_s: float) -> Slot:
        """Take a place for an answer, waiting until one of the principal's own is free.

        Raises:
            QuotaExceeded, Overloaded, Cancelled: as ``Admission`` says.
        """
        return self._places.enter(
            asker, Share(limits.running, limits.queued), timeout_s=min(timeout_s, limits.seconds)
        )


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
            detail=f"At most {limits.rows} rows and {limits.bytes} bytes are given; "
            f"it has at least {rows} and {size_bytes}.",
            hint="Ask for fewer groups, or with a limit.",
        )


def may_take(stream: KeptStream, limits: RoleLimits | None) -> bool:
    """Whether an answer from memory is no larger than its principal may take."""
    if limits is None:
        return True
    rows = sum(each.num_rows for each in stream.batches)
    return rows <= limits.rows and sum(each.nbytes for each in stream.batches) <= limits.bytes


def check_body(size_bytes: int, limits: RoleLimits | None) -> None:
    """Refuse a command larger than its principal may send.

    Raises:
        TooLarge: it has more bytes.
    """
    if limits is not None and size_bytes > limits.body_bytes:
        raise TooLarge(
            "the command is larger than you may send",
            detail=f"It has {size_bytes} bytes; at most {limits.body_bytes} are read.",
            hint="Ask for less at once.",
        )


def check_length(text: str | bytes, limits: RoleLimits | None) -> None:
    """Refuse a question longer than its principal may ask.

    Raises:
        TooLarge: it has more bytes.
    """
    if limits is None:
        return
    told = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(told) > limits.text_bytes:
        raise TooLarge(
            "the question is longer than you may ask",
            detail=f"It has {len(told)} bytes; at most {limits.text_bytes} are read.",
            hint="Ask for less at once.",
        )
