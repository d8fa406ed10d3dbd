"""Tokens that prove somebody, and all the others."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from auth.errors import AuthenticationFailed
from auth.principal import Principal
from gateway.identity.auth_settings import Issuer
from tests.support.issuer import (
    CORP,
    KEY_ID,
    URL,
    claims,
    ec_key,
    ed_key,
    jwk,
    published,
    rsa_key,
    token,
    tokens_of,
)

ADA = Principal(
    "corp:ada", roles=frozenset({"analyst"}), attributes=(("region", ("eu",)),), scopes=frozenset()
)
OTHER = rsa_key(2_048, 1)
USE = "token_use"


def encoded(part: bytes | dict[str, Any]) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def by_hand(header: Any, payload: Any, sign: Callable[[bytes], bytes] = lambda _: b"") -> str:
    """A token that no library would make."""
    signed = f"{encoded(header)}.{encoded(payload)}"
    return f"{signed}.{encoded(sign(signed.encode()))}"


def public_pem() -> bytes:
    return rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def hs256(secret: bytes, **header: Any) -> str:
    """A token signed with what everybody knows, in the hope that it is taken for a secret."""
    told = {"alg": "HS256", "typ": "at+jwt", "kid": KEY_ID, **header}
    return by_hand(told, claims(), lambda signed: hmac.digest(secret, signed, "sha256"))


def rs256(header: Any, payload: Any, key: Any = None) -> str:
    """One that is signed rightly, whatever its parts are."""
    rsa = RSAAlgorithm(RSAAlgorithm.SHA256)
    return by_hand(header, payload, lambda signed: rsa.sign(signed, key or rsa_key()))


def spliced(first: str, second: str) -> str:
    """The signature of one token below the words of another."""
    return f"{first.rpartition('.')[0]}.{second.rpartition('.')[2]}"


NOW = int(time.time())
RIGHT = {"alg": "RS256", "typ": "at+jwt", "kid": KEY_ID}

FORGED: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "a word": lambda: "token",
    "two dots": lambda: "..",
    "four parts": lambda: token() + ".more",
    "two parts": lambda: token().rpartition(".")[0],
    "blanks before it": lambda: " " + token(),
    "no signature": lambda: token().rpartition(".")[0] + ".",
    "a signature of another token": lambda: spliced(token(claims(sub="eve")), token()),
    "a signature cut short": lambda: token()[:-8],
    "a signature of other letters": lambda: token()[:-10] + "A" * 10,
    "letters of another alphabet": lambda: token().replace("e", "é", 1),
    "alg none": lambda: by_hand({**RIGHT, "alg": "none"}, claims()),
    "alg nOnE": lambda: by_hand({**RIGHT, "alg": "nOnE"}, claims()),
    "alg None": lambda: by_hand({**RIGHT, "alg": None}, claims()),
    "alg a list": lambda: rs256({**RIGHT, "alg": ["RS256"]}, claims()),
    "alg missing": lambda: rs256({"typ": "at+jwt", "kid": KEY_ID}, claims()),
    "alg rs256": lambda: rs256({**RIGHT, "alg": "rs256"}, claims()),
    "HS256 with the public key": lambda: hs256(public_pem()),
    "HS256 with the public key's line": lambda: hs256(public_pem().replace(b"\n", b"")),
    "HS256 with the published key": lambda: hs256(json.dumps(jwk(rsa_key())).encode()),
    "HS256 with nothing": lambda: hs256(b""),
    "RS384 by the right key": lambda: token(alg="RS384"),
    "RS512 by the right key": lambda: token(alg="RS512"),
    "PS256 by the right key": lambda: token(alg="PS256"),
    "ES256": lambda: token(key=ec_key(), alg="ES256"),
    "EdDSA": lambda: token(key=ed_key(), alg="EdDSA"),
    "another key": lambda: token(key=OTHER),
    "another key, embedded": lambda: token(key=OTHER, header={"jwk": jwk(OTHER)}),
    "another key, at jku": lambda: token(key=OTHER, header={"jku": "https://evil.example/k"}),
    "another key, at x5u": lambda: token(key=OTHER, header={"x5u": "https://evil.example/k"}),
    "another key, in x5c": lambda: token(key=OTHER, header={"x5c": ["MIIB"]}),
    "kid unknown": lambda: token(header={"kid": "second"}),
    "kid missing": lambda: token(header={"kid": None}),
    "kid empty": lambda: token(header={"kid": ""}),
    "kid a number": lambda: rs256({**RIGHT, "kid": 1}, claims()),
    "kid a path": lambda: token(header={"kid": "../../../../dev/null"}),
    "kid in SQL": lambda: token(header={"kid": "x' UNION SELECT 'key"}),
    "kid too long": lambda: token(header={"kid": "k" * 257}),
    "kid with a line break": lambda: token(header={"kid": "first\n"}),
    "crit": lambda: token(header={"crit": ["exp"]}),
    "crit unknown": lambda: rs256({**RIGHT, "crit": ["mine"], "mine": 1}, claims()),
    "crit empty": lambda: rs256({**RIGHT, "crit": []}, claims()),
    "b64 false": lambda: rs256({**RIGHT, "b64": False, "crit": ["b64"]}, claims()),
    "compressed": lambda: token(header={"zip": "DEF"}),
    "encrypted": lambda: token(header={"enc": "A256GCM"}),
    "typ missing": lambda: rs256({"alg": "RS256", "kid": KEY_ID}, claims()),
    "typ JWT": lambda: token(header={"typ": "JWT"}),
    "typ of an ID token": lambda: token(header={"typ": "id_token"}),
    "typ of a logout token": lambda: token(header={"typ": "logout+jwt"}),
    "typ a number": lambda: rs256({**RIGHT, "typ": 7}, claims()),
    "header a list": lambda: rs256([1], claims()),
    "header no JSON": lambda: by_hand(b"{", claims()),
    "payload a list": lambda: rs256(RIGHT, [1]),
    "payload no JSON": lambda: rs256(RIGHT, b"{"),
    "payload a text": lambda: rs256(RIGHT, b'"ada"'),
    "payload nested 5,000 deep": lambda: rs256(RIGHT, b'{"iss":' + b"[" * 5_000),
    "payload of other bytes": lambda: rs256(RIGHT, b"\xff\xfe{}"),
    "longer than 16 KiB": lambda: token(claims(more="x" * 16_384)),
    "exp missing": lambda: token(claims(exp=None)),
    "exp over": lambda: token(claims(exp=NOW - 3_600)),
    "exp over by more than the leeway": lambda: token(claims(exp=NOW - 61)),
    "exp a text": lambda: rs256(RIGHT, claims(exp=str(NOW + 300))),
    "exp true": lambda: rs256(RIGHT, claims(exp=True)),
    "exp null": lambda: rs256(RIGHT, {**claims(), "exp": None}),
    "exp 1e400": lambda: rs256(RIGHT, json.dumps(claims(exp=7)).replace("7", "1e400", 1).encode()),
    "exp infinite": lambda: rs256(RIGHT, claims(exp=float("inf"))),
    "exp not a number": lambda: rs256(RIGHT, claims(exp=float("nan"))),
    "exp in a list": lambda: rs256(RIGHT, claims(exp=[NOW + 300])),
    "exp in a year": lambda: token(claims(exp=NOW + 31_536_000)),
    "exp of 400 digits": lambda: rs256(RIGHT, claims(exp=10**400)),
    "nbf ahead": lambda: token(claims(nbf=NOW + 3_600)),
    "nbf a text": lambda: rs256(RIGHT, claims(nbf="soon")),
    "iat ahead": lambda: token(claims(iat=NOW + 3_600)),
    "iat a text": lambda: rs256(RIGHT, claims(iat="soon")),
    "iss missing": lambda: token(claims(iss=None)),
    "iss another": lambda: token(claims(iss="https://evil.example")),
    "iss with a slash": lambda: token(claims(iss=URL + "/")),
    "iss in capitals": lambda: token(claims(iss=URL.upper())),
    "iss a list": lambda: rs256(RIGHT, claims(iss=[URL])),
    "iss that begins so": lambda: token(claims(iss=URL + ".evil.example")),
    "aud missing": lambda: token(claims(aud=None)),
    "aud another": lambda: token(claims(aud="billing")),
    "aud empty": lambda: token(claims(aud=[])),
    "aud in capitals": lambda: token(claims(aud="Forebay")),
    "aud a number": lambda: rs256(RIGHT, claims(aud=7)),
    "aud an object": lambda: rs256(RIGHT, claims(aud={"forebay": True})),
    "sub missing": lambda: token(claims(sub=None)),
    "sub empty": lambda: token(claims(sub="")),
    "sub a number": lambda: rs256(RIGHT, claims(sub=7)),
    "sub too long": lambda: token(claims(sub="a" * 257)),
    "sub with a line break": lambda: token(claims(sub="ada\nroot")),
    "of an ID by token_use": lambda: token(claims(**{USE: "id"})),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_token_that_is_odd_or_forged_proves_nobody(name: str) -> None:
    with pytest.raises(AuthenticationFailed) as refusal:
        tokens_of().verify(FORGED[name]())

    assert refusal.value.cause
    assert refusal.value.message == "the request does not prove who asks"


def test_a_library_alone_believes_some_of_them() -> None:
    """The negative control: what this module adds to the library is needed."""

    def believed(forged: str) -> bool:
        try:
            key = jwt.PyJWK(jwk(rsa_key()))
            jwt.decode(forged, key, algorithms=["RS256"], audience="forebay", leeway=30)
        except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError):
            return False
        return True

    assert len([name for name, make in FORGED.items() if believed(make())]) > 10
    assert len(FORGED) >= 60


ACCEPTED: dict[str, Callable[[], str]] = {
    "right": token,
    "typ in full": lambda: token(header={"typ": "application/at+jwt"}),
    "typ in capitals": lambda: token(header={"typ": "AT+JWT"}),
    "aud of several": lambda: token(claims(aud=["billing", "forebay"])),
    "keys of its own, which are not looked at": lambda: token(
        header={"jwk": jwk(OTHER), "jku": "https://evil.example"}
    ),
    "exp over within the leeway": lambda: token(claims(exp=int(time.time()) - 5)),
    "for access by token_use": lambda: token(claims(**{USE: "access"})),
    "a claim of one region": lambda: token(claims(more="x" * 8_000)),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_token_that_is_right_proves_its_principal(name: str) -> None:
    assert tokens_of().verify(ACCEPTED[name]()).principal == ADA


@pytest.mark.parametrize(("alg", "key"), [("RS256", rsa_key), ("ES256", ec_key), ("EdDSA", ed_key)])
def test_each_algorithm_verifies_its_own_and_no_other(alg: str, key: Callable[[], Any]) -> None:
    every = {"RS256": rsa_key(), "ES256": ec_key(), "EdDSA": ed_key()}
    issuer = replace(CORP, alg=alg)
    tokens = tokens_of(issuer, published(jwk(key())))

    assert tokens.verify(token(key=key(), alg=alg)).principal == ADA
    for other in every.keys() - {alg}:
        with pytest.raises(AuthenticationFailed):
            tokens.verify(token(key=every[other], alg=other))


@pytest.mark.parametrize(
    "entry",
    [
        jwk(rsa_key(1_024)),
        jwk(rsa_key(), use="enc"),
        jwk(rsa_key(), alg="RS512"),
        jwk(rsa_key(), key_ops=["sign"]),
        jwk(ec_key()),
        {"kty": "oct", "k": "c2VjcmV0", "kid": KEY_ID},
        {"kty": "RSA", "n": "A" * 400, "kid": KEY_ID},
        {**jwk(rsa_key()), "kid": 7},
        "a text",
    ],
    ids=["short", "enc", "alg", "ops", "EC", "oct", "half", "kid", "text"],
)
def test_a_published_key_of_another_kind_verifies_nothing(entry: Any) -> None:
    is_short = isinstance(entry, dict) and len(str(entry.get("n"))) == 171
    signed = rs256(RIGHT, claims(), rsa_key(1_024) if is_short else rsa_key())

    with pytest.raises(AuthenticationFailed):
        tokens_of(key_sets=published(entry)).verify(signed)


def test_a_proof_ends_with_its_token() -> None:
    later = NOW + 3_000

    assert tokens_of().verify(token(claims(exp=later))).until == later


@pytest.mark.parametrize(
    ("issuer", "changed", "principal"),
    [
        (CORP, {"org_level": 3}, replace(ADA, attributes=(("level", 3), ("region", ("eu",))))),
        (CORP, {"org_level": "3"}, ADA),
        (CORP, {"org_region": "eu"}, replace(ADA, attributes=())),
        (CORP, {"org_region": []}, replace(ADA, attributes=())),
        (CORP, {"region": ["us"], "level": 9}, ADA),
        (CORP, {"groups": None}, replace(ADA, roles=frozenset())),
        (CORP, {"groups": "a b"}, replace(ADA, roles=frozenset({"a b"}))),
        (CORP, {"groups": ["a", 7]}, replace(ADA, roles=frozenset())),
        (CORP, {"groups": {"admin": True}}, replace(ADA, roles=frozenset())),
        (CORP, {"roles": ["admin"]}, ADA),
        (CORP, {"scope": "sql:read more"}, replace(ADA, scopes=frozenset({"sql:read", "more"}))),
        (replace(CORP, scopes_claim=""), {"scope": "sql:read", "": "sql:read"}, ADA),
        (replace(CORP, roles_claim=""), {"": ["admin"]}, replace(ADA, roles=frozenset())),
        (
            replace(CORP, roles={"g-1": "analyst", "g-2": "boss"}),
            {"groups": ["g-1", "boss"]},
            ADA,
        ),
    ],
)
def test_claims_are_what_the_project_maps_and_no_more(
    issuer: Issuer, changed: dict[str, Any], principal: Principal
) -> None:
    assert tokens_of(issuer).verify(token(claims(**changed))).principal == principal


@pytest.mark.parametrize("azp", [None, "evil", ["portal"], ""])
def test_a_token_made_for_another_client_is_refused_where_clients_are_named(azp: Any) -> None:
    tokens = tokens_of(replace(CORP, azps=frozenset({"portal"})))

    assert tokens.verify(token(claims(azp="portal"))).principal == ADA
    with pytest.raises(AuthenticationFailed):
        tokens.verify(token(claims(azp=azp)))


def test_no_forged_token_makes_an_issuer_be_asked_before_its_header_is_right() -> None:
    key_sets = published()
    tokens = tokens_of(key_sets=key_sets)
    for name in ("alg none", "typ JWT", "iss another", "longer than 16 KiB", "kid missing"):
        with pytest.raises(AuthenticationFailed):
            tokens.verify(FORGED[name]())

    assert key_sets.asked == []
