"""The one way from credentials to a principal, whatever door they came through."""

from __future__ import annotations

import base64
import hashlib
import logging
import math
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address, ip_network
from threading import Lock
from typing import NamedTuple, Protocol

from auth.api_keys import is_key
from auth.errors import AuthenticationFailed
from auth.principal import KnownBy, Principal
from auth.typed_attributes import typed_attributes
from cache.memo import Memo
from gateway.errors import QuotaExceeded
from gateway.identity.certificates import Certificates, Presented
from gateway.identity.key_store import KeyStore
from gateway.identity.private_files import Stamp
from gateway.identity.proven import TOKEN_BYTES_MAX, Declared, Proven
from gateway.identity.sessions import PREFIX as SESSION
from gateway.identity.sessions import Sessions
from gateway.rates import Rates

MEMO_S = 5.0
"""How long credentials are not verified again; never past their end."""
MEMO_BYTES_MAX = 2 * 2**20
KEPT_BYTES = 512
DEMO = Principal("anonymous", roles=frozenset({"demo"}))
"""Whoever reaches the loopback of a server that asks nobody who they are."""
BASIC_NAME = "token"
"""The only name in Basic credentials: their password is a key or a token."""

log = logging.getLogger(__name__)

FAILURES_PER_S = 60
"""How often credentials from one address may prove nobody, and how often at once."""

Credentials = Sequence[bytes]
"""The values of all headers ``Authorization`` of one request."""


class Verifier(Protocol):
    """What verifies the tokens of issuers."""

    def verify(self, token: str) -> Proven: ...


class Ways(NamedTuple):
    """The ways to prove who one is; None where there is no such."""

    keys: KeyStore | None = None
    tokens: Verifier | None = None
    certificates: Certificates | None = None


class Kept(NamedTuple):
    """Whom credentials proved a moment ago."""

    proven: Proven
    until: float
    stamp: Stamp | None
    """Of the keys, when they did."""


class Failures:
    """How often credentials from each address proved nobody."""

    def __init__(self) -> None:
        self.per_second: float = FAILURES_PER_S
        self.burst: float = FAILURES_PER_S
        self._rates = Rates()

    def refuse_many(self, address: str) -> None:
        """Raise QuotaExceeded where an address has no failure left."""
        wait_s = self._rates.wait_s(_network(address), per_second=self.per_second)
        if address and wait_s:
            raise QuotaExceeded(
                "credentials from your address proved nobody too often",
                detail=f"At most {self.per_second:g} a second may; "
                f"others are looked at in {wait_s:.2f} s.",
                hint="Ask again then, with a key or a token that is still good.",
                retry_after_s=max(1, math.ceil(wait_s)),
            )

    def add(self, address: str) -> None:
        """Count one more."""
        if address:
            network = _network(address)
            self._rates.take(network, per_second=self.per_second, burst=self.burst)


