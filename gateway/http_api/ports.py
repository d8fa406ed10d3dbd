"""What the HTTP front end needs of the gateway, and what it tells an observer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from auth.policy import RoleLimits
from auth.principal import Principal
from cache.fingerprint import CacheKey
from gateway.admission import Caller
from gateway.engines.base import Engine
from gateway.identity.certificates import Presented
from gateway.pipeline import Answer, Prepared
from gateway.snapshot import Snapshot
from semantic_models.errors import ForebayError

RawHeaders = list[tuple[bytes, bytes]]

WHOLE = "forebay.whole"
"""The extension of a server that takes the headers and the body of a whole answer at once."""

CERTIFICATE = "forebay.certificate"
"""The extension that tells the certificate which a connection's client has shown."""


class Gateway(Protocol):
    """Answers questions. Methods may block, but for those that say they never do."""

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def outdated(self) -> ForebayError | None:
        """Why the project's files, as they are now, are not what is served."""
        ...

    @property
    def engines(self) -> Mapping[str, Engine]: ...

    def prepare(self, text: str | bytes, principal: Principal) -> Prepared: ...

    def prepared_kept(self, text: str | bytes, principal: Principal) -> Prepared | None:
        """A question that was prepared before, or nothing; never blocks."""
        ...

    def limits_of(self, principal: Principal) -> RoleLimits | None:
        """How much a principal may take; never blocks."""
        ...

    def count_request(self, principal: Principal) -> None:
        """Take a request from what a principal may ask, or raise QuotaExceeded; never blocks."""
        ...

    def fetch(self, prepared: Prepared, caller: Caller = ...) -> Answer: ...

    def key_of(self, prepared: Prepared) -> CacheKey:
        """The name of an answer over the data as it is now; never blocks."""
        ...

    def kept(self, prepared: Prepared, key: CacheKey | None = None) -> Answer | None:
        """The answer of that name from memory, or nothing; never blocks."""
        ...

    def proof_of(self, query_id: str, principal: Principal) -> Mapping[str, object] | None:
        """The proof of one of the last answers, for whoever asked."""
        ...


class Identity(Protocol):
    """Tells who asks, from the values of the headers ``Authorization`` of a request and the
    certificate of its connection."""

    @property
    def asks_nobody(self) -> bool:
        """Whether everybody is anonymous."""
        ...

    def known(
        self, credentials: Sequence[bytes], certificate: Presented | None = None
    ) -> Principal | None:
        """Who asks, where that has been verified a moment ago; never blocks."""
        ...

    def identify(
        self,
        credentials: Sequence[bytes],
        certificate: Presented | None = None,
        *,
        address: str = ...,
    ) -> Principal:
        """Who asks; raises AuthenticationFailed where nobody is proved."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one request may bring, and how many wait on engines at once."""

    body_bytes_max: int = 1024 * 1024
    question_bytes_max: int = 64 * 1024
    """Of the parameter ``q``."""
    body_timeout_s: float = 15.0
    stall_timeout_s: float = 60.0
    """How long a client may take too little of an answer for more of it to be sent."""
    threads_max: int = 64

    def within(self, own: RoleLimits | None) -> Limits:
        """The same, where who asks may send less."""
        if own is None or own.body_bytes >= self.body_bytes_max:
            return self
        return replace(self, body_bytes_max=own.body_bytes)


class Served(NamedTuple):
    """One query as its client met it."""

    query_id: str
    """Empty where the query was refused before it ran."""
    media_type: str
    cache: str
    rows: int
    size_bytes: int
    elapsed_ms: float
    stages: Mapping[str, float]
    code: str
    """The code of what went wrong; empty where the whole answer was sent."""


Observe = Callable[[Served], None]


def unobserved(_: Served) -> None:
    """Tell nobody."""
