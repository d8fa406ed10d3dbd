"""What of a catalog can still be asked about beside faults, so that one does not hide the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from semantic_models.catalog import Catalog
from semantic_models.give_types import MEASURE
from semantic_models.model import Expr, Metric, Model

Models = Mapping[str, Model]
T = TypeVar("T")


def with_columns(catalog: Catalog) -> Catalog:
    """The models whose columns are told, with all of theirs that reads nothing but such models."""
    known = {name: each for name, each in catalog.models.items() if each.columns is not None}
    joined = {
        name: replace(each, joins=_only(each.joins, lambda join: join.target in known))
        for name, each in known.items()
    }
    models = {name: _readable(each, joined) for name, each in joined.items()}
    return replace(catalog, models=models, metrics=_metrics(catalog, models))


def with_members(catalog: Catalog, has: Callable[[str, str], bool]) -> Catalog:
    """The members, and metrics of them, of which something holds.

    It is asked of a model's name and the name by which the type of a member is told.
    """
    models = {name: _with_members(each, has) for name, each in catalog.models.items()}
    return replace(catalog, models=models, metrics=_metrics(catalog, models))


def _with_members(model: Model, has: Callable[[str, str], bool]) -> Model:
    return replace(
        model,
        dimensions=_only(model.dimensions, lambda each: has(model.name, each.name)),
        measures=_only(model.measures, lambda each: has(model.name, MEASURE + each.name)),
    )


def _readable(model: Model, models: Models) -> Model:
    def reads(expr: Expr | None) -> bool:
        return expr is None or _leads(model.name, expr, models)

    return replace(
        model,
        dimensions=_only(model.dimensions, lambda each: reads(each.expr)),
        measures=_only(model.measures, lambda each: reads(each.expr) and reads(each.where)),
        segments=_only(model.segments, lambda each: reads(each.expr)),
    )


def _leads(home: str, expr: Expr, models: Models) -> bool:
    """Whether every join that an expression walks still stands."""
    for path in expr.paths:
        at = home
        for step in path:
            if step not in models[at].joins:
                return False
            at = models[at].joins[step].target
    return True


def _metrics(catalog: Catalog, models: Models) -> dict[str, Metric]:
    def stands(metric: Metric) -> bool:
        return all(
            use.model in models
            and use.measure in models[use.model].measures
            and all(_leads(use.model, each, models) for each in use.filters)
            for use in metric.inputs
        )

    return _only(catalog.metrics, stands)


def _only(named: Mapping[str, T], stands: Callable[[T], bool]) -> dict[str, T]:
    return {name: each for name, each in named.items() if stands(each)}
