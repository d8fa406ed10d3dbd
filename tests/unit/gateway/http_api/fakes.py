"""A gateway in small: scripted answers, no project and no engine."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
import pyarrow as pa

from auth.policy import RoleLimits
from auth.principal import Principal
from cache.entry import make_entry
from cache.fingerprint import CacheKey
from dialects.physical import PhysicalQuery
from dialects.types import arrow_schema, logical_type
from gateway.admission import PATIENT, Caller
from gateway.engines.base import Engine, ResultStream
from gateway.errors import Cancelled
from gateway.http_api.app import Application, create_app
from gateway.identity.identify import DEMO
from gateway.pipeline import (
    Answer,
    Prepared,
    Proven,
)
from gateway.snapshot import Snapshot
from gateway.streams import KeptStream
from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError
from semantic_models.resolved import AnswerColumn
from semantic_models.types import LogicalType
from tests.support.identities import EVERYBODY

KEY = CacheKey("question", "duckdb", "1")
EMPTY_CATALOG = Catalog(name="shop", version="v1", models={}, metrics={})


def prepared(columns: Mapping[str, LogicalType]) -> Prepared:
    """A prepared question that promises these columns."""
    pairs = tuple(columns.items())
    return Prepared(
        physical=PhysicalQuery("SELECT 1", "duckdb", "local", pairs, ("orders",)),
        fingerprint="question",
        schema=arrow_schema(pairs),
        columns=tuple(AnswerColumn(name=name, role="field", type=kind) for name, kind in pairs),
        proven=Proven(lambda: {"homes": ["orders"]}),
        stages={"parse": 0.5},
        principal=DEMO,
    )


def prepared_for(batch: pa.RecordBatch) -> Prepared:
    """A prepared question that promises the columns of a batch."""
    found = {each.name: logical_type(each.type) for each in batch.schema}
    return prepared({name: kind for name, kind in found.items() if kind is not None})


def answer(batch: pa.RecordBatch, *, query_id: str = "q-1") -> Answer:
    """An answer that was kept."""
    stream = KeptStream(make_entry(batch.schema, [batch], made_at=0.0))
    return Answer(query_id, prepared_for(batch), stream, "hit", KEY, {"look_up": 0.25})


class ScriptedStream:
    """Gives batches, then fails, ends, or waits until it is closed."""

    def __init__(
        self,
        batches: Iterable[pa.RecordBatch],
        *,
        failure: Exception | None = None,
        hangs: bool = False,
    ) -> None:
        self.started = threading.Event()
        self.closed = threading.Event()
        self.schema = pa.schema([])
        self._batches = batches
        self._failure = failure
        self._hangs = hangs

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        self.started.set()
        for batch in self._batches:
            if self.closed.is_set():
                raise Cancelled("the query was cancelled")
            yield batch
        if self._failure is not None:
            raise self._failure
        if self._hangs:
            self.closed.wait()
            raise Cancelled("the query was cancelled")

    def close(self) -> None:
        self.closed.set()


@dataclass
class ScriptedGateway:
    """Answers every question with one prepared question and one stream."""

    question: Prepared
    stream: ResultStream
    is_memoised: bool = False
    kept_answer: bool = False
    refusal: Exception | None = None
    outdated: ForebayError | None = None
    snapshot: Snapshot = field(default_factory=lambda: Snapshot(EMPTY_CATALOG))
    engines: Mapping[str, Engine] = field(default_factory=dict)
    asked: list[str | bytes] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def prepare(self, text: str | bytes, principal: Principal) -> Prepared:
        self.asked.append(text)
        if self.refusal is not None:
            raise self.refusal
        return self.question

    def prepared_kept(self, text: str | bytes, principal: Principal) -> Prepared | None:
        if not self.is_memoised:
            return None
        self.asked.append(text)
        return self.question

    def limits_of(self, principal: Principal) -> RoleLimits | None:
        return None

    def count_request(self, principal: Principal) -> None:
        pass

    def fetch(self, prepared: Prepared, caller: Caller = PATIENT) -> Answer:
        return Answer(self._id(), prepared, self.stream, "miss", KEY, {"look_up": 0.25})

    def key_of(self, prepared: Prepared) -> CacheKey:
        return KEY

    def kept(self, prepared: Prepared, key: CacheKey | None = None) -> Answer | None:
        if not self.kept_answer:
            return None
        return Answer(self._id(), prepared, self.stream, "hit", KEY, {"look_up": 0.25})

    def proof_of(self, query_id: str, principal: Principal) -> Mapping[str, object] | None:
        return self.question.proof if query_id == "ab-1" else None

    def _id(self) -> str:
        return f"ab-{next(self.ids):x}"


def gateway_of(batch: pa.RecordBatch, *, failure: Exception | None = None) -> ScriptedGateway:
    """A gateway whose engine gives one batch, then ends or fails."""
    return ScriptedGateway(prepared_for(batch), ScriptedStream([batch], failure=failure))


def gateway_keeping(batch: pa.RecordBatch) -> ScriptedGateway:
    """A gateway that has the answer in memory."""
    stream = KeptStream(make_entry(batch.schema, [batch], made_at=0.0))
    return ScriptedGateway(prepared_for(batch), stream, is_memoised=True, kept_answer=True)


def gateway_refusing(error: ForebayError) -> ScriptedGateway:
    """A gateway that refuses every question."""
    return ScriptedGateway(prepared({}), ScriptedStream([]), refusal=error)


@dataclass(frozen=True)
class Client:
    """Asks an application in this process, with httpx and without a socket."""

    app: Application

    def get(self, path: str, **request: Any) -> httpx.Response:
        return self.request("GET", path, **request)

    def post(self, path: str, **request: Any) -> httpx.Response:
        return self.request("POST", path, **request)

    def request(self, method: str, path: str, **request: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                return await client.request(method, path, **request)

        return anyio.run(ask)


def client_of(gateway: ScriptedGateway, **options: Any) -> Client:
    """A client of an application over a gateway."""
    return Client(create_app(gateway, **{"identity": EVERYBODY, **options}))
