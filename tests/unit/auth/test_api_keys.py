"""Keys as texts, and whom they prove."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.api_keys import KEY, KeyRecord, check_new, key_digest, make_key, verify_key
from auth.errors import AuthenticationFailed
from semantic_models.errors import SettingRejected

PEPPER = b"p" * 32
MADE = make_key(bytes(range(8)), bytes(range(32)))
ADA = KeyRecord(
    id=MADE.id, name="ada", digest=key_digest(MADE.text, PEPPER), created_at=0, expires_at=100
)
OTHER = make_key(b"another1", b"s" * 32)


def cause(text: str, record: KeyRecord = ADA, *, pepper: bytes = PEPPER, now: float = 50) -> str:
    """Why a text proves nobody."""
    with pytest.raises(AuthenticationFailed) as refusal:
        verify_key(text, {record.id: record}, pepper, now)
    return refusal.value.cause


def test_a_key_proves_its_principal() -> None:
    assert verify_key(MADE.text, {ADA.id: ADA}, PEPPER, 50) is ADA


def test_a_key_looks_like_one_to_scanners_for_secrets() -> None:
    assert re.fullmatch(r"forebay_[0-9a-z]{12}_[0-9A-Za-z]{49}", MADE.text)


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=32, max_size=32))
def test_every_random_key_is_written_as_one_and_verifies(id_bytes: bytes, secret: bytes) -> None:
    made = make_key(id_bytes, secret)
    record = replace(ADA, id=made.id, digest=key_digest(made.text, PEPPER))

    assert KEY.fullmatch(made.text)
    assert verify_key(made.text, {made.id: record}, PEPPER, 0) is record


def test_secrets_that_differ_in_one_bit_make_keys_that_differ() -> None:
    secret = os.urandom(32)
    flipped = bytes([secret[0] ^ 1]) + secret[1:]

    assert make_key(b"a" * 8, secret).text != make_key(b"a" * 8, flipped).text


@pytest.mark.parametrize("place", range(len(MADE.text)))
def test_a_key_with_one_other_letter_proves_nobody(place: int) -> None:
    letter = "b" if MADE.text[place] != "b" else "c"

    assert cause(MADE.text[:place] + letter + MADE.text[place + 1 :])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is not written as a key"),
        (MADE.text + "\n", "it is not written as a key"),
        (MADE.text[:-1], "it is not written as a key"),
        (MADE.text.upper(), "it is not written as a key"),
        (OTHER.text, f"there is no key {OTHER.id}"),
    ],
)
def test_the_log_is_told_why(text: str, told: str) -> None:
    assert cause(text) == told


def test_another_secret_of_the_same_id_proves_nobody() -> None:
    forged = make_key(bytes(range(8)), b"s" * 32)

    assert (forged.id, cause(forged.text)) == (ADA.id, f"the secret of key {ADA.id} is another one")


def test_without_its_pepper_a_key_proves_nobody() -> None:
    assert cause(MADE.text, pepper=b"q" * 32) == f"the secret of key {ADA.id} is another one"


@pytest.mark.parametrize(("now", "is_live"), [(99.9, True), (100.0, False), (101.0, False)])
def test_a_key_ends_with_its_last_second(now: float, is_live: bool) -> None:  # noqa: FBT001
    assert ADA.is_live(now) == is_live
    assert is_live or cause(MADE.text, now=now) == f"key {ADA.id} expired"


def test_a_revoked_key_proves_nobody() -> None:
    assert cause(MADE.text, replace(ADA, revoked_at=10)) == f"key {ADA.id} was revoked"


def test_whoever_sent_a_key_is_told_the_same_whatever_the_cause() -> None:
    told = set()
    for text in ("", OTHER.text, make_key(bytes(range(8)), b"s" * 32).text):
        with pytest.raises(AuthenticationFailed) as refusal:
            verify_key(text, {ADA.id: ADA}, PEPPER, 50)
        told.add((refusal.value.message, refusal.value.detail, refusal.value.hint))

    assert len(told) == 1


def test_a_record_does_not_show_its_digest() -> None:
    assert ADA.digest.hex() not in repr(ADA)
    assert repr(ADA.digest) not in repr(ADA)


def test_a_principal_has_two_live_keys_at_most() -> None:
    second = replace(ADA, id="second")
    check_new("ada", [ADA], 50)
    check_new("ada", [ADA, replace(second, revoked_at=1)], 50)
    check_new("ada", [ADA, second], 100)
    check_new("bob", [ADA, second], 50)

    with pytest.raises(SettingRejected) as refusal:
        check_new("ada", [ADA, second], 50)
    assert refusal.value.hint == f"Revoke one first: `forebay token revoke {ADA.id}`."


@pytest.mark.parametrize("name", ["", "corp:ada", "a b", "é", "a" * 101, "-a", "a\n"])
def test_names_that_could_be_taken_for_others_are_refused(name: str) -> None:
    with pytest.raises(SettingRejected):
        check_new(name, [], 0)
