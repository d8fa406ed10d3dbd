"""Measures as outputs of an aggregate: filtered, of their promised types."""

from __future__ import annotations

from sqlglot import exp

from semantic_models.expressions import nodes
from semantic_models.functions import AGGREGATES
from semantic_models.model import Expr
from semantic_models.plan import Output
from semantic_models.plan_rows import conjunction, own_predicates
from semantic_models.resolved import Branch, BranchMeasure
from semantic_models.types import LogicalType


def type_of(measure: BranchMeasure) -> LogicalType:
    """The promised type of a measure."""
    assert measure.measure.type is not None, "a served catalog has its types"
    return measure.measure.type


def measure_output(measure: BranchMeasure, branch: Branch) -> Output:
    """A measure over its home's joined rows, over those only that its predicates let through."""
    predicates = own_predicates(measure)
    already_filtered = len(branch.measures) == 1 and bool(branch.keys)
    aggregated = measure.measure.expr.tree
    if predicates and not already_filtered:
        aggregated = _filtered(aggregated.copy(), conjunction(predicates))
        aggregated = _or_null(aggregated, conjunction(predicates)) if branch.keys else aggregated
    if measure.measure.needs_cast:
        aggregated = exp.Cast(this=aggregated.copy(), to=data_type(type_of(measure)))
    return Output(measure.name, Expr(aggregated), type_of(measure))


def data_type(type_: LogicalType) -> exp.DataType:
    """A logical type as sqlglot writes it."""
    names = {"int64": "BIGINT", "float64": "DOUBLE", "string": "VARCHAR"}
    return exp.DataType(this=exp.DType[names[type_.kind.value]], nested=False)


def _filtered(tree: exp.Expr, predicate: exp.Expr) -> exp.Expr:
    """Every aggregate of a measure over the rows of a predicate only."""
    for node in reversed([each for each in nodes(tree) if type(each) in AGGREGATES]):
        outer = node
        while isinstance(outer.parent, exp.WithinGroup | exp.Filter):
            outer = outer.parent
        narrowed = _narrowed(outer.copy(), predicate)
        if outer is tree:
            tree = narrowed
        else:
            outer.replace(narrowed)
    return tree


_COUNTS = (exp.Count, exp.CountIf, exp.ApproxDistinct)
"""The aggregates that no row makes 0."""


def _or_null(tree: exp.Expr, predicate: exp.Expr) -> exp.Expr:
    """NULL, and never 0, for a group in which no row satisfies the predicate."""
    inner = tree
    while isinstance(inner, exp.Filter | exp.WithinGroup):
        inner = inner.this
    if type(inner) in AGGREGATES and not isinstance(inner, _COUNTS):
        return tree
    rows = exp.Count(this=exp.Star(), big_int=True)
    any_row = exp.GT(
        this=_narrowed(rows, predicate), expression=exp.Literal(this="0", is_string=False)
    )
    return exp.Case(ifs=[exp.If(this=any_row, true=tree)])


def _narrowed(aggregate: exp.Expr, predicate: exp.Expr) -> exp.Expr:
    if isinstance(aggregate, exp.Filter):
        both = exp.And(
            this=exp.Paren(this=aggregate.expression.this.copy()), expression=predicate.copy()
        )
        return exp.Filter(this=aggregate.this, expression=exp.Where(this=both))
    return exp.Filter(this=aggregate, expression=exp.Where(this=predicate.copy()))
