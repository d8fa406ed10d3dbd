"""Columns of an answer as text, a few Arrow kernels a column.

Every text format writes the same characters for a value; JSON and CSV only quote them differently.
Work goes by column because a Python object for each cell would hold the interpreter's lock for as
long as an answer is written, and every other request with it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, TypeAlias, cast

import pyarrow as pa
import pyarrow.compute as pc

SLICE_ROWS_MAX = 8_192
SLICE_BYTES_MAX = 4 * 1024 * 1024

EXACT_INTEGER_MAX = 2**53
"""The largest integer below which a JSON reader that knows only doubles loses nothing."""

Column: TypeAlias = "pa.Array[Any]"
Text: TypeAlias = "pa.Array[Any]"
"""A column of strings."""


def warm_up() -> None:
    """Pay at the start what the first answer would pay.

    Arrow imports pandas, where there is one, before it makes its first value.
    """
    concatenated(json_of(pa.array([""])))


def slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch into parts whose text stays small, whatever the engine's batches are."""
    share = batch.num_rows * SLICE_BYTES_MAX // max(1, batch.nbytes)
    rows = min(SLICE_ROWS_MAX, max(1, share))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def text_of(column: Column) -> Text:
    """The values of a column as text, NULL staying NULL."""
    for applies, write in _WRITERS:
        if applies(column.type):
            return write(column)
    return pc.cast(column, pa.string())


def json_of(column: Column) -> Text:
    """The values of a column as JSON, NULL staying NULL.

    Decimals and integers beyond 2^53 are strings, since readers that know only doubles would
    change them; NaN and the infinities are NULL, since JSON has no words for them.
    """
    kind, text = column.type, text_of(column)
    if pa.types.is_floating(kind):
        return _call("if_else", pc.is_finite(column), text, pa.scalar(None, pa.string()))
    if kind in (pa.int64(), pa.uint64()):
        return _quote_long_integers(column, text)
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return text
    return quoted(escaped(text) if kind == pa.string() else text)


def csv_of(column: Column) -> Text:
    """The values of a column as cells of RFC 4180; quotes alone tell what is empty from NULL.

    A text that a spreadsheet would take for a formula is not altered: what is read back must be
    what was stored.
    """
    text = text_of(column)
    if column.type not in (pa.string(), pa.binary()):
        return text
    needs_quotes = pc.match_substring_regex(text, '^$|[",\r\n]')
    if not _any(needs_quotes):
        return text
    return _call("if_else", needs_quotes, quoted(pc.replace_substring(text, '"', '""')), text)


def joined(parts: Sequence[Text | str], separator: str, null: str = "") -> Text:
    """The parts of each row as one text."""
    return cast(
        Text,
        pc.binary_join_element_wise(
            *cast(Any, parts), cast(Any, separator), null_handling="replace", null_replacement=null
        ),
    )


def quoted(text: Text) -> Text:
    """Each value between double quotes, NULL staying NULL."""
    return _call("binary_join_element_wise", '"', text, '"', "")


def escaped(text: Text) -> Text:
    """The values with what JSON forbids inside a string written as escapes."""
    if not _any(pc.match_substring_regex(text, r'[\x00-\x1f"\\]')):
        return text
    for character, escape in _ESCAPES:
        if _any(pc.match_substring(text, character)):
            text = pc.replace_substring(text, character, escape)
    return text


def concatenated(text: Text) -> bytes:
    """All values of a fresh column without NULLs, one after the other."""
    size_bytes = pc.sum(_call("binary_length", text)).as_py() or 0
    data = text.buffers()[2]
    return b"" if data is None else data.slice(0, size_bytes).to_pybytes()


# The backslash comes first: it would escape the other escapes otherwise.
_SHORT_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES = tuple(_SHORT_ESCAPES.items()) + tuple(
    (chr(code), f"\\u{code:04x}") for code in range(32) if chr(code) not in _SHORT_ESCAPES
)


