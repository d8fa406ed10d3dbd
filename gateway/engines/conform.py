"""What an engine gives, made into what was promised, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import pyarrow as pa
from pyarrow import types

from gateway.engines.bounds import Bounds, bounds_of
from gateway.errors import EngineFailed

Array: TypeAlias = "pa.Array[Any]"
Field: TypeAlias = "pa.Field[Any]"
Conversion = Callable[[pa.RecordBatch], pa.RecordBatch]
Bounded = Sequence[tuple[int, Bounds]]
"""Columns by their place, with what may stand in them."""

BATCH_BYTES = 8 * 2**20
"""What a batch should weigh: enough to stream fast, little enough to hold a few of."""
BATCH_BYTES_MAX = 12 * 2**20
"""What a batch may weigh before it is cut, without a copy."""
BATCH_ROWS_MAX = 122_880
BATCH_ROWS_MIN = 2_048

_WIDTH_OF_TEXT = 40
"""Bytes a value of unknown length is taken to have, its offset included."""


def rows_a_batch(schema: pa.Schema) -> int:
    """How many rows of a schema weigh about ``BATCH_BYTES``."""
    width = sum(_width(each.type) for each in schema)
    rows = int(BATCH_BYTES / max(width, 1))
    return max(BATCH_ROWS_MIN, min(BATCH_ROWS_MAX, rows))


def cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch itself, or slices of it where it is too heavy to be sent in one piece."""
    if batch.nbytes <= BATCH_BYTES_MAX:
        yield batch
        return
    pieces = min(batch.num_rows, -(-batch.nbytes // BATCH_BYTES))
    rows = -(-batch.num_rows // pieces)
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def conversion(given: pa.Schema, promised: pa.Schema, engine: str) -> Conversion | None:
    """How to make batches of one schema into batches of the other; None where nothing is to do.

    Columns meet by position. Only conversions that keep every value are made; whether a value
    fits is checked value by value, and the batch is refused where one does not. Bounds
    are looked at even where nothing is to convert.

    Raises:
        EngineFailed: a column is missing, or has a type from which there is no such conversion.
    """
    if len(given) != len(promised):
        raise EngineFailed(
            f'engine "{engine}" gave {len(given)} columns where {len(promised)} were promised',
            hint="Restart the server, so that its models are compared with the data again.",
        )
    for had, wanted in zip(given, promised, strict=True):
        if not _keeps_values(had.type, wanted.type):
            raise EngineFailed(
                f'engine "{engine}" gave column "{wanted.name}" another type than promised',
                detail=f"It is {had.type} where {wanted.type} was promised.",
                hint="Restart the server, so that its models are compared with the data again.",
            )
    bounded = [(at, bounds) for at, each in enumerate(given) if (bounds := bounds_of(each.type))]
    if given.equals(promised, check_metadata=True):
        return (lambda batch: _within(batch, bounded, engine)) if bounded else None
    return lambda batch: _convert(_within(batch, bounded, engine), promised, engine)


def _within(batch: pa.RecordBatch, bounded: Bounded, engine: str) -> pa.RecordBatch:
    """The batch itself, unless a value in it is one that no answer can carry."""
    for at, bounds in bounded:
        if kind := bounds.beyond(batch.column(at)):
            raise EngineFailed(
                f'engine "{engine}" gave {kind} in column "{batch.schema.names[at]}"',
                detail=bounds.told,
                hint=bounds.advice,
            )
    return batch


def _convert(batch: pa.RecordBatch, promised: pa.Schema, engine: str) -> pa.RecordBatch:
    arrays = [
        array if array.type == wanted.type else _cast(array, wanted, engine)
        for array, wanted in zip(batch.columns, promised, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=promised)


def _cast(array: Array, wanted: Field, engine: str) -> Array:
    try:
        return array.cast(wanted.type, safe=True)
    except pa.ArrowException as error:
        raise EngineFailed(
            f'engine "{engine}" gave a value that does not fit the type of column "{wanted.name}"',
            detail=f"{wanted.type} was promised.",
            hint="Cast the expression in the model to a wider type.",
        ) from error


def _keeps_values(had: pa.DataType, wanted: pa.DataType) -> bool:
    if had == wanted or types.is_null(had):
        return True
    if isinstance(had, pa.DictionaryType):
        return _keeps_values(had.value_type, wanted)
    if isinstance(had, pa.TimestampType) and isinstance(wanted, pa.TimestampType):
        return (had.tz is None) == (wanted.tz is None)
    return any(is_from(had) and is_to(wanted) for is_from, is_to in _KEEPING)


def _is_exact(arrow: pa.DataType) -> bool:
    return types.is_integer(arrow) or types.is_decimal(arrow)


def _is_text(arrow: pa.DataType) -> bool:
    return types.is_string(arrow) or types.is_large_string(arrow) or types.is_string_view(arrow)


def _is_bytes(arrow: pa.DataType) -> bool:
    return types.is_binary(arrow) or types.is_large_binary(arrow) or types.is_binary_view(arrow)


_KEEPING: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.DataType], bool]], ...] = (
    (_is_exact, _is_exact),
    (types.is_integer, types.is_floating),
    (types.is_float32, types.is_float64),
    (_is_text, _is_text),
    (_is_bytes, _is_bytes),
    (types.is_date, types.is_date),
    (types.is_time, types.is_time),
)
"""Kinds of type between which Arrow's checked cast loses nothing without saying so."""


def _width(arrow: pa.DataType) -> float:
    try:
        return arrow.bit_width / 8
    except ValueError:
        return _WIDTH_OF_TEXT
