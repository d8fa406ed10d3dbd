"""The times at which a measure's rows are counted, where they are not the rows' own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlglot import exp

from semantic_models.calendar_days import day_of
from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError, NotSupported, TimeRequired, WrongType
from semantic_models.intrinsics import cast, civil_time, moment
from semantic_models.model import (
    GRAINS,
    CalendarGrain,
    Dimension,
    Expr,
    Grain,
    Model,
    Period,
    Reading,
    Spine,
)
from semantic_models.nested_queries import INNER
from semantic_models.periods import (
    PERIODS_MAX,
    SECONDS,
    THEN,
    CalendarEnds,
    begins,
    counted,
    counted_once,
    divides,
    end_name,
    grain_of_part,
    moves_ahead,
    period,
)
from semantic_models.plan import Output
from semantic_models.query import Asked, Filter, Predicate, Query
from semantic_models.resolve_branch import BranchResolver
from semantic_models.resolve_filters import names_in
from semantic_models.resolve_names import METRIC_TIME, Reached
from semantic_models.resolve_time import Bounds, bounds, floor, is_within_day, time_literal
from semantic_models.resolved import Axis, CalendarStep, Periods, PeriodsBack
from semantic_models.top_members import MEMBER, OTHER
from semantic_models.types import TIMESTAMP, Kind

_DAY = SECONDS[Grain.DAY]
_LENGTHS: Mapping[Grain, float] = {
    **SECONDS,
    Grain.NANOSECOND: 1e-9,
    Grain.MICROSECOND: 1e-6,
    Grain.MILLISECOND: 1e-3,
    Grain.MONTH: 28 * _DAY,
    Grain.QUARTER: 90 * _DAY,
    Grain.YEAR: 365 * _DAY,
}
"""The least seconds of a period."""


def is_axis(resolver: BranchResolver, name: str) -> bool:
    """Whether a name is the metric time of a home, by that word or by its own name.

    A time whose first members are told apart is none: its others are no period.
    """
    if name in (MEMBER, OTHER):
        return False
    try:
        found = resolver.look(name)
    except ForebayError:
        return False
    return resolver.is_own_time(found)


def grouped_times(resolver: BranchResolver, query: Query) -> list[Asked]:
    """The dimensions of a question that are a home's metric time."""
    return [each for each in query.dimensions if is_axis(resolver, each.name)]


def is_total(resolver: BranchResolver, query: Query, reading: Reading) -> bool:
    """Whether a reading is of all times, because the question tells none apart."""
    window = reading.window
    is_all = window is not None and window.trailing is None and window.to_date is None
    return is_all and not reading.shifts and not _times_named(resolver, query)