def _call(kernel: str, *arguments: Column | pa.Scalar[Any] | str) -> Text:
    """A kernel by name, for those whose stubs do not take what the kernel takes."""
    return cast(Text, getattr(pc, kernel)(*arguments))


def _any(flags: Column) -> bool:
    return pc.any(flags).as_py() is True


def _quote_long_integers(column: Column, text: Text) -> Text:
    beyond = _call("greater", column, pa.scalar(EXACT_INTEGER_MAX, column.type))
    if pa.types.is_signed_integer(column.type):
        below = _call("less", column, pa.scalar(-EXACT_INTEGER_MAX, column.type))
        beyond = _call("or_", beyond, below)
    return _call("if_else", beyond, quoted(text), text) if _any(beyond) else text


def _timestamps(column: Column) -> Text:
    text = pc.replace_substring(pc.cast(column, pa.string()), " ", "T", max_replacements=1)
    return pc.replace_substring_regex(text, r"\.0+$", "")


def _instants(column: Column) -> Text:
    text = pc.strftime(column, format="%Y-%m-%dT%H:%M:%S%Ez")
    if _has_old_offsets(column):
        minutes = pc.utf8_slice_codeunits(text, start=-_OFFSET_LENGTH)
        return _call("binary_join_element_wise", _timestamps(_local(column)), minutes, "")
    return pc.replace_substring_regex(text, r"\.0+([+-]\d\d:\d\d)$", r"\1")


_OFFSET_LENGTH = len("+00:00")
_WHOLE_MINUTES_FROM_S = 63_593_070
"""1972-01-07 00:44:30 UTC: Liberia's clocks were the last to have seconds in their offset."""


def _has_old_offsets(column: Column) -> bool:
    earliest: int | None = pc.min(column.view(pa.int64())).as_py()
    return earliest is not None and earliest < _WHOLE_MINUTES_FROM_S * _a_second(column)


def _local(column: Column) -> Column:
    """Civil times at offsets of whole minutes, which are all that RFC 3339 and most readers know.

    Where a zone's offset had seconds, the time is moved by them and still means the same instant.
    """
    local = _call("local_timestamp", column)
    ticks = local.view(pa.int64())
    offset = _call("subtract", ticks, column.view(pa.int64()))
    minute = pa.scalar(60 * _a_second(column), pa.int64())
    whole = _call("multiply", _call("divide", offset, minute), minute)
    return _call("subtract", ticks, _call("subtract", offset, whole)).view(local.type)


def _a_second(column: Column) -> int:
    return {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[column.type.unit]


def _times(column: Column) -> Text:
    return pc.replace_substring_regex(pc.cast(column, pa.string()), r"\.0+$", "")


def _decimals(column: Column) -> Text:
    """Digits only: the kernel writes 0.0000001 as 1E-7, which not every reader takes."""
    text = pc.cast(column, pa.string())
    if not _any(pc.match_substring(text, "E")):
        return text
    return _one_by_one(column, lambda value: f"{value:f}")


def _binaries(column: Column) -> Text:
    return _one_by_one(column, lambda value: b64encode(value).decode())


def _intervals(column: Column) -> Text:
    """Durations of ISO 8601."""
    return _one_by_one(
        column, lambda each: f"P{each.months}M{each.days}DT{Decimal(each.nanoseconds) / 10**9:f}S"
    )


def _one_by_one(column: Column, write: Callable[[Any], str]) -> Text:
    """For the kinds that no kernel writes; columns come in slices, so the list stays small."""
    return pa.array(
        [None if value is None else write(value) for value in column.to_pylist()], pa.string()
    )


def _is_instant(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.TimestampType) and kind.tz is not None


_WRITERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Column], Text]], ...] = (
    (_is_instant, _instants),
    (pa.types.is_timestamp, _timestamps),
    (pa.types.is_time, _times),
    (pa.types.is_decimal, _decimals),
    (pa.types.is_binary, _binaries),
    (pa.types.is_interval, _intervals),
)
