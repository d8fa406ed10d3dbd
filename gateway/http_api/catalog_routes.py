"""The routes about what can be asked: catalog, compiled questions, proofs."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from auth.principal import Principal
from cache.memo import Memo
from gateway.errors import UnknownHandle
from gateway.http_api.documents import document_response, json_response
from gateway.http_api.encode import column_documents
from gateway.http_api.ports import Gateway, Limits
from gateway.http_api.questions import (
    headers_of,
    principal_of,
    question_in_body,
    question_in_query,
)
from gateway.http_api.threads import Threads
from gateway.http_api.waiting import Waiting
from gateway.pipeline import Prepared
from gateway.seen_catalog import SeenCatalog, seen_catalog

_VARY = {"vary": "authorization"}
CATALOGS_BYTES_MAX = 16 * 1024 * 1024
"""What is remembered of catalogs as principals see them."""


class CatalogRoutes:
    """Tells what can be asked, and what a question would run."""

    def __init__(self, gateway: Gateway, threads: Threads, limits: Limits) -> None:
        self._gateway = gateway
        self._threads = threads
        self._limits = limits
        self._waiting = Waiting(limits.body_timeout_s)
        self._known: Memo[tuple[str, Principal], SeenCatalog] = Memo(CATALOGS_BYTES_MAX)

    async def catalog(self, request: Request) -> Response:
        """Every model and metric; told only if the client's copy is of another version."""
        seen = self._seen(principal_of(request.scope))
        headers = {"etag": f'"{seen.version}"', **_VARY}
        if holds(request.headers.get("if-none-match", ""), headers["etag"]):
            return Response(status_code=304, headers=headers)
        return json_response(seen.body, headers=headers)

    def version_for(self, principal: Principal) -> str:
        """The version of the catalog as a principal sees it."""
        return self._seen(principal).version

    def _seen(self, principal: Principal) -> SeenCatalog:
        snapshot = self._gateway.snapshot
        asked = (snapshot.version, principal)
        seen = self._known.get(asked)
        if seen is None:
            seen = seen_catalog(snapshot, principal)
            self._known.put(asked, seen, len(seen.body))
        return seen

    async def compile(self, request: Request) -> Response:
        """The SQL that a question would run, without running it."""
        principal = principal_of(request.scope)
        if request.method == "POST":
            question: str | bytes = await question_in_body(
                request.scope,
                headers_of(request.scope),
                request.receive,
                self._limits.within(self._gateway.limits_of(principal)),
                self._waiting,
            )
        else:
            question = question_in_query(request.scope, self._limits)
        prepared = await self._threads.work(partial(self._gateway.prepare, question, principal))
        return document_response(compiled(prepared))

    async def proof(self, request: Request) -> Response:
        """Why the numbers of one of the last answers are right."""
        query_id, principal = request.path_params["query_id"], principal_of(request.scope)
        proof = self._gateway.proof_of(query_id, principal)
        if proof is None:
            raise UnknownHandle(
                "no query of that id is remembered",
                hint="Proofs of the last answers are kept; ask the question again.",
            )
        return document_response(proof)


def compiled(prepared: Prepared) -> dict[str, object]:
    """A prepared question as a document."""
    return {
        "sql": prepared.sql,
        "dialect": prepared.physical.dialect,
        "columns": column_documents(prepared.columns),
        "proof": prepared.proof,
        "stages": prepared.stages,
    }


def holds(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header names an entity tag, weakly compared as the RFC asks."""
    tags = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return "*" in tags or etag in tags
