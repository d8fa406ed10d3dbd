"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import orjson
from starlette.types import Send

from auth.errors import AuthenticationFailed
from gateway.errors import InternalError, Overloaded, QuotaExceeded
from gateway.status import status_of
from semantic_models.errors import ForebayError

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 1
CHALLENGE = 'Bearer realm="forebay"'
"""How a client is told to prove who it is; the same whatever it sent."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal, ready to send."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def problem_of(
    error: ForebayError,
    *,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, object] | None = None,
) -> Problem:
    """Tell an error in the four parts that every front end tells."""
    status = status_of(error).http
    body = orjson.dumps({**_document(error, status), **(extra or {})})
    told = {
        "content-type": "application/problem+json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        **_retry_after(error),
        **({"www-authenticate": CHALLENGE} if isinstance(error, AuthenticationFailed) else {}),
        **(headers or {}),
    }
    pairs = tuple((name.encode(), value.encode("latin-1")) for name, value in told.items())
    return Problem(status, pairs, body)


def guarded(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do the work; whatever fails without a code is a bug, of which only the log tells.

    An exception's own text may hold data, names and paths that its reader may not see.
    """
    try:
        return work(*args, **kwargs)
    except ForebayError:
        raise
    except Exception as error:
        incident = new_incident()
        logger.exception("internal error %s", incident)
        raise internal_error(incident) from error


def new_incident() -> str:
    """A number under which the log has what a client is not told."""
    return secrets.token_hex(8)


def internal_error(incident: str) -> InternalError:
    """A bug, told without a word of what happened."""
    return InternalError(
        "internal error",
        detail=f"The log of the server has it as {incident}.",
        hint="Give that number to whoever runs the server.",
    )


async def send_problem(send: Send, problem: Problem) -> None:
    """Answer with a problem; nothing else may have been sent."""
    await send(
        {
            "type": "http.response.start",
            "status": problem.status,
            "headers": list(problem.headers),
        }
    )
    await send({"type": "http.response.body", "body": problem.body})


def _retry_after(error: ForebayError) -> dict[str, str]:
    """When to ask again, where that alone helps."""
    match error:
        case Overloaded():
            return {"retry-after": str(RETRY_AFTER_S)}
        case QuotaExceeded():
            return {"retry-after": str(error.retry_after_s)}
        case _:
            return {}


def _document(error: ForebayError, status: int) -> dict[str, object]:
    document: dict[str, object] = {
        "type": f"urn:forebay:error:{error.code}",
        "title": _title(type(error)),
        "status": status,
        "detail": " ".join(filter(None, (_sentence(error.message), error.detail))),
        "instance": f"urn:forebay:refusal:{secrets.token_hex(8)}",
        "code": error.code,
        "codes": list(error.codes),
        "message": error.message,
        "hint": error.hint,
    }
    if error.position is not None:
        document["source"] = {
            "file": error.position.source,
            "line": error.position.line,
            "column": error.position.column,
        }
    return document


def _title(kind: type[ForebayError]) -> str:
    """A class's name as words: the same for every occurrence, as the RFC asks."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind.__name__).capitalize()


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}." if message else ""
