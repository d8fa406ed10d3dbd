"""What measures of a question are aggregated together: one home each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from sqlglot import exp

from semantic_models.catalog import Catalog
from semantic_models.errors import (
    NotSupported,
    UnaggregatedFinerGrain,
)
from semantic_models.join_paths import walked
from semantic_models.model import Expr, Funnel, MeasureUse, OneTime, Reading, Span
from semantic_models.parameters import fixed
from semantic_models.plan_rows import own_predicates
from semantic_models.query import Query
from semantic_models.record import record
from semantic_models.resolve_axis import is_total
from semantic_models.resolve_branch import BranchResolver
from semantic_models.resolve_existence import is_safe
from semantic_models.resolved import BranchMeasure
from semantic_models.spec import Scalar
from semantic_models.types import (
    FLOAT64,
    INT64,
)


@record()
class Home:
    """What measures share that are aggregated together."""

    model: str
    time: str | None
    """Their metric time, where the question uses it."""
    many: tuple[Expr, ...]
    """Their own predicates on rows behind one-to-many joins."""
    reading: Reading | None = None
    """The times at which their rows count, where they are not their own."""
    one_time: OneTime | None = None
    """The one time whose rows count."""
    asked: tuple[Scalar, ...] = ()
    """Their predicates that read other metrics."""
    ago: Span | None = None
    """How much earlier the question's time range lies for them."""
    converted: MeasureUse | None = None
    """The conversions that its rows are the base of; their measure is then its own."""


def homes_of(
    query: Query,
    catalog: Catalog,
    uses: Mapping[str, MeasureUse],
    of_home: Callable[[Home], BranchResolver],
    *,
    by_time: bool,
) -> dict[Home, list[BranchMeasure]]:
    """The measures by home, and by metric time where the question uses it."""
    homes: dict[Home, list[BranchMeasure]] = {}
    for name, use in uses.items():
        measure, many = _without_many(_measure(name, use, catalog), catalog)
        if measure.measure.is_windowed:
            raise UnaggregatedFinerGrain(
                f'measure "{use.measure}" is told row by row, and the question asks for groups',
                hint="Ask for it under fields.",
            )
        time = use.time or measure.measure.time
        shown = time if by_time else None
        home = Home(use.model, shown, many, None, measure.measure.one_time, use.asked, use.ago)
        if use.funnel is not None:
            home, measure = _home_of_funnel(name, use, use.funnel, catalog)
        elif not use.reading.is_plain:
            read = replace(home, time=time, reading=use.reading)
            if is_total(of_home(read), query, use.reading):
                measure = _as_average(measure, use.reading)
            else:
                home = read
        homes.setdefault(home, []).append(measure)
    engines = {catalog.whole.models[home.model].engine for home in homes}
    if len(engines) > 1:
        raise NotSupported(
            f"the metrics live on several engines: {', '.join(sorted(engines))}",
            hint="Ask for them in questions of their own.",
        )
    return homes


def home_by_time(use: MeasureUse, catalog: Catalog) -> Home:
    """A measure's home with its metric time, alone; a funnel's is that of its base."""
    base = use.funnel.base if use.funnel is not None else use
    return Home(
        base.model, base.time or catalog.whole.models[base.model].measures[base.measure].time, ()
    )


def _as_average(measure: BranchMeasure, reading: Reading) -> BranchMeasure:
    """A total in the type of the averages that the metric promises, where it does."""
    if reading.window is None or reading.window.regrain != "average":
        return measure
    made = replace(measure.measure, type=FLOAT64, needs_cast=True)
    return replace(measure, measure=made)


def _home_of_funnel(
    name: str, use: MeasureUse, funnel: Funnel, catalog: Catalog
) -> tuple[Home, BranchMeasure]:
    """The base of a funnel, and what is aggregated of its conversions."""
    base = _measure("", funnel.base, catalog)
    time = funnel.base.time or base.measure.time
    home = Home(funnel.base.model, time, own_predicates(base), converted=use)
    measure = _measure(name, use, catalog)
    if funnel.counts_rows:
        counted = replace(
            measure.measure,
            expr=Expr(exp.Count(this=exp.Star(), big_int=True)),
            type=INT64,
            needs_cast=False,
        )
        measure = replace(measure, measure=counted)
    return home, measure


def _measure(name: str, use: MeasureUse, catalog: Catalog) -> BranchMeasure:
    measure = catalog.whole.models[use.model].measures[use.measure]
    if not use.parameters:
        return BranchMeasure(name, measure, use.filters)
    expr = fixed(use.parameters, measure.expr)
    where = fixed(use.parameters, measure.where) if measure.where is not None else None
    filters = tuple(fixed(use.parameters, each) for each in use.filters)
    return BranchMeasure(name, replace(measure, expr=expr, where=where), filters)


def _without_many(
    measure: BranchMeasure, catalog: Catalog
) -> tuple[BranchMeasure, tuple[Expr, ...]]:
    """A measure without the predicates that its branch must have before, and those.

    They are behind one-to-many joins, or choose the rows of which the first or last time is taken.
    """
    own = own_predicates(measure)
    if not own:
        return measure, ()
    joins_of = partial(walked, catalog.whole.ways.edges, measure.measure.model)
    first = measure.measure.one_time is not None
    many = tuple(each for each in own if first or not is_safe(each, joins_of))
    if not many:
        return measure, ()
    rest = tuple(each for each in own if each not in many)
    return BranchMeasure(measure.name, replace(measure.measure, where=None), rest), many
