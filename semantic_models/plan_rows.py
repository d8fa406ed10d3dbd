"""The rows that a home is aggregated from: scanned, joined, filtered."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from semantic_models.bind import behind, column, column_expr, key_expr
from semantic_models.calendar_ends import to_the_end, with_calendar_ends
from semantic_models.intrinsics import cast, start_of
from semantic_models.model import (
    Cardinality,
    Expr,
    Model,
    Path,
    Spine,
)
from semantic_models.periods import PERIOD, period
from semantic_models.plan import (
    Aggregate,
    Behind,
    Distinct,
    Filter,
    Join,
    LogicalPlan,
    Output,
    Scan,
    SemiJoin,
    Series,
    Spread,
    Windowed,
)
from semantic_models.resolved import (
    Axis,
    Branch,
    BranchMeasure,
    CalendarStep,
    Existence,
    MetricStep,
    Moments,
    Periods,
    Step,
)
from semantic_models.types import INT64, TIMESTAMP


def scan(model: Model, path: Path) -> LogicalPlan:
    """The rows of a model behind a join path, without those that its ``where`` leaves out."""
    rows = Scan(model.name, path, model.relation)
    if model.where is None or not path:
        return rows
    return Filter(rows, (behind(model.where, path),))


def home_rows(branch: Branch) -> LogicalPlan:
    """All rows of the home."""
    rows = Scan(branch.home.name, (), branch.home.relation)
    if () not in branch.windows:
        return rows
    where = (branch.home.where,) if branch.home.where is not None else ()
    return Windowed(filtered(rows, where), branch.windows[()])


def restrictions(branch: Branch) -> tuple[Expr, ...]:
    """The predicates that every row of the home must satisfy to count."""
    where = (branch.home.where,) if branch.home.where is not None else ()
    return (*where, *_any_filter(branch), *branch.filters)


def filtered(rows: LogicalPlan, predicates: Sequence[Expr]) -> LogicalPlan:
    """The rows for which every predicate is true."""
    return Filter(rows, tuple(predicates)) if predicates else rows


def joined_rows(branch: Branch) -> LogicalPlan:
    """The home's rows that the predicates let through, joined to what keys and measures need."""
    rows = home_rows(branch)
    for step in branch.steps:
        rows = join(rows, step, branch.windows.get(step.path, ()))
    if branch.axis is not None:
        rows = Spread(rows, _series(branch, branch.axis), branch.axis.predicates)
    rows = met_days(rows, branch.calendars)
    for each in branch.metrics:
        assert each.plan is not None, "the planner has planned what predicates ask"
        rows = _with_metric(rows, each, each.plan)
    rows = filtered(rows, restrictions(branch))
    for existence in branch.existences:
        rows = _semi_join(rows, existence)
    return rows


def _with_metric(rows: LogicalPlan, step: MetricStep, plan: LogicalPlan) -> Join:
    """Each row with the group of a metric that it meets."""
    groups = Behind(plan, step.path)
    on = tuple((mine, column_expr(key, step.path)) for mine, key in step.on)
    if not step.ranks:
        return Join(rows, groups, on, Cardinality.MANY_TO_ONE)
    alike = (exp.NullSafeEQ(this=mine.tree.copy(), expression=key.tree.copy()) for mine, key in on)
    return Join(rows, groups, (), Cardinality.MANY_TO_ONE, tuple(map(Expr, alike)))


def met_days(rows: LogicalPlan, calendars: Sequence[CalendarStep]) -> LogicalPlan:
    """Each row with the calendars' rows of its days."""
    for day in calendars:
        days = scan(day.calendar, day.path)
        rows = Join(rows, days, (), Cardinality.MANY_TO_ONE, (day.predicate,))
    return rows


def _series(branch: Branch, axis: Axis) -> LogicalPlan:
    moments = Moments.of(branch.home, axis.moment, branch.steps)
    periods = series(axis.periods, [moments])
    if not axis.backs and not axis.shifts:
        return periods
    days = met_days(periods, [step for step, _ in axis.shifts])
    return with_calendar_ends(days, axis.backs, [then for _, then in axis.shifts])


