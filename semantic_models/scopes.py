"""What a metric makes of another one's groups, and which of a question's names it keeps."""

from __future__ import annotations

from sqlglot import exp

from semantic_models.intrinsics import cast
from semantic_models.model import Aggregate
from semantic_models.types import FLOAT64, INT64, INTEGERS, Kind, LogicalType

_FUNCTIONS: dict[Aggregate, type[exp.AggFunc]] = {
    "sum": exp.Sum,
    "min": exp.Min,
    "max": exp.Max,
    "count": exp.Count,
}


def aggregated_type(aggregate: Aggregate | None, of: LogicalType | None) -> LogicalType | None:
    """The type of an aggregate of values of a type."""
    if aggregate == "count":
        return INT64
    if aggregate is None or aggregate in ("min", "max") or of is None:
        return of
    if aggregate == "avg" or (of.kind not in INTEGERS and of.kind is not Kind.DECIMAL):
        return FLOAT64
    return INT64 if of.kind in INTEGERS else LogicalType(Kind.DECIMAL, 38, of.scale)


def aggregated(aggregate: Aggregate, value: exp.Expr, of: LogicalType) -> exp.Expr:
    """An aggregate of values, computed in the type that it promises."""
    if aggregate == "avg":
        return exp.Avg(this=cast(value, "DOUBLE"))
    if aggregate == "sum" and of.kind in INTEGERS:
        return cast(exp.Sum(this=value), "BIGINT")
    return _FUNCTIONS[aggregate](this=value)
