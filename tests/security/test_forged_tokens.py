"""Forged and odd tokens prove nobody at either door, and are refused in the same words."""

from __future__ import annotations

import time

import pytest

from tests.security.doors import World, doors_with
from tests.security.tokens import ASKED, CONTROLS, ODD, dead_controls, doors_of, flood, rotate
from tests.support.issuer import claims, token

pytestmark = pytest.mark.timeout(600)


def test_no_forged_token_is_let_in_at_either_door(alone: World) -> None:
    with doors_of(alone) as step:
        told = list(step.verdicts({name: make() for name, make in ODD.items()}))

    assert [name for name, is_in, is_usual in told if is_in or not is_usual] == []
    assert len([name for name, _, _ in told if name.startswith("http")]) >= 60
    assert len([name for name, _, _ in told if name.startswith("flight")]) >= 60


def test_a_right_token_is_let_in_at_both(alone: World) -> None:
    """The negative control: what is forged of them is all that keeps the others out."""
    right = token(claims(exp=int(time.time()) + 300, org_region=["eu"]))

    with doors_with(alone, right) as made:
        answer = made.http.get("/api/v1/query", params={"q": ASKED})
        rows = made.fetches(ASKED)

    assert (answer.status_code, answer.json()["data"]) == (200, [{"n": 5}])
    assert b"[{'n': 5}]" in rows


@pytest.mark.slow
def test_each_check_that_is_left_out_lets_a_forged_token_in() -> None:
    assert (len(CONTROLS), dead_controls()) == (4, [])


def test_no_right_token_is_refused_while_keys_rotate() -> None:
    sent, refused = rotate(100)

    assert (sent >= 400, refused) == (True, 0)


def test_a_flood_of_invented_key_ids_asks_an_issuer_once_a_minute() -> None:
    forged, asked, refused = flood(2, 600)

    assert (forged, asked, refused) == (1_200, 2, 0)
