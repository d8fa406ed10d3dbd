"""A funnel's base with its conversions: what either side is made of."""

from __future__ import annotations

from dataclasses import replace

from semantic_models.errors import NotSupported
from semantic_models.intrinsics import civil_time
from semantic_models.model import Dimension, Expr, MeasureUse
from semantic_models.plan import Output
from semantic_models.plan_rows import own_predicates
from semantic_models.resolve_branch import BranchResolver, RowFilters
from semantic_models.resolve_names import METRIC_TIME, Reached
from semantic_models.resolved import Branch, BranchMeasure, Conversions


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
    """
    assert use.funnel is not None
    time = _time(base)
    made = base.branch(keys, (), filters)
    if made.fan_out is not None:
        raise NotSupported(
            "a funnel is grouped by what lies behind a one-to-many join",
            detail=f'Join "{made.fan_out.join.name}" repeats the rows of its base.',
            hint="Group it by dimensions that its base reaches row by row.",
        )
    home = base.catalog.models[use.model]
    inner = BranchResolver(base.catalog, home, home.measures[use.measure].time, base.clock)
    times = (time, _time(inner))
    (measure,) = measures
    own = inner.with_own(((), ()), own_predicates(measure))
    unfiltered = BranchMeasure(measure.name, replace(measure.measure, where=None), ())
    branch = inner.branch((), (unfiltered,), own)
    return replace(
        made,
        measures=(unfiltered,),
        conversions=Conversions(
            branch=branch,
            equal=use.funnel.equal,
            times=_comparable(*times),
            moments=(_moment(times[0]), _moment(times[1])),
            within=use.funnel.within,
        ),
    )


def _time(resolver: BranchResolver) -> Reached:
    """The time of a side; a base's question may do without metric time."""
    found = resolver.look(METRIC_TIME)
    assert isinstance(found.member, Dimension)
    resolver.walk(found.joins, found.path)
    resolver.walk_paths(found.member.expr.paths)
    return found


def _comparable(one: Reached, other: Reached) -> tuple[Expr, Expr]:
    """Two times as they are, or as civil times where they are of two kinds."""
    if one.type.kind is other.type.kind:
        return _raw(one), _raw(other)
    return _moment(one), _moment(other)


def _raw(time: Reached) -> Expr:
    return time.member.expr


def _moment(time: Reached) -> Expr:
    raw = _raw(time)
    return Expr(civil_time(raw.tree.copy(), time.type.kind), raw.paths)
