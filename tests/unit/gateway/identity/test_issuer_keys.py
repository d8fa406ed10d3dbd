"""How often an issuer is asked for its keys, and for how long they are believed."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from auth.errors import AuthenticationFailed
from gateway.identity.issuer_keys import KEYS_MAX, IssuerKeys, usable_keys
from tests.support.issuer import CORP, JWKS_URL, URL, KeySets, jwk, published, rsa_key


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class World:
    """The keys of an issuer, and what it publishes."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.key_sets = published()
        self.keys = IssuerKeys(CORP, fetch=self.key_sets, clock=self.clock)

    def publish(self, *key_ids: str) -> None:
        entries: list[dict[str, Any]] = [jwk(rsa_key(), each) for each in key_ids]
        self.key_sets.documents[JWKS_URL] = {"keys": entries}

    def fall_silent(self) -> None:
        self.key_sets.documents.clear()

    def has(self, key_id: str) -> bool:
        try:
            return self.keys.key(key_id).key_id == key_id
        except AuthenticationFailed:
            return False

    @property
    def asked(self) -> int:
        return len(self.key_sets.asked)


@pytest.fixture
def world() -> World:
    return World()


def test_keys_are_asked_for_when_the_first_token_comes(world: World) -> None:
    before = world.asked

    assert (before, world.has("first"), world.has("first"), world.asked) == (0, True, True, 1)


def test_keys_are_asked_for_again_after_five_minutes(world: World) -> None:
    world.has("first")
    world.clock.now_s = 299
    world.has("first")
    within = world.asked
    world.clock.now_s = 300
    world.has("first")

    assert (within, world.asked) == (1, 2)


def test_a_key_that_is_taken_back_proves_nothing_after_five_minutes(world: World) -> None:
    world.has("first")
    world.publish("second")
    within = world.has("first")
    world.clock.now_s = 300

    assert (within, world.has("first"), world.has("second")) == (True, False, True)


def test_a_new_key_is_found_at_once_where_nobody_was_asked_lately(world: World) -> None:
    world.has("first")
    world.clock.now_s = 61
    world.publish("first", "second")

    assert (world.has("second"), world.asked) == (True, 2)


def test_invented_key_ids_make_an_issuer_be_asked_once_a_minute(world: World) -> None:
    world.has("first")
    for second in range(600):
        world.clock.now_s = second
        for number in range(10):
            assert not world.has(f"invented-{second}-{number}")
        assert world.has("first")

    assert world.asked == 10


def test_keys_are_believed_for_an_hour_when_nobody_answers(world: World) -> None:
    world.has("first")
    world.fall_silent()
    world.clock.now_s = 3_600
    within = world.has("first")
    world.clock.now_s = 3_601

    assert (within, world.has("first")) == (True, False)


def test_an_issuer_that_answers_again_is_believed_again(world: World) -> None:
    world.fall_silent()
    silent = world.has("first")
    world.publish("first")
    within = world.has("first")
    world.clock.now_s = 60

    assert (silent, within, world.has("first")) == (False, False, True)


def test_a_thousand_rotations_refuse_no_token(world: World) -> None:
    """Issuers publish a key before they sign with it, and for a while after."""
    refused = 0
    for number in range(1_000):
        world.clock.now_s += 400
        world.publish(f"k{number}", f"k{number + 1}")
        refused += not world.has(f"k{number}")
        refused += not world.has(f"k{number + 1}")

    assert refused == 0


def test_those_who_ask_at_once_make_an_issuer_be_asked_once(world: World) -> None:
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(world.has("first"))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert (found, world.asked) == ([True] * 8, 1)


CONFIGURATION = f"{URL}/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("configuration", "is_believed"),
    [
        ({"issuer": URL, "jwks_uri": JWKS_URL}, True),
        ({"issuer": "https://evil.example", "jwks_uri": JWKS_URL}, False),
        ({"jwks_uri": JWKS_URL}, False),
        ({"issuer": URL}, False),
    ],
)
def test_keys_are_where_the_issuer_says_in_its_own_name(
    configuration: dict[str, Any], *, is_believed: bool
) -> None:
    key_sets = KeySets({CONFIGURATION: configuration, **published().documents})
    keys = IssuerKeys(replace(CORP, jwks_url=None), fetch=key_sets)
    if is_believed:
        assert keys.key("first").key_id == "first"
    else:
        with pytest.raises(AuthenticationFailed):
            keys.key("first")


@pytest.mark.parametrize("document", [{}, {"keys": 7}, {"keys": {}}, {"keys": ["a", None]}])
def test_a_set_that_is_none_has_no_keys(document: dict[str, Any]) -> None:
    assert usable_keys(document, "RS256") == {}


def test_no_more_keys_are_read_than_anybody_needs() -> None:
    entries = [jwk(rsa_key(), str(number)) for number in range(KEYS_MAX + 5)]

    assert len(usable_keys({"keys": entries}, "RS256")) == KEYS_MAX
