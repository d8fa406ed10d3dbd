"""Errors as Flight tells them."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import flight

from auth.errors import AuthenticationFailed, PermissionDenied
from gateway.errors import Cancelled, EngineFailed, EngineTimedOut, Overloaded, ResultTooLarge
from gateway.flight_sql.failures import (
    LINE_BYTES_MAX,
    document,
    flight_error,
    line,
    told_to_clients,
)
from semantic_models.errors import ForebayError, MalformedSql, Position, UnknownName

REFUSAL = UnknownName(
    'metric "flihgts" does not exist',
    detail="The project has 15 metrics.",
    hint='Perhaps "flights" is meant.',
    position=Position("metrics[0]", 1, 2, 7, excerpt="flihgts"),
)


def test_the_line_has_code_message_detail_and_hint() -> None:
    assert line(REFUSAL) == (
        '[E_NAME_NOT_FOUND] metric "flihgts" does not exist. The project has 15 metrics.'
        ' Perhaps "flights" is meant'
    )


def test_a_bare_error_has_a_line_too() -> None:
    assert line(MalformedSql("it is not SQL")) == "[SL104] it is not SQL"


def test_the_document_has_every_part_and_no_excerpt() -> None:
    assert json.loads(document(REFUSAL)) == {
        "code": "E_NAME_NOT_FOUND",
        "message": 'metric "flihgts" does not exist',
        "detail": "The project has 15 metrics.",
        "hint": 'Perhaps "flights" is meant.',
        "position": {"source": "metrics[0]", "line": 1, "column": 2, "length": 7},
    }


def test_a_long_text_is_cut_where_a_character_ends() -> None:
    error = MalformedSql("é" * 1_000)

    assert line(error) == f"[SL104] {'é' * 198}..."


@given(st.text(max_size=3_000), st.text(max_size=3_000))
def test_whatever_is_in_them_errors_fit_their_headers_in_one_line(one: str, other: str) -> None:
    error = UnknownName(one, detail=other, hint=other, position=Position(one, 1, 1))

    assert len(line(error).encode()) <= LINE_BYTES_MAX
    assert line(error).isprintable()
    assert len(document(error)) < 4_000
    assert json.loads(document(error))["code"] == "E_NAME_NOT_FOUND"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (AuthenticationFailed("who"), flight.FlightUnauthenticatedError),
        (PermissionDenied("no"), flight.FlightUnauthorizedError),
        (EngineTimedOut("late"), flight.FlightTimedOutError),
        (Cancelled("gone"), flight.FlightCancelledError),
        (Overloaded("full"), flight.FlightUnavailableError),
        (EngineFailed("broken"), flight.FlightInternalError),
        (ResultTooLarge("big"), flight.FlightServerError),
        (REFUSAL, flight.FlightServerError),
    ],
)
def test_an_error_has_the_class_of_its_status(
    error: ForebayError, told: type[flight.FlightError]
) -> None:
    found = flight_error(error)

    assert (type(found), found.extra_info) == (told, document(error))


def test_a_refusal_is_told() -> None:
    with pytest.raises(flight.FlightServerError, match=r"\[E_NAME_NOT_FOUND\]"), told_to_clients():
        raise REFUSAL


def test_an_error_of_flight_goes_on_as_it_is() -> None:
    error = flight.FlightUnavailableError("the client is gone")

    with pytest.raises(flight.FlightUnavailableError) as raised, told_to_clients():
        raise error

    assert raised.value is error


def test_a_fault_is_told_without_its_text_and_logged_with_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        caplog.at_level(logging.ERROR),
        pytest.raises(flight.FlightInternalError) as raised,
        told_to_clients(),
    ):
        raise RuntimeError("a secret of /etc")

    [record] = caplog.records
    assert "secret" not in str(raised.value)
    assert str(raised.value).startswith("[SL900] internal error")
    assert record.incident in str(raised.value)  # type: ignore[attr-defined]
    assert "a secret of /etc" in caplog.text
