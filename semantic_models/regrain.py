"""Values of fine periods to one value of each coarse one: its first, its last or their average."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from semantic_models.bind import column, column_expr
from semantic_models.intrinsics import cast
from semantic_models.model import Expr, Regrain
from semantic_models.periods import period
from semantic_models.plan import Aggregate, LogicalPlan, Output, Pick, SortKey
from semantic_models.plan_measures import type_of
from semantic_models.plan_rows import named
from semantic_models.resolved import Branch, BranchMeasure
from semantic_models.types import FLOAT64, TIMESTAMP

FINE = "t:"
"""The column of the fine period; no member has such a name, and no alias may."""


def regrained(
    branch: Branch, regrain: Regrain, aggregated: Callable[[Branch], LogicalPlan]
) -> LogicalPlan:
    """A branch aggregated at each fine period, and of those one value a group."""
    fine = Output(FINE, Expr(period()), TIMESTAMP)
    values = aggregated(replace(branch, keys=(*branch.keys, fine)))
    keys = named(branch.keys)
    if regrain == "average":
        return Aggregate(values, keys, tuple(map(_average, branch.measures)))
    measures = (
        Output(each.name, column_expr(each.name), type_of(each)) for each in branch.measures
    )
    names = tuple(key.name for key in keys)
    order = SortKey(column_expr(FINE), descending=regrain == "last", nulls_first=False)
    return Pick(values, names, (order,), (*keys, *measures))


def _average(measure: BranchMeasure) -> Output:
    mean = exp.Avg(this=cast(column(measure.name), "DOUBLE"))
    return Output(measure.name, Expr(mean), FLOAT64)
