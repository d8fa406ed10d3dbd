"""The HTTP application: every route, and the one way to each."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import Stopping
from gateway.http_api.catalog_routes import CatalogRoutes
from gateway.http_api.cells import warm_up
from gateway.http_api.documents import (
    document_response,
    tell_bug,
    tell_no_route,
    tell_refusal,
)
from gateway.http_api.health_routes import HealthRoutes
from gateway.http_api.openapi import openapi_document
from gateway.http_api.ports import Gateway, Identity, Limits, Observe, unobserved
from gateway.http_api.problems import problem_of, send_problem
from gateway.http_api.query_routes import QueryRoute
from gateway.http_api.questions import (
    certificate_of,
    check_host,
    credentials_of,
    headers_of,
    principal_of,
)
from gateway.http_api.threads import Threads
from semantic_models.errors import ForebayError

QUERY_PATH = "/api/v1/query"
PUBLIC_PATHS = ("/healthz", "/readyz")
"""What orchestrators ask, who prove nothing and are told nothing of the project."""
_CLOSE = {"connection": "close"}


class Application:
    """Serves the routes to requests that are let in.

    The query route is in ``routes`` like all others, but is reached before the router: of an
    answer from memory the router would be the larger part of the cost.
    """

    def __init__(
        self,
        query: ASGIApp,
        routes: tuple[Route, ...],
        is_stopping: threading.Event,
        admit: Callable[[Scope], Awaitable[None]],
    ) -> None:
        self.is_stopping = is_stopping
        self._admit = admit
        self.routes = (Route(QUERY_PATH, endpoint=query), *routes)
        self._query = query
        self._rest = ExceptionMiddleware(
            Router(self.routes, redirect_slashes=False),
            handlers={
                ForebayError: tell_refusal,
                HTTPException: tell_no_route,
                Exception: tell_bug,
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._answer(scope, receive, send)
        except asyncio.CancelledError:
            # The server's drain is over. What has begun already can only be cut off.
            with contextlib.suppress(RuntimeError):
                await send_problem(send, problem_of(Stopping.now(), headers=_CLOSE))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                await self._admit(scope)
            except ForebayError as error:
                await send_problem(send, problem_of(error, headers=_CLOSE))
                return
            if scope["path"] == QUERY_PATH:
                await self._query(scope, receive, send)
                return
        # Starlette's routes raise what they refuse only where they know of an application.
        await self._rest({**scope, "app": self}, receive, send)


@dataclass(frozen=True, slots=True)
class Entrance:
    """Who lets requests in."""

    gateway: Gateway
    identity: Identity
    threads: Threads
    is_local: bool


async def admit(scope: Scope, *, entrance: Entrance) -> None:
    """Let a request in, and write into its scope who asks.

    Nobody is asked at the routes that tell orchestrators how the server is.

    Raises:
        HostRefused, AuthenticationFailed, QuotaExceeded: it is not let in.
    """
    identity = entrance.identity
    if entrance.is_local:
        check_host(headers_of(scope).get(b"host"))
    if scope["path"] in PUBLIC_PATHS:
        return
    credentials, certificate = credentials_of(scope), certificate_of(scope)
    principal = identity.known(credentials, certificate)
    if principal is None:
        address = (scope.get("client") or ("",))[0]
        verify = partial(identity.identify, credentials, certificate, address=address)
        principal = await entrance.threads.work(verify)
    entrance.gateway.count_request(principal)
    scope["principal"] = principal


def create_app(
    gateway: Gateway,
    *,
    identity: Identity,
    limits: Limits | None = None,
    observe: Observe = unobserved,
    is_local: bool = True,
) -> Application:
    """The application that answers from a gateway, and tells ``observe`` of each query.

    ``is_local`` says that it listens on this machine alone, and is asked by its names.
    """
    warm_up()
    limits = limits or Limits()
    threads = Threads(limits.threads_max)
    catalog = CatalogRoutes(gateway, threads, limits)
    is_stopping = threading.Event()
    health = HealthRoutes(gateway, threads, is_stopping, tells_engines=identity.asks_nobody)

    async def index(request: Request) -> Response:
        return document_response(
            {
                "name": gateway.snapshot.catalog.name,
                "catalog_version": catalog.version_for(principal_of(request.scope)),
                "links": [route.path for route in application.routes if "{" not in route.path],
            }
        )

    async def openapi(_: Request) -> Response:
        return document_response(openapi_document())

    application = Application(
        QueryRoute(gateway, threads, limits=limits, observe=observe),
        (
            Route("/", index),
            Route("/api/v1/catalog", catalog.catalog),
            Route("/api/v1/compile", catalog.compile, methods=["GET", "POST"]),
            Route("/api/v1/queries/{query_id}/proof", catalog.proof),
            Route("/healthz", health.healthz),
            Route("/readyz", health.readyz),
            Route("/openapi.json", openapi),
        ),
        is_stopping,
        partial(admit, entrance=Entrance(gateway, identity, threads, is_local)),
    )
    return application
