"""Attributes of principals in policies: names until a plan is governed, then typed literals."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from auth.principal import Attribute, AttributeValue
from semantic_models.model import Expr
from semantic_models.parameters import TYPES, literal_of

ATTRIBUTE = "sl_attribute"
"""The call that stands for an attribute's value; no text of anybody can name it."""


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
