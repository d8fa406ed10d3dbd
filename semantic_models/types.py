"""Logical types of columns and answers, the same on every engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of value that an answer may hold."""

    BOOLEAN = "boolean"
    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    UINT8 = "uint8"
    UINT16 = "uint16"
    UINT32 = "uint32"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    DECIMAL = "decimal"
    STRING = "string"
    BINARY = "binary"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    TIMESTAMP_TZ = "timestamp_tz"
    INTERVAL = "interval"
    UUID = "uuid"
    """Travels as a string, but is compared as a uuid."""


INTEGERS = frozenset(
    (
        *(Kind.INT8, Kind.INT16, Kind.INT32, Kind.INT64),
        *(Kind.UINT8, Kind.UINT16, Kind.UINT32, Kind.UINT64),
    )
)
UNSIGNED = frozenset((Kind.UINT8, Kind.UINT16, Kind.UINT32, Kind.UINT64))
FLOATS = frozenset((Kind.FLOAT32, Kind.FLOAT64))
NUMBERS = INTEGERS | FLOATS | {Kind.DECIMAL}
TIMES = frozenset((Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ))


@dataclass(frozen=True, slots=True)
class LogicalType:
    """A kind, with what its kind needs: digits and scale of a decimal, zone of an instant."""

    kind: Kind
    precision: int = 0
    """Digits of a decimal; digits of the second's fraction of a time or timestamp (6 or 9)."""
    scale: int = 0
    """Digits after the point of a decimal."""
    zone: str = ""
    """The zone an instant is shown in; empty for every other kind."""

    def shown_in(self, zone: str) -> LogicalType:
        """The type of an answer's column: an instant is shown in the query's zone."""
        return replace(self, zone=zone) if self.kind is Kind.TIMESTAMP_TZ else self

    def __str__(self) -> str:
        match self.kind:
            case Kind.DECIMAL:
                return f"decimal({self.precision}, {self.scale})"
            case Kind.TIMESTAMP_TZ if self.zone:
                return f"timestamp_tz({self.zone})"
            case _:
                return self.kind.value


BOOLEAN = LogicalType(Kind.BOOLEAN)
INT64 = LogicalType(Kind.INT64)
FLOAT64 = LogicalType(Kind.FLOAT64)
STRING = LogicalType(Kind.STRING)
DATE = LogicalType(Kind.DATE)
TIME = LogicalType(Kind.TIME, precision=6)
INTERVAL = LogicalType(Kind.INTERVAL)
TIMESTAMP = LogicalType(Kind.TIMESTAMP, precision=6)
TIMESTAMP_TZ = LogicalType(Kind.TIMESTAMP_TZ, precision=6)
