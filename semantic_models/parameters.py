"""Parameters of a project: values that a question may give, in expressions of its models."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from sqlglot import exp

from semantic_models.errors import ForebayError, Position, UnknownName, WrongType
from semantic_models.intrinsics import PARAMETER
from semantic_models.kinds import hint_of, is_text_of
from semantic_models.model import Expr, Parameter
from semantic_models.query import Plain
from semantic_models.types import (
    BOOLEAN,
    DATE,
    FLOAT64,
    INT64,
    STRING,
    TIMESTAMP,
    Kind,
    LogicalType,
)

TYPES: Mapping[str, tuple[LogicalType, exp.DType]] = {
    "string": (STRING, exp.DType.VARCHAR),
    "integer": (INT64, exp.DType.BIGINT),
    "number": (FLOAT64, exp.DType.DOUBLE),
    "boolean": (BOOLEAN, exp.DType.BOOLEAN),
    "date": (DATE, exp.DType.DATE),
    "timestamp": (TIMESTAMP, exp.DType.TIMESTAMP),
}
"""The types of parameters by the names that authors give them, and how a value is cast."""

_HINTS = {
    Kind.STRING: "Write a text.",
    Kind.INT64: "Write a whole number.",
    Kind.FLOAT64: "Write a number.",
    Kind.BOOLEAN: "Write true or false.",
}

PREFIX = "param"
_INTEGER_MAX = 2**63 - 1
_NUMBER_MAX = 1.7976931348623157e308

Fixed = tuple[tuple[str, Plain], ...]
"""Pairs of a parameter's name and the value that a metric gives to it."""

Values = Mapping[str, Plain]
"""What each parameter is, by name."""


def parameter_expr(parameter: Parameter) -> Expr:
    """What stands in an expression for the value that a question gives."""
    name = exp.Literal(this=parameter.name, is_string=True)
    _, dtype = TYPES[parameter.type_name]
    value = exp.Anonymous(this=PARAMETER, expressions=[name])
    return Expr(exp.Cast(this=value, to=exp.DataType(this=dtype, nested=False)))


def parameter_named(name: str, parameters: Mapping[str, Parameter]) -> tuple[Expr, LogicalType]:
    """The value of a parameter as an expression, with its type.

    Raises:
        UnknownName: the project has none of that name.
    """
    found = parameters.get(name)
    if found is None:
        raise UnknownName.of("parameter", name, parameters)
    return parameter_expr(found), TYPES[found.type_name][0]


def values_of(asked: Values, parameters: Mapping[str, Parameter]) -> Values:
    """The value of every parameter: the question's, else its default.

    Raises:
        UnknownName: the question gives one that the project has not.
        WrongType: a value is of another type, or not among those that are allowed.
    """
    for name, value in asked.items():
        known = parameters.get(name)
        at = Position(f"params.{name}", 1, 1, 1, str(value))
        if known is None:
            raise UnknownName.of("parameter", name, parameters).at(at)
        check_value(known, value, at)
    return {name: asked.get(name, each.default) for name, each in parameters.items()}


def check_value(parameter: Parameter, value: Plain, at: Position) -> None:
    """Refuse a value of another type, or one that is not allowed."""
    kind = TYPES[parameter.type_name][0].kind
    if not _fits(value, kind):
        raise WrongType(
            f'parameter "{parameter.name}" takes a value of type {parameter.type_name}',
            hint=_HINTS.get(kind) or hint_of(kind),
            position=at,
        )
    if parameter.allowed and value not in parameter.allowed:
        raise WrongType(
            f'parameter "{parameter.name}" does not allow that value',
            hint=f"Give one of {', '.join(map(str, parameter.allowed))}.",
            position=at,
        )


def _fits(value: Plain, kind: Kind) -> bool:
    match kind:
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.INT64:
            return type(value) is int and abs(value) <= _INTEGER_MAX
        case Kind.FLOAT64:
            if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
                return False
            return -_NUMBER_MAX <= value <= _NUMBER_MAX
        case Kind.STRING:
            return isinstance(value, str)
        case _:
            is_written = isinstance(value, str) and is_text_of(value, kind)
            return is_written and (kind is not Kind.DATE or len(str(value)) == len("2026-01-31"))


def literal_of(value: Plain) -> exp.Expr:
    """A value as it stands in SQL."""
    match value:
        case bool():
            return exp.Boolean(this=value)
        case int() | float() | Decimal():
            number = exp.Literal(this=str(abs(value)), is_string=False)
            return exp.Neg(this=number) if value < 0 else number
        case _:
            return exp.Literal(this=_text(value), is_string=True)


def _text(value: Plain) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def fixed(values: Fixed, expr: Expr) -> Expr:
    """An expression with the values that metrics give to parameters; the first, innermost, hold."""
    given = dict(reversed(values))
    found = [each for each in expr.tree.find_all(exp.Anonymous) if each.name == PARAMETER]
    if not any(each.expressions[0].name in given for each in found):
        return expr
    holder = exp.Paren(this=expr.tree.copy())
    for node in list(holder.find_all(exp.Anonymous)):
        if node.name == PARAMETER and node.expressions[0].name in given:
            node.replace(literal_of(given[node.expressions[0].name]))
    return Expr(holder.this.pop(), expr.paths, expr.origin)


def unknown_type(written: str, position: Position) -> ForebayError:
    """The refusal of a type that no parameter has."""
    return WrongType(
        f'"{written}" is no type of a parameter',
        hint=f"Write one of {', '.join(TYPES)}.",
        position=position,
    )
