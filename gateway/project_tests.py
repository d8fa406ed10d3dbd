"""The tests that a project declares: its questions asked, and their answers compared."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, zip_longest
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from auth.principal import ANONYMOUS
from gateway.ctrl_c import stopped_by_ctrl_c
from gateway.errors import EngineError
from gateway.http_api.cells import text_of
from gateway.pipeline import Gateway
from semantic_models.bind import column
from semantic_models.check_questions import SOME_TIME
from semantic_models.errors import ForebayError
from semantic_models.importers.write_yaml import scalar
from semantic_models.parse_document import parse_object
from semantic_models.resolve import resolve
from semantic_models.resolved import ResolvedQuery
from semantic_models.spec import ProjectTestSpec, Scalar

ROWS_MAX = 100_000
"""Rows of an answer that are compared; a test that finds more of them fails."""
TOLERANCE = 1e-9
"""How far doubles may differ, of the greater one."""


class Duration(NamedTuple):
    """An interval in the parts that do not make one another."""

    months: int
    days: int
    nanoseconds: int


Cell = bool | int | float | Decimal | str | Duration | None
Cells = tuple[Cell, ...]
Expected = tuple[Scalar, ...]

Order = Sequence[int] | None
"""The columns that rows come in the order of; None: of what the answer does not show."""

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) (?=\d\d:)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_DURATION = re.compile(
    r"(?=P.)P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)W)?(?:(-?\d+)D)?"
    r"(?:(?=T.)T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d{1,9})?)S)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one test."""

    name: str
    failure: str = ""
    """What was expected and what was found; empty where the test passed."""


def run_test(test: ProjectTestSpec, gateway: Gateway) -> Outcome:
    """Ask the question of one test, and compare its answer or its refusal."""
    try:
        with stopped_by_ctrl_c():
            rows = _answer(test, gateway)
    except ForebayError as error:
        return Outcome(test.name.text, _of_refusal(test, error))
    if len(rows) > ROWS_MAX:
        failure = f"found more than {ROWS_MAX:,} rows"
    elif test.rows is None:
        assert test.error is not None, "a test expects one of the two"
        failure = f"expected {test.error.text}, found an answer"
    else:
        failure = difference(test.rows, rows, _order_of(test, gateway))
    return Outcome(test.name.text, failure)


def _answer(test: ProjectTestSpec, gateway: Gateway) -> list[Cells]:
    """The rows of an answer, one more than may be compared at most."""
    prepared = gateway.prepare(orjson.dumps(test.question.document), ANONYMOUS)
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
    own = f" ({error.own_words})" if isinstance(error, EngineError) and error.own_words else ""
    return f"expected {wanted}, found {error.code}: {error.message}{own}"


def _order_of(test: ProjectTestSpec, gateway: Gateway) -> Order:
    query = parse_object(test.question.document)
    return sorted_by(resolve(query, gateway.snapshot.catalog, now=SOME_TIME))


def sorted_by(resolved: ResolvedQuery) -> Order:
    """The columns of an answer that its order goes by."""
    trees = [
        column(each.name) if resolved.shape == "values" else each.expr.tree
        for each in resolved.computed
    ]
    keys = [each.expr.tree for each in resolved.order]
    return [trees.index(each) for each in keys] if all(each in trees for each in keys) else None


def cells_of(batch: pa.RecordBatch) -> Iterator[Cells]:
    """The rows of a batch: numbers and truth values as they are, all else as the text of JSON."""
    return zip(*map(_cells, batch.columns), strict=True)


def _cells(values: pa.Array[Any]) -> Sequence[Cell]:
    kind = values.type
    if pa.types.is_floating(kind):
        return [None if each is None else float(each) for each in text_of(values).to_pylist()]
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return values.to_pylist()
    if pa.types.is_interval(kind):
        return [None if each is None else Duration(*each) for each in values.to_pylist()]
    return text_of(values).to_pylist()


def difference(expected: Sequence[Expected], found: Sequence[Cells], order: Order) -> str:
    """The first row that is not as expected, in words; nothing where all are.

    Rows that the order does not tell apart may come in any: an engine gives them in one today and
    in another one tomorrow.
    """
    for wanted, given in _pairs(expected, found, order):
        if wanted is None or given is None or not _are_equal(wanted, given):
            return f"expected {_told_expected(wanted)}, found {_told(given)}"
    return ""


def _pairs(
    expected: Sequence[Expected], found: Sequence[Cells], order: Order
) -> Iterator[tuple[Expected | None, Cells | None]]:
    """Rows that should be equal, side by side; of those in any order only the others."""
    if order is None:
        yield from zip_longest(expected, found)
        return
    start = 0
    for _, tied in groupby(found, lambda row: [_sorted_as(row[each]) for each in order]):
        rows = list(tied)
        yield from _unmatched(expected[start : start + len(rows)], rows)
        start += len(rows)
    yield from zip_longest(expected[start:], ())


def _sorted_as(cell: Cell) -> Cell:
    """What is equal where an order does not tell cells apart; NaN equals no NaN."""
    return "NaN" if isinstance(cell, float) and math.isnan(cell) else cell


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
            return _is_close(_number(expected), found)
        case int() | Decimal():
            return _number(expected) == found
        case Duration():
            return _duration(expected.text) == found
        case str():
            return found in (expected.text, _MOMENT.sub(r"\1T", expected.text))


def _is_close(number: Decimal | None, found: float) -> bool:
    if number is None or number.is_nan():
        return number is not None and math.isnan(found)
    return math.isclose(float(number), found, rel_tol=TOLERANCE)


def _number(expected: Scalar) -> Decimal | None:
    """The number that is written, with all its digits; None where none is."""
    if isinstance(expected.value, bool):
        return None
    if isinstance(expected.value, int):
        return Decimal(expected.value)
    if _NUMBER.fullmatch(expected.text):
        return Decimal(expected.text)
    return Decimal(expected.value) if isinstance(expected.value, float) else None


def _duration(text: str) -> Duration | None:
    """The duration that is written as in ISO 8601; None where none is."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    years, months, weeks, days, hours, minutes = (int(each or 0) for each in match.groups()[:6])
    nanoseconds = int(Decimal(match.group(7) or 0) * 10**9)
    nanoseconds += (hours * 60 + minutes) * 60 * 10**9
    return Duration(years * 12 + months, weeks * 7 + days, nanoseconds)


def _told_expected(row: Expected | None) -> str:
    if row is None:
        return "no further row"
    cells = (scalar(each.text) if isinstance(each.value, str) else each.text for each in row)
    return f"[{', '.join(each or 'null' for each in cells)}]"


def _told(row: Cells | None) -> str:
    if row is None:
        return "no such row"
    return f"[{', '.join(_told_cell(each) or 'null' for each in row)}]"


def _told_cell(cell: Cell) -> str:
    if isinstance(cell, Duration):
        return str(text_of(pa.array([cell], pa.month_day_nano_interval()))[0])
    return str(cell) if isinstance(cell, Decimal) else scalar(cell)
