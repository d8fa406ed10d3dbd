"""What of a catalog can still be asked about beside faults, so that one does not hide the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import replace
from typing import TypeVar

from semantic_models.catalog import Catalog
from semantic_models.errors import Position
from semantic_models.join_paths import Joins, both_ways
from semantic_models.model import (
    CalendarGrain,
    CalendarShift,
    Expr,
    Metric,
    Model,
    Path,
    Reading,
    Window,
)

Models = Mapping[str, Model]
T = TypeVar("T")


def with_columns(catalog: Catalog) -> Catalog:
    """The models whose columns are told, with all of theirs that reads nothing but such models."""
    known = {name: each for name, each in catalog.models.items() if each.columns is not None}
    joined = {
        name: replace(each, joins=_only(each.joins, lambda join: join.target in known))
        for name, each in known.items()
    }
    edges = _edges(joined)
    models = {name: _readable(each, edges) for name, each in joined.items()}
    return replace(catalog, models=models, metrics=_metrics(catalog, models))


def without(catalog: Catalog, places: Set[Position | None]) -> Catalog:
    """The catalog without whatever its author wrote at one of these places, or what is of it."""

    def stands(expr: Expr | None) -> bool:
        return expr is None or expr.origin is None or expr.origin.position() not in places

    models = {name: _sound(each, stands) for name, each in catalog.models.items()}
    metrics = {
        name: each
        for name, each in _metrics(catalog, models).items()
        if stands(each.formula)
        and all(stands(it) for use in each.measures for it in use.filters)
        and not any(origin.position() in places for origin in each.origins)
    }
    return replace(catalog, models=models, metrics=metrics)


def _sound(model: Model, stands: Callable[[Expr | None], bool]) -> Model:
    return replace(
        model,
        where=model.where if stands(model.where) else None,
        dimensions=_only(model.dimensions, lambda each: stands(each.expr)),
        measures=_only(model.measures, lambda each: stands(each.expr) and stands(each.where)),
        segments=_only(model.segments, lambda each: stands(each.expr)),
    )


def _readable(model: Model, edges: Joins) -> Model:
    def reads(expr: Expr | None) -> bool:
        return expr is None or _leads(model.name, expr, edges)

    return replace(
        model,
        bridges=_only(model.bridges, lambda each: _is_way(model.name, each.path, edges)),
        dimensions=_only(model.dimensions, lambda each: reads(each.expr)),
        measures=_only(model.measures, lambda each: reads(each.expr) and reads(each.where)),
        segments=_only(model.segments, lambda each: reads(each.expr)),
    )


def _leads(home: str, expr: Expr, edges: Joins) -> bool:
    """Whether every join that an expression walks still stands, from either side."""
    return all(_is_way(home, path, edges) for path in expr.paths)


def _is_way(home: str, path: Path, edges: Joins) -> bool:
    at = home
    for step in path:
        if step not in edges[at]:
            return False
        at = edges[at][step].target
    return True


def _edges(models: Models) -> Joins:
    return both_ways({name: each.joins for name, each in models.items()})


def _metrics(catalog: Catalog, models: Models) -> dict[str, Metric]:
    edges = _edges(models)

    def stands(metric: Metric) -> bool:
        return all(
            use.model in models
            and use.measure in models[use.model].measures
            and all(_leads(use.model, each, edges) for each in use.filters)
            and all(
                each.calendar in models and each.name in models[each.calendar].dimensions
                for each in _asked_of_calendars(use.reading)
            )
            for use in metric.measures
        )

    return _only(catalog.metrics, stands)


def _asked_of_calendars(reading: Reading) -> Iterator[CalendarGrain | CalendarShift]:
    """The grains and shifts of calendars by which times are shifted or cumulated."""
    window = reading.window or Window()
    steps = (*(each.back for each in reading.shifts), window.trailing)
    found: list[object] = [each.grain for each in steps if each is not None]
    found += [window.to_date, *(each.start_of or each.named for each in reading.shifts)]
    return (each for each in found if isinstance(each, CalendarGrain | CalendarShift))


def _only(named: Mapping[str, T], stands: Callable[[T], bool]) -> dict[str, T]:
    return {name: each for name, each in named.items() if stands(each)}
