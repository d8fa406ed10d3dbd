"""A funnel's base with its conversions: what either side is made of."""

from __future__ import annotations

from dataclasses import replace

from semantic_models.errors import NotSupported
from semantic_models.intrinsics import civil_time, instant
from semantic_models.model import Dimension, Expr, MeasureUse, Span
from semantic_models.plan import Output
from semantic_models.plan_rows import own_predicates
from semantic_models.resolve_branch import BranchResolver, RowFilters
from semantic_models.resolve_names import Reached, no_time, reach
from semantic_models.resolved import Branch, BranchMeasure, Conversions
from semantic_models.shifts import earlier
from semantic_models.types import Kind


def branch_of_funnel(
    base: BranchResolver,
    use: MeasureUse,
    keys: tuple[Output, ...],
    measures: tuple[BranchMeasure, ...],
    filters: RowFilters,
) -> Branch:
    """The branch of a base, whose measures are those of its conversions.

    Raises:
        NotSupported: the question groups by what a row of the base has several of.
        NoPath: a side is a measure that no question can ask.
    """
    assert use.funnel is not None
    _check_measure(base, use.funnel.base)
    _check_measure(base, use)
    time = _time(base)
    made = base.branch(keys, (), filters)
    if made.fan_out is not None:
        raise NotSupported(
            "a funnel is grouped by what lies behind a one-to-many join",
            detail=f'Join "{made.fan_out.join.name}" repeats the rows of its base.',
            hint="Group it by dimensions that its base reaches row by row.",
        )
    home = base.catalog.whole.models[use.model]
    inner = BranchResolver(base.catalog, home, home.measures[use.measure].time, base.clock)
    kind, times = _comparable((time, _time(inner)))
    # One use of a measure may stand under several names: shown, and beneath another metric.
    own = inner.with_own(((), ()), own_predicates(measures[0]))
    unfiltered = tuple(
        BranchMeasure(each.name, replace(each.measure, where=None), ()) for each in measures
    )
    branch = inner.branch((), unfiltered, own)
    return replace(
        made,
        measures=unfiltered,
        conversions=Conversions(
            branch=branch,
            equal=use.funnel.equal,
            times=times,
            within=use.funnel.within,
            earliest=_earliest(times[1], kind, use.funnel.within),
        ),
    )


def _check_measure(base: BranchResolver, use: MeasureUse) -> None:
    """Refuse a side that is refused by itself, though its rows alone are counted."""
    home = base.catalog.whole.models[use.model]
    measure = home.measures[use.measure]
    alone = BranchResolver(base.catalog, home, use.time or measure.time, base.clock)
    alone.walk_paths(measure.expr.paths)
    alone.walk_paths(measure.where.paths if measure.where else ())


def _time(resolver: BranchResolver) -> Reached:
    """The time of a side, whoever may name it; a base's question may do without metric time."""
    if resolver.time is None:
        raise no_time(resolver.home)
    found = reach(resolver.catalog.whole, resolver.home, resolver.time)
    assert isinstance(found.member, Dimension)
    resolver.walk(found.joins, found.path)
    resolver.walk_paths(found.member.expr.paths)
    return found


def _comparable(times: tuple[Reached, Reached]) -> tuple[Kind, tuple[Expr, Expr]]:
    """Two times as values of one kind: instants where either is one, else civil times."""
    kinds = {each.type.kind for each in times}
    if len(kinds) == 1:
        (kind,) = kinds
        return kind, (times[0].member.expr, times[1].member.expr)
    kind = Kind.TIMESTAMP_TZ if Kind.TIMESTAMP_TZ in kinds else Kind.TIMESTAMP
    return kind, (_as(kind, times[0]), _as(kind, times[1]))


def _as(kind: Kind, time: Reached) -> Expr:
    raw, own = time.member.expr, time.type.kind
    if own is kind:
        return raw
    shown = civil_time(raw.tree.copy(), own)
    return Expr(instant(shown) if kind is Kind.TIMESTAMP_TZ else shown, raw.paths)


def _earliest(conversion: Expr, kind: Kind, within: Span | None) -> Expr | None:
    """The time after which a row of the base comes; nothing where it is not bounded."""
    if within is None:
        return None
    return Expr(earlier(conversion.tree.copy(), kind, within), conversion.paths)
