"""Answers as tables on a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from gateway.http_api.cells import text_of

ROWS_SHOWN = 40
WIDTH_MAX = 40
NULL = "∅"


def first_rows(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> tuple[pa.Table, int]:
    """The rows that are shown, and how many there are in all; no more are held."""
    shown: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        if rows < ROWS_SHOWN:
            shown.append(batch.slice(0, ROWS_SHOWN - rows))
        rows += batch.num_rows
    return pa.Table.from_batches(shown, schema), rows


def table_text(shown: pa.Table, rows: int) -> str:
    """Rows below a header, numbers to the right, and of how many they are the first."""
    columns = [_cells(shown.column(number)) for number in range(shown.num_columns)]
    right = [_is_number(field.type) for field in shown.schema]
    widths = [
        max([_width(name), *map(_width, cells)])
        for name, cells in zip(shown.column_names, columns, strict=True)
    ]
    lines = [_line(shown.column_names, widths, right), "  ".join("─" * width for width in widths)]
    lines += [_line(row, widths, right) for row in zip(*columns, strict=True)]
    more = f", {shown.num_rows:,} shown" if rows > shown.num_rows else ""
    lines.append(f"{rows:,} row{'' if rows == 1 else 's'}{more}")
    return "\n".join(lines)


def _cells(column: pa.ChunkedArray[Any]) -> list[str]:
    values: list[str] = []
    for chunk in column.chunks:
        if pa.types.is_floating(chunk.type):
            cells = [_decimal(each) for each in chunk.to_pylist()]
        else:
            cells = [NULL if each is None else str(each) for each in text_of(chunk).to_pylist()]
        values += [_short(each) for each in cells]
    return values


def _decimal(value: float | None) -> str:
    if value is None:
        return NULL
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"


def _short(text: str) -> str:
    plain = "".join(each if each.isprintable() else "�" for each in text)
    return plain if len(plain) <= WIDTH_MAX else plain[: WIDTH_MAX - 1] + "…"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def _is_number(type_: pa.DataType) -> bool:
    return pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        " " * (width - _width(cell)) + cell if to_right else cell + " " * (width - _width(cell))
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()
