"""Types, once an engine has told them, to the members of a catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError, NotSupported, WrongType
from semantic_models.model import Dimension, Measure, Metric, Model, ModelTypes
from semantic_models.types import FLOAT64, INT64, TIMES, Kind, LogicalType

MEASURE = "measure:"


def give_types(
    catalog: Catalog, types: Mapping[str, ModelTypes]
) -> tuple[Catalog, tuple[ForebayError, ...]]:
    """The catalog with the types of ``types``, and the members whose type cannot be used.

    A model of which nothing is told keeps its members untyped.
    """
    faults: list[ForebayError] = []
    models = {
        name: _typed(model, types[name], faults) if name in types else model
        for name, model in catalog.models.items()
    }
    metrics = {
        name: replace(metric, type=_metric_type(metric, models))
        for name, metric in catalog.metrics.items()
    }
    return replace(catalog, models=models, metrics=metrics), tuple(faults)


def _typed(model: Model, types: ModelTypes, faults: list[ForebayError]) -> Model:
    dimensions = {
        name: _dimension(model, each, types.members.get(name), faults)
        for name, each in model.dimensions.items()
    }
    measures = {
        name: _measure(each, types.members.get(MEASURE + name), faults)
        for name, each in model.measures.items()
    }
    return replace(model, dimensions=dimensions, measures=measures, columns=types.columns)


def _dimension(
    model: Model, dimension: Dimension, told: LogicalType | None, faults: list[ForebayError]
) -> Dimension:
    origin = dimension.expr.origin
    place = origin.position() if origin else None
    if told is None:
        faults.append(
            NotSupported(
                f'dimension "{dimension.name}" of model "{model.name}" has a type of no known kind',
                hint="Cast it, for example to varchar, in its expression.",
                position=place,
            )
        )
        return dimension
    if dimension.grain is not None and told.kind not in TIMES:
        faults.append(
            WrongType(
                f'time dimension "{dimension.name}" of model "{model.name}" holds {told}',
                hint="Cast it to a date or timestamp, or leave type: time out.",
                position=place,
            )
        )
    return replace(dimension, type=told)


def _measure(measure: Measure, told: LogicalType | None, faults: list[ForebayError]) -> Measure:
    if told is None:
        origin = measure.expr.origin
        faults.append(
            NotSupported(
                f'measure "{measure.name}" of model "{measure.model}" has a type of no known kind',
                hint="Cast it in its expression.",
                position=origin.position() if origin else None,
            )
        )
        return measure
    promised = promised_type(measure.expr.tree, told)
    return replace(measure, type=promised, needs_cast=promised != told)


def promised_type(tree: exp.Expr, told: LogicalType) -> LogicalType:
    """The type that a measure promises on every engine, whatever one engine gives.

    Sums of integers are int64, although an engine may sum them in a wider type; an average and
    every other statistic is float64.
    """
    inner = tree.this if isinstance(tree, exp.Filter) else tree
    if told.kind is Kind.DECIMAL and told.scale == 0 and told.precision == 38:
        return INT64
    if told.kind is Kind.FLOAT32 or isinstance(inner, exp.Avg):
        return FLOAT64
    return told


def _metric_type(metric: Metric, models: Mapping[str, Model]) -> LogicalType | None:
    uses = [models[use.model].measures[use.measure] for use in metric.inputs]
    if metric.is_measure:
        return uses[0].type
    if metric.formula.tree.find(exp.Div):
        return FLOAT64
    return wider([use.type for use in uses])


def wider(types: list[LogicalType | None]) -> LogicalType | None:
    """The type that arithmetic over values of ``types`` promises."""
    known = [each for each in types if each is not None]
    if len(known) < len(types) or not known:
        return None
    if all(each.kind is Kind.INT64 for each in known):
        return INT64
    return known[0] if len(set(known)) == 1 and known[0].kind is Kind.STRING else FLOAT64
