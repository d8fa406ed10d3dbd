"""The resolved question to its plan: how each home is aggregated, then what all of them share.

direct                the home's rows, each joined to at most one row a join, aggregated
aggregate, then join  the home's rows aggregated a joined row first, see aggregate_then_join.py
distinct home keys    a one-to-many join is grouped: home rows made distinct a group first
stitch                several homes, each aggregated on its own, side by side on equal keys
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sqlglot import exp

from semantic_models.aggregate_then_join import aggregate_then_join, can_aggregate_first
from semantic_models.bind import (
    column,
    column_expr,
)
from semantic_models.calendar_ends import ends_by_value
from semantic_models.carried import Carried
from semantic_models.errors import KeyRequired
from semantic_models.expressions import columns_in
from semantic_models.floors import columns_read, floored, with_counts
from semantic_models.funnels import conversions_by_base
from semantic_models.model import Expr
from semantic_models.one_time import rows_of_one_time
from semantic_models.periods import SPINE
from semantic_models.plan import (
    Aggregate,
    Choice,
    Distinct,
    Fill,
    Filter,
    Limit,
    LogicalPlan,
    Lookup,
    Output,
    Plan,
    Project,
    Sort,
    Spread,
    Stitch,
    Union,
    outputs,
)
from semantic_models.plan_measures import measure_output
from semantic_models.plan_rows import (
    conjunction,
    filtered,
    home_keys,
    joined_rows,
    met_days,
    named,
    series,
)
from semantic_models.presence import presence
from semantic_models.regrain import regrained
from semantic_models.resolved import (
    Branch,
    DatedKey,
    Filling,
    MetricStep,
    NestedGroups,
    ResolvedQuery,
)
from semantic_models.scopes import aggregated
from semantic_models.top_members import numbered
from semantic_models.totals import told
from semantic_models.types import BOOLEAN

MADE = "made:"
"""The column that tells the rows of an answer from those that fill it up."""


def make_plan(resolved: ResolvedQuery) -> Plan:
    """Choose how each home is aggregated, and what is computed above."""
    resolved = _with_inner_plans(with_counts(resolved))
    choices = choices_of(resolved)
    is_listing = resolved.shape != "aggregate"
    root = _listing(resolved) if is_listing else _aggregates(resolved, choices)
    return Plan(
        root,
        resolved.computed,
        resolved.zone,
        resolved.engine,
        choices,
        resolved.parameters,
        resolved.floor,
    )


def _with_inner_plans(resolved: ResolvedQuery) -> ResolvedQuery:
    """The question with the plans of those that its predicates ask."""
    if not any(branch.metrics for branch in resolved.branches):
        return resolved
    return replace(resolved, branches=tuple(map(_with_plans, resolved.branches)))


def _with_plans(branch: Branch) -> Branch:
    return replace(branch, metrics=tuple(map(_with_plan, branch.metrics)))


def _with_plan(step: MetricStep) -> MetricStep:
    inner = _inner(step.inner)
    return replace(step, plan=numbered(inner) if step.ranks else inner)


def _inner(resolved: ResolvedQuery) -> LogicalPlan:
    """The plan of a question within another one."""
    planned = _with_inner_plans(with_counts(resolved))
    return _aggregates(planned, choices_of(planned))


def choices_of(resolved: ResolvedQuery) -> tuple[Choice, ...]:
    """How each home of a question is computed."""
    return tuple(_choice(branch, resolved) for branch in resolved.branches)


def _choice(branch: Branch, resolved: ResolvedQuery) -> Choice:
    """The safe way to compute a home; where there are several, the one that joins fewest rows."""
    if resolved.shape == "rows" or not resolved.distinct:
        return "rows"
    if resolved.shape == "values":
        return "distinct values"
    if branch.conversions is not None:
        return "latest base of each conversion, then aggregate"
    if branch.one_time is not None:
        _check_key(branch)
        return "rows of one time, then aggregate"
    if branch.fan_out is not None:
        return "distinct home keys, then aggregate"
    return "aggregate, then join" if can_aggregate_first(branch) else "direct"


def _listing(resolved: ResolvedQuery) -> LogicalPlan:
    (branch,) = resolved.branches
    rows = joined_rows(branch)
    if resolved.shape == "values":
        values = (Distinct if resolved.distinct else Project)(rows, branch.keys)
        return _cut(_sorted(values, resolved), resolved)
    return Project(_cut(_sorted(rows, resolved), resolved), branch.keys)


def _aggregates(resolved: ResolvedQuery, choices: Sequence[Choice]) -> LogicalPlan:
    above = _level(resolved, choices)
    if resolved.totals:
        above = _with_totals(above, resolved)
    if resolved.having:
        above = Filter(above, resolved.having)
    above = _cut(_sorted(above, resolved), resolved)
    return Project(above, resolved.computed)


def _with_totals(groups: LogicalPlan, resolved: ResolvedQuery) -> LogicalPlan:
    """The groups and, beside them, those of each shorter prefix of the keys."""
    keys = resolved.branches[0].keys
    levels = map(_with_inner_plans, resolved.totals)
    plans = (
        _flagged(groups, keys, resolved),
        *(_flagged(_level(each, choices_of(each)), keys, each) for each in levels),
    )
    return Union(plans, named(outputs(plans[0])))


def _flagged(plan: LogicalPlan, keys: Sequence[Output], level: ResolvedQuery) -> LogicalPlan:
    kept = [key.name for key in level.branches[0].keys]
    return Project(plan, (*named(outputs(plan)), *told(keys, kept)))


def _level(resolved: ResolvedQuery, choices: Sequence[Choice]) -> LogicalPlan:
    """The groups of one grain, with all that having and order may name."""
    above = _kept(_groups(resolved, choices), resolved.present)
    if resolved.filling is not None:
        above = _filled(above, resolved.filling)
    for each in resolved.nested:
        if not each.makes_groups:
            above = _looked_up(above, each)
    for number, key in enumerate(resolved.dated):
        above = _with_ends(above, key, number)
    if resolved.windows:
        above = Project(above, (*named(outputs(above)), *resolved.windows))
    return above


def _groups(resolved: ResolvedQuery, choices: Sequence[Choice]) -> LogicalPlan:
    """The groups of all homes, and of the nested metrics that make some, side by side."""
    keys = resolved.branches[0].keys
    plans = (
        *map(partial(_told, resolved), resolved.branches, choices),
        *(_nested(each) for each in resolved.nested if each.makes_groups),
    )
    return plans[0] if len(plans) == 1 else _stitched(keys, plans)


def _nested(nested: NestedGroups) -> LogicalPlan:
    """One row for each tuple of its keys, with its value."""
    inner = _inner(nested.inner)
    if nested.aggregate is None:
        return inner
    value = next(each for each in nested.inner.computed if each.name == nested.name)
    made = aggregated(nested.aggregate, column(value.name), value.type)
    counts = (presence(),) if nested.is_counted else ()
    columns = (Output(nested.name, Expr(made), nested.type), *counts)
    return Aggregate(inner, named(nested.keys), columns)


def _looked_up(plan: LogicalPlan, nested: NestedGroups) -> LogicalPlan:
    value = Output(nested.name, column_expr(nested.name), nested.type)
    on = tuple(key.name for key in nested.keys)
    return Lookup(plan, _nested(nested), on, (*named(outputs(plan)), value))


def _with_ends(plan: LogicalPlan, key: DatedKey, number: int) -> LogicalPlan:
    """Each group with the ends of the calendar's period that it is of."""
    ends = ends_by_value(key.periods, key.name, number)
    columns = (*named(outputs(plan)), *named(outputs(ends)[1:]))
    return Lookup(plan, ends, (key.name,), columns)


