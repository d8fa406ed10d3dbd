"""The resolved question to its plan: how each home is aggregated, then what all of them share.

direct                the home's rows, each joined to at most one row a join, aggregated
distinct home keys    a one-to-many join is grouped: home rows made distinct a group first
stitch                several homes, each aggregated on its own, side by side on equal keys
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from semantic_models.bind import behind, column, path_of
from semantic_models.errors import KeyRequired
from semantic_models.functions import AGGREGATES
from semantic_models.model import Expr, Model, Path
from semantic_models.plan import (
    Aggregate,
    Distinct,
    Filter,
    Join,
    Limit,
    LogicalPlan,
    Output,
    Plan,
    Project,
    Scan,
    SemiJoin,
    Sort,
    Stitch,
)
from semantic_models.resolved import Branch, BranchMeasure, Existence, ResolvedQuery, Step
from semantic_models.types import INT64, LogicalType

Carry = Callable[[exp.Expr], exp.Expr]
"""From an expression over home columns to the same over carried columns."""


def make_plan(resolved: ResolvedQuery) -> Plan:
    """Choose how each home is aggregated, and what is computed above."""
    root = _listing(resolved) if resolved.shape != "aggregate" else _aggregates(resolved)
    return Plan(root, resolved.computed, resolved.zone, resolved.engine)


def _listing(resolved: ResolvedQuery) -> LogicalPlan:
    (branch,) = resolved.branches
    rows = joined_rows(branch)
    if resolved.shape == "values":
        return _cut(_sorted(Distinct(rows, branch.keys), resolved), resolved)
    return Project(_cut(_sorted(rows, resolved), resolved), branch.keys)


def _aggregates(resolved: ResolvedQuery) -> LogicalPlan:
    plans = tuple(aggregate_branch(branch) for branch in resolved.branches)
    base = plans[0] if len(plans) == 1 else _stitched(resolved.branches, plans)
    above: LogicalPlan = base
    if resolved.having:
        above = Filter(above, resolved.having)
    above = _cut(_sorted(above, resolved), resolved)
    return Project(above, resolved.computed)


def _stitched(branches: Sequence[Branch], plans: tuple[LogicalPlan, ...]) -> Stitch:
    keys = tuple(Output(key.name, Expr(column(key.name)), key.type) for key in branches[0].keys)
    measures = tuple(
        Output(each.name, Expr(column(each.name)), type_of(each))
        for branch in branches
        for each in branch.measures
    )
    return Stitch(plans, keys, measures)


def _sorted(plan: LogicalPlan, resolved: ResolvedQuery) -> LogicalPlan:
    return Sort(plan, resolved.order) if resolved.order else plan


def _cut(plan: LogicalPlan, resolved: ResolvedQuery) -> LogicalPlan:
    if resolved.limit is None and not resolved.offset:
        return plan
    return Limit(plan, resolved.limit, resolved.offset)


def type_of(measure: BranchMeasure) -> LogicalType:
    """The promised type of a measure."""
    assert measure.measure.type is not None, "a served catalog has its types"
    return measure.measure.type


def scan(model: Model, path: Path) -> LogicalPlan:
    """The rows of a model behind a join path, without those that its ``where`` leaves out."""
    rows = Scan(model.name, path, model.relation)
    if model.where is None or not path:
        return rows
    return Filter(rows, (behind(model.where, path),))


def joined_rows(branch: Branch) -> LogicalPlan:
    """The home's rows that the predicates let through, joined to what keys and measures need."""
    rows: LogicalPlan = Scan(branch.home.name, (), branch.home.relation)
    for step in branch.steps:
        rows = _join(rows, step)
    where = (branch.home.where,) if branch.home.where is not None else ()
    restricted = (*where, *_any_filter(branch), *branch.filters)
    if restricted:
        rows = Filter(rows, restricted)
    for existence in branch.existences:
        rows = _semi_join(rows, existence)
    return rows