def resolve_axis(resolver: BranchResolver, query: Query, reading: Reading) -> Axis:
    """The periods at which the rows of a home are counted.

    Raises:
        TimeRequired: the question does not group by the home's metric time.
    """
    times = grouped_times(resolver, query)
    if not times:
        raise _without_times(resolver, query)
    own = resolver.look(METRIC_TIME)
    grains = [grain for each in times if (grain := resolver.grouped(each).grain) is not None]
    found = [resolver.look(each.name) for each in times]
    grain = base_grain(own, [named for each in found for named in _grains_named(each)])
    has_parts = any(each.part or each.calendar_grain for each in found)
    if not has_parts and _shifts_periods(resolver, query, reading, grains):
        (grain,) = set(grains)
    grain = _of_steps(reading, grain, own)
    _check_trailing(reading, grain)
    check_clock(resolver, grain)
    at = own_moment(resolver, grain)
    ends = CalendarEnds()
    by_day = grain in grains
    if not has_parts and not by_day and moves_ahead(reading, grains):
        predicates: tuple[Expr, ...] = (counted_once(reading, at.tree),)
    else:
        predicates = counted(reading, at.tree, ends, by_day=by_day)
    coarser: list[Period] = [each for each in dict.fromkeys(grains) if each is not grain]
    named = dict.fromkeys(each.calendar_grain for each in found if each.calendar_grain)
    coarser += [CalendarGrain(each, resolver.catalog.calendar_of(each).name) for each in named]
    if coarser and not by_day and any(each.start_of for each in reading.shifts):
        predicates = (*predicates, begins(coarser, ends))
    if (ends.asked or ends.shifts) and grain is not Grain.DAY:
        raise _not_by_day(grain)
    window = reading.window
    is_coarser = bool(coarser) or has_parts
    is_regrained = window is not None and (is_coarser or window.regrain == "average")
    by_steps = window is None and all(each.back for each in reading.shifts)
    is_shifted = window is None and all(each.back or each.named for each in reading.shifts)
    is_whole = is_shifted and not by_day and not any(each.part for each in found)
    return Axis(
        periods=_with_whole(resolver, periods(resolver, query, grain), coarser if is_whole else ()),
        moment=at,
        predicates=predicates,
        regrain=window.regrain if window and is_regrained else None,
        backs=tuple(_of_calendar(resolver, calendar, count) for calendar, count in ends.asked),
        shifts=tuple(
            _compared_day(resolver.catalog.whole.models[each.calendar], each.name, number)
            for each, number in ends.shifts.items()
        ),
        rest=_rest(resolver, query, grain, by_steps=by_steps),
        is_window=window is not None,
    )


def _without_times(resolver: BranchResolver, query: Query) -> TimeRequired:
    told = f'a metric of model "{resolver.home.name}" looks at other times, and '
    if query.metrics[0].name == INNER:
        return TimeRequired(
            f"{told}the groups that it is computed over have no metric time",
            hint="Keep metric_time in the grain of the metric around it, or name it under per.",
        )
    return TimeRequired(
        f"{told}the question does not group by metric time",
        hint="Group by metric_time, at any grain.",
    )


def _of_calendar(resolver: BranchResolver, grain: CalendarGrain, count: int) -> PeriodsBack:
    return PeriodsBack(resolver.catalog.whole.models[grain.calendar], grain.name, count)


def _with_whole(resolver: BranchResolver, periods: Periods, grains: Sequence[Period]) -> Periods:
    """Periods that go on, beyond the last row, to the end of the group that holds it."""
    if periods.spine is not None or periods.high is not None:
        return periods
    whole = (
        _of_calendar(resolver, each, 0) if isinstance(each, CalendarGrain) else each
        for each in grains
    )
    return replace(periods, whole=tuple(whole))


def _grains_named(reached: Reached) -> list[Grain]:
    """The grain that a name tells, or that of its part within a day."""
    if reached.part:
        named = grain_of_part(reached.part)
        return [named] if named.is_finer_than(Grain.DAY) else []
    return [] if reached.grain is None else [reached.grain]


def _rest(resolver: BranchResolver, query: Query, grain: Grain, *, by_steps: bool) -> Expr | None:
    """How far rows are into their periods, where the question tells times within one apart.

    Raises:
        NotSupported: what is counted at a period is not of one time within it.
    """
    own = resolver.look(METRIC_TIME)
    assert isinstance(own.member, Dimension)
    if own.member.grain is None:
        return None
    is_whole = not own.member.grain.is_finer_than(grain)
    if is_whole and (own.type.kind is Kind.DATE or not by_steps):
        return None
    finer = list(_finer_names(resolver, query, grain))
    if by_steps:
        return _into_period(own, grain) if finer or _is_cut(resolver, query, grain) else None
    told = next((name for name, is_exact in finer if is_exact), "")
    on = query.time
    if (on.start or on.end) and _is_cut(resolver, query, grain):
        told = on.on or METRIC_TIME
    if told:
        raise NotSupported(
            f'"{told}" is bounded within a {grain}, and a metric counts whole ones',
            hint=f"Bound it by the {grain}, group by a finer grain, or write the predicate in the "
            "metric's own where.",
        )
    return None


