"""Forged and odd tokens at both doors, and the keys of an issuer that rotate under load.

Controls are the same asked of a server one of whose checks is left out.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from pyarrow import flight

from auth.errors import AuthenticationFailed
from gateway.identity import issuer_keys, tokens
from gateway.identity.auth_settings import Issuer
from gateway.identity.identify import Identity, Ways
from gateway.identity.issuer_keys import IssuerKeys
from gateway.identity.tokens import Tokens
from tests.security.doors import TOO_OFTEN, World, asked_again, masked, served, statement
from tests.security.two_shops import A
from tests.support.documents import issuer_written, published_keys
from tests.support.issuer import CORP, DECLARED, JWKS_URL, KeySets, claims, jwk, token
from tests.unit.gateway.identity.test_tokens import FORGED

ASKED = "SELECT n FROM orders"
ODD: Mapping[str, Callable[[], str]] = {
    name: make for name, make in FORGED.items() if name != "blanks before it"
}
"""Blanks between a header's scheme and its token are part of neither."""
FLIGHT_BYTES_MAX = 8_000
"""gRPC refuses longer headers itself."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

Verdict = tuple[str, bool, bool]
"""What was asked, whether it was let in, and whether it was refused in the usual words."""


@dataclass
class Doorstep:
    """Both doors of a server, for whoever has a token."""

    world: World
    http: httpx.Client
    flight: flight.FlightClient

    def over_http(self, secret: str) -> tuple[int, bytes]:
        """The status and the body of an answer."""
        headers = {b"authorization": f"Bearer {secret}".rstrip(" ").encode()}
        response = asked_again(
            lambda: self.http.get("/api/v1/query", params={"q": ASKED}, headers=headers),
            lambda told: told.status_code == TOO_OFTEN,
        )
        return response.status_code, masked(response.content)

    def over_flight(self, secret: str) -> tuple[bool, str]:
        """Whether there is an answer, and what it is or why there is none."""
        return asked_again(partial(self._over_flight, secret), lambda told: "SL713" in told[1])

    def _over_flight(self, secret: str) -> tuple[bool, str]:
        # The stubs say texts, and pyarrow takes bytes.
        pairs: list[Any] = [(b"authorization", f"Bearer {secret}".encode())]
        options = flight.FlightCallOptions(headers=pairs)
        try:
            return True, str(self.flight.get_flight_info(statement(ASKED), options).schema)
        except flight.FlightError as error:
            return False, f"{type(error).__name__} {error}"

    def verdicts(self, made: Mapping[str, str]) -> Iterator[Verdict]:
        """What either door says to each token."""
        nobody = self.over_http("nobody"), self.over_flight("nobody")
        for name, secret in made.items():
            told = self.over_http(secret)
            # A head that is too long is refused before anybody looks for a token in it.
            is_usual = told == nobody[0] or (len(secret) > 16_384 and told[0] in (400, 401, 431))
            yield f"http: {name}", told[0] < 400, is_usual
            if secret.isascii() and len(secret) < FLIGHT_BYTES_MAX:
                answered = self.over_flight(secret)
                yield f"flight: {name}", answered[0], answered == nobody[1]


@contextmanager
def doorstep() -> Iterator[Doorstep]:
    """A server of its own, which remembers nobody."""
    with TemporaryDirectory() as folder, published_keys() as jwks:
        more = issuer_written(jwks, "regions")
        with served(Path(folder) / "shop", A, more) as world, doors_of(world) as made:
            yield made


@contextmanager
def doors_of(world: World) -> Iterator[Doorstep]:
    """The doors of a server."""
    with (
        httpx.Client(base_url=world.server.http_url, trust_env=False) as http,
        flight.connect(world.server.flight_url) as client,
    ):
        yield Doorstep(world, http, client)


def tampered(count: int, seed: str) -> dict[str, str]:
    """Right tokens of which one letter is another one, or some are gone."""
    random = Random(seed)
    found: dict[str, str] = {}
    right = token(claims(org_region=["eu"]))
    while len(found) < count:
        at, letter = random.randrange(len(right)), random.choice(_LETTERS)
        changed = right[:at] + random.choice((letter, "", letter + letter)) + right[at + 1 :]
        if _said(changed) != _said(right):
            found[f"letter {at} of seed {seed}: {changed}"] = changed
    return found


def _said(text: str) -> list[bytes]:
    """The bytes of each part; some letters in base64 tell bits that mean nothing."""
    parts = text.split(".")
    try:
        return [base64.urlsafe_b64decode(each + "=" * (-len(each) % 4)) for each in parts]
    except ValueError:
        return [each.encode() for each in parts]


def _any_header(_: Mapping[str, Any], __: Issuer) -> None:
    """Leave out the check of a header."""


def _any_algorithm(text: str, key: jwt.PyJWK, issuer: Issuer) -> Mapping[str, Any]:
    """Believe a token's own word of its algorithm."""
    try:
        alg = str(jwt.get_unverified_header(text).get("alg"))
        found: Mapping[str, Any] = jwt.decode(
            text, key.key, algorithms=[alg], audience=issuer.audiences, leeway=30
        )
    except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise AuthenticationFailed.because("it fails") from error
    return found


