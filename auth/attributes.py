"""Attributes of principals in policies: names until a plan is governed, then typed literals."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from auth.principal import Attribute
from semantic_models.model import Expr
from semantic_models.parameters import TYPES, literal_of

ATTRIBUTE = "sl_attribute"
"""The call that stands for an attribute's value; no text of anybody can name it."""


def attribute_tree(name: str, type_name: str) -> exp.Expr:
    """What stands in a policy for the value of an attribute."""
    call = exp.Anonymous(this=ATTRIBUTE, expressions=[exp.Literal(this=name, is_string=True)])
    return _typed(call, type_name)


def _typed(value: exp.Expr, type_name: str) -> exp.Expr:
    _, dtype = TYPES[type_name]
    return exp.Cast(this=value, to=exp.DataType(this=dtype, nested=False))


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
    if not isinstance(value, tuple):
        call.replace(literal_of(value))
        return
    typed = call.parent
    assert isinstance(typed, exp.Cast), "an attribute stands in a cast to its type"
    among = typed.parent
    assert isinstance(among, exp.In), "a list of values stands behind IN"
    others = [each for each in among.expressions if each is not typed]
    made = [exp.Cast(this=literal_of(each), to=typed.args["to"].copy()) for each in value]
    among.set("expressions", [*others, *made])