def _is_cut(resolver: BranchResolver, query: Query, grain: Grain) -> bool:
    """Whether the range of a question begins or ends within a period."""
    within = range_of(resolver, query)
    ends = [each for each in (within.start, within.before) if each is not None]
    return any(floor(each, grain) != each for each in ends)


def _finer_names(
    resolver: BranchResolver, query: Query, grain: Grain
) -> Iterator[tuple[str, bool]]:
    """Names of metric time in predicates that may tell apart what is within a period.

    With whether they do: a bare time does where it is compared with a time of day.
    """
    for each in query.where:
        for name in filter(partial(is_axis, resolver), names_in([each])):
            found = resolver.look(name)
            if any(told.is_finer_than(grain) for told in _grains_named(found)):
                yield name, True
            elif found.grain is None and not found.part and not found.calendar_grain:
                yield name, _has_time_of_day(each)


def _has_time_of_day(filter_: Filter) -> bool:
    if isinstance(filter_, Predicate):
        literals = filter_.tree.find_all(exp.Literal)
        return any(each.is_string and is_within_day(each.name) for each in literals)
    return any(is_within_day(each) for each in filter_.values if isinstance(each, str))


def _into_period(own: Reached, grain: Grain) -> Expr:
    raw = replace(own, grain=None, axis=None).expr()
    civil = civil_time(raw.tree.copy(), own.type.kind)
    begun = moment(raw.tree.copy(), grain, own.type)
    return Expr(exp.Paren(this=exp.Sub(this=civil, expression=begun)), raw.paths)


def _compared_day(calendar: Model, name: str, number: int) -> tuple[CalendarStep, Output]:
    """The calendar's row of a period, and the day that it says the period is compared with."""
    step, then = day_of(calendar, name, period(), (f"shift:{number}",))
    shown = Expr(cast(then.expr.tree.copy(), "TIMESTAMP"))
    return step, Output(end_name(THEN, number), shown, TIMESTAMP)


def _of_steps(reading: Reading, grain: Grain, own: Reached) -> Grain:
    """The grain of periods from whose start every step leads to that of another.

    Raises:
        NotSupported: the time tells no such periods.
    """
    for step in (each.back for each in reading.shifts if each.back is not None):
        unit = step.grain
        if not isinstance(unit, Grain) or not unit.is_finer_than(grain) or divides(grain, step):
            continue
        assert isinstance(own.member, Dimension), "metric time is a dimension"
        if own.member.grain is None or unit.is_finer_than(own.member.grain):
            raise NotSupported(
                f"a metric of {step} ago is asked for by {grain}",
                detail=f'The grain of time dimension "{own.member.name}" is {own.member.grain}.',
                hint="Name a step of whole periods.",
            )
        grain = unit
    return grain


def _check_trailing(reading: Reading, grain: Grain) -> None:
    """Refuse a window that is no whole number of the periods gone through."""
    span = reading.window.trailing if reading.window else None
    if span is None or not isinstance(span.grain, Grain):
        return
    if span.grain.is_finer_than(grain) and not divides(grain, span):
        raise NotSupported(
            f"a metric of the last {span} is asked for by {grain}",
            detail=f"A window holds whole periods of its question, here of a {grain}.",
            hint=f"Name a window of whole periods, or group by {span.grain} where the time has it.",
        )


def _not_by_day(grain: Grain) -> NotSupported:
    return NotSupported(
        f"a metric goes by the days of a calendar, and the question by {grain}",
        hint="Group by day, or a coarser grain than that.",
    )


def base_grain(own: Reached, grains: Sequence[Grain]) -> Grain:
    """The grain of a time's periods: its own, or day where that is finer, or a finer one asked."""
    declared = own.grouped().grain or Grain.DAY
    return min((declared, *grains), key=GRAINS.__getitem__)


def periods(resolver: BranchResolver, query: Query, grain: Grain) -> Periods:
    """The periods of a question, as far as its time range bounds them."""
    within = range_of(resolver, query)
    return within_bounds(within, grain, spine_of(resolver.catalog, resolver.home.engine, grain))


