"""Answers of the routes that answer with one small JSON document."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import MethodNotAllowed, UnknownRoute
from gateway.http_api.problems import internal_error, new_incident, problem_of
from semantic_models.errors import ForebayError

logger = logging.getLogger(__name__)

_HEADERS = {"cache-control": "private, no-cache", "x-content-type-options": "nosniff"}


def document_response(
    document: Mapping[str, object], *, headers: Mapping[str, str] | None = None
) -> Response:
    """A document as JSON."""
    return json_response(orjson.dumps(document), headers=headers)


def json_response(body: bytes, *, headers: Mapping[str, str] | None = None) -> Response:
    """A document that is written already."""
    return Response(
        body,
        media_type="application/json",
        headers={**_HEADERS, **(headers or {})},
    )


def problem_response(
    error: ForebayError,
    *,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, object] | None = None,
) -> Response:
    """A refusal as problem details."""
    problem = problem_of(error, headers=headers, extra=extra)
    response = Response(problem.body, status_code=problem.status)
    response.raw_headers = list(problem.headers)
    return response


async def tell_refusal(request: Request, error: Exception) -> Response:
    """Answer a request that was refused with a coded error."""
    assert isinstance(error, ForebayError), "registered for that class alone"
    headers = {} if request.method in ("GET", "HEAD") else {"connection": "close"}
    return problem_response(error, headers=headers)


async def tell_no_route(request: Request, error: Exception) -> Response:
    """Answer a request for a path or a method that there is not."""
    assert isinstance(error, HTTPException), "registered for that class alone"
    if error.status_code == 405:
        allow = (error.headers or {}).get("Allow", "")
        return problem_response(
            MethodNotAllowed(
                f'this path does not take the method "{request.method[:20]}"',
                hint=f"It takes {allow}.",
            ),
            headers={"allow": allow, "connection": "close"},
        )
    return problem_response(
        UnknownRoute("nothing is served at this path", hint="The paths are listed at /."),
        headers={"connection": "close"},
    )


async def tell_bug(_: Request, error: Exception) -> Response:
    """Answer a request that met a bug; only the log has what happened."""
    incident = new_incident()
    logger.error("internal error %s", incident, exc_info=error)
    return problem_response(internal_error(incident), headers={"connection": "close"})
