"""What is shown of two values: a change, or one as a share of the other."""

from __future__ import annotations

from dataclasses import dataclass

from tests.oracle.language import Aggregate, Call, Literal, MetricAt, Name, Parts, Value
from tests.oracle.values import value_of


@dataclass
class Both:
    """The value now and that of another time."""

    now: Value
    then: Value
    zone: str

    def name(self, parts: Parts) -> Value:
        """One of both."""
        return self.now if parts == ("now",) else self.then

    def aggregate(self, expr: Aggregate | MetricAt) -> Value:
        """There is none."""
        raise AssertionError(expr)


_NOW, _THEN = Name(("now",)), Name(("then",))
SHOWN = {
    "change": Call("-", (_NOW, _THEN)),
    "ratio": Call("/", (_NOW, _THEN)),
    "percent_change": Call("-", (Call("/", (_NOW, _THEN)), Literal(1))),
}
"""What may be shown of the value now and that of another time."""


def ratio(part: Value, whole: Value, zone: str) -> Value:
    """A part over a whole."""
    return value_of(SHOWN["ratio"], Both(part, whole, zone))
