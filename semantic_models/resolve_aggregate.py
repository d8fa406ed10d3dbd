"""Metrics by dimensions: one branch a home, stitched on what all of them share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from semantic_models.answer_columns import answered, column_name
from semantic_models.catalog import Catalog
from semantic_models.earlier import (
    check_comparable,
    check_members,
    check_one_way,
    check_other_time,
    earlier,
    partial_flags,
    shift_of,
    suffix,
)
from semantic_models.errors import (
    ForebayError,
    NameCollision,
    NoPath,
    NoStitchingDimension,
    Position,
    UnknownName,
)
from semantic_models.floors import of_told_cells
from semantic_models.homes import Home, homes_of
from semantic_models.metric_inputs import renumbered
from semantic_models.metric_predicates import called_by
from semantic_models.model import (
    GRAINS,
    Dimension,
    Grain,
    Input,
    MeasureUse,
    Metric,
    Nested,
    Shift,
)
from semantic_models.nested_queries import (
    INNER,
    Scoped,
    authored_names,
    nested_query,
    predicate,
)
from semantic_models.nested_times import TimesOfQuery, beneath, in_own_times
from semantic_models.plan import Output
from semantic_models.presence import is_present, with_presence
from semantic_models.query import Asked, Query
from semantic_models.ranks import AskedMetric, AskedMetrics, ranked_metrics
from semantic_models.record import record
from semantic_models.resolve_axis import is_axis, range_of, resolve_axis
from semantic_models.resolve_branch import BranchResolver, RowFilters, asked_position
from semantic_models.resolve_filling import Beside, resolve_filling
from semantic_models.resolve_filters import Clock, names_in
from semantic_models.resolve_funnel import branch_of_funnel
from semantic_models.resolve_names import METRIC_TIME, Reached, is_metric_time, reach
from semantic_models.resolved import (
    Branch,
    BranchMeasure,
    DatedKey,
    NestedGroups,
    PeriodsBack,
    ResolvedQuery,
)
from semantic_models.same_times import same_times
from semantic_models.scopes import aggregated_type
from semantic_models.top_members import MEMBER, shown_groups, shown_rows, with_ranking
from semantic_models.totals import shorter, with_totals


def resolve_aggregate(query: Query, catalog: Catalog, clock: Clock) -> ResolvedQuery:
    """Resolve a question that has metrics."""
    if query.top is not None and query.top.ranking is None:
        seen = [Asked(query.top.by, source="top.by"), *query.metrics]
        uses = [use for each in seen for use in _metric(each, catalog, []).metric.inputs]
        query = with_ranking(query, query.top, catalog, [use.home for use in uses])
    further = _further_metrics(query, catalog)
    resolved = _resolve(query, catalog, clock, further)
    if not query.totals:
        return resolved
    levels = (_resolve(each, catalog, clock, further) for each in shorter(query, resolved))
    return with_totals(resolved, levels)


def _resolve(query: Query, catalog: Catalog, clock: Clock, further: Sequence[str]) -> ResolvedQuery:
    """The same at one grain; ``further`` metrics are computed and not shown."""
    inputs: list[Input] = []
    asked = [_metric(each, catalog, inputs) for each in query.metrics]
    uses_time = _uses_metric_time(query)
    metrics = [*(each.metric for each in asked), *map(catalog.metric, further)]
    grain = _metric_time_grain(catalog, metrics) if uses_time else None
    of_home = partial(_resolver, query, catalog, clock, grain)
    times = TimesOfQuery(query, catalog, of_home)
    if query.compare:
        asked += list(_compared(query, asked, times, inputs))
    shown = {_measure_column(number) for number in range(len(inputs))}
    hidden = {name: _metric(Asked(name), catalog, inputs) for name in further}
    uses, nested = _apart(inputs, shown, times)
    shown.update(name for name in uses if name.startswith(_BENEATH))
    _check_model(query, uses)
    is_filled = query.fill or any(each.metric.spine for each in asked)
    reads_time = uses_time or is_filled or any(use.asked for use in uses.values())
    by_time = catalog.meets_versions or reads_time or bool(query.compare)
    homes = homes_of(query, catalog, uses, of_home, by_time=by_time)
    resolvers = {home: of_home(home) for home in homes}
    _check_reached(query, resolvers)
    for home, resolver in resolvers.items():
        if home.reading is not None:
            resolver.counted_at(resolve_axis(resolver, query, home.reading))
    keys = _key_names(query, resolvers)
    first = next(iter(resolvers.values()))
    groups = [
        _nested(name, each, nested_query(scoped, name, query, keys, grain), times, clock)
        for name, each in nested.items()
        for scoped in [Scoped(each.scope, times.names_of(each.metric))]
    ]
    made = [_branch(query, resolvers[home], keys, each, home) for home, each in homes.items()]
    branches, nested_groups = same_times(made, groups, query, clock.zone)
    _check_shared([*_sides(branches, resolvers), *_nested_sides(nested_groups, of_home)], query)
    branches, nested_groups = with_presence(branches, nested_groups, shown)
    about = {name: first.located(each).member.about for name, each in keys.items()}
    flags, dated = _partial_flags(branches[0].keys, query, first) if query.compare else ((), ())
    told = AskedMetrics(asked, hidden, catalog.parameters, flags)
    told = ranked_metrics(
        of_told_cells(told, catalog.floor), branches[0].keys, query, times.names_of
    )
    resolved = answered(query, branches, told, about, clock)
    present = is_present(branches, nested_groups)
    if nested_groups or present or dated:
        resolved = replace(resolved, nested=nested_groups, present=present, dated=dated)
    if not is_filled:
        return resolved
    beside = _beside(nested_groups, nested, times)
    return replace(
        resolved,
        filling=resolve_filling(query, [*resolvers.values()], branches[0].keys, clock, beside),
    )


def _beside(
    groups: Sequence[NestedGroups], nested: Mapping[str, Nested], times: TimesOfQuery
) -> list[Beside]:
    """The keys of the metrics that are nested in a question, seen from each of their homes."""
    return [
        (each.keys, times.seen_from(use))
        for each in groups
        if each.name in nested
        for use in nested[each.name].metric.counted
    ]


def _partial_flags(
    keys: Sequence[Output], query: Query, resolver: BranchResolver
) -> tuple[tuple[Output, ...], tuple[DatedKey, ...]]:
    """The columns that tell which periods a question's time range cuts short.

    With the keys of calendars whose periods' ends tell it.
    """
    within = range_of(resolver, query, Grain.MINUTE)
    times = [
        (key, grain)
        for key, asked in zip(keys, query.dimensions, strict=True)
        if is_axis(resolver, asked.name)
        if (grain := _period_of(resolver, asked)) is not None
    ]
    is_bounded = within.start is not None or within.before is not None
    dated = (DatedKey(key.name, each) for key, each in times if isinstance(each, PeriodsBack))
    return partial_flags(times, within), tuple(dated) if is_bounded else ()


def _period_of(resolver: BranchResolver, asked: Asked) -> Grain | PeriodsBack | None:
    """What a grouped time has one value for each of; None for parts of times."""
    found = resolver.grouped(asked)
    if not found.calendar_grain:
        return found.grain
    calendar = resolver.catalog.calendar_of(found.calendar_grain)
    return PeriodsBack(calendar, found.calendar_grain, 0)


_BENEATH = "a:"


def _apart(
    inputs: Sequence[Input], shown: Collection[str], times: TimesOfQuery
) -> tuple[dict[str, MeasureUse], dict[str, Nested]]:
    """The measures of a question and the metrics that are nested in it, by their columns.

    Where nothing that is shown has groups of its own, the measures of nested metrics make them.
    """
    columns = {_measure_column(number): use for number, use in enumerate(inputs)}
    uses = {name: use for name, use in columns.items() if isinstance(use, MeasureUse)}
    nested = {name: use for name, use in columns.items() if isinstance(use, Nested)}
    making = [name for name in shown if name in uses or nested[name].scope.makes_groups]
    if uses and making:
        return uses, nested
    making_groups = dict.fromkeys(
        beneath(use, times)
        for name, each in nested.items()
        if name in (making or shown)
        for use in each.metric.counted
    )
    return {f"{_BENEATH}{at}": use for at, use in enumerate(making_groups)} | uses, nested


def _nested(
    name: str, nested: Nested, query: Query, outer: TimesOfQuery, clock: Clock
) -> NestedGroups:
    """The groups of a metric in a scope of its own."""
    nested = in_own_times(nested, query, outer)
    inner = resolve_aggregate(query, outer.catalog.with_metric(INNER, nested.metric), clock)
    keys = inner.computed[: len(query.dimensions) - len(nested.scope.per)]
    type_ = aggregated_type(nested.scope.aggregate, nested.metric.type)
    assert type_ is not None, "a served catalog has its types"
    aggregate, makes_groups = nested.scope.aggregate, nested.scope.makes_groups
    return NestedGroups(name, inner, keys, aggregate, type_, makes_groups)


def _resolver(
    query: Query, catalog: Catalog, clock: Clock, grain: Grain | None, home: Home
) -> BranchResolver:
    model = catalog.whole.models[home.model]
    made = BranchResolver(catalog, model, home.time, clock, grain)
    made.columns, made.named = authored_names(query), catalog.named_part(model)
    made.ask = partial(asked_within, catalog, clock)
    made.ask_as_author = partial(asked_within, catalog.whole, clock)
    made.ago = home.ago
    made.top = query.top
    return made


def asked_within(catalog: Catalog, clock: Clock, query: Query) -> ResolvedQuery:
    """A question that a predicate asks."""
    return resolve_aggregate(query, catalog, clock)


def _measure_column(number: int) -> str:
    """A measure's column in its branch; no member has such a name, and no alias may."""
    return f"i:{number}"