def _filled(plan: LogicalPlan, filling: Filling) -> LogicalPlan:
    """The same with a row for each period that has none."""
    rows = met_days(series(filling.periods, filling.moments), filling.calendars)
    of_times, others = _by_times(filling)
    periods = _kept(Distinct(filtered(rows, filling.known), filling.keys), of_times)
    if not others:
        return _with_further(plan, periods, filling)
    marked = Project(plan, (*named(outputs(plan)), Output(MADE, Expr(exp.true()), BOOLEAN)))
    is_made = exp.Not(this=exp.Is(this=column(MADE), expression=exp.Null()))
    wanted = exp.Or(this=is_made, expression=exp.Paren(this=conjunction(others)))
    filled = Filter(_with_further(marked, periods, filling), (Expr(wanted),))
    return Project(filled, named(outputs(plan)))


def _with_further(plan: LogicalPlan, periods: LogicalPlan, filling: Filling) -> LogicalPlan:
    """The same with a row for each period, or for each of every tuple of the other keys."""
    if filling.others:
        return _dense(plan, periods, filling)
    return Fill(plan, periods, tuple(key.name for key in filling.keys), named(outputs(plan)))


def _by_times(filling: Filling) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """The predicates that a period alone decides, and the others.

    Rows that are there satisfied the former by their own times, which may lie within a period.
    """
    times = {key.name for key in filling.keys}
    alone: list[Expr] = []
    others: list[Expr] = []
    for each in filling.predicates:
        names = {node.name for node in columns_in(each.tree)}
        (alone if names <= times else others).append(each)
    return tuple(alone), tuple(others)


