"""An answer that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

PACK_BYTES_MAX = 2**20
"""Answers below this are packed: an engine's buffers may be a thousand times their content."""

ENTRY_BYTES = 4_096
"""What an entry costs beside its values, so that a million empty answers are bounded too."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The whole answer to one question, in batches that nobody changes."""

    schema: pa.Schema
    batches: tuple[pa.RecordBatch, ...]
    size_bytes: int
    made_at: float
    """Seconds since the epoch when its last batch arrived."""


def make_entry(schema: pa.Schema, batches: Sequence[pa.RecordBatch], *, made_at: float) -> Entry:
    """Keep batches as one answer, weighed by their own values.

    Slices of one batch share its buffers; each is weighed by its own part, so that together they
    weigh what is held once.
    """
    values = sum(batch.nbytes for batch in batches)
    kept = tuple(batches) if values > PACK_BYTES_MAX else tuple(map(_pack, batches))
    return Entry(schema, kept, values + ENTRY_BYTES, made_at)


def _pack(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.ipc.read_record_batch(batch.serialize(), batch.schema)
