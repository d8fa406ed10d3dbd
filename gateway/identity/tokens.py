"""JSON Web Tokens of the issuers that a project names -> who asks.

What a token says of its own verification is believed of nothing: the algorithm, the place of the
keys and the kinds of tokens are its issuer's, as the project has them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jwt

from auth.errors import AuthenticationFailed
from auth.principal import KnownBy, Principal
from auth.typed_attributes import typed_attributes
from gateway.identity.auth_settings import Issuer
from gateway.identity.issuer_keys import IssuerKeys
from gateway.identity.proven import TOKEN_BYTES_MAX, Declared, Proven

LEEWAY_S = 30
LIFETIME_S_MAX = 24 * 3_600
"""How far ahead a token may end: one that is good for longer is no short-lived one."""
TEXT_MAX = 256

REQUIRED = ("exp", "iss", "aud", "sub")
_REFUSED_HEADERS = ("crit", "b64", "zip", "enc")


class Tokens:
    """Verifies the tokens of some issuers."""

    def __init__(
        self,
        issuers: Sequence[Issuer],
        declared: Declared,
        *,
        keys_of: Callable[[Issuer], IssuerKeys] = IssuerKeys,
    ) -> None:
        self._issuers = {each.url: (each, keys_of(each)) for each in issuers}
        self._declared = declared

    def verify(self, token: str) -> Proven:
        """Whom a token proves; may ask its issuer for keys.

        Raises:
            AuthenticationFailed: it proves nobody.
        """
        if len(token) > TOKEN_BYTES_MAX:
            raise AuthenticationFailed.because("the token is too long")
        header, claims = _unverified(token)
        issuer, keys = self._issuers.get(_text(claims, "iss"), (None, None))
        if issuer is None or keys is None:
            raise AuthenticationFailed.because("the token's issuer is not known")
        _check_header(header, issuer)
        verified = _verified(token, keys.key(_text(header, "kid")), issuer)
        return self._proven(verified, issuer)

    def _proven(self, claims: Mapping[str, Any], issuer: Issuer) -> Proven:
        until = _check_claims(claims, issuer)
        held = {name: claims[claim] for name, claim in issuer.claims if claim in claims}
        principal = Principal(
            name=f"{issuer.name}:{_text(claims, 'sub')}",
            roles=_roles(claims, issuer),
            attributes=typed_attributes(held, self._declared()),
            scopes=frozenset(_words(_mapped(claims, issuer.scopes_claim))),
            known_by=KnownBy("token", issuer.name),
        )
        return Proven(principal, until)


def _unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What a token says of itself, none of which is true yet."""
    try:
        read = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise AuthenticationFailed.because("the token cannot be read") from error
    return read["header"], read["payload"]


def _check_header(header: Mapping[str, Any], issuer: Issuer) -> None:
    if header.get("alg") != issuer.alg:
        raise AuthenticationFailed.because("the token's algorithm is not its issuer's")
    if any(name in header for name in _REFUSED_HEADERS):
        raise AuthenticationFailed.because("the token's header asks for more than a signature")
    typ = header.get("typ")
    kind = typ.lower().removeprefix("application/") if isinstance(typ, str) else ""
    if kind not in issuer.typs:
        raise AuthenticationFailed.because("the token is of another typ")


def _verified(token: str, key: jwt.PyJWK, issuer: Issuer) -> Mapping[str, Any]:
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[issuer.alg],
            audience=issuer.audiences,
            issuer=issuer.url,
            leeway=LEEWAY_S,
            options={"require": list(REQUIRED), "enforce_minimum_key_length": True},
        )
    except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise AuthenticationFailed.because(f"the token fails: {type(error).__name__}") from error
    return claims


def _check_claims(claims: Mapping[str, Any], issuer: Issuer) -> float:
    """When the token ends; checks what the library takes as it comes."""
    for name in ("exp", "nbf", "iat"):
        if name in claims and not _is_time(claims[name]):
            raise AuthenticationFailed.because(f"the claim {name} is no time")
    if claims["exp"] > time.time() + LIFETIME_S_MAX + LEEWAY_S:
        raise AuthenticationFailed.because("the token is good for too long")
    if claims["iss"] != issuer.url:
        raise AuthenticationFailed.because("the token is of another issuer")
    if issuer.azps and _text(claims, "azp") not in issuer.azps:
        raise AuthenticationFailed.because("the token was made for another client")
    if claims.get("token_use", "access") != "access":
        raise AuthenticationFailed.because("the token is not for access")
    return float(claims["exp"])


def _is_time(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _text(said: Mapping[str, Any], name: str) -> str:
    """A text that must be there, short and printable, since it is written into logs."""
    value = said.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_MAX or not value.isprintable():
        raise AuthenticationFailed.because(f"the token has no proper {name}")
    return value


def _roles(claims: Mapping[str, Any], issuer: Issuer) -> frozenset[str]:
    said = _words(_mapped(claims, issuer.roles_claim), splits=False)
    if not issuer.roles:
        return frozenset(said)
    return frozenset(issuer.roles[each] for each in said if each in issuer.roles)


def _mapped(claims: Mapping[str, Any], claim: str) -> object:
    """A claim that the project names; where it names none there is none."""
    return claims.get(claim) if claim else None


def _words(value: object, *, splits: bool = True) -> Sequence[str]:
    """A list of texts, or one text: of scopes, with blanks between them. Else there are none."""
    if isinstance(value, str):
        return value.split() if splits else (value,)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    return ()
