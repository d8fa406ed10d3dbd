"""The whole system on one page: from a question to the batches that answer it.

parse -> resolve -> plan -> govern -> generate  =  Prepared     pure: no engine, no clock
look up -> execute -> stream                    =  Answer
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import NamedTuple

import pyarrow as pa

from auth.decide import decide
from auth.govern import govern
from auth.policy import RoleLimits
from auth.principal import KnownBy, Principal
from auth.rights import Rights
from cache.fingerprint import CacheKey, fingerprint
from cache.memo import Memo
from dialects.dialect import Dialect
from dialects.generate import generate
from dialects.physical import PhysicalQuery
from dialects.types import arrow_schema
from gateway.admission import PATIENT, Asker, Caller
from gateway.check_promises import Check, Counts, check_of
from gateway.engines.base import Engine, ResultStream
from gateway.errors import EngineError
from gateway.execution import Execution, Found
from gateway.held import Held
from gateway.one_version import OneVersionStream, Started
from gateway.promise_guard import NOT_WARNED, PromiseGuard, Warned
from gateway.role_limits import LimitedStream, PrincipalLimits, check_length, may_take
from gateway.settings import Settings
from gateway.snapshot import Snapshot
from gateway.standing_types import StandingTypes
from gateway.standing_views import StandingDerived
from gateway.telling import ALL_TOLD, Telling, telling
from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError, MalformedDocument
from semantic_models.make_plan import make_plan
from semantic_models.parse_document import DEPTH_MAX, parse_document
from semantic_models.parse_sql import parse_sql
from semantic_models.plan import Plan
from semantic_models.prove import prove
from semantic_models.query import Query
from semantic_models.record import record
from semantic_models.relied_on import relied_on
from semantic_models.resolve import resolve
from semantic_models.resolved import AnswerColumn, ResolvedQuery


@dataclass(frozen=True, slots=True)
class Question:
    """A question as a front end received it."""

    text: str | bytes
    """A JSON document where it starts with a brace, else semantic SQL."""
    principal: Principal
    now: datetime
    """The request's clock in UTC, cut to the minute: what ``now()`` and ``last`` mean."""


