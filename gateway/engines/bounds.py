"""Values that no answer can carry, although an engine gives them.

DuckDB stores an infinite time as the last number of its type. Arrow has no such value: it would
pass for a day of the year 5881580, and whatever reads or writes it would fail or invent another
one. HUGEINT, and a sum of decimals, may have a digit more than the decimal in which they travel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

Array: TypeAlias = "pa.Array[Any]"

DAY_FIRST: Final = -719_162
"""The first day of the year 1, counted from 1970: SQL and most readers begin there."""
DAY_LAST: Final = 2_932_896
"""The last day of the year 9999."""
DAY_S: Final = 86_400
DIGITS_MAX: Final = 38
_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an array of one type may hold."""

    beyond: Callable[[Array], str]
    """What kind of value an array holds beyond them; empty where there is none."""
    told: str
    """What may be held, in a sentence."""
    advice: str
    """What an author can do."""


_TIMES = (
    "Answers hold days of the years 1 to 9999 and times before 24:00:00.",
    "Leave such values out, or write NULL in their place in the model, as nullif does.",
)
_DIGITS = (
    f"Answers hold decimals of at most {DIGITS_MAX} digits.",
    "Cast the expression in the model to double, or to varchar.",
)


@lru_cache(maxsize=64)
def bounds_of(arrow: pa.DataType) -> Bounds | None:
    """The bounds of a type; None for one whose every value can be carried.

    An instant is bounded in UTC, so that in another zone it may lie hours before the year 1 or
    after the year 9999.
    """
    if isinstance(arrow, pa.Decimal128Type) and arrow.precision == DIGITS_MAX:
        return Bounds(_beyond_digits, *_DIGITS)
    if types.is_date32(arrow):
        return Bounds(_Numbers("date", pa.int32(), DAY_FIRST, DAY_LAST).beyond, *_TIMES)
    if isinstance(arrow, pa.TimestampType):
        day = DAY_S * _A_SECOND[arrow.unit]
        # Nanoseconds end in the year 2262, and infinity lies where they end.
        last = min((DAY_LAST + 1) * day - 1, 2**63 - 2)
        first = max(DAY_FIRST * day, -last)
        return Bounds(_Numbers("timestamp", pa.int64(), first, last).beyond, *_TIMES)
    if isinstance(arrow, pa.Time64Type):
        last = DAY_S * _A_SECOND[arrow.unit] - 1
        return Bounds(_Numbers("time", pa.int64(), 0, last).beyond, *_TIMES)
    return None


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers as which a type of times is stored, and the first and last that may be."""

    name: str
    stored: pa.DataType
    first: int
    last: int

    def beyond(self, array: Array) -> str:
        if array.null_count == len(array):
            return ""
        extremes = cast(dict[str, int], pc.min_max(array.view(self.stored)).as_py())
        first, last = extremes["min"], extremes["max"]
        if first >= self.first and last <= self.last:
            return ""
        if self.name == "time":
            return "the time 24:00:00"
        infinity = 2 ** (self.stored.bit_width - 1) - 1
        if infinity in (-first, last):
            return f"an infinite {self.name}"
        return f"a {self.name} outside of the years 1 to 9999"


def _beyond_digits(array: Array) -> str:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return f"a number of more than {DIGITS_MAX} digits"
    return ""
