"""Two sets of rows compared: as multisets or in order, floats by their relative difference."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

Row = tuple[object, ...]
TOLERANCE = 1e-6


def difference(given: Sequence[Row], wanted: Sequence[Row], *, is_ordered: bool) -> str | None:
    """Say where rows differ first, or nothing where they are the same."""
    if is_ordered:
        return _first_out_of_place(given, wanted)
    missing, further = _unmatched(given, wanted)
    told = [f"missing {row}" for row in missing[:1]] + [f"further {row}" for row in further[:1]]
    if not told:
        return None
    return f"{', '.join(told)} ({len(given)} rows given, {len(wanted)} wanted)"


def _first_out_of_place(given: Sequence[Row], wanted: Sequence[Row]) -> str | None:
    for number, (ours, theirs) in enumerate(zip(given, wanted, strict=False), 1):
        if not _are_same_rows(ours, theirs):
            return f"row {number} is {ours}, wanted {theirs}"
    if len(given) != len(wanted):
        return f"{len(given)} rows given, {len(wanted)} wanted"
    return None


def _unmatched(given: Sequence[Row], wanted: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Rows that were wanted only, and rows that were given only."""
    left = defaultdict(list)
    for row in sorted(given, key=_numbers_of):
        left[_without_numbers(row)].append(row)
    missing = []
    for row in sorted(wanted, key=_numbers_of):
        alike = left[_without_numbers(row)]
        place = next((n for n, each in enumerate(alike) if _are_same_rows(each, row)), None)
        if place is None:
            missing.append(row)
        else:
            del alike[place]
    return missing, [row for rows in left.values() for row in rows]


def _are_same_rows(given: Row, wanted: Row) -> bool:
    return len(given) == len(wanted) and all(map(_are_same, given, wanted))


def _are_same(given: object, wanted: object) -> bool:
    if not (_is_number(given) and _is_number(wanted)):
        return type(given) is type(wanted) and given == wanted
    if not (isinstance(given, float) or isinstance(wanted, float)):
        return given == wanted
    ours, theirs = _as_float(given), _as_float(wanted)
    if math.isnan(ours) or math.isnan(theirs):
        return math.isnan(ours) and math.isnan(theirs)
    return math.isclose(ours, theirs, rel_tol=TOLERANCE)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _as_float(value: object) -> float:
    assert isinstance(value, int | float | Decimal)
    return float(value)


def _numbers_of(row: Row) -> list[float]:
    return [_as_float(value) for value in row if _is_number(value)]


def _without_numbers(row: Row) -> tuple[str, ...]:
    return tuple("number" if _is_number(value) else repr(value) for value in row)