def series(periods: Periods, moments: Sequence[Moments]) -> Series:
    """Periods, bounded by the moments of homes' rows where the question does not bound them."""
    if periods.spine is not None:
        rows = _spine_rows(periods, periods.spine)
        return Series(periods.grain, periods.low, periods.high, (), rows)
    is_bounded = periods.low is not None and periods.high is not None
    bounds = () if is_bounded else tuple(map(_bounds, moments))
    if periods.whole:
        bounds = tuple(to_the_end(each, periods.whole, periods.grain) for each in bounds)
    return Series(periods.grain, periods.low, periods.high, bounds)


def _spine_rows(periods: Periods, spine: Spine) -> LogicalPlan:
    """The periods that a table has, between those that bound them."""
    rows: LogicalPlan = Scan(f"spine {spine.grain}", (), spine.table)
    read = start_of(cast(column(spine.column), "TIMESTAMP"), periods.grain)
    ends = ((exp.GTE, periods.low), (exp.LTE, periods.high))
    within = tuple(
        Expr(compare(this=read.copy(), expression=end.tree.copy())) for compare, end in ends if end
    )
    return Distinct(filtered(rows, within), (Output(PERIOD, Expr(read), TIMESTAMP),))


def _bounds(moments: Moments) -> LogicalPlan:
    """The first and the last moment of a home's rows."""
    home, time = moments.home, moments.expr.tree
    rows: LogicalPlan = Scan(home.name, (), home.relation)
    for step in moments.steps:
        rows = join(rows, step)
    if home.where is not None:
        rows = Filter(rows, (home.where,))
    ends = (
        Output("low", Expr(exp.Min(this=time.copy())), TIMESTAMP),
        Output("high", Expr(exp.Max(this=time.copy())), TIMESTAMP),
    )
    return Aggregate(rows, (), ends)


def join(
    rows: LogicalPlan, step: Step, windows: tuple[Output, ...] = (), behind: Path = ()
) -> Join:
    """Each row with the one that it meets by a step; its first joins start ``behind`` a path."""
    right = scan(step.target, step.path)
    right = Windowed(right, windows) if windows else right
    return Join(rows, right, _on(step, behind), step.join.cardinality, step.predicates)


def _on(step: Step, behind: Path = ()) -> tuple[tuple[Expr, Expr], ...]:
    before = step.path[:-1] or behind
    return tuple(
        (key_expr(left, before), key_expr(right, step.path)) for left, right in step.join.columns
    )


def _semi_join(rows: LogicalPlan, existence: Existence) -> SemiJoin:
    first = existence.first.path
    right: LogicalPlan = scan(existence.first.target, first)
    for step in existence.steps:
        right = join(right, step, behind=first)
    right = met_days(right, existence.calendars)
    predicates = (*existence.first.predicates, *existence.predicates)
    return SemiJoin(rows, right, _on(existence.first), predicates, existence.is_none)


def _any_filter(branch: Branch) -> tuple[Expr, ...]:
    """Where every measure has predicates of its own, only rows that one of them wants.

    A group without such rows then does not appear, as it would not if each measure were asked
    alone.
    """
    return either(branch.measures) if branch.keys else ()


def either(measures: Sequence[BranchMeasure]) -> tuple[Expr, ...]:
    """What a row satisfies that one of the measures wants; nothing where one wants all rows."""
    wanted = [own_predicates(each) for each in measures]
    if not wanted or not all(wanted):
        return ()
    if len(wanted) == 1:
        return wanted[0]
    trees = [exp.Paren(this=conjunction(each)) for each in wanted]
    choice: exp.Expr = trees[0]
    for tree in trees[1:]:
        choice = exp.Or(this=choice, expression=tree)
    return (
        Expr(choice, tuple(sorted({path for each in wanted for e in each for path in e.paths}))),
    )


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


def home_keys(branch: Branch) -> tuple[Output, ...]:
    """What tells the counted rows of a home apart, under names that no member has.

    A row that counts at several periods counts at each of them.
    """
    keys = tuple(
        Output(f"k:{number}", key_expr(name), INT64) for number, name in enumerate(branch.home.key)
    )
    if branch.axis is None:
        return keys
    return (*keys, Output("k:period", Expr(period()), TIMESTAMP))


def named(outputs: Sequence[Output]) -> tuple[Output, ...]:
    """The same outputs, read from a node below that has computed them."""
    return tuple(Output(each.name, column_expr(each.name), each.type) for each in outputs)
