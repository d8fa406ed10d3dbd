"""Expressions that raise an error for no row, whatever values it has."""

from __future__ import annotations

from sqlglot import exp

from auth.attributes import ATTRIBUTE
from semantic_models.functions import COMPARISONS
from semantic_models.intrinsics import CIVIL, INSTANT, PARAMETER, PART, TRUNCATE

_FORMS: frozenset[type[exp.Expr]] = COMPARISONS | frozenset(
    (
        *(exp.And, exp.Or, exp.Not, exp.Paren, exp.Case, exp.If, exp.Coalesce, exp.Nullif),
        *(exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Neg),
        *(exp.Lower, exp.Upper, exp.Trim, exp.StartsWith, exp.EndsWith, exp.Contains),
        *(exp.Length, exp.DPipe, exp.Concat),
        *(exp.DataType, exp.DataTypeParam, exp.Var, exp.Tuple),
    )
)
_VALUES = frozenset((PARAMETER, ATTRIBUTE))
_OF_TIMES = frozenset((CIVIL, INSTANT, TRUNCATE, PART))
"""They overflow at the ends of time, so that they are free of errors over what is written only."""
_LENGTH_DIGITS = 9


def is_error_free(tree: exp.Expr) -> bool:
    """Whether no value of a row can make an expression raise an error.

    What is cast must be written out: then the same error comes without any row. A sign stands
    before a number only.
    """
    return all(map(_is_error_free, tree.walk()))


def _is_error_free(node: exp.Expr) -> bool:
    match node:
        case exp.Cast():
            return isinstance(node.this, exp.Literal | exp.Null | exp.Boolean | exp.Neg) or (
                isinstance(node.this, exp.Anonymous) and not node.this.find(exp.Column)
            )
        case exp.Neg():
            return isinstance(node.this, exp.Literal)
        case exp.Left() | exp.Right():
            return _is_length(node.expression)
        case exp.Anonymous():
            is_of_times = node.name in _OF_TIMES and not node.find(exp.Column)
            return node.name in _VALUES or is_of_times
        case _:
            return type(node) in _FORMS


def _is_length(tree: exp.Expr) -> bool:
    """Whether it is a number of characters that every engine takes."""
    number = tree.this if isinstance(tree, exp.Neg) else tree
    return isinstance(number, exp.Literal) and len(number.name) <= _LENGTH_DIGITS