def _join(rows: LogicalPlan, step: Step) -> Join:
    return Join(rows, scan(step.target, step.path), _on(step), step.join.cardinality)


def _on(step: Step) -> tuple[tuple[Expr, Expr], ...]:
    before = step.path[:-1]
    return tuple(
        (Expr(column(left, before)), Expr(column(right, step.path)))
        for left, right in step.join.columns
    )


def _semi_join(rows: LogicalPlan, existence: Existence) -> SemiJoin:
    right: LogicalPlan = scan(existence.first.target, existence.first.path)
    for step in existence.steps:
        right = _join(right, step)
    return SemiJoin(rows, right, _on(existence.first), existence.predicates)


def _any_filter(branch: Branch) -> tuple[Expr, ...]:
    """Where every measure has predicates of its own, only rows that one of them wants.

    A group without such rows then does not appear, as it would not if each measure were asked
    alone.
    """
    wanted = [own_predicates(each) for each in branch.measures]
    if not branch.keys or not wanted or not all(wanted):
        return ()
    if len(wanted) == 1:
        return wanted[0]
    trees = [exp.Paren(this=conjunction(each)) for each in wanted]
    either: exp.Expr = trees[0]
    for tree in trees[1:]:
        either = exp.Or(this=either, expression=tree)
    return (Expr(either),)


def own_predicates(measure: BranchMeasure) -> tuple[Expr, ...]:
    """The predicates of a measure and of the metrics that use it."""
    own = measure.measure.where
    return (*((own,) if own is not None else ()), *measure.filters)


def conjunction(predicates: Sequence[Expr]) -> exp.Expr:
    """All predicates as one."""
    trees = [exp.Paren(this=each.tree.copy()) for each in predicates]
    both: exp.Expr = trees[0]
    for tree in trees[1:]:
        both = exp.And(this=both, expression=tree)
    return both


def aggregate_branch(branch: Branch) -> LogicalPlan:
    """One row a group of one home."""
    rows = joined_rows(branch)
    if branch.fan_out is not None:
        return _distinct_keys(branch, rows)
    return Aggregate(rows, branch.keys, tuple(_measure(each, branch) for each in branch.measures))


def _measure(measure: BranchMeasure, branch: Branch) -> Output:
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
    for node in reversed([each for each in tree.walk() if type(each) in AGGREGATES]):
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


def _distinct_keys(branch: Branch, rows: LogicalPlan) -> LogicalPlan:
    """Make home rows distinct a group, carrying what the measures read, then aggregate."""
    assert branch.fan_out is not None
    if not branch.home.key:
        raise KeyRequired(
            f'model "{branch.home.name}" has no key to count its rows once by',
            detail=f'Join "{branch.fan_out.join.name}" meets several rows of model '
            f'"{branch.fan_out.target.name}".',
            hint=f'Declare the `key` of model "{branch.home.name}".',
        )
    carried: dict[tuple[Path, str], str] = {}

    def carry(tree: exp.Expr) -> exp.Expr:
        moved = tree.copy()
        for node in list(moved.find_all(exp.Column)):
            place = (path_of(node), node.name)
            name = carried.setdefault(place, f"c:{len(carried)}")
            if node is moved:
                return column(name)
            node.replace(column(name))
        return moved

    measures = tuple(_carried(each, carry, branch) for each in branch.measures)
    inputs = [
        Output(name, Expr(column(source, path)), INT64) for (path, source), name in carried.items()
    ]
    keys = [
        Output(f"k:{number}", Expr(column(name)), INT64)
        for number, name in enumerate(branch.home.key)
    ]
    distinct = Distinct(rows, (*branch.keys, *keys, *inputs))
    grouped = tuple(Output(key.name, Expr(column(key.name)), key.type) for key in branch.keys)
    return Aggregate(distinct, grouped, measures)


def _carried(measure: BranchMeasure, carry: Carry, branch: Branch) -> Output:
    made = _measure(measure, branch)
    return Output(made.name, Expr(carry(made.expr.tree)), made.type)