def _metric(asked: Asked, catalog: Catalog, inputs: list[Input]) -> AskedMetric:
    try:
        metric = catalog.metric(asked.name)
    except UnknownName as error:
        raise _or_dimension(error, asked, catalog).at(asked_position(asked)) from None
    except ForebayError as error:
        raise error.at(asked_position(asked)) from None
    formula = renumbered(metric, inputs, _measure_column)
    return AskedMetric(asked.alias or asked.name.replace(".", "__"), metric, formula)


def _compared(
    query: Query,
    asked: Sequence[AskedMetric],
    times: TimesOfQuery,
    inputs: list[Input],
) -> Iterator[AskedMetric]:
    """The metrics as they were at the other times that a question compares with."""

    by_time = {times.are_grouped(use) for each in asked for use in each.metric.measures}
    check_one_way(by_time)

    def is_grouped(shift: Shift, use: MeasureUse) -> bool:
        resolver = times.seen_from(use)
        found = by_time == {True}
        check_comparable(query, partial(is_axis, resolver), by_time=found)
        check_other_time(query, resolver.look)
        check_members(query, shift, resolver.look, partial(is_axis, resolver))
        return found

    for number, text in enumerate(query.compare):
        try:
            shift = shift_of(text, times.catalog)
        except UnknownName as error:
            raise error.at(Position(f"compare[{number}]", 1, 1, len(text), text)) from None
        for each in asked:
            is_then = partial(is_grouped, shift)
            then = earlier(each.metric, shift, is_then, is_ranged=query.time.is_given)
            formula = renumbered(then, inputs, _measure_column)
            yield AskedMetric(f"{each.name}{suffix(shift)}", then, formula)


