"""Forged and odd tokens prove nobody at either door, and are refused in the same words."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from pyarrow import flight

from tests.security.doors import World, doors_with, masked, statement
from tests.support.issuer import claims, token
from tests.unit.gateway.identity.test_tokens import FORGED

pytestmark = pytest.mark.timeout(600)
ASKED = "SELECT n FROM orders"
ODD = {name: make for name, make in FORGED.items() if name != "blanks before it"}
"""Blanks between a header's scheme and its token are part of neither."""
FLIGHT_BYTES_MAX = 8_000
"""gRPC refuses longer headers itself."""


def over_http(world: World, secret: str) -> tuple[int, bytes]:
    headers = {b"authorization": f"Bearer {secret}".rstrip(" ").encode()}
    response = httpx.get(
        f"{world.server.http_url}/api/v1/query", params={"q": ASKED}, headers=headers
    )
    return response.status_code, masked(response.content)


def over_flight(client: flight.FlightClient, secret: str) -> str:
    # The stubs say texts, and pyarrow takes bytes.
    pairs: list[Any] = [(b"authorization", f"Bearer {secret}".encode())]
    options = flight.FlightCallOptions(headers=pairs)
    try:
        return str(client.get_flight_info(statement(ASKED), options).schema)
    except flight.FlightError as error:
        return f"{type(error).__name__} {error}"


def test_no_forged_token_is_let_in_over_http(alone: World) -> None:
    told = {name: over_http(alone, make()) for name, make in ODD.items()}

    refused = over_http(alone, "nobody")
    assert (len(told) >= 60, refused[0]) == (True, 401)
    others = {name: each for name, each in told.items() if each != refused}
    assert {name: each[0] for name, each in others.items() if each[0] not in (400, 431)} == {}
    assert set(others) <= {"longer than 16 KiB"}


def test_no_forged_token_is_let_in_over_flight(alone: World) -> None:
    made = {name: make() for name, make in ODD.items()}
    fitting = {
        name: each for name, each in made.items() if each.isascii() and len(each) < FLIGHT_BYTES_MAX
    }
    with flight.connect(alone.server.flight_url) as client:
        refused = over_flight(client, "nobody")
        told = {name: over_flight(client, each) for name, each in fitting.items()}

    assert "SL401" in refused
    assert len(told) >= 60
    assert {name: each for name, each in told.items() if each != refused} == {}


def test_a_right_token_is_let_in_at_both(alone: World) -> None:
    """The negative control: what is forged of them is all that keeps the others out."""
    right = token(claims(exp=int(time.time()) + 300, org_region=["eu"]))

    with doors_with(alone, right) as made:
        answer = made.http.get("/api/v1/query", params={"q": ASKED})
        rows = made.fetches(ASKED)

    assert (answer.status_code, answer.json()["data"]) == (200, [{"n": 5}])
    assert b"[{'n': 5}]" in rows
