"""What a formula over typed inputs promises: whole numbers stay whole, decimals exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from semantic_models.functions import CONDITIONS, TEXT_FUNCTIONS
from semantic_models.intrinsics import cast
from semantic_models.types import (
    BOOLEAN,
    DATE,
    FLOAT64,
    INT64,
    INTEGERS,
    INTERVAL,
    NUMBERS,
    STRING,
    TIME,
    TIMESTAMP,
    TIMESTAMP_TZ,
    Kind,
    LogicalType,
)

Types = Mapping[str, LogicalType | None]
"""The types of a formula's inputs by name, None for one that no engine has told."""

_TYPES = {
    each.kind: each
    for each in (BOOLEAN, STRING, INT64, DATE, TIME, TIMESTAMP, TIMESTAMP_TZ, INTERVAL)
}
_SUMS = (exp.Add, exp.Sub, exp.Neg, exp.Abs)
_CHOICES = (exp.Paren, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least)
LARGEST = LogicalType(Kind.DECIMAL, 38, 0)
"""What holds every whole number, those without signs beside those with one."""
_COUNTING = (
    *(exp.Length, exp.StrPosition, exp.DateDiff, exp.Year, exp.Quarter, exp.Month, exp.Week),
    *(exp.Day, exp.DayOfWeek, exp.DayOfWeekIso, exp.DayOfMonth, exp.DayOfYear),
)
"""Functions whose value is a whole number."""
_WHOLE = (exp.Mul, exp.IntDiv, exp.Mod)
"""Operations that give whole numbers of whole numbers, and a float64 of all others."""


def formula_type(tree: exp.Expr, types: Types, kind: Kind | None) -> LogicalType:
    """The type that a formula of ``kind`` over inputs of ``types`` promises.

    Whole numbers are int64 whatever is done to them but divided, and decimals stay exact under
    addition; every other number that is computed is a float64.
    """
    found = _type(tree, types)
    if kind is None or found.kind is kind or {found.kind, kind} <= NUMBERS:
        return found
    return _TYPES.get(kind, FLOAT64)


def _type(tree: exp.Expr, types: Types) -> LogicalType:
    if isinstance(tree, exp.Column):
        return types[tree.name] or FLOAT64
    if isinstance(tree, exp.Literal):
        return STRING if tree.is_string else INT64 if _is_int64(tree.name) else FLOAT64
    if type(tree) in CONDITIONS or isinstance(tree, exp.Boolean):
        return BOOLEAN
    if type(tree) in TEXT_FUNCTIONS:
        return STRING
    if isinstance(tree, exp.Cast):
        return _cast_type(tree)
    if isinstance(tree, _COUNTING):
        return INT64
    if not isinstance(tree, (*_SUMS, *_CHOICES, *_WHOLE)):
        return FLOAT64
    found = [_type(each, types) for each in passed(tree)]
    if isinstance(tree, _CHOICES) and len(set(found)) == 1:
        return found[0]
    if all(each.kind in INTEGERS for each in found):
        return LARGEST if any(each.kind is Kind.UINT64 for each in found) else INT64
    return FLOAT64 if isinstance(tree, _WHOLE) else _common(found)


def _cast_type(tree: exp.Cast) -> LogicalType:
    if tree.to.this is exp.DType.DECIMAL:
        digits = [int(each.name) for each in tree.to.expressions]
        return LogicalType(Kind.DECIMAL, *(digits or (18, 3)))
    return INT64 if tree.to.this in exp.DataType.INTEGER_TYPES else FLOAT64


def passed(tree: exp.Expr) -> list[exp.Expr]:
    """The parts whose values a node gives or computes with; conditions only choose."""
    if isinstance(tree, exp.Case):
        values = [each.args["true"] for each in tree.args["ifs"]] + [tree.args.get("default")]
    elif isinstance(tree, exp.If):
        values = [tree.args.get("true"), tree.args.get("false")]
    elif isinstance(tree, exp.Filter):
        values = [tree.this]
    else:
        values = list(tree.iter_expressions())
    return [each for each in values if each is not None and not isinstance(each, exp.Null)]


def _is_int64(text: str) -> bool:
    return text.isdigit() and int(text) < 2**63


def _common(types: Sequence[LogicalType]) -> LogicalType:
    if len(set(types)) == 1 and types[0].kind is not Kind.DECIMAL:
        return types[0]
    if all(each.kind in INTEGERS or each.kind is Kind.DECIMAL for each in types):
        return LogicalType(Kind.DECIMAL, 38, max(each.scale for each in types))
    return FLOAT64


def as_promised(tree: exp.Expr, type_: LogicalType, types: Types) -> exp.Expr:
    """A formula that an engine computes in the type that it promises.

    Engines count some float64 in decimals, and overflow in the narrow type of an input.
    """
    if type_ == INT64:
        return _widened(tree, types)
    is_double = isinstance(tree, exp.Div) or isinstance(tree.this, exp.Div)
    is_double = is_double or (isinstance(tree, exp.Cast) and tree.to.this is exp.DType.DOUBLE)
    return tree if type_ != FLOAT64 or is_double else cast(tree, "DOUBLE")


def _widened(tree: exp.Expr, types: Types) -> exp.Expr:
    for node in list(tree.find_all(exp.Column)):
        told = types[node.name]
        if told is not None and told.kind in INTEGERS and told != INT64:
            node.replace(cast(node.copy(), "BIGINT"))
    return tree