def _or_dimension(error: UnknownName, asked: Asked, catalog: Catalog) -> UnknownName:
    holders = [m.name for m in catalog.models.values() if asked.name in m.dimensions]
    if holders:
        error.hint = f'"{asked.name}" is a dimension of model "{holders[0]}"; list it there.'
    return error


def _further_metrics(query: Query, catalog: Catalog) -> list[str]:
    """Metrics that having and order_by name although the answer does not show them."""
    spelled = [*(each.name for each in query.order_by), *names_in(query.having)]
    if not spelled:
        return []
    asked = [each.name.replace("__", ".") for each in query.metrics]
    shown = {*asked, *(each.alias or each.name.replace(".", "__") for each in query.metrics)}
    grouped = {each.alias or each.name for each in query.dimensions}
    return [
        name
        for name in dict.fromkeys(spelled)
        if name not in shown and name not in grouped and name in catalog.metrics
    ]


def _check_model(query: Query, uses: Mapping[str, MeasureUse]) -> None:
    """A model that the question names is the home of one of its measures at least."""
    homes = {use.home: None for use in uses.values()}
    if query.model and query.model not in homes:
        raise NoPath(
            f'no metric of the question has measures of model "{query.model}"',
            detail=f"They are measures of {', '.join(homes)}.",
            hint=f'Ask from "{next(iter(homes))}".',
            position=Position("from", 1, 1, len(query.model), query.model),
        )


