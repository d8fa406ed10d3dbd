"""Expressions over one row, with SQL's three truths, and the types that they have."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cmp_to_key
from typing import Any, Protocol

from tests.oracle.language import (
    Aggregate,
    Call,
    Existing,
    Expr,
    Literal,
    MetricAt,
    Name,
    Parts,
    Value,
)
from tests.oracle.times import instant_of, is_instant, midnight, read_civil


class Scope(Protocol):
    """Where names and aggregates get their values from."""

    @property
    def zone(self) -> str:
        """The zone that times are read in."""

    def name(self, parts: Parts) -> Value:
        """The value of a name."""

    def aggregate(self, expr: Aggregate | MetricAt) -> Value:
        """The value of an aggregate over rows, or of a metric for a row."""


def value_of(expr: Expr, scope: Scope) -> Value:
    """The value of an expression."""
    match expr:
        case Name(parts):
            return scope.name(parts)
        case Literal(value):
            return value
        case Aggregate() | MetricAt():
            return scope.aggregate(expr)
        case Existing():
            raise AssertionError("rows are looked for where predicates choose rows")
        case Call("case", (when, then, otherwise)):
            return value_of(then if value_of(when, scope) is True else otherwise, scope)
        case Call(op, args):
            return _called(op, [value_of(each, scope) for each in args], scope.zone)


def holds(expr: Expr | None, scope: Scope) -> bool:
    """Whether a predicate is true, neither false nor unknown."""
    return expr is None or value_of(expr, scope) is True


def _called(op: str, values: list[Value], zone: str) -> Value:
    match op:
        case "and":
            return _all(values)
        case "or":
            return _any(values)
        case "coalesce":
            return next((each for each in values if each is not None), None)
        case "is null":
            return values[0] is None
        case "is not null":
            return values[0] is not None
        case "in":
            return _any([_called("=", [values[0], each], zone) for each in values[1:]])
        case "between":
            low = _called(">=", values[:2], zone)
            return _all([low, _called("<=", [values[0], values[2]], zone)])
        case _:
            return None if None in values else _strict(op, values, zone)


def _strict(op: str, values: list[Value], zone: str) -> Value:
    """What is NULL where any of its values is."""
    if op == "not":
        return not values[0]
    left, right = values
    if op in _COMPARED:
        return _COMPARED[op](compare(*alike(left, right, zone)))
    return _computed(op, left, right)


def _all(values: list[Value]) -> Value:
    if False in [each for each in values if each is not None]:
        return False
    return None if None in values else True


def _any(values: list[Value]) -> Value:
    return _not(_all([_not(each) for each in values]))


def _not(value: Value) -> Value:
    return None if value is None else not value


_COMPARED: dict[str, Callable[[int], bool]] = {
    "=": lambda sign: sign == 0,
    "<>": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


def alike(left: Value, right: Value, zone: str) -> tuple[Value, Value]:
    """Both sides as they are compared: a text as the time that it writes, a civil time as the
    instant of the zone where the other is an instant, a day as its midnight."""
    times = (date, datetime)
    if isinstance(left, times) and isinstance(right, str):
        right = read_civil(right)
    if isinstance(right, times) and isinstance(left, str):
        left = read_civil(left)
    if isinstance(left, times) and isinstance(right, times):
        if is_instant(left) or is_instant(right):
            return instant_of(left, zone), instant_of(right, zone)
        return midnight(left), midnight(right)
    return left, right


def _computed(op: str, left: Value, right: Value) -> Value:
    if op in ("/", "//", "%") and right == 0:
        return None
    if op == "/":
        return float(left) / float(right)
    if isinstance(left, float) or isinstance(right, float):
        left, right = float(left), float(right)
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "//":
            return int(Decimal(left) / Decimal(right))
        case "%":
            return int(math.fmod(left, right))
        case _:
            raise AssertionError(op)


def compare(left: Value, right: Value) -> int:
    """The sign of left minus right."""
    return int(left > right) - int(left < right)


def by_order(desc: bool, nulls: str | None) -> Callable[[Value], Any]:  # noqa: FBT001 - of data
    """A key to sort by, NULL at the high end unless said otherwise."""
    high = 1 if (nulls == "last" if nulls else not desc) else -1

    def sign(left: Value, right: Value) -> int:
        if left is None or right is None:
            return high * ((left is None) - (right is None))
        found = compare(left, right)
        return -found if desc else found

    return cmp_to_key(sign)


WHOLE = ("smallint", "integer", "bigint", "whole")
"""``whole`` is a whole number whose width no document promises."""


def type_of(expr: Expr, named: Callable[[Parts], str]) -> str:
    """The type of an expression: a column's, or a family where only that is promised."""
    match expr:
        case Name(parts):
            return named(parts)
        case Literal(value):
            return type_of_value(value)
        case Aggregate(function, argument):
            return type_of_aggregate(function, "" if argument is None else type_of(argument, named))
        case Call("case", (_, then, otherwise)):
            return common_type([type_of(then, named), type_of(otherwise, named)])
        case Call("*", args) if _is_product_of_decimals([type_of(each, named) for each in args]):
            return "decimal or double"
        case Call("+" | "-", args):
            return _type_of_sum([type_of(each, named) for each in args])
        case Call("coalesce" | "*" | "//" | "%", args):
            return common_type([type_of(each, named) for each in args])
        case Call("/", _):
            return "double"
        case _:
            return "boolean"


def type_of_value(value: Value) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "whole"
        case float():
            return "double"
        case _:
            return "varchar"


def type_of_aggregate(function: str, argument: str) -> str:
    match function:
        case "count" | "count distinct" | "count_if":
            return "bigint"
        case "sum" if argument in WHOLE:
            return "bigint"
        case "sum" if argument.startswith("decimal"):
            return argument if argument == "decimal or double" else "decimal"
        case "min" | "max" | "percentile_disc":
            return argument
        case "bool_and" | "bool_or":
            return "boolean"
        case _:
            return "double"


def _is_product_of_decimals(types: list[str]) -> bool:
    """No document says what a decimal times a number is."""
    return "double" not in types and any(each.startswith("decimal") for each in types)


def _type_of_sum(types: list[str]) -> str:
    """A sum of decimals has more digits than each of them."""
    found = common_type(types)
    return "decimal" if found.startswith("decimal(") else found


def common_type(types: list[str]) -> str:
    if len(set(types)) == 1 and types[0] not in WHOLE:
        return types[0]
    for each in ("double", "decimal or double"):
        if each in types:
            return each
    if any(each.startswith("decimal") for each in types):
        return "decimal"
    return "whole" if set(types) <= set(WHOLE) else types[0]
