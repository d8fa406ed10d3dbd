"""Bodies of small answers kept in memory, encoded once and sent many times."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace

import orjson
import pyarrow as pa
from cachetools import LRUCache

from gateway.http_api.encode import PIECES
from gateway.http_api.negotiate import Format
from gateway.pipeline import Answer, Prepared

ANSWER_BYTES_MAX = 64 * 1024
"""Answers up to this size are encoded and sent without leaving the event loop."""

Key = tuple[Format, str, int, int]


class KeptBodies:
    """Encoded answers, in which each request finds its own query id and timings.

    A body is encoded with marks in their places. The marks are random, so that no value of an
    answer is taken for one, and as long as a query id, because Arrow's metadata tells lengths.
    Used by the event loop alone, and so without a lock.
    """

    def __init__(self, size_bytes_max: int = 32 * 1024 * 1024) -> None:
        self._bodies: LRUCache[Key, tuple[Prepared, bytes]] = LRUCache(
            size_bytes_max, getsizeof=lambda entry: len(entry[1])
        )
        self._stages_mark = secrets.token_hex(16)
        self._stages = orjson.dumps({self._stages_mark: 0.0})
        self._id_mark = secrets.token_hex(64)

    def body(self, answer: Answer, batches: Iterable[pa.RecordBatch], wanted: Format) -> bytes:
        """The whole body of a small answer.

        The prepared question is part of the key because labels and the proof are told with an
        answer, and are no part of what makes two answers equal.
        """
        key = (wanted, answer.key, id(answer.prepared), len(answer.query_id))
        found = self._bodies.get(key)
        if found is None:
            marked = self._marked(answer, batches, wanted)
            if len(marked) <= self._bodies.maxsize:
                self._bodies[key] = (answer.prepared, marked)
        else:
            marked = found[1]
        stages = {name: round(ms, 3) for name, ms in answer.stages.items()}
        id_mark = self._id_mark[: len(answer.query_id)].encode()
        return marked.replace(self._stages, orjson.dumps(stages)).replace(
            id_mark, answer.query_id.encode()
        )

    def _marked(self, answer: Answer, batches: Iterable[pa.RecordBatch], wanted: Format) -> bytes:
        marks = replace(
            answer,
            query_id=self._id_mark[: len(answer.query_id)],
            stages={self._stages_mark: 0.0},
        )
        return b"".join(PIECES[wanted](marks, batches))