def _uses_metric_time(query: Query) -> bool:
    time = query.time
    spelled = [*(each.name for each in query.dimensions), *(each.name for each in query.order_by)]
    spelled += [*names_in(query.where), query.top.on if query.top else ""]
    if time.is_given and (not time.on or time.on == METRIC_TIME):
        return True
    spelled += [key for each in spelled if (met := called_by(each)) for key in met.keys]
    return any(map(is_metric_time, spelled))


def _metric_time_grain(catalog: Catalog, metrics: Sequence[Metric]) -> Grain | None:
    """The coarsest grain of the metrics, which a bare ``metric_time`` has."""
    grains = [grain for each in metrics for grain in _bare_grains(each, catalog)]
    return max(grains, key=GRAINS.__getitem__, default=None)


def _bare_grains(metric: Metric, catalog: Catalog) -> list[Grain]:
    """The grain that a metric asks for, else those of its measures' times, or day where finer."""
    if metric.grain is not None:
        return [metric.grain]
    uses = [use.funnel.base if use.funnel else use for use in metric.measures]
    own = [grain for use in uses if (grain := _grain_of(use, catalog)) is not None]
    return [Grain.DAY if grain.is_finer_than(Grain.DAY) else grain for grain in own]


def _grain_of(use: MeasureUse, catalog: Catalog) -> Grain | None:
    """The grain of a measure's metric time, if it has one."""
    model = catalog.whole.models[use.model]
    time = use.time or model.measures[use.measure].time
    member = reach(catalog.whole, model, time).member if time else None
    return member.grain if isinstance(member, Dimension) else None


def _check_reached(query: Query, resolvers: Mapping[Home, BranchResolver]) -> None:
    """A name that only some of the facts can resolve has no path from the others."""
    if len(resolvers) == 1:
        return
    filtered = [Asked(each, source="where") for each in names_in(query.where)]
    ranged = [Asked(query.time.on, source="time.on")] if query.time.on else []
    for asked in (*query.dimensions, *filtered, *ranged):
        lost = [home for home, resolver in resolvers.items() if not _knows(resolver, asked.name)]
        if lost and len(lost) < len(resolvers):
            raise NoPath(
                f'"{asked.name}" is not reached from model "{lost[0].model}"',
                detail="Every metric of a question resolves each of its names from its own model.",
                hint="Ask for names that all of the models reach, or for fewer metrics.",
                position=asked_position(asked),
            )


def _knows(resolver: BranchResolver, name: str) -> bool:
    try:
        resolver.look(name)
    except UnknownName:
        return False
    except ForebayError:
        return True
    return True


def _key_names(query: Query, resolvers: Mapping[Home, BranchResolver]) -> dict[str, Asked]:
    """The columns of the grouped dimensions; a bare time dimension's has its grain."""
    first = next(iter(resolvers.values()))
    keys: dict[str, Asked] = {}
    for asked in query.dimensions:
        name = asked.alias or column_name(asked.name, first.grouped(asked))
        if name in keys:
            raise NameCollision(
                f'the answer has two columns named "{name}"',
                hint='Ask once, or give one of them another name with "as".',
                position=asked_position(asked),
            )
        keys[name] = asked
    return keys


