"""The whole system on one page: from a question to the batches that answer it.

parse -> resolve -> plan -> govern -> generate  =  Prepared     pure: no engine, no clock
look up -> execute -> stream                    =  Answer
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from cachetools import LRUCache

from auth.govern import govern
from auth.principal import ANONYMOUS, Principal
from auth.visible import visible
from cache.fingerprint import CacheKey, fingerprint
from dialects.dialect import Dialect
from dialects.generate import generate
from dialects.physical import PhysicalQuery
from dialects.types import arrow_schema
from gateway.engines.base import Engine, ResultStream
from gateway.execution import Execution, Found
from gateway.settings import Settings
from gateway.snapshot import Snapshot
from semantic_models.catalog import Catalog
from semantic_models.errors import MalformedDocument
from semantic_models.make_plan import make_plan
from semantic_models.parse_document import parse_document
from semantic_models.parse_sql import parse_sql
from semantic_models.plan import GovernedPlan
from semantic_models.prove import prove
from semantic_models.query import Query
from semantic_models.resolve import resolve
from semantic_models.resolved import AnswerColumn


@dataclass(frozen=True, slots=True)
class Question:
    """A question as a front end received it."""

    text: str | bytes
    """A JSON document where it starts with a brace, else semantic SQL."""
    principal: Principal
    now: datetime
    """The request's clock in UTC, cut to the minute: what ``now()`` and ``last`` mean."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question that is settled: what runs, what comes back, and why it is right."""

    plan: GovernedPlan
    physical: PhysicalQuery
    schema: pa.Schema
    columns: tuple[AnswerColumn, ...]
    """Role, label and format of each column of ``schema``."""
    proof: Mapping[str, object]
    """Homes, grains, keys, cardinalities and plan choices, ready for JSON."""
    stages: Mapping[str, float]
    """Milliseconds by the name of the stage."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Batches that answer a prepared question, and how they came about."""

    query_id: str
    prepared: Prepared
    stream: ResultStream
    """Whoever streams it closes it."""
    cache: Found
    """``hit`` where the answer was kept, ``miss`` where an engine makes it."""
    key: CacheKey
    stages: Mapping[str, float]


def prepare(question: Question, snapshot: Snapshot, dialects: Mapping[str, Dialect]) -> Prepared:
    """Settle what is asked and what may be seen. Touches no engine."""
    watch = Stopwatch()
    catalog = visible(snapshot.catalog, question.principal)
    query = parse(question.text, catalog)
    watch.lap("parse")
    resolved = resolve(query, catalog, now=question.now)
    watch.lap("resolve")
    plan = make_plan(resolved)
    watch.lap("plan")
    governed = govern(plan, question.principal)
    watch.lap("govern")
    physical = generate(governed, dialects[plan.engine])
    watch.lap("generate")
    schema = arrow_schema(physical.columns)
    return Prepared(governed, physical, schema, resolved.columns, prove(resolved), watch.stages)


def parse(text: str | bytes, catalog: Catalog) -> Query:
    """Read a question in either of its spellings."""
    if text[:1] in ("{", b"{"):
        return parse_document(text)
    try:
        return parse_sql(text if isinstance(text, str) else text.decode(), catalog)
    except UnicodeDecodeError:
        raise MalformedDocument("the question is not UTF-8") from None


class Stopwatch:
    """Milliseconds of each stage, by its name."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self._last_s = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End a stage; the next one starts now."""
        now_s = time.perf_counter()
        self.stages[stage] = round((now_s - self._last_s) * 1000, 3)
        self._last_s = now_s


class Gateway:
    """One snapshot of a project, its engines and what is remembered of their answers.

    Safe for many threads. ``prepared_kept`` and ``kept`` never block.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        engines: Mapping[str, Engine],
        execution: Execution,
        settings: Settings,
    ) -> None:
        self.snapshot = snapshot
        self.engines = engines
        self.execution = execution
        self.settings = settings
        self._dialects = {name: engine.dialect for name, engine in engines.items()}
        self._memo: LRUCache[object, Prepared] = LRUCache(settings.memo_entries_max)
        self._proofs: LRUCache[str, Mapping[str, object]] = LRUCache(settings.proofs_max)
        self._lock = threading.Lock()
        started_as = os.urandom(4).hex()
        self._ids = (f"{started_as}-{number:x}" for number in itertools.count(1))

    def prepare(self, text: str | bytes, principal: Principal = ANONYMOUS) -> Prepared:
        """Settle a question, or remember how it was settled within this minute.

        Raises:
            ForebayError: the question has no answer; the leaf says why.
        """
        question = Question(text, principal, _minute())
        kept = self._recall(question)
        if kept is not None:
            return kept
        prepared = prepare(question, self.snapshot, self._dialects)
        with self._lock:
            self._memo[self._memo_key(question)] = prepared
        return prepared

    def prepared_kept(self, text: str | bytes, principal: Principal = ANONYMOUS) -> Prepared | None:
        """A question as it was settled before; None where it has to be settled yet."""
        return self._recall(Question(text, principal, _minute()))

    def _recall(self, question: Question) -> Prepared | None:
        with self._lock:
            return self._memo.get(self._memo_key(question))

    def _memo_key(self, question: Question) -> object:
        return (question.text, question.principal, question.now, self.snapshot.version)

    def fetch(self, prepared: Prepared) -> Answer:
        """Answer from memory, or from the engine while memory takes a copy.

        Raises:
            EngineError, Overloaded: the engine cannot answer, or not now.
        """
        watch = Stopwatch()
        engine = self.engines[prepared.physical.engine]
        key = self._key(prepared, engine)
        watch.lap("look_up")
        stream, found = self.execution.run(
            engine, prepared.physical, key, timeout_s=self.settings.timeout_s
        )
        watch.lap("execute")
        return self._answer(prepared, stream, found, key, watch)

    def kept(self, prepared: Prepared) -> Answer | None:
        """The answer from memory, if it is there and its data unchanged."""
        watch = Stopwatch()
        key = self._key(prepared, self.engines[prepared.physical.engine])
        stream = self.execution.kept(key)
        if stream is None:
            return None
        watch.lap("look_up")
        return self._answer(prepared, stream, "hit", key, watch)

    def proof_of(self, query_id: str) -> Mapping[str, object] | None:
        """The proof of one of the last answers."""
        with self._lock:
            return self._proofs.get(query_id)

    def close(self) -> None:
        """Stop what runs and let go of the engines."""
        self.execution.close()
        for engine in self.engines.values():
            engine.close()

    def _key(self, prepared: Prepared, engine: Engine) -> CacheKey:
        return fingerprint(
            prepared.plan,
            sql=prepared.physical.text,
            dialect_version=engine.dialect.version,
            engine_identity=engine.identity,
            data_version=engine.data_version(prepared.physical.relations),
        )

    def _answer(
        self,
        prepared: Prepared,
        stream: ResultStream,
        found: Found,
        key: CacheKey,
        watch: Stopwatch,
    ) -> Answer:
        with self._lock:
            query_id = next(self._ids)
            self._proofs[query_id] = prepared.proof
        return Answer(query_id, prepared, stream, found, key, {**prepared.stages, **watch.stages})


def _minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)
