"""Aggregate, then join: a home's rows become groups before they meet the model that names them.

All keys are read from behind one many-to-one join. Rows with equal join columns meet the same
row, so they are aggregated to one first; what is joined is at most one row for each row of the
joined model, and the aggregates of the parts are merged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from semantic_models.bind import column, column_expr, key_expr
from semantic_models.expressions import with_children
from semantic_models.functions import AGGREGATES
from semantic_models.intrinsics import cast
from semantic_models.model import Cardinality, Expr
from semantic_models.plan import Aggregate, Join, LogicalPlan, Output
from semantic_models.plan_measures import measure_output
from semantic_models.plan_rows import (
    filtered,
    home_rows,
    join,
    own_predicates,
    restrictions,
    scan,
)
from semantic_models.resolved import Branch, BranchMeasure
from semantic_models.types import INT64

MERGES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Sum: lambda part: exp.Sum(this=part),
    exp.Count: lambda part: cast(exp.Sum(this=part), "BIGINT"),
    exp.Min: lambda part: exp.Min(this=part),
    exp.Max: lambda part: exp.Max(this=part),
}
"""How the aggregate of a group is made from the aggregates of its parts."""


def can_aggregate_first(branch: Branch) -> bool:
    """Whether all is read either from the home or from behind one many-to-one join."""
    firsts = [step for step in branch.steps if len(step.path) == 1]
    if len(firsts) != 1 or firsts[0].join.cardinality is not Cardinality.MANY_TO_ONE:
        return False
    if branch.axis is not None or branch.one_time is not None:
        return False
    if branch.windows or branch.calendars or branch.metrics:
        return False
    if any(step.predicates for step in branch.steps):
        return False
    if branch.fan_out is not None or branch.existences:
        return False
    return (
        bool(branch.keys)
        and all(_is_joined(key.expr) for key in branch.keys)
        and all(_is_home(each) or _is_joined(each) for each in restrictions(branch))
        and all(map(_can_merge, branch.measures))
    )


def _is_home(expr: Expr) -> bool:
    return not expr.paths


def _is_joined(expr: Expr) -> bool:
    return bool(expr.paths) and all(node.table for node in expr.tree.find_all(exp.Column))


def _can_merge(measure: BranchMeasure) -> bool:
    read = (measure.measure.expr, *own_predicates(measure))
    aggregates = (node for node in measure.measure.expr.tree.walk() if type(node) in AGGREGATES)
    return all(map(_is_home, read)) and all(
        type(node) in MERGES and not isinstance(node.this, exp.Distinct) for node in aggregates
    )


@dataclass(slots=True)
class _Parts:
    """The aggregates of each group of join columns, named as they are found."""

    outputs: list[Output] = field(default_factory=list)

    def merged(self, tree: exp.Expr) -> exp.Expr:
        """A measure over the parts in place of rows."""
        kind = type(tree.this if isinstance(tree, exp.Filter) else tree)
        if kind in AGGREGATES:
            name = f"p:{len(self.outputs)}"
            self.outputs.append(Output(name, Expr(tree.copy()), INT64))
            return MERGES[kind](column(name))
        return with_children(tree, self.merged)


def aggregate_then_join(branch: Branch) -> LogicalPlan:
    """One row a group of one home, for a branch that can be aggregated first."""
    parts = _Parts()
    made = [measure_output(each, branch) for each in branch.measures]
    merged = tuple(
        Output(each.name, Expr(parts.merged(each.expr.tree)), each.type) for each in made
    )
    return Aggregate(_joined(branch, parts.outputs), branch.keys, merged)


def _joined(branch: Branch, parts: Sequence[Output]) -> LogicalPlan:
    """The groups of the home joined to what names them, cut to those that are asked for."""
    first, *further = sorted(branch.steps, key=lambda step: len(step.path))
    groups = [
        Output(f"c:{number}", key_expr(left), INT64)
        for number, (left, _) in enumerate(first.join.columns)
    ]
    rows = filtered(home_rows(branch), [each for each in restrictions(branch) if _is_home(each)])
    meeting = tuple(
        (column_expr(group.name), key_expr(right, first.path))
        for group, (_, right) in zip(groups, first.join.columns, strict=True)
    )
    joined: LogicalPlan = Join(
        Aggregate(rows, tuple(groups), tuple(parts)),
        scan(first.target, first.path),
        meeting,
        first.join.cardinality,
    )
    for step in further:
        joined = join(joined, step)
    return filtered(joined, [each for each in restrictions(branch) if not _is_home(each)])
