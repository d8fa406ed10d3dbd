"""The routes about what can be asked: catalog, compiled questions, proofs."""

from __future__ import annotations

import secrets
from functools import partial
from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import Response

from auth.decide import decide
from auth.principal import Principal
from auth.visible import visible
from gateway.catalog_document import catalog_document
from gateway.errors import UnknownHandle
from gateway.http_api.documents import document_response
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
from gateway.snapshot import Snapshot

_VARY = {"vary": "authorization"}
_SECRET = secrets.token_bytes(32)
"""So that nobody can tell what others may see by guessing."""


class CatalogRoutes:
    """Tells what can be asked, and what a question would run."""

    def __init__(self, gateway: Gateway, threads: Threads, limits: Limits) -> None:
        self._gateway = gateway
        self._threads = threads
        self._limits = limits
        self._waiting = Waiting(limits.body_timeout_s)

    async def catalog(self, request: Request) -> Response:
        """Every model and metric; told only if the client's copy is of another version."""
        snapshot, principal = self._gateway.snapshot, principal_of(request.scope)
        etag = etag_of(snapshot, principal)
        if holds(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers={"etag": etag, **_VARY})
        catalog = visible(snapshot.catalog, decide(snapshot.policies, principal))
        return document_response(catalog_document(catalog), headers={"etag": etag, **_VARY})

    async def compile(self, request: Request) -> Response:
        """The SQL that a question would run, without running it."""
        if request.method == "POST":
            question: str | bytes = await question_in_body(
                request.scope,
                headers_of(request.scope),
                request.receive,
                self._limits,
                self._waiting,
            )
        else:
            question = question_in_query(request.scope, self._limits)
        principal = principal_of(request.scope)
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
        "sql": prepared.physical.text,
        "dialect": prepared.physical.dialect,
        "columns": column_documents(prepared.columns),
        "proof": prepared.proof,
        "stages": prepared.stages,
    }


def etag_of(snapshot: Snapshot, principal: Principal) -> str:
    """Names what a principal may know of; where there are policies, the same to nobody else."""
    if not snapshot.policies.is_governed:
        return f'"{snapshot.catalog.version}"'
    seen = repr((snapshot.version, sorted(principal.roles), principal.attributes))
    return f'"{blake2b(seen.encode(), digest_size=16, key=_SECRET).hexdigest()}"'


def holds(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header names an entity tag, weakly compared as the RFC asks."""
    tags = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return "*" in tags or etag in tags