def within_bounds(within: Bounds, grain: Grain, spine: Spine | None) -> Periods:
    """The periods between two civil times, as far as these are known.

    Raises:
        WrongType: there are more than a question may go through.
    """
    last = _last(within)
    if within.start is not None and last is not None and spine is None:
        _check_count(within.start, last, grain)
    return Periods(grain, _civil(within.start, grain), _civil(last, grain), spine)


def _check_count(start: datetime, last: datetime, grain: Grain) -> None:
    if (last - start).total_seconds() / _LENGTHS[grain] > PERIODS_MAX:
        raise WrongType(
            f"the time range has more than {PERIODS_MAX:,} periods of a {grain}",
            hint="Ask for a shorter range, or a coarser grain.",
        )


def spine_of(catalog: Catalog, engine: str, grain: Grain) -> Spine | None:
    """The coarsest spine on an engine that has the periods of a grain."""
    fitting = [
        each
        for each in catalog.spines
        if each.engine == engine and not grain.is_finer_than(each.grain)
    ]
    return fitting[-1] if fitting else None


def _shifts_periods(
    resolver: BranchResolver, query: Query, reading: Reading, grains: Sequence[Grain]
) -> bool:
    """Whether whole periods are shifted: of one grain, that divides every step, and uncut."""
    if reading.window is not None or len(set(grains)) != 1:
        return False
    (grain,) = set(grains)
    steps = [each.back for each in reading.shifts if not each.by_rows]
    if len(steps) < len(reading.shifts) or not all(each and divides(grain, each) for each in steps):
        return False
    if _is_cut(resolver, query, grain):
        return False
    named = [resolver.look(each) for each in names_in(query.where) if is_axis(resolver, each)]
    return all(each.grain is not None and not each.grain.is_finer_than(grain) for each in named)


def own_moment(resolver: BranchResolver, grain: Grain) -> Expr:
    """The period of a row's own metric time, as a civil time."""
    own = replace(resolver.look(METRIC_TIME), grain=None, axis=None)
    raw = own.expr()
    return Expr(moment(raw.tree.copy(), grain, own.type), raw.paths)


def check_clock(resolver: BranchResolver, grain: Grain) -> None:
    """Refuse periods of which a clock may show two alike."""
    own = resolver.look(METRIC_TIME)
    is_instant = own.type.kind is Kind.TIMESTAMP_TZ
    if is_instant and grain.is_finer_than(Grain.DAY) and resolver.clock.zone != "UTC":
        raise NotSupported(
            "a question goes through the hours of a clock that changes",
            detail=f"The zone is {resolver.clock.zone}, where an hour may come twice.",
            hint='Ask in zone "UTC", or step by whole days and group by day or coarser.',
        )


def _times_named(resolver: BranchResolver, query: Query) -> bool:
    spelled = [*(each.name for each in query.dimensions), *names_in(query.where)]
    if query.time.is_given:
        spelled.append(query.time.on or METRIC_TIME)
    return any(is_axis(resolver, each) for each in spelled)


def range_of(resolver: BranchResolver, query: Query, grain: Grain | None = None) -> Bounds:
    """The range of a home's metric time that a question gives.

    What ends now ends with the running period of ``grain``, by default that of the time.
    """
    time = query.time
    name = time.on or METRIC_TIME
    if not time.is_given or not is_axis(resolver, name):
        return Bounds()
    member = resolver.look(name).member
    assert isinstance(member, Dimension)
    assert member.grain is not None, "a metric time has a grain"
    return bounds(time, resolver.clock.zone, resolver.clock.now, grain or member.grain)


def _last(within: Bounds) -> datetime | None:
    return None if within.before is None else within.before - timedelta.resolution


def _civil(time: datetime | None, grain: Grain) -> Expr | None:
    if time is None:
        return None
    return Expr(time_literal(floor(time, grain), Kind.TIMESTAMP))
