"""Groups of few rows: what is counted beside each measure, and which cells are told.

A cell is one measure of one home in one group. What it is made of is counted in the very aggregate
that makes it, and the cell is NULL where that is too little before anything above reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from sqlglot import exp

from semantic_models.bind import column, column_expr
from semantic_models.definitions import paths_of
from semantic_models.expressions import nodes
from semantic_models.functions import AGGREGATES
from semantic_models.model import Expr, Measure
from semantic_models.plan import Filter, GroupFloor, LogicalPlan, Output, Project, outputs
from semantic_models.plan_rows import own_predicates
from semantic_models.presence import PRESENT
from semantic_models.ranks import AskedMetrics
from semantic_models.resolved import Branch, BranchMeasure, ResolvedQuery
from semantic_models.types import BOOLEAN, INT64

_COUNT = "q:"
"""What stands before the number of a count; no member has such a name, and no alias may."""
_IS_TOLD = "t:"
"""What stands before the name of a cell in that of the column which says that it is told."""


def with_counts(resolved: ResolvedQuery) -> ResolvedQuery:
    """The question whose homes count what their cells are made of, where it has a floor."""
    if resolved.floor is None:
        return resolved
    branches = tuple(_counting(each) for each in resolved.branches)
    return replace(resolved, branches=branches)


def of_told_cells(asked: AskedMetrics, floor: GroupFloor | None) -> AskedMetrics:
    """The metrics under a floor: NULL where a cell that their formula reads is not told.

    What a formula has in place of NULL would look like a number: ``coalesce(paid, 0)``.
    """
    if floor is None:
        return asked
    shown = [replace(each, formula=_of_told(each.formula)) for each in asked.shown]
    hidden = {name: replace(e, formula=_of_told(e.formula)) for name, e in asked.hidden.items()}
    return replace(asked, shown=shown, hidden=hidden)


def _of_told(formula: exp.Expr) -> exp.Expr:
    if isinstance(formula, exp.Column):
        return formula
    for name in dict.fromkeys(each.name for each in formula.find_all(exp.Column)):
        formula = exp.Case(ifs=[exp.If(this=column(_IS_TOLD + name), true=formula.copy())])
    return formula


def floored(
    groups: LogicalPlan, branch: Branch, floor: GroupFloor, shown: ColumnsRead
) -> LogicalPlan:
    """The groups of a home without cells that are made of too little.

    A group none of whose cells in the answer is told is left out; where all rows are one group
    it stays, as it does where there are no rows.
    """
    counts = {each: _least(names, floor) for each, names in _cells(branch).items()}
    kept = [counts[name] for name in counts if name in shown.by_columns] or [*counts.values()]
    hidden = {each.name for each in branch.measures if each.name.startswith(_COUNT)}
    told = [
        Output(each.name, _told(each.name, counts), each.type)
        for each in outputs(groups)
        if each.name not in hidden
    ]
    told += [
        Output(_IS_TOLD + name, Expr(each.copy()), BOOLEAN)
        for name, each in counts.items()
        if _IS_TOLD + name in shown.by_any
    ]
    if branch.keys:
        groups = Filter(groups, (Expr(_any(kept)),))
    return Project(groups, tuple(told))


class ColumnsRead(NamedTuple):
    """The columns of homes that are read above them."""

    by_columns: frozenset[str]
    """Those that the answer's own are made of."""
    by_any: frozenset[str]
    """Those that having and the order read, too."""


def columns_read(resolved: ResolvedQuery) -> ColumnsRead:
    """The columns below that an answer reads."""
    of_columns = [each.expr for each in resolved.computed]
    others = [*resolved.having, *(each.expr for each in resolved.order)]
    return ColumnsRead(_names(of_columns), _names([*of_columns, *others]))


def _names(exprs: Iterable[Expr]) -> frozenset[str]:
    return frozenset(node.name for each in exprs for node in each.tree.find_all(exp.Column))


def _counting(branch: Branch) -> Branch:
    counts: dict[tuple[exp.Expr, ...], BranchMeasure] = {}
    for each in branch.measures:
        for predicates in _made_of(each):
            key = tuple(predicate.tree for predicate in predicates)
            if key not in counts:
                counts[key] = _count(branch, f"{_COUNT}{len(counts)}", predicates)
    return replace(branch, measures=(*branch.measures, *counts.values()))


def _cells(branch: Branch) -> dict[str, tuple[str, ...]]:
    """The counts of what each measure is made of."""
    counts = {
        tuple(predicate.tree for predicate in each.filters): each.name
        for each in branch.measures
        if each.name.startswith(_COUNT)
    }
    return {
        each.name: tuple(
            counts[tuple(predicate.tree for predicate in predicates)]
            for predicates in _made_of(each)
        )
        for each in branch.measures
        if _is_cell(each)
    }


def _is_cell(measure: BranchMeasure) -> bool:
    return not measure.name.startswith(_COUNT) and measure.name != PRESENT


def _made_of(measure: BranchMeasure) -> Iterator[tuple[Expr, ...]]:
    """The predicates of the rows that each aggregate of a measure is made of."""
    if not _is_cell(measure):
        return
    own = own_predicates(measure)
    for node in nodes(measure.measure.expr.tree):
        if type(node) in AGGREGATES:
            yield (*own, *(Expr(each.copy(), paths_of(each)) for each in _narrowing(node)))


def _narrowing(aggregate: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(aggregate, exp.CountIf):
        yield aggregate.this
    around = aggregate.parent
    while isinstance(around, exp.WithinGroup | exp.Filter):
        if isinstance(around, exp.Filter):
            yield around.expression.this
        around = around.parent


def _count(branch: Branch, name: str, predicates: tuple[Expr, ...]) -> BranchMeasure:
    counted: exp.Expr = exp.Star()
    if branch.counted is not None:
        counted = exp.Distinct(expressions=[branch.counted.tree.copy()])
    expr = Expr(exp.Count(this=counted, big_int=True))
    measure = Measure(name=name, model=branch.home.name, expr=expr, type=INT64)
    return BranchMeasure(name, measure, predicates)


def _least(counts: tuple[str, ...], floor: GroupFloor) -> exp.Expr:
    least = exp.Literal(this=str(floor.least), is_string=False)
    enough: list[exp.Expr] = [exp.GTE(this=column(each), expression=least) for each in counts]
    both = enough[0]
    for each in enough[1:]:
        both = exp.And(this=both, expression=each)
    return both


def _any(conditions: Collection[exp.Expr]) -> exp.Expr:
    first, *others = (exp.Paren(this=each.copy()) for each in conditions)
    either: exp.Expr = first
    for each in others:
        either = exp.Or(this=either, expression=each)
    return either


def _told(name: str, counts: dict[str, exp.Expr]) -> Expr:
    if name not in counts:
        return column_expr(name)
    return Expr(exp.Case(ifs=[exp.If(this=counts[name].copy(), true=column(name))]))
