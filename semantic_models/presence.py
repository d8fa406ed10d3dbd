"""Which groups an answer has when some of its metrics only order or filter it.

A metric that is not shown adds no group. Where its measures would, the branches of the shown ones
count the rows that make their groups, and a group that none of them counts is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.model import Expr, Measure
from semantic_models.plan import Output
from semantic_models.plan_rows import either, own_predicates
from semantic_models.resolved import Branch, BranchMeasure, NestedGroups
from semantic_models.types import INT64

PRESENT = "g:"
"""The column of that count; no member has such a name, and no alias may."""


def with_presence(
    branches: tuple[Branch, ...], nested: tuple[NestedGroups, ...], shown: Collection[str]
) -> tuple[tuple[Branch, ...], tuple[NestedGroups, ...]]:
    """The same, counting what makes their groups where measures that are not shown add some."""
    made = {each.name for each in nested if each.makes_groups}
    is_added = any(_adds_groups(each, shown) for each in branches) or not made <= {*shown}
    if not branches[0].keys or not is_added:
        return branches, nested
    return (
        tuple(_counting(each, shown) for each in branches),
        tuple(replace(each, is_counted=each.name in made & {*shown}) for each in nested),
    )


def is_present(branches: Sequence[Branch], nested: Sequence[NestedGroups]) -> tuple[Expr, ...]:
    """The predicate on groups that a count asks for, if there is one."""
    counted = [each for branch in branches for each in branch.measures if each.name == PRESENT]
    if not counted and not any(each.is_counted for each in nested):
        return ()
    return (Expr(exp.Not(this=exp.Is(this=column(PRESENT), expression=exp.Null()))),)


def presence() -> Output:
    """The count of what makes a group."""
    return Output(PRESENT, Expr(exp.Count(this=exp.Star(), big_int=True)), INT64)


def _adds_groups(branch: Branch, shown: Collection[str]) -> bool:
    visible = [each for each in branch.measures if each.name in shown]
    return len(visible) < len(branch.measures) and all(map(own_predicates, visible))


def _counting(branch: Branch, shown: Collection[str]) -> Branch:
    visible = [each for each in branch.measures if each.name in shown]
    if not visible:
        return branch
    rows = presence()
    counted = Measure(name=PRESENT, model=branch.home.name, expr=rows.expr, type=rows.type)
    made = BranchMeasure(PRESENT, counted, either(visible))
    counting = replace(branch, measures=(*branch.measures, made))
    if branch.conversions is None:
        return counting
    inner = branch.conversions.branch
    conversions = replace(inner, measures=(*inner.measures, made))
    return replace(counting, conversions=replace(branch.conversions, branch=conversions))