@dataclass(eq=False)
class Proven:
    """A proof that is made when it is first asked for, since most answers are taken without."""

    make: Callable[[], Mapping[str, object]]
    make_checks: Callable[[], tuple[Check, ...]] = tuple

    @cached_property
    def document(self) -> Mapping[str, object]:
        """The proof; two threads that ask at once may make it twice, and alike."""
        return self.make()

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """How what the answer relies on is checked on the data; made likewise."""
        return self.make_checks()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question that is settled: what runs, what comes back, and why it is right."""

    physical: PhysicalQuery
    fingerprint: str
    """What is the same in the names of all its answers, whatever the data."""
    schema: pa.Schema
    columns: tuple[AnswerColumn, ...]
    """Role, label and format of each column of ``schema``."""
    proven: Proven
    stages: Mapping[str, float]
    """Milliseconds by the name of the stage."""
    principal: Principal
    """Who asked, and alone may fetch it and read its proof."""
    catalog: Catalog | None = None
    """That of the snapshot in which it was settled, whose types were promised."""
    version: str = ""
    """Of the snapshot."""
    policies: tuple[str, ...] = ()
    """The names of those that applied."""
    telling: Telling = ALL_TOLD
    """What whoever asked is told beside the answer."""
    limits: RoleLimits | None = None
    """How much of it the principal may take."""

    @property
    def sql(self) -> str | None:
        """What runs, for whoever may read it."""
        return self.physical.text if self.telling.sql else None

    @property
    def proof(self) -> Mapping[str, object]:
        """Homes, grains, keys, cardinalities and plan choices, ready for JSON."""
        return self.proven.document


@record()
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
    """Milliseconds by the name of the stage; of an answer from memory, what it took to find it."""
    warned: Warned = NOT_WARNED
    """What data breaks of what the answer relies on; settled once its first batch is read."""


def prepare(question: Question, snapshot: Snapshot, dialects: Mapping[str, Dialect]) -> Prepared:
    """Settle what is asked and what may be seen. Touches no engine."""
    rights = decide(snapshot.policies, question.principal)
    told = telling(snapshot.policies, question.principal, rights)
    seen = Seen(rights, told, snapshot.visible_to(rights))

    def again(text: str) -> ForebayError | None:
        try:
            _prepared(replace(question, text=text), snapshot, dialects, seen)
        except ForebayError as error:
            return error
        return None

    try:
        return _prepared(question, snapshot, dialects, seen)
    except ForebayError as error:
        raise told.refusal(error, seen.catalog, question.text, again) from None


class Seen(NamedTuple):
    """What whoever asks may see, and is told of."""

    rights: Rights
    telling: Telling
    catalog: Catalog

    def proof(self, resolved: ResolvedQuery, plan: Plan) -> Mapping[str, object]:
        """Why an answer is right, as it may be told."""
        return self.telling.proof(prove(resolved, plan), self.catalog, self.rights)


def _prepared(
    question: Question, snapshot: Snapshot, dialects: Mapping[str, Dialect], seen: Seen
) -> Prepared:
    watch = Stopwatch()
    rights, catalog = seen.rights, seen.catalog
    check_length(question.text, rights.limits)
    query = parse(question.text, catalog, rights.limits.depth if rights.limits else DEPTH_MAX)
    watch.lap("parse")
    resolved = resolve(query, catalog, now=question.now)
    watch.lap("resolve")
    plan = make_plan(resolved)
    watch.lap("plan")
    governed = govern(plan, question.principal, rights)
    watch.lap("govern")
    dialect = dialects[plan.engine]
    physical = generate(governed, dialect)
    watch.lap("generate")
    return Prepared(
        physical,
        fingerprint(governed, sql=physical.text, dialect_version=dialect.version),
        arrow_schema(physical.columns),
        resolved.columns,
        Proven(partial(seen.proof, resolved, plan), partial(_checks, resolved, dialect)),
        watch.stages,
        question.principal,
        snapshot.catalog,
        snapshot.version,
        rights.applied,
        seen.telling,
        rights.limits,
    )


def _checks(resolved: ResolvedQuery, dialect: Dialect) -> tuple[Check, ...]:
    return tuple(check_of(each, dialect) for each in relied_on(resolved))


def parse(text: str | bytes, catalog: Catalog, depth_max: int = DEPTH_MAX) -> Query:
    """Read a question in either of its spellings; a document is no deeper than ``depth_max``."""
    if text[:1] in ("{", b"{"):
        return parse_document(text, depth_max)
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
        self.stages[stage] = _elapsed_ms(self._last_s)
        self._last_s = time.perf_counter()


def _elapsed_ms(since_s: float) -> float:
    return round((time.perf_counter() - since_s) * 1000, 3)


def _weight_bytes(text: str | bytes, prepared: Prepared) -> int:
    """About what a prepared question holds: two texts, and the plan that a proof is made of."""
    told = len(prepared.columns) + len(prepared.physical.relations)
    return 16_384 + len(text) + len(prepared.physical.text) + 1_024 * told


Settled = tuple[str | bytes, Principal, KnownBy, int, str]
"""What makes two questions one: their text, who asks and how that is known, the minute, and the
snapshot's version. How it is known changes no answer, and is told in records of it."""