def _kept(plan: LogicalPlan, predicates: tuple[Expr, ...]) -> LogicalPlan:
    """The rows of a plan that predicates keep."""
    return Project(Filter(plan, predicates), named(outputs(plan))) if predicates else plan


def _dense(plan: LogicalPlan, periods: LogicalPlan, filling: Filling) -> LogicalPlan:
    """The same with a row for each period and each tuple of the other keys."""
    times = (Output(key.name, column_expr(key.name, SPINE), key.type) for key in filling.keys)
    tuples = Distinct(Spread(plan, periods, ()), (*times, *named(filling.others)))
    keys = (*named(filling.keys), *named(filling.others))
    taken = {key.name for key in keys}
    measures = tuple(each for each in named(outputs(plan)) if each.name not in taken)
    return Stitch((plan, tuples), keys, measures)


def _stitched(keys: Sequence[Output], plans: tuple[LogicalPlan, ...]) -> Stitch:
    measures = {
        each.name: Output(each.name, column_expr(each.name), each.type)
        for plan in plans
        for each in outputs(plan)[len(keys) :]
    }
    return Stitch(plans, named(keys), tuple(measures.values()))


def _sorted(plan: LogicalPlan, resolved: ResolvedQuery) -> LogicalPlan:
    return Sort(plan, resolved.order) if resolved.order else plan


def _cut(plan: LogicalPlan, resolved: ResolvedQuery) -> LogicalPlan:
    if resolved.limit is None and not resolved.offset:
        return plan
    return Limit(plan, resolved.limit, resolved.offset)


def _told(resolved: ResolvedQuery, branch: Branch, choice: Choice) -> LogicalPlan:
    """One row a group of one home, without what is made of too few rows."""
    groups = _aggregated(branch, choice)
    if resolved.floor is None:
        return groups
    return floored(groups, branch, resolved.floor, columns_read(resolved))


def _aggregated(branch: Branch, choice: Choice) -> LogicalPlan:
    """One row a group of one home."""
    if branch.axis is not None and branch.axis.regrain is not None:
        groups = regrained(branch, branch.axis.regrain, lambda finer: _grouped(finer, choice))
    else:
        groups = _grouped(branch, choice)
    if not branch.shown:
        return groups
    return Project(Filter(groups, branch.shown), named(outputs(groups)))


def _grouped(branch: Branch, choice: Choice) -> LogicalPlan:
    if branch.conversions is not None:
        return conversions_by_base(branch, branch.conversions)
    if choice == "aggregate, then join":
        return aggregate_then_join(branch)
    rows = joined_rows(branch)
    if choice == "rows of one time, then aggregate":
        assert branch.one_time is not None
        return rows_of_one_time(branch, branch.one_time, rows)
    if choice == "distinct home keys, then aggregate":
        return _distinct_keys(branch, rows)
    return Aggregate(
        rows, branch.keys, tuple(measure_output(each, branch) for each in branch.measures)
    )


def _distinct_keys(branch: Branch, rows: LogicalPlan) -> LogicalPlan:
    """Make home rows distinct a group, carrying what the measures read, then aggregate."""
    _check_key(branch)
    carried = Carried()
    measures = tuple(carried.output(measure_output(each, branch)) for each in branch.measures)
    keys = home_keys(branch)
    distinct = Distinct(rows, (*branch.keys, *keys, *carried.inputs()))
    return Aggregate(distinct, named(branch.keys), measures)


def _check_key(branch: Branch) -> None:
    """A home whose rows are repeated has a key to count them once by."""
    if branch.fan_out is not None and not branch.home.key:
        raise KeyRequired(
            f'model "{branch.home.name}" has no key to count its rows once by',
            detail=f'Join "{branch.fan_out.join.name}" meets several rows of model '
            f'"{branch.fan_out.target.name}".',
            hint=f'Declare the `key` of model "{branch.home.name}".',
        )
