"""Attributes of principals in policies: names until a plan is governed, then typed literals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime

from sqlglot import exp

from auth.policy import AttributeType
from auth.principal import Attribute, AttributeValue
from semantic_models.model import Expr
from semantic_models.parameters import TYPES, literal_of
from semantic_models.types import Kind

ATTRIBUTE = "sl_attribute"
"""The call that stands for an attribute's value; no text of anybody can name it."""
INTEGER_MAX = 2**63 - 1


def attribute_tree(name: str, type_name: str) -> exp.Expr:
    """What stands in a policy for the value of an attribute."""
    parts = [exp.Literal(this=each, is_string=True) for each in (name, type_name)]
    return exp.Anonymous(this=ATTRIBUTE, expressions=parts)


def attributes_in(tree: exp.Expr) -> frozenset[str]:
    """The names of the attributes that an expression reads."""
    calls = tree.find_all(exp.Anonymous)
    return frozenset(each.expressions[0].name for each in calls if each.name == ATTRIBUTE)


def with_attributes(expr: Expr, values: Mapping[str, Attribute]) -> Expr:
    """An expression with literals in place of attributes; a list stands only behind IN."""
    if not attributes_in(expr.tree):
        return expr
    holder = exp.Paren(this=expr.tree.copy())
    for node in list(holder.find_all(exp.Anonymous)):
        if node.name == ATTRIBUTE:
            _put(node, values[node.expressions[0].name])
    return Expr(holder.this.pop(), expr.paths, expr.origin)


def _put(call: exp.Anonymous, value: Attribute) -> None:
    type_name = call.expressions[1].name
    if not isinstance(value, tuple):
        call.replace(_typed(value, type_name))
        return
    among = call.parent
    assert isinstance(among, exp.In), "a list of values stands behind IN"
    others = [each for each in among.expressions if each is not call]
    among.set("expressions", [*others, *(_typed(each, type_name) for each in value)])


def _typed(value: AttributeValue, type_name: str) -> exp.Expr:
    _, dtype = TYPES[type_name]
    return exp.Cast(this=literal_of(value), to=exp.DataType(this=dtype, nested=False))


def is_of(value: Attribute, declared: AttributeType) -> bool:
    """Whether a value is what an attribute is declared to be, and every engine can be told it."""
    values = value if isinstance(value, tuple) else (value,)
    is_list = isinstance(value, tuple)
    kind = declared.type.kind
    return is_list == declared.is_list and bool(values) and all(_is_one(v, kind) for v in values)


def _is_one(value: AttributeValue, kind: Kind) -> bool:
    match value:
        case bool():
            return kind is Kind.BOOLEAN
        case int():
            return kind in (Kind.INT64, Kind.FLOAT64) and -INTEGER_MAX <= value <= INTEGER_MAX
        case float():
            return kind is Kind.FLOAT64 and math.isfinite(value)
        case str():
            return kind is Kind.STRING and _is_told_alike(value)
        case datetime():
            return kind is Kind.TIMESTAMP and value.tzinfo is None
        case date():
            return kind is Kind.DATE
        case _:
            return False


def _is_told_alike(text: str) -> bool:
    """Whether a text reaches every engine whole: NUL ends it for some, half a pair has no UTF-8."""
    return not any(each == "\0" or "\ud800" <= each <= "\udfff" for each in text)
