"""The inputs of metrics, and the columns that stand for them in formulas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from semantic_models.expressions import columns_in
from semantic_models.model import Expr, Input, MeasureUse, Metric


def over_measures(use: Input, change: Callable[[MeasureUse], MeasureUse]) -> Input:
    """An input with each of its measures changed."""
    if isinstance(use, MeasureUse):
        return change(use)
    inputs = tuple(over_measures(each, change) for each in use.metric.inputs)
    return replace(use, metric=replace(use.metric, inputs=inputs))


def input_name(number: int) -> str:
    """The column that stands for an input in a metric's formula."""
    return f"i{number}"


def input_column(number: int) -> exp.Column:
    """The column of an input."""
    return _column(input_name(number))


def _column(name: str) -> exp.Column:
    return exp.Column(this=exp.Identifier(this=name, quoted=True))


def renumbered(
    metric: Metric, inputs: list[Input], name_of: Callable[[int], str] = input_name
) -> exp.Expr:
    """The metric's formula over ``inputs``, to which the measures that are new are added."""
    names: dict[str, str] = {}
    for number, use in enumerate(metric.inputs):
        if use not in inputs:
            inputs.append(use)
        names[input_name(number)] = name_of(inputs.index(use))
    if isinstance(metric.formula.tree, exp.Column):
        return _column(names[metric.formula.tree.name])
    tree = metric.formula.tree.copy()
    for node in columns_in(tree):
        node.replace(_column(names[node.name]))
    return exp.Paren(this=tree)


ITSELF = Expr(input_column(0))
"""The formula of a metric that is its one input."""
