"""The tests that a project declares: its questions asked, and their answers compared."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any

import orjson
import pyarrow as pa

from gateway.http_api.cells import text_of
from gateway.pipeline import Gateway
from semantic_models.errors import ForebayError
from semantic_models.importers.write_yaml import scalar
from semantic_models.parse_document import parse_object
from semantic_models.saved_queries import added_to
from semantic_models.spec import ProjectTestSpec, Scalar

ROWS_MAX = 100_000
"""Rows of an answer that are compared; a test that finds more of them fails."""
TOLERANCE = 1e-9
"""How far doubles may differ, of the greater one."""

Cell = bool | int | float | Decimal | str | None
Cells = tuple[Cell, ...]
Expected = tuple[Scalar, ...]

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) (?=\d\d:)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one test."""

    name: str
    failure: str = ""
    """What was expected and what was found; empty where the test passed."""


def run_test(test: ProjectTestSpec, gateway: Gateway) -> Outcome:
    """Ask the question of one test, and compare its answer or its refusal."""
    try:
        rows = _answer(test, gateway)
    except ForebayError as error:
        return Outcome(test.name.text, _of_refusal(test, error))
    if len(rows) > ROWS_MAX:
        failure = f"found more than {ROWS_MAX:,} rows"
    elif test.rows is None:
        assert test.error is not None, "a test expects one of the two"
        failure = f"expected {test.error.text}, found an answer"
    else:
        failure = difference(test.rows, rows, is_ordered=_is_ordered(test, gateway))
    return Outcome(test.name.text, failure)


def _answer(test: ProjectTestSpec, gateway: Gateway) -> list[Cells]:
    """The rows of an answer, one more than may be compared at most."""
    prepared = gateway.prepare(orjson.dumps(test.question.document))
    stream = gateway.fetch(prepared).stream
    rows: list[Cells] = []
    try:
        for batch in stream:
            rows += cells_of(batch.slice(0, ROWS_MAX + 1 - len(rows)))
            if len(rows) > ROWS_MAX:
                break
    finally:
        stream.close()
    return rows


def _of_refusal(test: ProjectTestSpec, error: ForebayError) -> str:
    if test.error is not None and test.error.text in error.codes:
        return ""
    wanted = "an answer" if test.error is None else test.error.text
    return f"expected {wanted}, found {error.code}: {error.message}"


def _is_ordered(test: ProjectTestSpec, gateway: Gateway) -> bool:
    query = parse_object(test.question.document)
    if query.saved_query:
        query = added_to(gateway.snapshot.catalog.saved_queries[query.saved_query], query)
    return bool(query.order_by)


def cells_of(batch: pa.RecordBatch) -> Iterator[Cells]:
    """The rows of a batch: numbers and truth values as they are, all else as the text of JSON."""
    return zip(*map(_cells, batch.columns), strict=True)


def _cells(column: pa.Array[Any]) -> Sequence[Cell]:
    kind = column.type
    if pa.types.is_floating(kind):
        return [None if each is None else float(each) for each in text_of(column).to_pylist()]
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return column.to_pylist()
    return text_of(column).to_pylist()


def difference(expected: Sequence[Expected], found: Sequence[Cells], *, is_ordered: bool) -> str:
    """The first row that is not as expected, in words; nothing where all are.

    Without an order, rows may come in any.
    """
    pairs: Iterable[tuple[Expected | None, Cells | None]] = (
        zip_longest(expected, found) if is_ordered else _unmatched(expected, found)
    )
    for wanted, given in pairs:
        if wanted is None or given is None or not _are_equal(wanted, given):
            return f"expected {_told_expected(wanted)}, found {_told(given)}"
    return ""


def _unmatched(
    expected: Sequence[Expected], found: Sequence[Cells]
) -> Iterable[tuple[Expected | None, Cells | None]]:
    """The rows that only one side has, side by side."""
    left, missing = list(found), []
    for row in expected:
        at = next((at for at, each in enumerate(left) if _are_equal(row, each)), None)
        if at is None:
            missing.append(row)
        else:
            del left[at]
    return zip_longest(missing, left)


def _are_equal(expected: Expected, found: Cells) -> bool:
    return len(expected) == len(found) and all(map(_is_equal, expected, found))


def _is_equal(expected: Scalar, found: Cell) -> bool:
    if found is None or expected.value is None:
        return found is None and expected.value is None
    match found:
        case bool():
            return expected.value is found
        case float():
            number = float(_number(expected))
            are_nan = math.isnan(number) and math.isnan(found)
            return are_nan or math.isclose(number, found, rel_tol=TOLERANCE)
        case int() | Decimal():
            return _number(expected) == found
        case str():
            return found in (expected.text, _MOMENT.sub(r"\1T", expected.text))


def _number(expected: Scalar) -> Decimal:
    """The number that is written, with all its digits; what is none equals none."""
    if isinstance(expected.value, bool):
        return Decimal("nan")
    if isinstance(expected.value, int):
        return Decimal(expected.value)
    try:
        return Decimal(expected.text)
    except InvalidOperation:
        return Decimal(expected.value if isinstance(expected.value, float) else "nan")


def _told_expected(row: Expected | None) -> str:
    if row is None:
        return "no further row"
    cells = (scalar(each.text) if isinstance(each.value, str) else each.text for each in row)
    return f"[{', '.join(each or 'null' for each in cells)}]"


def _told(row: Cells | None) -> str:
    if row is None:
        return "no such row"
    cells = (str(each) if isinstance(each, Decimal) else scalar(each) for each in row)
    return f"[{', '.join(each or 'null' for each in cells)}]"
