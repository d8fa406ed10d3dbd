"""Bodies of small answers kept in memory, encoded once and sent many times."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import NamedTuple

import orjson
import pyarrow as pa
from cachetools import LRUCache

from gateway.http_api.encode import PIECES
from gateway.http_api.negotiate import Format
from gateway.pipeline import Answer, Prepared

ANSWER_BYTES_MAX = 64 * 1024
"""Answers up to this size are encoded and sent without leaving the event loop."""

Key = tuple[Format, str, int, int]


class Body(NamedTuple):
    """An encoded answer with marks in place of what differs between requests."""

    marked: bytes
    rows: int
    prepared: Prepared
    """Held so that its identity stays its own while it is part of a key."""


class KeptBodies:
    """Encoded answers, in which each request finds its own query id and timings.

    A body is encoded with marks in their places. The marks are random, so that no value of an
    answer is taken for one, and as long as a query id, because Arrow's metadata tells lengths.
    Used by the event loop alone, and so without a lock.
    """

    def __init__(self, size_bytes_max: int = 32 * 1024 * 1024) -> None:
        self._bodies: LRUCache[Key, Body] = LRUCache(
            size_bytes_max, getsizeof=lambda body: len(body.marked)
        )
        self._stages_mark = secrets.token_hex(16)
        self._stages = orjson.dumps({self._stages_mark: 0.0})
        self._id_mark = secrets.token_hex(64)

    def body(self, answer: Answer, wanted: Format) -> tuple[bytes, int] | None:
        """The whole body of a small answer and its number of rows; None of a large one.

        The prepared question is part of the key because labels and the proof are told with an
        answer, and are no part of what makes two answers equal.
        """
        key = (wanted, answer.key, id(answer.prepared), len(answer.query_id))
        found = self._bodies.get(key)
        if found is None:
            found = self._encoded(answer, wanted)
            if found is None:
                return None
            if len(found.marked) <= self._bodies.maxsize:
                self._bodies[key] = found
        return self._filled(found.marked, answer), found.rows

    def _filled(self, marked: bytes, answer: Answer) -> bytes:
        id_mark = self._id_mark[: len(answer.query_id)].encode()
        stages = orjson.dumps(answer.stages)
        return marked.replace(self._stages, stages).replace(id_mark, answer.query_id.encode())

    def _encoded(self, answer: Answer, wanted: Format) -> Body | None:
        batches: tuple[pa.RecordBatch, ...] | None = getattr(answer.stream, "batches", None)
        if batches is None or sum(batch.nbytes for batch in batches) > ANSWER_BYTES_MAX:
            return None
        marks = replace(
            answer,
            query_id=self._id_mark[: len(answer.query_id)],
            stages={self._stages_mark: 0.0},
        )
        rows = sum(batch.num_rows for batch in batches)
        return Body(b"".join(PIECES[wanted](marks, batches)), rows, answer.prepared)
