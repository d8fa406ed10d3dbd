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
from semantic_models.plan_rows import either, own_predicates
from semantic_models.resolved import Branch, BranchMeasure
from semantic_models.types import INT64

PRESENT = "g:"
"""The column of that count; no member has such a name, and no alias may."""


def with_presence(branches: Sequence[Branch], shown: Collection[str]) -> tuple[Branch, ...]:
    """The branches, counting what makes their groups where measures that are not shown add some."""
    if not branches[0].keys or not any(_adds_groups(each, shown) for each in branches):
        return tuple(branches)
    return tuple(_counting(each, shown) for each in branches)


def is_present(branches: Sequence[Branch]) -> tuple[Expr, ...]:
    """The predicate on groups that a count asks for, if there is one."""
    if not any(each.name == PRESENT for branch in branches for each in branch.measures):
        return ()
    return (Expr(exp.Not(this=exp.Is(this=column(PRESENT), expression=exp.Null()))),)


def _adds_groups(branch: Branch, shown: Collection[str]) -> bool:
    visible = [each for each in branch.measures if each.name in shown]
    return len(visible) < len(branch.measures) and all(map(own_predicates, visible))


def _counting(branch: Branch, shown: Collection[str]) -> Branch:
    visible = [each for each in branch.measures if each.name in shown]
    if not visible:
        return branch
    rows = Expr(exp.Count(this=exp.Star(), big_int=True))
    counted = Measure(name=PRESENT, model=branch.home.name, expr=rows, type=INT64)
    made = BranchMeasure(PRESENT, counted, either(visible))
    return replace(branch, measures=(*branch.measures, made))
