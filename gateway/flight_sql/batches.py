"""Batches cut to what Flight clients take: some refuse a message beyond 16 MiB."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from gateway.errors import ResultTooLarge

BATCH_BYTES_MAX = 12 * 1024 * 1024
ROW_BYTES_MAX = 15 * 1024 * 1024


def sliced(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in halves of halves until each fits; slices share its memory.

    Raises:
        ResultTooLarge: one row alone is more than a client takes.
    """
    if batch.nbytes <= BATCH_BYTES_MAX:
        yield batch
    elif batch.num_rows > 1:
        middle = batch.num_rows // 2
        yield from sliced(batch.slice(0, middle))
        yield from sliced(batch.slice(middle))
    elif batch.nbytes <= ROW_BYTES_MAX:
        yield batch
    else:
        raise ResultTooLarge(
            f"one row of the answer has {batch.nbytes:,} bytes",
            detail=f"Flight clients take messages of at most {ROW_BYTES_MAX:,} bytes.",
            hint="Select fewer or shorter columns, or ask over HTTP.",
        )
