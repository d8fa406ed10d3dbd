"""Whether an expression has the type of the column that it masks, for every row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

from sqlglot import exp

from auth.attributes import ATTRIBUTE
from semantic_models.bind import Bound
from semantic_models.parameters import TYPES
from semantic_models.types import Kind, LogicalType

Columns = Mapping[str, LogicalType | None]

_LEAST_TO_MOST: Mapping[Kind, tuple[int, int]] = {
    Kind.INT8: (-(2**7), 2**7 - 1),
    Kind.INT16: (-(2**15), 2**15 - 1),
    Kind.INT32: (-(2**31), 2**31 - 1),
    Kind.INT64: (-(2**63), 2**63 - 1),
    Kind.UINT8: (0, 2**8 - 1),
    Kind.UINT16: (0, 2**16 - 1),
    Kind.UINT32: (0, 2**32 - 1),
    Kind.UINT64: (0, 2**64 - 1),
}
_FLOAT_MAX: Mapping[Kind, int] = {Kind.FLOAT32: 3 * 10**38, Kind.FLOAT64: 10**308}
_DIGITS_MAX = 400
"""How far from the point a number's first digit may stand; no type holds more."""
_NUMBERS = _LEAST_TO_MOST.keys() | _FLOAT_MAX.keys() | {Kind.DECIMAL}
_NAMES: Mapping[Kind, str] = {
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INT8: "TINYINT",
    Kind.INT16: "SMALLINT",
    Kind.INT32: "INT",
    Kind.INT64: "BIGINT",
    Kind.UINT8: "UTINYINT",
    Kind.UINT16: "USMALLINT",
    Kind.UINT32: "UINT",
    Kind.UINT64: "UBIGINT",
    Kind.FLOAT32: "FLOAT",
    Kind.FLOAT64: "DOUBLE",
    Kind.STRING: "VARCHAR",
    Kind.BINARY: "VARBINARY",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.TIMESTAMP_TZ: "TIMESTAMPTZ",
    Kind.INTERVAL: "INTERVAL",
    Kind.UUID: "UUID",
}


def in_type(tree: exp.Expr, type_: LogicalType) -> exp.Expr:
    """A value in the type of a column."""
    if type_.kind is Kind.DECIMAL:
        to = exp.DataType.build(f"DECIMAL({type_.precision}, {type_.scale})", dialect="duckdb")
    else:
        to = exp.DataType(this=exp.DType[_NAMES[type_.kind]], nested=False)
    return exp.Cast(this=tree, to=to)


def is_of_type(mask: Bound, type_: LogicalType, columns: Columns) -> bool:
    """Whether no row has a value that the column's type does not hold.

    Of numbers each that may come out is looked at, since the kind tells not how large they are.
    """
    is_known = mask.kind is type_.kind or (mask.kind is None and type_.kind is Kind.STRING)
    if is_known and type_.kind not in _NUMBERS:
        return True
    return all(_holds(type_, each, columns) for each in _outcomes(mask.expr.tree))


def _outcomes(tree: exp.Expr) -> Iterator[exp.Expr]:
    """What an expression may come out as, whichever way its conditions go."""
    match tree:
        case exp.Paren() | exp.Nullif():
            yield from _outcomes(tree.this)
        case exp.Case():
            for each in tree.args["ifs"]:
                yield from _outcomes(each.args["true"])
            yield from _outcomes(tree.args.get("default") or exp.Null())
        case exp.If():
            yield from _outcomes(tree.args["true"])
            yield from _outcomes(tree.args.get("false") or exp.Null())
        case exp.Coalesce():
            for each in (tree.this, *tree.expressions):
                yield from _outcomes(each)
        case _:
            yield tree


def _holds(type_: LogicalType, outcome: exp.Expr, columns: Columns) -> bool:
    """Whether a type holds what a column, a value that is written or an attribute is."""
    match outcome:
        case exp.Null():
            return True
        case exp.Column():
            return _holds_all(type_, columns.get(outcome.name))
        case exp.Length():
            return type_.kind is Kind.INT64
        case exp.Anonymous() if outcome.name == ATTRIBUTE:
            return TYPES[outcome.expressions[1].name][0].kind is type_.kind
        case exp.Cast() if type_.kind in _NUMBERS:
            return _holds(type_, outcome.this, {})
        case exp.Literal() | exp.Neg():
            number = _number(outcome)
            return number is not None and _holds_number(type_, number)
        case _:
            return False


def _holds_all(type_: LogicalType, other: LogicalType | None) -> bool:
    """Whether a type holds every value of a column's type."""
    if other is None or other.kind is not type_.kind:
        return False
    if type_.kind is not Kind.DECIMAL:
        return True
    is_wide_enough = other.precision - other.scale <= type_.precision - type_.scale
    return is_wide_enough and other.scale <= type_.scale


def _number(tree: exp.Expr) -> Fraction | None:
    """The number that is written out, if one is that any type may hold."""
    if isinstance(tree, exp.Neg):
        inner = _number(tree.this)
        return None if inner is None else -inner
    if not isinstance(tree, exp.Literal) or tree.is_string:
        return None
    written = Decimal(tree.name)
    return Fraction(written) if abs(written.adjusted()) <= _DIGITS_MAX else None


def _holds_number(type_: LogicalType, number: Fraction) -> bool:
    if type_.kind in _LEAST_TO_MOST:
        least, most = _LEAST_TO_MOST[type_.kind]
        return number.denominator == 1 and least <= number <= most
    if type_.kind is Kind.DECIMAL:
        return abs(round(number, type_.scale)) < Fraction(10) ** (type_.precision - type_.scale)
    return type_.kind in _FLOAT_MAX and abs(number) <= _FLOAT_MAX[type_.kind]
