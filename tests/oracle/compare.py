"""A question asked of both: the oracle and the compiler with its engine."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

from semantic_models.errors import ForebayError
from tests.oracle.evaluate import evaluate
from tests.oracle.language import Project, Question, Value
from tests.oracle.leaves import Group
from tests.oracle.paths import OPEN, Refused
from tests.oracle.spell import document_of, models_of, root_of, tables_of
from tests.oracle.told import Told
from tests.oracle.values import by_order
from tests.support.models import NOW, World, world

CLOCK = NOW.replace(second=0)


@dataclass(frozen=True)
class Outcome:
    """What became of a question: rows, or a code."""

    code: str = ""
    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    rows: tuple[Group, ...] = ()
    message: str = ""
    is_broken: bool = False
    """Whether it is no refusal: the compiler or the engine failed."""

    def __str__(self) -> str:
        if self.code:
            return f"{self.code}: {self.message}" if self.message else self.code
        head = ", ".join(f"{n} {t}" for n, t in zip(self.names, self.types, strict=True))
        return "\n".join([head, *(f"  {row}" for row in sorted(map(str, self.rows)))])


@dataclass(frozen=True)
class Difference:
    """A question that the two answer differently."""

    project: Project
    question: Question
    reason: str
    given: Outcome
    wanted: Outcome


@dataclass(frozen=True)
class Compared:
    """What became of a question that both were asked."""

    difference: Difference | None = None
    is_refused: bool = False
    """Whether it may not be answered."""
    is_open: bool = False
    """Whether no document says what its answer is; then anything but a breakdown will do."""


def world_of(project: Project) -> World:
    """The project as the compiler has it."""
    return world(models_of(project), tables_of(project), root=root_of(project))


def asked(made: World, question: Question) -> Outcome:
    """What the compiler and the engine make of a question."""
    try:
        query = made.compile(document_of(question))
    except ForebayError as error:
        return Outcome(error.code, message=error.message)
    except Exception as error:  # noqa: BLE001 - what is no refusal is told as a difference
        return Outcome(f"{type(error).__name__}: {error}", is_broken=True)
    try:
        rows = made.rows(query.text)
    except Exception as error:  # noqa: BLE001 - so is what the engine refuses
        return Outcome(f"{type(error).__name__}: {error}", is_broken=True)
    names = tuple(name for name, _ in query.columns)
    types = tuple(str(type_) for _, type_ in query.columns)
    return Outcome("", names, types, tuple(tuple(map(_plain, row)) for row in rows))


def _plain(value: Value) -> Value:
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value


def compare(made: World, project: Project, question: Question) -> Compared:
    """Ask both a question."""
    given = asked(made, question)
    try:
        told = evaluate(project, question, CLOCK)
    except Refused as refused:
        wanted = Outcome(" or ".join(sorted(refused.codes)))
        is_open = OPEN in refused.codes
        if given.code in refused.codes or (is_open and not given.is_broken):
            return Compared(is_refused=not is_open, is_open=is_open)
        return Compared(Difference(project, question, "refusal", given, wanted))
    shown = _shown(told, question)
    wanted = Outcome("", told.names, told.types, tuple(shown))
    reason = "refusal" if given.code else _reason(given, told, question)
    return Compared(Difference(project, question, reason, given, wanted) if reason else None)


def _shown(told: Told, question: Question) -> list[Group]:
    start = question.offset or 0
    end = None if question.limit is None else start + question.limit
    return told.rows[start:end]


def _reason(given: Outcome, told: Told, question: Question) -> str:
    if given.names != told.names:
        return "names"
    for got, want in zip(given.types, told.types, strict=True):
        if not _is_type(got, want):
            return "types"
    wanted = _shown(told, question)
    if not same_rows(given.rows, wanted):
        return "rows"
    if any(not _is_kind(v, t) for row in given.rows for v, t in zip(row, given.types, strict=True)):
        return "kinds of values"
    return "" if _in_order(given, told, question) else "order"


_PROMISED = {
    "smallint": "int16",
    "integer": "int32",
    "bigint": "int64",
    "double": "float64",
    "varchar": "string",
    "decimal(10,2)": "decimal(10, 2)",
}


def _is_type(got: str, want: str) -> bool:
    match want:
        case "whole":
            return got.startswith("int")
        case "decimal":
            return got.startswith("decimal")
        case "decimal or double":
            return got == "float64" or got.startswith("decimal")
        case "timestamptz":
            return got.startswith("timestamp_tz(")
        case _:
            return got == _PROMISED.get(want, want)


def _is_kind(value: Value, type_: str) -> bool:
    """Whether a value is of its column's type; literals of formulas may be decimals yet."""
    if value is None:
        return True
    kinds: dict[str, tuple[type, ...]] = {
        "boolean": (bool,),
        "string": (str,),
        "float64": (float, Decimal),
        "date": (date,),
        "timestamp": (datetime,),
    }
    if type_.startswith("int"):
        return type(value) is int
    if type_.startswith("decimal"):
        return isinstance(value, Decimal | int)
    return isinstance(value, kinds.get(type_, (datetime,)))


def same_rows(given: tuple[Group, ...] | list[Group], wanted: list[Group]) -> bool:
    if len(given) != len(wanted):
        return False
    left, right = _by_exact(given), _by_exact(wanted)
    if {key: len(each) for key, each in left.items()} != {
        key: len(each) for key, each in right.items()
    }:
        return False
    return all(
        _near(one, other)
        for key in left
        for one, other in zip(sorted(left[key]), sorted(right[key]), strict=True)
    )


def _by_exact(rows: tuple[Group, ...] | list[Group]) -> dict[Group, list[tuple[float, ...]]]:
    """The doubles of rows, by all their other values."""
    found: dict[Group, list[tuple[float, ...]]] = defaultdict(list)
    for row in rows:
        exact = tuple(each if not _is_double(each) else "~" for each in row)
        found[exact].append(tuple(float(each) for each in row if _is_double(each)))
    return found


def _is_double(value: Value) -> bool:
    return isinstance(value, float | Decimal) or (
        isinstance(value, int) and not isinstance(value, bool)
    )


def _near(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(
        math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in zip(one, other, strict=True)
    )


def _in_order(given: Outcome, told: Told, question: Question) -> bool:
    """Whether rows that differ in what they are sorted by come in that order."""
    if not question.order_by or not told.rows:
        return True
    wanted = [_keys(told, key) for key in told.sorted_by]
    places: dict[str, set[int]] = defaultdict(set)
    ranks = [0]
    for before, after in pairwise(wanted):
        ranks.append(ranks[-1] + (before != after))
    for rank, row in zip(ranks, told.rows, strict=True):
        places[_spelled(row)].add(rank)
    least = 0
    for row in given.rows:
        found = [rank for rank in places.get(_spelled(row), set()) if rank >= least]
        if not found and _spelled(row) in places:
            return False
        least = min(found, default=least)
    return True


def _keys(told: Told, key: Group) -> list[object]:
    return [
        by_order(order.desc, order.nulls)(value)
        for value, order in zip(key, told.orders, strict=True)
    ]


def _spelled(row: Group) -> str:
    return str([f"{float(each):.6g}" if _is_double(each) else each for each in row])
