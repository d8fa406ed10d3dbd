"""A gateway as one front end meets it, each of whose decisions is written down."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa

from auth.audit import Record, Verdict
from auth.policy import RoleLimits
from auth.principal import Principal
from cache.fingerprint import CacheKey
from gateway.admission import PATIENT, Caller
from gateway.audit_log import AuditLog
from gateway.engines.base import Engine, ResultStream
from gateway.errors import AuditFailed, Cancelled, InternalError
from gateway.pipeline import Answer, Gateway, Prepared
from gateway.settings import Settings
from gateway.snapshot import Snapshot
from gateway.streams import KeptStream
from semantic_models.errors import ForebayError

_NAME = re.compile(r"[\w.$-]+")
Ended = Callable[[int, int, str], None]
"""Told of an answer's end: its rows, its bytes, and the code of what cut it short."""


class Audited:
    """A gateway behind one door. An answer is written down before the first of its rows is given.

    An answer from memory has one record; one that an engine makes has another at its end, which
    tells how much of it was given.
    """

    def __init__(self, gateway: Gateway, audit: AuditLog, door: str) -> None:
        self._gateway = gateway
        self._audit = audit
        self._door = door

    @property
    def snapshot(self) -> Snapshot:
        """What is served now."""
        return self._gateway.snapshot

    @property
    def outdated(self) -> ForebayError | None:
        """Why the project's files, as they are now, are not what is served."""
        return self._gateway.outdated

    @property
    def engines(self) -> Mapping[str, Engine]:
        """The engines by name."""
        return self._gateway.engines

    @property
    def settings(self) -> Settings:
        """How it serves."""
        return self._gateway.settings

    def prepare(self, text: str | bytes, principal: Principal) -> Prepared:
        """Settle a question; a refusal is written down."""
        with self._refusals_told(principal):
            return self._gateway.prepare(text, principal)

    def prepared_kept(self, text: str | bytes, principal: Principal) -> Prepared | None:
        """A question as it was settled before; nothing is decided by that."""
        return self._gateway.prepared_kept(text, principal)

    def key_of(self, prepared: Prepared) -> CacheKey:
        """The name of the answer over the data as it is now."""
        return self._gateway.key_of(prepared)

    def proof_of(self, query_id: str, principal: Principal) -> Mapping[str, object] | None:
        """The proof of one of the last answers, to whom it was given."""
        return self._gateway.proof_of(query_id, principal)

    def limits_of(self, principal: Principal) -> RoleLimits | None:
        """How much a principal may take."""
        return self._gateway.limits_of(principal)

    def count_request(self, principal: Principal) -> None:
        """Take a request from what a principal may ask; a refusal is written down."""
        with self._refusals_told(principal):
            self._gateway.count_request(principal)

    def fetch(self, prepared: Prepared, caller: Caller = PATIENT) -> Answer:
        """Answer, once it is written down that it is answered."""
        try:
            answer = self._gateway.fetch(prepared, caller)
        except Exception as error:
            self._audit.write(self._record(prepared, "refused", code=_code(error)))
            raise
        return self._answered(answer)

    def kept(self, prepared: Prepared, key: CacheKey | None = None) -> Answer | None:
        """The answer from memory, once it is written down that it is given."""
        answer = self._gateway.kept(prepared, key)
        return None if answer is None else self._answered(answer)

    @contextlib.contextmanager
    def _refusals_told(self, principal: Principal) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._audit.write(
                Record(
                    at=_now(),
                    door=self._door,
                    principal=principal.name,
                    known_by=principal.known_by.kind,
                    token=principal.known_by.id,
                    verdict="refused",
                    code=_code(error),
                    version=self.snapshot.version,
                )
            )
            raise

    def _answered(self, answer: Answer) -> Answer:
        record = replace(
            self._record(answer.prepared, "allowed"),
            query=answer.query_id,
            answer=self._audit.digest("\n".join(answer.key)),
        )
        stream = answer.stream
        if isinstance(stream, KeptStream):
            rows, size_bytes = _size(stream)
            self._audit.write(replace(record, rows=rows, size_bytes=size_bytes))
            return answer
        try:
            self._audit.write(record)
        except AuditFailed:
            stream.close()
            raise
        return replace(answer, stream=_Told(stream, partial(self._ended, answer)))

    def _ended(self, answer: Answer, rows: int, size_bytes: int, code: str) -> None:
        record = self._record(answer.prepared, "ended", code=code)
        told = replace(record, query=answer.query_id, rows=rows, size_bytes=size_bytes)
        self._audit.write(told)

    def _record(self, prepared: Prepared, verdict: Verdict, *, code: str = "") -> Record:
        is_whole = verdict != "ended"
        physical = prepared.physical
        return Record(
            at=_now(),
            door=self._door,
            principal=prepared.principal.name,
            known_by=prepared.principal.known_by.kind,
            token=prepared.principal.known_by.id,
            verdict=verdict,
            code=code,
            version=prepared.version if is_whole else "",
            policies=prepared.policies if is_whole else (),
            relations=tuple(map(self._named, physical.relations)) if is_whole else (),
            sql=self._audit.digest(physical.text) if is_whole else "",
        )

    def _named(self, relation: str) -> str:
        """A table by its name; a SELECT, whose text has literals, by a digest."""
        is_name = _NAME.fullmatch(relation) is not None
        return relation if is_name else f"select {self._audit.digest(relation)}"


class _Told:
    """A stream whose end is told, once."""

    def __init__(self, stream: ResultStream, ended: Ended) -> None:
        self._stream = stream
        self._ended = ended
        self._rows = 0
        self._bytes = 0
        self._is_over = False
        self._lock = threading.Lock()

    @property
    def schema(self) -> pa.Schema:
        return self._stream.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._stream:
                self._rows += batch.num_rows
                self._bytes += batch.nbytes
                yield batch
        except Exception as error:
            self._end(_code(error))
            raise
        self._end("")

    def close(self) -> None:
        """Free what the stream holds; one that was not at its end is told as cancelled."""
        self._stream.close()
        with contextlib.suppress(AuditFailed):
            self._end(Cancelled.code)

    def _end(self, code: str) -> None:
        with self._lock:
            is_told, self._is_over = self._is_over, True
        if not is_told:
            self._ended(self._rows, self._bytes, code)


def _size(stream: KeptStream) -> tuple[int, int]:
    rows = sum(each.num_rows for each in stream.batches)
    return rows, sum(each.nbytes for each in stream.batches)


def _code(error: Exception) -> str:
    return error.code if isinstance(error, ForebayError) else InternalError.code


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Answering = Gateway | Audited
"""What front ends ask: a gateway, written down or not."""
