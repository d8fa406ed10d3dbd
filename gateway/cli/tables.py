"""Answers as tables on a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from gateway.http_api.cells import text_of

ROWS_SHOWN = 40
WIDTH_MAX = 40
NULL = "∅"


def table_text(table: pa.Table, *, rows_max: int = ROWS_SHOWN) -> str:
    """A table with a header, numbers to the right, and how many rows there are."""
    shown = table.slice(0, rows_max)
    columns = [_cells(shown.column(number)) for number in range(shown.num_columns)]
    right = [_is_number(field.type) for field in table.schema]
    widths = [
        max([_width(name), *map(_width, cells)])
        for name, cells in zip(table.column_names, columns, strict=True)
    ]
    lines = [_line(table.column_names, widths, right), "  ".join("─" * width for width in widths)]
    lines += [_line(row, widths, right) for row in zip(*columns, strict=True)]
    more = f", {rows_max:,} shown" if table.num_rows > rows_max else ""
    lines.append(f"{table.num_rows:,} row{'' if table.num_rows == 1 else 's'}{more}")
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
