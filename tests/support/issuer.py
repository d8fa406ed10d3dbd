"""An issuer of tokens in small: its keys, its key set, and tokens right and wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from auth.policy import AttributeType
from gateway.identity.auth_settings import Issuer
from gateway.identity.fetch_json import NotFetched
from gateway.identity.issuer_keys import IssuerKeys
from gateway.identity.tokens import Tokens
from semantic_models.types import INT64, STRING

URL = "https://idp.example"
JWKS_URL = f"{URL}/keys"
KEY_ID = "first"
DECLARED = {"region": AttributeType(STRING, is_list=True), "level": AttributeType(INT64)}


@cache
def rsa_key(bits: int = 2_048, number: int = 0) -> rsa.RSAPrivateKey:
    """One of the keys of a size; they take long to make."""
    assert number >= 0
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


@cache
def ec_key(curve: str = "P-256") -> ec.EllipticCurvePrivateKey:
    """The key of a curve."""
    return ec.generate_private_key({"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}[curve])


@cache
def ed_key() -> ed25519.Ed25519PrivateKey:
    """The key of Ed25519."""
    return ed25519.Ed25519PrivateKey.generate()


def jwk(key: Any, key_id: str = KEY_ID, **more: Any) -> dict[str, Any]:
    """The public half of a key as an issuer publishes it."""
    return {**_jwk(key), "kid": key_id, **more}


@cache
def _jwk(key: Any) -> dict[str, Any]:
    public = key.public_key()
    match key:
        case rsa.RSAPrivateKey():
            told = RSAAlgorithm.to_jwk(public)
        case ec.EllipticCurvePrivateKey():
            told = ECAlgorithm.to_jwk(public)
        case _:
            told = OKPAlgorithm.to_jwk(public)
    document: dict[str, Any] = orjson.loads(told)
    return {name: value for name, value in document.items() if name != "key_ops"}


def claims(**changed: Any) -> dict[str, Any]:
    """Those of a token that is right, but for what is changed; None takes one out."""
    now = int(time.time())
    told = {
        "iss": URL,
        "sub": "ada",
        "aud": "forebay",
        "exp": now + 300,
        "iat": now,
        "groups": ["analyst"],
        "org_region": ["eu"],
        "unmapped": "never seen",
    } | changed
    return {name: value for name, value in told.items() if value is not None}


def token(
    told: Mapping[str, Any] | None = None,
    *,
    key: Any = None,
    alg: str = "RS256",
    header: Mapping[str, Any] | None = None,
) -> str:
    """A signed token; ``header`` changes its header, and None takes a part out."""
    parts = {"kid": KEY_ID, "typ": "at+jwt", **(header or {})}
    return jwt.encode(
        dict(claims() if told is None else told),
        rsa_key() if key is None else key,
        algorithm=alg,
        headers={name: value for name, value in parts.items() if value is not None},
    )


CORP = Issuer(
    name="corp",
    url=URL,
    alg="RS256",
    typs=frozenset({"at+jwt"}),
    audiences=("forebay",),
    jwks_url=JWKS_URL,
    claims=(("region", "org_region"), ("level", "org_level")),
    roles_claim="groups",
    scopes_claim="scope",
)


@dataclass
class KeySets:
    """What addresses answer, and how often they were asked."""

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, url: str) -> Mapping[str, object]:
        self.asked.append(url)
        if url not in self.documents:
            raise NotFetched(f"nobody answers at {url}")
        return self.documents[url]


def published(*keys: dict[str, Any]) -> KeySets:
    """An address that answers with these keys, by default with that of right tokens."""
    return KeySets({JWKS_URL: {"keys": list(keys or (jwk(rsa_key()),))}})


def tokens_of(
    issuer: Issuer = CORP,
    key_sets: KeySets | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Tokens:
    """What verifies the tokens of one issuer."""
    fetch = key_sets or published()
    return Tokens(
        [issuer],
        lambda: DECLARED,
        keys_of=lambda each: IssuerKeys(each, fetch=fetch, clock=clock),
    )