def _branch(
    query: Query,
    resolver: BranchResolver,
    keys: Mapping[str, Asked],
    uses: Sequence[BranchMeasure],
    home: Home,
) -> Branch:
    measures = tuple(uses)
    grouped = tuple(resolver.key(asked, name) for name, asked in keys.items())
    if home.one_time is not None:
        resolver.count_one_time(home.one_time, grouped, list(keys.values()))
    try:
        filters = resolver.filters(query.where, query.time)
        if home.asked:
            plain, existences = resolver.own_filters([predicate(each) for each in home.asked])
            filters = (*filters[0], *plain), (*filters[1], *existences)
    except NoPath as error:
        counted = [each.measure.name for each in measures]
        if home.converted is not None and home.converted.funnel is not None:
            counted.insert(0, home.converted.funnel.base.measure)
        names_ = ", ".join(f'"{each}"' for each in dict.fromkeys(counted))
        error.detail = f"{error.detail} The measures are {names_}.".strip()
        raise
    filters = resolver.with_own(filters, home.many)
    top = query.top
    if top is None or all(each.name != MEMBER for each in query.dimensions):
        return _made(resolver, home, grouped, measures, filters)
    if home.one_time is None and home.converted is None:
        filters = (*filters[0], *shown_rows(top)), filters[1]
        return _made(resolver, home, grouped, measures, filters)
    made = _made(resolver, home, grouped, measures, filters)
    return replace(made, shown=shown_groups(query, top))


def _made(
    resolver: BranchResolver,
    home: Home,
    keys: tuple[Output, ...],
    measures: tuple[BranchMeasure, ...],
    filters: RowFilters,
) -> Branch:
    if home.converted is not None:
        return branch_of_funnel(resolver, home.converted, keys, measures, filters)
    return resolver.branch(keys, measures, filters)


@record()
class _Side:
    """What one home makes of the grouped dimensions, or of those that a nested metric keeps."""

    home: str
    keys: tuple[Output, ...]
    resolver: BranchResolver


def _sides(branches: Sequence[Branch], resolvers: Mapping[Home, BranchResolver]) -> Iterator[_Side]:
    for branch, resolver in zip(branches, resolvers.values(), strict=True):
        yield _Side(branch.home.name, branch.keys, resolver)


def _nested_sides(
    groups: Sequence[NestedGroups], of_home: Callable[[Home], BranchResolver]
) -> Iterator[_Side]:
    for each in groups:
        for branch in each.inner.branches:
            name = branch.home.name
            yield _Side(name, each.keys, of_home(Home(name, None, ())))


def _check_shared(sides: Sequence[_Side], query: Query) -> None:
    """Facts meet on columns of one meaning and type, or the question is refused."""
    first, *others = sides
    if not others:
        return
    for asked, one in zip(query.dimensions, first.keys, strict=True):
        if is_metric_time(asked.name):
            continue
        met = [(side, key) for side in others for key in side.keys if key.name == one.name]
        for side, other in met:
            _check_met(asked, (first, one), (side, other))


def _check_met(asked: Asked, one: tuple[_Side, Output], other: tuple[_Side, Output]) -> None:
    """Raise where a dimension means one thing to one home and another thing to another."""
    (first, key), (side, met) = one, other
    means = (first.resolver.look(asked.name), side.resolver.look(asked.name))
    if key.type == met.type and _mean_the_same(*means):
        return
    raise NoStitchingDimension(
        f'dimension "{asked.name}" does not mean the same to models '
        f'"{first.home}" and "{side.home}"',
        detail=f"It is {key.type} in one and {met.type} in the other.",
        hint="Ask for a dimension that both reach by the same join path.",
        position=asked_position(asked),
    )


def _mean_the_same(one: Reached, other: Reached) -> bool:
    """Whether two homes mean one member of one model, or each one that it declares itself."""
    both_declare = not one.path and not other.path
    return both_declare or (one.owner, one.member.name) == (other.owner, other.member.name)
