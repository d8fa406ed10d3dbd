"""The keys that an issuer publishes: asked for seldom, kept for a while, and never made up.

| kept for | a key that is there | a key that is not |
|---|---|---|
| up to 5 minutes | is given | is asked for, once a minute at most |
| up to an hour | is given after asking anew, or when nobody answers | the same |
| longer | is not given until somebody answers | the same |

Whatever happens, an issuer is asked once a minute at most, so that tokens with invented key ids
cost nobody anything.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from auth.errors import AuthenticationFailed
from gateway.identity.auth_settings import Issuer
from gateway.identity.fetch_json import NotFetched, fetch_json

FRESH_S = 300.0
STALE_S = 3_600.0
ASKED_S = 60.0
KEYS_MAX = 100
RSA_BITS_MIN = 2_048

log = logging.getLogger(__name__)

Fetch = Callable[[str], Mapping[str, object]]

_KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "RS256": ("RSA", ()),
    "ES256": ("EC", ("P-256",)),
    "EdDSA": ("OKP", ("Ed25519", "Ed448")),
}
"""The kind of key of an algorithm, and its curves."""


class IssuerKeys:
    """The keys of one issuer; safe for many threads."""

    def __init__(
        self,
        issuer: Issuer,
        *,
        fetch: Fetch | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch or partial(fetch_json, allow_private=issuer.allow_private)
        self._clock = clock
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched_at = self._asked_at = -math.inf
        self._lock = threading.Lock()

    def key(self, key_id: str) -> PyJWK:
        """The key of that id.

        Raises:
            AuthenticationFailed: there is none, or what was kept of them is too old.
        """
        if not self._is_at_hand(key_id):
            with self._lock:
                # Whoever waited here may find what another one asked for.
                if not self._is_at_hand(key_id) and self._clock() - self._asked_at >= ASKED_S:
                    self._ask()
        if self._clock() - self._fetched_at > STALE_S:
            raise AuthenticationFailed.because(f'the keys of "{self._issuer.name}" are not known')
        found = self._keys.get(key_id)
        if found is None:
            raise AuthenticationFailed.because(f'"{self._issuer.name}" has no key of that id')
        return found

    def _is_at_hand(self, key_id: str) -> bool:
        return self._clock() - self._fetched_at < FRESH_S and key_id in self._keys

    def _ask(self) -> None:
        self._asked_at = self._clock()
        try:
            found = usable_keys(self._fetch(self._jwks_url()), self._issuer.alg)
        except NotFetched as error:
            log.warning('the keys of issuer "%s" were not fetched: %s', self._issuer.name, error)
            return
        self._keys, self._fetched_at = found, self._clock()

    def _jwks_url(self) -> str:
        """Where the keys are, as the project or else the issuer's own configuration says."""
        if self._issuer.jwks_url is not None:
            return self._issuer.jwks_url
        address = f"{self._issuer.url.rstrip('/')}/.well-known/openid-configuration"
        configuration = self._fetch(address)
        if configuration.get("issuer") != self._issuer.url:
            raise NotFetched("the configuration is of another issuer")
        return str(configuration.get("jwks_uri"))


def usable_keys(document: Mapping[str, object], alg: str) -> Mapping[str, PyJWK]:
    """The public keys of a set that are for signatures of one algorithm, by id."""
    listed = document.get("keys")
    entries = listed[:KEYS_MAX] if isinstance(listed, list) else []
    found: dict[str, PyJWK] = {}
    for each in entries:
        if isinstance(each, dict) and _is_usable(each, alg):
            try:
                found[each["kid"]] = PyJWK(each, algorithm=alg)
            except (PyJWTError, ValueError, TypeError):
                log.info("a published key cannot be read")
    return found


def _is_usable(entry: Mapping[str, object], alg: str) -> bool:
    kind, curves = _KINDS[alg]
    operations = entry.get("key_ops", ["verify"])
    return (
        isinstance(entry.get("kid"), str)
        and entry.get("kty") == kind
        and (not curves or entry.get("crv") in curves)
        and (kind != "RSA" or _bits(entry.get("n")) >= RSA_BITS_MIN)
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", alg) == alg
        and isinstance(operations, list)
        and "verify" in operations
        and "d" not in entry
    )


def _bits(modulus: object) -> int:
    """About how long a number in base64 is; it has no zeros before it."""
    return len(modulus) * 6 if isinstance(modulus, str) else 0
