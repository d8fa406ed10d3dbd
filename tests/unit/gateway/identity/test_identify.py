"""One way from credentials to a principal."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from auth.errors import AuthenticationFailed
from auth.principal import Principal
from gateway.identity.auth_settings import AuthSettings, KeyFiles
from gateway.identity.certificate_settings import Certified
from gateway.identity.certificates import Certificates, Presented
from gateway.identity.identify import DEMO, MEMO_S, Identity, Ways
from gateway.identity.key_store import Asked, KeyStore, make_pepper
from gateway.identity.open_identity import open_identity
from gateway.identity.sessions import LASTS_S
from semantic_models.errors import SettingRejected
from tests.support.issuer import CORP, DECLARED, claims, published, token, tokens_of

ANALYST = frozenset({"analyst"})


class Clock:
    """The time, and as much more as it is told."""

    def __init__(self) -> None:
        self.more_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.more_s


class World:
    """An identity with keys and an issuer."""

    def __init__(
        self, folder: Path, certificates: Certificates | None = None, *, anonymous: bool = False
    ) -> None:
        self.files = KeyFiles(state=folder / "keys.json", pepper=folder / "pepper")
        make_pepper(self.files.pepper)
        self.clock = Clock()
        self.keys = KeyStore(self.files, clock=self.clock)
        self.key_sets = published()
        self.identity = Identity(
            Ways(self.keys, tokens_of(CORP, self.key_sets), certificates),
            anonymous=DEMO if anonymous else None,
            declared=lambda: DECLARED,
            clock=self.clock,
        )

    def key(self, name: str = "ada", *, lasts_s: int | None = None) -> str:
        values = {"region": ["eu"], "level": "wrong", "unknown": 1}
        asked = Asked(name=name, roles=ANALYST, attributes=values, lasts_s=lasts_s)
        return self.keys.create(asked).text

    def refuses(self, *credentials: bytes, takes_basic: bool = False) -> bool:
        try:
            self.identity.identify(credentials, takes_basic=takes_basic)
        except AuthenticationFailed:
            return True
        return False


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def bearer(text: str) -> bytes:
    return f"Bearer {text}".encode()


def basic(name: str, password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{name}:{password}".encode())


def test_a_key_proves_a_principal_with_what_is_declared_of_it(world: World) -> None:
    ada = Principal("ada", roles=ANALYST, attributes=(("region", ("eu",)),))

    assert world.identity.identify([bearer(world.key())]) == ada


def test_a_token_and_a_key_of_equal_rights_are_not_one_principal(world: World) -> None:
    by_key = world.identity.identify([bearer(world.key())])
    by_token = world.identity.identify([bearer(token())])

    assert (by_token.name, by_token.roles) == ("corp:ada", ANALYST)
    assert by_key != by_token


def test_every_way_in_gives_the_same_principal(world: World) -> None:
    key = world.key()
    session = world.identity.start_session([basic("token", key)])
    ways = [bearer(key), basic("token", key), bearer(session), b"bearer  " + key.encode()]

    found = {world.identity.identify([way], takes_basic=True) for way in ways}

    assert len(found) == 1
    assert {each.name for each in found} == {"ada"}


@pytest.mark.parametrize(
    "credentials",
    [
        [],
        [b""],
        [b"Bearer"],
        [b"Bearer "],
        [b"Bearer x"],
        [b"Bearer \xff"],
        [b"Bearer anonymous"],
        [b"Bearer forebay-session-"],
        [b"Bearer forebay-session-" + b"A" * 43],
        [b"Digest username=ada"],
        [b"Negotiate x"],
        [b"Basic"],
        [b"Basic !"],
        [b"Basic " + base64.b64encode(b"\xff:\xff")],
        [basic("ada", "lovelace")],
        [basic("token", "")],
        [basic("", "token")],
        [b"Bearer " + b"x" * 40_000],
    ],
    ids=str,
)
def test_credentials_that_prove_nobody_are_refused(
    world: World, credentials: Sequence[bytes]
) -> None:
    assert world.refuses(*credentials, takes_basic=True)
    with pytest.raises(AuthenticationFailed):
        world.identity.start_session(credentials)


def test_different_credentials_are_refused_and_the_same_twice_are_one(world: World) -> None:
    key, other = bearer(world.key()), bearer(world.key("bob"))
    assert not world.refuses(key)
    assert not world.refuses(other)

    assert world.refuses(key, other)
    assert world.refuses(key, key, other)
    assert not world.refuses(key, key)


def test_passwords_are_taken_by_the_door_that_takes_them_alone(world: World) -> None:
    credentials = basic("token", world.key())

    assert not world.refuses(credentials, takes_basic=True)
    assert world.refuses(credentials)
    assert world.identity.known([credentials]) is None


def test_what_was_verified_is_known_for_a_moment(world: World) -> None:
    header = bearer(token())
    before = world.identity.known([header])
    ada = world.identity.identify([header])
    within = world.identity.known([header])
    world.clock.more_s = MEMO_S

    assert (before, within) == (None, ada)
    assert world.identity.known([header]) is None


def test_nobody_is_known_past_the_end_of_a_key(world: World) -> None:
    header = bearer(world.key(lasts_s=2))
    known = world.identity.identify([header])
    world.clock.more_s = 2

    assert known.name == "ada"
    assert world.refuses(header)


def test_nobody_is_known_past_the_end_of_a_token(world: World) -> None:
    header = bearer(token(claims(exp=int(time.time()) + 3)))
    world.identity.identify([header])
    within = world.identity.known([header])
    world.clock.more_s = 3

    assert within is not None
    assert world.identity.known([header]) is None


def test_a_revoked_key_is_known_no_more_nor_are_its_sessions(world: World) -> None:
    key = world.key()
    session = world.identity.start_session([bearer(key)])
    headers = [bearer(key), bearer(session)]
    before = [world.identity.identify([each]).name for each in headers]
    (record,) = world.keys.state().records
    KeyStore(world.files).revoke(record)

    assert before == ["ada", "ada"]
    assert [world.refuses(each) for each in headers] == [True, True]


def test_a_session_lasts_no_longer_than_what_proved_it(world: World) -> None:
    short = bearer(world.identity.start_session([bearer(world.key(lasts_s=60))]))
    long = bearer(world.identity.start_session([bearer(world.key("bob"))]))
    seen = []
    for world.clock.more_s in (59.0, 61.0, LASTS_S - 1, LASTS_S + 1):
        seen.append((world.refuses(short), world.refuses(long)))

    assert seen == [(False, False), (True, False), (True, False), (True, True)]


def test_a_session_starts_no_session_that_lasts_longer(world: World) -> None:
    first = world.identity.start_session([bearer(world.key())])
    world.clock.more_s = LASTS_S - 10
    second = world.identity.start_session([bearer(first)])
    world.clock.more_s = LASTS_S + 1

    assert world.refuses(bearer(second))


def test_the_log_has_the_cause_and_no_secret(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    key = world.key()
    with caplog.at_level(logging.WARNING):
        world.refuses(bearer(key[:-1] + "~"))
        world.refuses(bearer(token(claims(exp=7))))
        world.refuses(basic("ada", "lovelace"), takes_basic=True)

    assert [each.getMessage() for each in caplog.records] == [
        "credentials refused: it is not written as a key",
        "credentials refused: the token fails: ExpiredSignatureError",
        "credentials refused: Basic credentials of another name than token",
    ]


def test_where_nobody_is_asked_everybody_is_anonymous() -> None:
    identity = open_identity(AuthSettings(), dict, anonymous=True)
    ways: list[list[bytes]] = [[], [b"Bearer anything"], [basic("ada", "lovelace")]]

    assert {identity.identify(each) for each in ways} == {DEMO}
    assert {identity.known(each) for each in ways} == {DEMO}
    assert identity.identify([bearer(identity.start_session(ways[2]))]) == DEMO
    with pytest.raises(AuthenticationFailed):
        identity.identify([b"Bearer a", b"Bearer b"])


def test_where_keys_are_asked_for_wrong_ones_are_not_anonymous(tmp_path: Path) -> None:
    world = World(tmp_path, anonymous=True)

    assert world.identity.identify([]) == DEMO
    assert world.identity.identify([bearer(world.key())]).name == "ada"
    assert world.refuses(b"Bearer wrong")
    assert world.refuses(b"")


def test_a_server_that_could_ask_nobody_does_not_start() -> None:
    with pytest.raises(SettingRejected) as refusal:
        open_identity(AuthSettings(), dict, anonymous=False)

    assert "--anonymous" in refusal.value.hint


def test_a_server_without_its_pepper_does_not_start(tmp_path: Path) -> None:
    files = KeyFiles(state=tmp_path / "keys.json", pepper=tmp_path / "pepper")
    with pytest.raises(SettingRejected):
        open_identity(AuthSettings(keys=files), dict, anonymous=True)


def test_issuers_alone_are_enough() -> None:
    identity = open_identity(AuthSettings(issuers=(CORP,)), lambda: DECLARED, anonymous=False)

    with pytest.raises(AuthenticationFailed):
        identity.identify([b"Bearer x.y.z"])


def test_the_last_use_is_written_at_the_end(world: World) -> None:
    world.identity.identify([bearer(world.key())])
    world.identity.close()

    assert len(KeyStore(world.files).state().used) == 1


NIGHTLY = Certified(kind="DNS", san="nightly.example", name="ada", roles=ANALYST)
SHOWN = Presented((("DNS", "nightly.example"),))
OTHER = Presented((("DNS", "other.example"),))


@pytest.fixture
def certified(tmp_path: Path) -> World:
    """A world in which a certificate proves ada, with the roles that her key has."""
    return World(tmp_path, Certificates([NIGHTLY], lambda: DECLARED))


def test_a_certificate_proves_somebody_at_once(certified: World) -> None:
    ada = Principal("ada", roles=ANALYST)

    assert certified.identity.known([], SHOWN) == ada
    assert certified.identity.identify([], SHOWN) == ada
    assert certified.identity.known([], OTHER) is None


def test_credentials_beside_a_certificate_prove_the_same_principal(certified: World) -> None:
    alike = Asked(name="ada", roles=ANALYST)
    same = bearer(certified.keys.create(alike).text)
    others = [
        bearer(certified.keys.create(each).text)
        for each in (
            replace(alike, name="bob"),
            replace(alike, attributes={"region": ["eu"]}),
        )
    ]
    identity = certified.identity

    assert identity.known([same], SHOWN) is None
    assert identity.identify([same], SHOWN).known_by.kind == "certificate"
    assert identity.known([same], SHOWN) == identity.identify([same, same], SHOWN)
    for each in (*others, bearer("forebay_x"), b"", b"Basic x"):
        for _ in range(2):
            assert identity.known([each], SHOWN) is None
            with pytest.raises(AuthenticationFailed):
                identity.identify([each], SHOWN)


def test_no_key_saves_a_certificate_that_proves_nobody(certified: World) -> None:
    key = bearer(certified.key())
    certified.identity.identify([key])

    assert certified.identity.known([key], OTHER) is None
    with pytest.raises(AuthenticationFailed):
        certified.identity.identify([key], OTHER)


def test_nobody_is_anonymous_with_a_certificate_that_proves_nobody(tmp_path: Path) -> None:
    identity = Identity(
        Ways(certificates=Certificates([NIGHTLY], lambda: DECLARED)), anonymous=DEMO
    )

    assert (identity.asks_nobody, identity.identify([])) == (False, DEMO)
    assert identity.identify([], SHOWN).name == "ada"
    with pytest.raises(AuthenticationFailed):
        identity.identify([], OTHER)


def test_a_certificate_proves_nobody_where_none_is_asked_for(world: World) -> None:
    with pytest.raises(AuthenticationFailed):
        world.identity.identify([], SHOWN)
    with pytest.raises(AuthenticationFailed):
        world.identity.identify([bearer(world.key())], SHOWN)


def test_it_is_told_how_somebody_is_known(certified: World) -> None:
    made = certified.keys.create(Asked(name="ada", roles=ANALYST))
    identity = certified.identity
    session = identity.start_session([bearer(made.text)])
    told = [
        identity.identify([bearer(made.text)]),
        identity.identify([bearer(session)]),
        identity.identify([bearer(token())]),
        identity.identify([], SHOWN),
    ]

    assert [each.known_by for each in told] == [
        ("key", made.id),
        ("key", made.id),
        ("token", "corp"),
        ("certificate", "DNS:nightly.example"),
    ]
    assert (told[0], hash(told[0])) == (told[3], hash(told[3]))