def _network(address: str) -> str:
    """What is told apart: an address, or of the sixth version the network of one customer."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip) if ip.version == 4 else str(ip_network((ip, 64), strict=False))


class Identity:
    """Tells who asks; safe for many threads."""

    def __init__(
        self,
        ways: Ways | None = None,
        *,
        anonymous: Principal | None = None,
        declared: Declared = dict,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._anonymous = anonymous
        self._ways = ways or Ways()
        self._keys, self._tokens, self._certificates = self._ways
        self._declared = declared
        self._clock = clock
        self.failures = Failures()
        """How often credentials from each address proved nobody."""
        self._sessions = Sessions(clock=clock)
        self._memo: Memo[tuple[bytes, bool], Kept] = Memo(MEMO_BYTES_MAX)
        self._lock = Lock()

    @property
    def asks_nobody(self) -> bool:
        """Whether credentials are not looked at: everybody is anonymous."""
        return self._anonymous is not None and all(each is None for each in self._ways)

    def known(
        self,
        credentials: Credentials,
        certificate: Presented | None = None,
        *,
        takes_basic: bool = False,
    ) -> Principal | None:
        """Who asks, where that takes no more than a moment; None where it has to be verified."""
        if len(credentials) > 1:
            return None
        if certificate is not None:
            return self._known_by(certificate, credentials, takes_basic=takes_basic)
        if not credentials or self.asks_nobody:
            return self._anonymous
        kept = self._memo.get(_memo_key(credentials[0], takes_basic=takes_basic))
        if kept is None or self._clock() >= kept.until:
            return None
        if kept.proven.key_id and (self._keys is None or self._keys.stamp() != kept.stamp):
            return None
        return kept.proven.principal

    def identify(
        self,
        credentials: Credentials,
        certificate: Presented | None = None,
        *,
        takes_basic: bool = False,
        address: str = "",
    ) -> Principal:
        """Who asks, from some address; may wait for an issuer's keys.

        Raises:
            AuthenticationFailed: nobody is proved, or two are; in the same words whatever it is.
            QuotaExceeded: too often nobody was proved from there; credentials that were good
                before are verified still.
        """
        known = self.known(credentials, certificate, takes_basic=takes_basic)
        if known is not None:
            return known
        keys = [_memo_key(each, takes_basic=takes_basic) for each in credentials]
        if credentials and not any(map(self._memo.get, keys)):
            self.failures.refuse_many(address)
        try:
            return self._proven_by(credentials, certificate, takes_basic=takes_basic).principal
        except AuthenticationFailed:
            if credentials:
                self.failures.add(address)
            raise

    def start_session(self, credentials: Credentials) -> str:
        """A short-lived token for whoever asks; refuses as ``identify`` does."""
        proven = self._proven_by(credentials, None, takes_basic=True)
        return self._sessions.start(proven)

    def close(self) -> None:
        """Write down when keys were last used."""
        if self._keys is not None:
            self._keys.write_used()

    def _known_by(
        self, certificate: Presented, credentials: Credentials, *, takes_basic: bool
    ) -> Principal | None:
        """Whom a certificate proves, unless that is refused or its credentials are not known."""
        if self._certificates is None:
            return None
        try:
            principal = self._certificates.verify(certificate).principal
        except AuthenticationFailed:
            return None
        if credentials and self.known(credentials, takes_basic=takes_basic) != principal:
            return None
        return principal

    def _proven_by(
        self, credentials: Credentials, certificate: Presented | None, *, takes_basic: bool
    ) -> Proven:
        try:
            distinct = set(credentials)
            if len(distinct) > 1:
                raise AuthenticationFailed.because("there are different credentials")
            if certificate is not None:
                return self._certified(certificate, distinct, takes_basic=takes_basic)
            if self._anonymous is not None and (self.asks_nobody or not distinct):
                return Proven(self._anonymous)
            if not distinct:
                raise AuthenticationFailed.because("there are no credentials")
            return self._verified(distinct.pop(), takes_basic=takes_basic)
        except AuthenticationFailed as refusal:
            log.warning("credentials refused: %s", refusal.cause)
            raise

    def _certified(
        self, certificate: Presented, headers: set[bytes], *, takes_basic: bool
    ) -> Proven:
        """Whom a certificate proves; credentials beside it have to prove the same principal."""
        if self._certificates is None:
            raise AuthenticationFailed.because("no certificate proves anybody here")
        proven = self._certificates.verify(certificate)
        for header in headers:
            if self._verified(header, takes_basic=takes_basic).principal != proven.principal:
                raise AuthenticationFailed.because(
                    "certificate and credentials prove different principals"
                )
        return proven

    def _verified(self, header: bytes, *, takes_basic: bool) -> Proven:
        stamp = self._keys.stamp() if self._keys else None
        proven = self._proven(_token_of(header, takes_basic=takes_basic))
        until = min(self._clock() + MEMO_S, proven.until)
        with self._lock:
            key = _memo_key(header, takes_basic=takes_basic)
            self._memo.put(key, Kept(proven, until, stamp), KEPT_BYTES)
        return proven

    def _proven(self, token: str) -> Proven:
        if token.startswith(SESSION):
            proven = self._sessions.find(token)
            is_live = not proven.key_id or (self._keys and self._keys.is_live(proven.key_id))
            if not is_live:
                raise AuthenticationFailed.because(f"key {proven.key_id} is not live any more")
            return proven
        if is_key(token) and self._keys is not None:
            return self._proven_by_key(token, self._keys)
        if self._tokens is not None:
            return self._tokens.verify(token)
        raise AuthenticationFailed.because("it is neither a key nor a token that is known here")

    def _proven_by_key(self, token: str, keys: KeyStore) -> Proven:
        record = keys.verify(token)
        principal = Principal(
            name=record.name,
            roles=record.roles,
            attributes=typed_attributes(record.attributes, self._declared()),
            scopes=record.scopes,
            known_by=KnownBy("key", record.id),
        )
        until = math.inf if record.expires_at is None else float(record.expires_at)
        return Proven(principal, until, record.id)


def _token_of(header: bytes, *, takes_basic: bool) -> str:
    """The key or token of one header."""
    if len(header) > 2 * TOKEN_BYTES_MAX:
        raise AuthenticationFailed.because("the credentials are too long")
    scheme, _, rest = header.strip().partition(b" ")
    held = rest.strip()
    try:
        match scheme.lower():
            case b"bearer":
                return held.decode("ascii")
            case b"basic" if takes_basic:
                # Go's clients leave out the padding.
                padded = held + b"=" * (-len(held) % 4)
                name, _, password = base64.b64decode(padded, validate=True).decode().partition(":")
                if name == BASIC_NAME:
                    return password
                raise AuthenticationFailed.because("Basic credentials of another name than token")
            case _:
                raise AuthenticationFailed.because("the credentials are of another scheme")
    except ValueError as error:
        raise AuthenticationFailed.because("the credentials cannot be read") from error


def _memo_key(header: bytes, *, takes_basic: bool) -> tuple[bytes, bool]:
    """Not the credentials themselves, which nobody should find in memory later."""
    return hashlib.sha256(header).digest(), takes_basic
