"""Times that no answer can carry: infinite ones, years that texts cannot say, and 24:00.

DuckDB stores infinity as the last number of a type. Arrow has no such value: it would pass for a
day of the year 5881580, and whatever reads or writes it would fail or invent another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

Array: TypeAlias = "pa.Array[Any]"

DAY_FIRST: Final = -719_162
"""The first day of the year 1, counted from 1970: SQL and most readers begin there."""
DAY_LAST: Final = 2_932_896
"""The last day of the year 9999."""
DAY_S: Final = 86_400
_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True, slots=True)
class Bounds:
    """The numbers that a type of times may hold, and what those beyond are called."""

    stored: pa.DataType
    first: int
    last: int
    infinite: str
    outside: str

    def beyond(self, array: Array) -> str:
        """What kind of value the array holds beyond the bounds; empty where there is none."""
        found = pc.min_max(array.view(self.stored)).as_py()
        first, last = found["min"], found["max"]
        if first is None or (first >= self.first and last <= self.last):
            return ""
        infinity = 2 ** (self.stored.bit_width - 1) - 1
        return self.infinite if infinity in (-first, last) else self.outside


@lru_cache(maxsize=64)
def bounds_of(arrow: pa.DataType) -> Bounds | None:
    """The bounds of a type; None for a type whose every value can be carried.

    An instant is bounded in UTC, so that in another zone it may lie hours before the year 1 or
    after the year 9999.
    """
    if types.is_date32(arrow):
        outside = "a date outside of the years 1 to 9999"
        return Bounds(pa.int32(), DAY_FIRST, DAY_LAST, "an infinite date", outside)
    if isinstance(arrow, pa.TimestampType):
        day = DAY_S * _A_SECOND[arrow.unit]
        # Nanoseconds end in the year 2262, and infinity lies where they end.
        last = min((DAY_LAST + 1) * day - 1, 2**63 - 2)
        first = max(DAY_FIRST * day, -last)
        outside = "a timestamp outside of the years 1 to 9999"
        return Bounds(pa.int64(), first, last, "an infinite timestamp", outside)
    if isinstance(arrow, pa.Time64Type):
        last = DAY_S * _A_SECOND[arrow.unit] - 1
        return Bounds(pa.int64(), 0, last, "", "the time 24:00:00")
    return None
