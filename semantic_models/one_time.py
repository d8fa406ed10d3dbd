"""Measures that only rows of the first or the last time make: balances, stocks, states."""

from __future__ import annotations

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.carried import Carried
from semantic_models.model import Expr, OneTime, raw
from semantic_models.plan import Aggregate, Distinct, Filter, LogicalPlan, Output, Project
from semantic_models.plan_measures import measure_output
from semantic_models.plan_rows import home_keys, named
from semantic_models.resolved import Branch
from semantic_models.types import TIMESTAMP

_TIME = "l:"
_CHOSEN = "m:"
"""The columns of a row's time and of the chosen one; no member has such a name."""


def rows_of_one_time(branch: Branch, one_time: OneTime, rows: LogicalPlan) -> LogicalPlan:
    """One row a group, made from the rows whose time is the first or the last of theirs.

    All rows at that time count; rows without a time never do.
    """
    carried = Carried()
    measures = tuple(carried.output(measure_output(each, branch)) for each in branch.measures)
    keys = home_keys(branch) if branch.fan_out is not None else ()
    inputs = carried.inputs()
    times = (
        Output(_TIME, raw(one_time.by), TIMESTAMP),
        Output(_CHOSEN, Expr(_chosen(one_time), raw=True), TIMESTAMP),
    )
    computed = Project(rows, (*branch.keys, *keys, *inputs, *times))
    is_chosen = exp.EQ(this=column(_TIME), expression=column(_CHOSEN))
    kept: LogicalPlan = Filter(computed, (Expr(is_chosen),))
    if keys:
        kept = Distinct(kept, (*named(branch.keys), *named(keys), *named(inputs)))
    return Aggregate(kept, named(branch.keys), measures)


def _chosen(one_time: OneTime) -> exp.Expr:
    extreme = (exp.Max if one_time.last else exp.Min)(this=one_time.by.tree.copy())
    return exp.Window(this=extreme, partition_by=[each.tree.copy() for each in one_time.per])
