"""Metrics of other times in scopes without times, where the question around them has some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from semantic_models.catalog import Catalog
from semantic_models.errors import NotSupported
from semantic_models.homes import Home, home_by_time
from semantic_models.model import (
    PLAIN,
    CalendarGrain,
    Input,
    MeasureUse,
    Metric,
    Nested,
    Reading,
    Span,
)
from semantic_models.query import Query
from semantic_models.record import record
from semantic_models.resolve_axis import grouped_times, is_axis
from semantic_models.resolve_branch import BranchResolver
from semantic_models.resolve_filters import names_in
from semantic_models.resolve_names import METRIC_TIME
from semantic_models.same_names import SameNames


@record()
class TimesOfQuery:
    """Which metric times a question groups by and what names mean, seen from a measure's home."""

    query: Query
    catalog: Catalog
    of_home: Callable[[Home], BranchResolver]

    def seen_from(self, use: MeasureUse) -> BranchResolver:
        """The home of a measure."""
        return self.of_home(home_by_time(use, self.catalog))

    def are_grouped(self, use: MeasureUse) -> bool:
        """Whether the question groups by a measure's metric time."""
        return bool(grouped_times(self.seen_from(use), self.query))

    def names_of(self, metric: Metric) -> SameNames:
        """What names mean to the measures of a metric, whose metric times may differ."""
        homes = dict.fromkeys(home_by_time(use, self.catalog) for use in metric.measures)
        return SameNames(tuple(self.of_home(home).look for home in homes))


def in_own_times(nested: Nested, inner: Query, outer: TimesOfQuery) -> Nested:
    """A metric whose own groups have no times, of which the question's are shifted.

    Its rows are those of so long ago where a range bounds them, else all rows, which are the same
    at every time.

    Raises:
        NotSupported: no range of so long ago can be told.
    """
    times = TimesOfQuery(inner, outer.catalog, outer.of_home)

    def moved(use: Input) -> Input:
        if isinstance(use, Nested) or not use.reading.shifts or use.reading.window is not None:
            return use
        if not outer.are_grouped(use) or times.are_grouped(use):
            return use
        if not _is_bounded(times.seen_from(use), inner):
            return replace(use, reading=PLAIN)
        return replace(
            use, reading=PLAIN, ago=_range_back(use.reading, times.seen_from(use), inner)
        )

    inputs = tuple(map(moved, nested.metric.inputs))
    return replace(nested, metric=replace(nested.metric, inputs=inputs))


def beneath(use: MeasureUse, outer: TimesOfQuery) -> MeasureUse:
    """A measure that only makes the groups of a metric with groups of its own.

    Where the question tells no times apart, its rows make them at their own times.
    """
    if use.reading.is_plain or outer.are_grouped(use):
        return use
    return replace(use, reading=PLAIN)


def _is_bounded(home: BranchResolver, query: Query) -> bool:
    """Whether a question's range or predicates bound the metric time of a home."""
    is_ranged = query.time.is_given and is_axis(home, query.time.on or METRIC_TIME)
    return is_ranged or any(is_axis(home, each) for each in names_in(query.where))


def _range_back(reading: Reading, home: BranchResolver, query: Query) -> Span:
    """How much earlier the range lies by the steps of a reading."""
    spans = [each.back for each in reading.shifts]
    step = spans[0] if len(spans) == 1 else None
    named = next((each for each in names_in(query.where) if is_axis(home, each)), "")
    if step is None or isinstance(step.grain, CalendarGrain) or named:
        raise NotSupported(
            "a metric of another time has groups of its own without metric time, and the question "
            "bounds its times",
            detail=f'"{named}" stands in where.' if named else "",
            hint="Give the range of time under time."
            if named
            else "Keep metric_time in the metric's grain, or drop it from its filter.",
        )
    return step