def _any_signature(text: str, _: jwt.PyJWK, __: Issuer) -> Mapping[str, Any]:
    """Believe a token whoever has signed it."""
    found: Mapping[str, Any] = jwt.decode(text, options={"verify_signature": False})
    return found


def _any_claims(told: Mapping[str, Any], _: Issuer) -> float:
    """Leave out what is checked beside the library."""
    return time.time() + 300 if told else 0.0


@dataclass(frozen=True)
class Weakened:
    """A server one of whose checks is left out, and a token that it lets in."""

    left_out: Mapping[str, Callable[..., Any]]
    """Functions of the module of tokens, by name."""
    lets_in: str


CONTROLS: Mapping[str, Weakened] = {
    "typ": Weakened({"_check_header": _any_header}, "typ JWT"),
    "alg": Weakened(
        {"_check_header": _any_header, "_verified": _any_algorithm}, "RS512 by the right key"
    ),
    "signature": Weakened({"_verified": _any_signature}, "another key"),
    "claims": Weakened({"_check_claims": _any_claims}, "of an ID by token_use"),
}


def ask_tokens(count: int, seed: str) -> tuple[int, list[str], list[str]]:
    """How many tokens were tried, which were let in, and which verdicts were wrong."""
    made = {name: make() for name, make in ODD.items()}
    made |= tampered(max(0, count // 2 - len(made)) + 1, seed)
    with doorstep() as step:
        told = list(step.verdicts(made))
        right = token(claims(org_region=["eu"]))
        shut = [name for name, is_in, _ in step.verdicts({"a right token": right}) if not is_in]
    leaks = [name for name, is_in, _ in told if is_in]
    wrong = [f"{name} is told otherwise" for name, is_in, usual in told if not (is_in or usual)]
    wrong += [f"{each} is not let in" for each in shut]
    wrong += [f"nothing is let in without the check of {name}" for name in dead_controls()]
    return len(told), leaks, wrong


def dead_controls() -> list[str]:
    """The checks without which a door lets in no more than with them."""
    return [name for name, weakened in CONTROLS.items() if not _lets_in(weakened)]


def _lets_in(weakened: Weakened) -> bool:
    with doorstep() as step, pytest.MonkeyPatch.context() as patch:
        for name, function in weakened.left_out.items():
            patch.setattr(tokens, name, function)
        made = {weakened.lets_in: FORGED[weakened.lets_in]()}
        return all(is_in for _, is_in, _ in step.verdicts(made))


ROTATION_S = 400.0
"""Between two rotations: longer than keys are believed without being asked for again."""
WORKERS = 4
EDDSA = replace(CORP, alg="EdDSA")


@dataclass
class Rotating:
    """An issuer that publishes each key before it signs with it and for a while after, and
    clients that send tokens all the while.
    """

    now_s: float = 0.0
    turn: int = 0
    refused: int = 0
    sent: list[int] = field(default_factory=lambda: [0] * WORKERS)
    seen: list[int] = field(default_factory=lambda: [-1] * WORKERS)

    def __post_init__(self) -> None:
        self.keys: dict[int, ed25519.Ed25519PrivateKey] = {}
        self.published = KeySets()
        self.publish()

        def keys_of(issuer: Issuer) -> IssuerKeys:
            return IssuerKeys(issuer, fetch=self.published, clock=lambda: self.now_s)

        made = Tokens([EDDSA], lambda: DECLARED, keys_of=keys_of)
        self.identity = Identity(Ways(tokens=made), declared=lambda: DECLARED)

    def publish(self) -> None:
        """Tell of the key of before, of now and of the next turn."""
        turns = range(self.turn - 1, self.turn + 2)
        self.keys = {
            each: self.keys.get(each) or ed25519.Ed25519PrivateKey.generate() for each in turns
        }
        entries = [jwk(key, f"k{each}") for each, key in self.keys.items()]
        self.published.documents[JWKS_URL] = {"keys": entries}

    def signed(self, turn: int, number: int, kid: str = "") -> bytes:
        """A header with a token that nobody has sent before."""
        made = token(
            claims(jti=f"{turn}-{number}"),
            key=self.keys[turn],
            alg="EdDSA",
            header={"kid": kid or f"k{turn}"},
        )
        return f"Bearer {made}".encode()

    def is_refused(self, header: bytes) -> bool:
        """Whether a token proves nobody."""
        try:
            self.identity.identify([header])
        except AuthenticationFailed:
            return True
        return False

    def work(self, worker: int, turns: int) -> None:
        """Send tokens until there was one of every turn."""
        while self.seen[worker] < turns - 1:
            turn = self.turn
            number = worker + WORKERS * self.sent[worker]
            self.refused += self.is_refused(self.signed(turn, number))
            self.sent[worker] += 1
            self.seen[worker] = turn


def rotate(turns: int) -> tuple[int, int]:
    """How many tokens were sent over so many rotations, and how many of them were refused."""
    issuer = Rotating()
    workers = [Thread(target=issuer.work, args=(each, turns)) for each in range(WORKERS)]
    for each in workers:
        each.start()
    for turn in range(1, turns):
        while min(issuer.seen) < turn - 1:
            time.sleep(0.0005)
        issuer.turn, issuer.now_s = turn, issuer.now_s + ROTATION_S
        issuer.publish()
    for each in workers:
        each.join()
    return sum(issuer.sent), issuer.refused


def flood(minutes: int, a_minute: int) -> tuple[int, int, int]:
    """Tokens of invented key ids: how many, how often that made the issuer be asked, and how many
    right tokens were refused meanwhile.
    """
    issuer = Rotating()
    refused = int(issuer.is_refused(issuer.signed(0, -1)))
    for second in range(minutes * 60):
        issuer.now_s = float(second)
        for number in range(a_minute // 60):
            kid = f"invented-{second}-{number}"
            assert issuer.is_refused(issuer.signed(0, number, kid))
        refused += issuer.is_refused(issuer.signed(0, second))
    return minutes * (a_minute // 60) * 60, len(issuer.published.asked), refused


def ask_rotations(turns: int) -> tuple[int, list[str], list[str]]:
    """How many tokens were sent while keys rotate and under a flood, and what was wrong."""
    minutes = max(1, turns // 100)
    sent, refused = rotate(turns)
    forged, asked, others = flood(minutes, 600)
    wrong = [f"{refused} right tokens were refused in {turns} rotations"] * bool(refused)
    wrong += [f"an issuer was asked {asked} times in {minutes} minutes"] * (asked > minutes)
    wrong += [f"{others} right tokens were refused in a flood"] * bool(others)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(issuer_keys, "ASKED_S", 0.0)
        wrong += ["a flood is held back by nothing"] * (flood(1, 600)[1] <= 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(issuer_keys, "ASKED_S", 1e9)
        wrong += ["rotations need no new keys"] * (not rotate(5)[1])
    return sent + forged, [], wrong