class Gateway:
    """A snapshot of a project, its engines and what is remembered of their answers.

    Safe for many threads. ``prepared_kept``, ``key_of`` and ``kept`` never block.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        engines: Mapping[str, Engine],
        execution: Execution,
        settings: Settings,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.snapshot = snapshot
        self.outdated: ForebayError | None = None
        """Why the project's files, as they are now, are not what is served."""
        self.engines = engines
        self.execution = execution
        self.settings = settings
        self._now = now
        self._dialects = {name: engine.dialect for name, engine in engines.items()}
        self._memo: Memo[Settled, Prepared] = Memo(settings.memo_bytes_max)
        self._proofs: Held[str, Prepared] = Held(count_max=settings.proofs_max)
        self._types = StandingTypes()
        self._views = StandingDerived()
        self._limits = PrincipalLimits(settings.execution.waiting_max)
        self._guard = self._made_guard()
        self._lock = threading.Lock()
        self._started_as = os.urandom(4).hex()

    def serve(self, snapshot: Snapshot) -> None:
        """Answer from another snapshot from now on; what is prepared already ends as it began."""
        with self._lock:
            self._memo = Memo(self.settings.memo_bytes_max)
            self.snapshot = snapshot
            self.outdated = None

    def prepare(self, text: str | bytes, principal: Principal) -> Prepared:
        """Settle a question, or remember how it was settled within this minute.

        Raises:
            ForebayError: the question has no answer; the leaf says why.
        """
        snapshot, minute = self.snapshot, self._minute()
        settled = (text, principal, principal.known_by, minute, snapshot.version)
        kept = self._memo.get(settled)
        if kept is not None:
            return kept
        question = Question(text, principal, _instant(minute))
        prepared = prepare(question, snapshot, self._dialects)
        with self._lock:
            self._memo.put(settled, prepared, _weight_bytes(text, prepared))
        return prepared

    def prepare_for(self, dialect: Dialect, text: str | bytes, principal: Principal) -> Prepared:
        """Settle a question as if every engine spoke another dialect; it is only to be read."""
        question = Question(text, principal, _instant(self._minute()))
        return prepare(question, self.snapshot, dict.fromkeys(self.engines, dialect))

    def prepared_kept(self, text: str | bytes, principal: Principal) -> Prepared | None:
        """A question as it was settled before; None where it has to be settled yet.

        To find one changes nothing, and so takes no lock.
        """
        known_by, version = principal.known_by, self.snapshot.version
        return self._memo.get((text, principal, known_by, self._minute(), version))

    def limits_of(self, principal: Principal) -> RoleLimits | None:
        """How much a principal may take; None: as much as anybody. Never blocks."""
        return self._limits.of(self.snapshot.policies, principal)

    def count_request(self, principal: Principal) -> None:
        """Take a request, through whatever door, from what a principal may ask. Never blocks.

        Raises:
            QuotaExceeded: it comes too soon.
        """
        self._limits.count_request(principal, self.limits_of(principal))

    def fetch(self, prepared: Prepared, caller: Caller = PATIENT) -> Answer:
        """Answer from memory, or from the engine while memory takes a copy.

        Raises:
            EngineError, Overloaded, QuotaExceeded: the engine cannot answer, or not now.
            Cancelled: the caller left while it waited.
        """
        limits, asker = prepared.limits, Asker(prepared.principal.name, caller)
        until_s = time.monotonic() + self.settings.timeout_s
        if limits is None:
            return self._fetched(prepared, asker, until_s)
        until_s = min(until_s, time.monotonic() + limits.seconds)
        place = self._limits.enter(asker, limits, self.settings.execution.queue_s_max)
        try:
            answer = self._fetched(prepared, asker, until_s)
            return replace(answer, stream=LimitedStream(answer.stream, limits, place.release))
        except BaseException:
            place.release()
            raise

    def _fetched(self, prepared: Prepared, asker: Asker, until_s: float) -> Answer:
        watch = Stopwatch()
        warned = Warned()
        key = self._checked_key(prepared, warned)
        watch.lap("look_up")
        stream, found = self._run(prepared, key, asker, until_s)
        if found == "miss":
            stream = OneVersionStream(
                Started(stream, lambda: self.key_of(prepared) == key),
                lambda: self._start_again(prepared, warned, asker, until_s),
            )
        watch.lap("execute")
        stages = {**prepared.stages, **watch.stages}
        return Answer(self._told(prepared), prepared, stream, found, key, stages, warned)

    def key_of(self, prepared: Prepared) -> CacheKey:
        """The name of the answer over the data as it is now."""
        engine = self.engines[prepared.physical.engine]
        data_version = engine.data_version(prepared.physical.relations)
        return CacheKey(prepared.fingerprint, engine.identity, data_version)

    def kept(self, prepared: Prepared, key: CacheKey | None = None) -> Answer | None:
        """The answer from memory, if it is there and its data unchanged.

        ``key`` is its name where that is known, found no earlier than the question was asked.
        """
        started_s = time.perf_counter()
        key = key or self.key_of(prepared)
        warned = NOT_WARNED if self._guard is None else self._guard.known(key)
        if warned is None:
            return None
        stream = self.execution.kept(key)
        if stream is None or not may_take(stream, prepared.limits):
            return None
        stages = {"look_up": _elapsed_ms(started_s)}
        if warned.warnings:
            warned = Warned(prepared.telling.warnings(warned.warnings))
        return Answer(self._told(prepared), prepared, stream, "hit", key, stages, warned)

    def proof_of(self, query_id: str, principal: Principal) -> Mapping[str, object] | None:
        """The proof of one of the last answers, for whoever asked; to all others there is none."""
        with self._lock:
            found = self._proofs.get(query_id)
        return found.proof if found is not None and found.principal == principal else None

    def close(self) -> None:
        """Stop what runs and let go of the engines."""
        self.execution.close()
        for engine in self.engines.values():
            engine.close()

    def _made_guard(self) -> PromiseGuard | None:
        settings = self.settings
        if settings.check_keys == "off":
            return None
        counts = Counts(self.engines, self._count, settings.checks_folder)
        refuses = settings.check_keys == "error"
        return PromiseGuard(counts, refuses=refuses, timeout_s=settings.timeout_s)

    def _count(
        self, engine: Engine, query: PhysicalQuery, key: CacheKey, timeout_s: float
    ) -> ResultStream:
        return self.execution.run(engine, query, key, timeout_s=timeout_s)[0]

    def _checked_key(self, prepared: Prepared, warned: Warned) -> CacheKey:
        """The same as ``_compared_key``, with what is to be told of an answer over such data."""
        try:
            key = self._compared_key(prepared)
            if self._guard is not None:
                checked = self._guard.check(key, lambda: prepared.proven.checks)
                warned.warnings = prepared.telling.warnings(checked.warnings)
        except EngineError as error:
            raise prepared.telling.verdict(error) from None
        return key

    def _compared_key(self, prepared: Prepared) -> CacheKey:
        """The name of the answer over the data as it is, whose types are those promised.

        An answer from memory needs no comparison: it was made over the very same data.
        """
        physical = prepared.physical
        key = self.key_of(prepared)
        self._types.compare(
            prepared.catalog or self.snapshot.catalog,
            self.engines[physical.engine],
            physical.relations,
            key.data_version,
        )
        self._views.check(self.snapshot, self.engines[physical.engine], key.data_version)
        return key

    def _run(
        self, prepared: Prepared, key: CacheKey, asker: Asker, until_s: float
    ) -> tuple[ResultStream, Found]:
        physical = prepared.physical
        engine, timeout_s = self.engines[physical.engine], until_s - time.monotonic()
        return self.execution.run(engine, physical, key, timeout_s=timeout_s, asker=asker)

    def _start_again(
        self, prepared: Prepared, warned: Warned, asker: Asker, until_s: float
    ) -> Started:
        """Run a question once more, over the data as it is now and until the same deadline."""
        key = self._checked_key(prepared, warned)
        stream, _ = self._run(prepared, key, asker, until_s)
        return Started(stream, lambda: self.key_of(prepared) == key)

    def _told(self, prepared: Prepared) -> str:
        """The id of a new answer, under which its proof is told; it tells nothing of others."""
        query_id = f"{self._started_as}-{os.urandom(8).hex()}"
        own_max = prepared.limits.handles if prepared.limits else None
        with self._lock:
            self._proofs.put(query_id, prepared, prepared.principal.name, own_max)
        return query_id

    def _minute(self) -> int:
        """The clock in minutes since the epoch."""
        return int(self._now()) // 60


def _instant(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
