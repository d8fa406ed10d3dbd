"""Errors as Flight tells them: a class for the status, a line for people, JSON for programs."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict

from pyarrow import flight

from gateway.errors import InternalError
from gateway.status import status_of
from semantic_models.errors import ForebayError

log = logging.getLogger(__name__)

LINE_BYTES_MAX = 1_000
PART_BYTES_MAX = 400
"""Statuses travel in headers, twice over; gRPC drops a status whose headers pass 8 KiB."""

FLIGHT_ERRORS: Mapping[str, Callable[..., flight.FlightError]] = {
    "UNAUTHENTICATED": flight.FlightUnauthenticatedError,
    "PERMISSION_DENIED": flight.FlightUnauthorizedError,
    "DEADLINE_EXCEEDED": flight.FlightTimedOutError,
    "CANCELLED": flight.FlightCancelledError,
    "UNAVAILABLE": flight.FlightUnavailableError,
    "INTERNAL": flight.FlightInternalError,
}
"""The statuses that pyarrow can send; it sends UNKNOWN for every other one."""


@contextmanager
def told_to_clients() -> Iterator[None]:
    """Turn whatever goes wrong into an error that is safe to send.

    pyarrow sends a Python exception with its traceback; only its own errors go out as they are.
    """
    try:
        yield
    except ForebayError as error:
        raise flight_error(error) from None
    except flight.FlightError:
        raise
    except Exception:
        incident = secrets.token_hex(8)
        log.exception("flight call failed", extra={"incident": incident})
        raise flight_error(
            InternalError("internal error", detail=f"The log tells more under {incident}.")
        ) from None


def flight_error(error: ForebayError) -> flight.FlightError:
    """The Flight error for one of ours."""
    make = FLIGHT_ERRORS.get(status_of(error).grpc, flight.FlightServerError)
    return make(line(error), document(error))


def line(error: ForebayError) -> str:
    """``[CODE] message. Detail Hint``, within what a header takes.

    Without the last full stop: Arrow goes on with ``. Detail:`` and the name of the status.
    """
    parts = (f"[{error.code}] {_cut(error.message, PART_BYTES_MAX)}.", error.detail, error.hint)
    return _cut(" ".join(filter(None, parts)), LINE_BYTES_MAX).removesuffix(".")


def document(error: ForebayError) -> bytes:
    """The error's parts as JSON."""
    parts: dict[str, object] = {
        "code": error.code,
        "message": _cut(error.message, PART_BYTES_MAX),
        "detail": _cut(error.detail, PART_BYTES_MAX),
        "hint": _cut(error.hint, PART_BYTES_MAX),
        "position": None,
    }
    if error.position is not None:
        position = asdict(error.position)
        del position["excerpt"]
        parts["position"] = position | {"source": _cut(position["source"], PART_BYTES_MAX)}
    return json.dumps(parts, ensure_ascii=False).encode(errors="replace")


def _cut(text: str, bytes_max: int) -> str:
    """The text in one printable line, whole where it fits."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    encoded = printable.encode(errors="replace")
    if len(encoded) <= bytes_max:
        return encoded.decode()
    return encoded[: bytes_max - 3].decode(errors="ignore") + "..."
