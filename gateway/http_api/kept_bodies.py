"""Bodies of small answers kept in memory, encoded once and sent many times."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import NamedTuple

import orjson
import pyarrow as pa

from cache.fingerprint import CacheKey
from cache.memo import Memo
from gateway.http_api.encode import PIECES
from gateway.http_api.negotiate import Format
from gateway.pipeline import Answer, Prepared
from gateway.streams import KeptStream

ANSWER_BYTES_MAX = 64 * 1024
"""Answers up to this size are encoded and sent without leaving the event loop."""

Key = tuple[Format, CacheKey, int, int]
Batches = tuple[pa.RecordBatch, ...]


class Body(NamedTuple):
    """An encoded answer, cut where each request writes what is its own."""

    parts: tuple[tuple[bytes, ...], ...]
    """Between the outer parts stand the timings, between the inner ones the query id."""
    rows: int
    size_bytes: int
    prepared: Prepared
    """Held so that its identity stays its own while it is part of a key."""


class KeptBodies:
    """Encoded answers, in which each request finds its own query id and timings.

    An answer is encoded with marks in their places, and cut at them. The marks are random, so
    that no value of an answer is taken for one, and as long as a query id, because Arrow's
    metadata tells lengths. Used by the event loop alone, and so without a lock.
    """

    def __init__(self, size_bytes_max: int = 32 * 1024 * 1024) -> None:
        self._bodies: Memo[Key, Body] = Memo(size_bytes_max)
        self._stages_mark = {secrets.token_hex(16): 0.0}
        self._id_mark = secrets.token_hex(64)

    def body(self, answer: Answer, wanted: Format) -> tuple[bytes, int] | None:
        """The whole body of a small answer and its number of rows; None of any other.

        The prepared question is part of the key because labels and the proof are told with an
        answer, and are no part of what makes two answers equal.
        """
        key = (wanted, answer.key, id(answer.prepared), len(answer.query_id))
        found = self._bodies.get(key)
        if found is None:
            batches = small_batches(answer)
            if batches is None:
                return None
            found = self._encoded(answer, batches, wanted)
            self._bodies.put(key, found, found.size_bytes)
        query_id, stages = answer.query_id.encode(), orjson.dumps(answer.stages)
        return stages.join([query_id.join(part) for part in found.parts]), found.rows

    @property
    def size_bytes(self) -> int:
        """What is kept now."""
        return self._bodies.size_bytes

    def _encoded(self, answer: Answer, batches: Batches, wanted: Format) -> Body:
        id_mark = self._id_mark[: len(answer.query_id)]
        marked = replace(answer, query_id=id_mark, stages=self._stages_mark)
        whole = b"".join(PIECES[wanted](marked, batches))
        parts = tuple(
            tuple(part.split(id_mark.encode()))
            for part in whole.split(orjson.dumps(self._stages_mark))
        )
        rows = sum(batch.num_rows for batch in batches)
        return Body(parts, rows, len(whole), answer.prepared)


def small_batches(answer: Answer) -> Batches | None:
    """The batches of an answer that is in memory and small; None of any other.

    Encoding a small one holds the event loop for no longer than a hop to a thread does.
    """
    if not isinstance(answer.stream, KeptStream):
        return None
    batches = answer.stream.batches
    is_small = sum(batch.nbytes for batch in batches) <= ANSWER_BYTES_MAX
    return batches if is_small else None
