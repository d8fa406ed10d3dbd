"""Secrets of settings, data and questions are nowhere where nobody may find them."""

from __future__ import annotations

import base64

import pytest

from tests.security.canaries import Canaries, ask_canaries

pytestmark = pytest.mark.timeout(1_200)


@pytest.mark.slow
def test_no_secret_is_told_anywhere() -> None:
    looked, leaks, wrong = ask_canaries()

    assert (looked > 200, leaks, wrong) == (True, [], [])


@pytest.mark.parametrize("ahead", ["", "a", "ab", "abc"])
def test_a_secret_is_found_however_it_is_written(ahead: str) -> None:
    canaries = Canaries()
    secret = canaries.new("setting", "one")
    whole = f"{ahead}{secret}behind".encode()

    for held in (whole, whole.hex().encode(), base64.b64encode(whole)):
        assert list(canaries.found_in(held, ("setting",))) == ["one"]
        assert list(canaries.found_in(held, ("data",))) == []
    assert list(canaries.found_in(b"another text", ("setting",))) == []
