"""Types, once an engine has told them, to the members of a catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from sqlglot import exp

from semantic_models.catalog import Catalog
from semantic_models.definitions import path_of
from semantic_models.errors import ForebayError, NotSupported, WrongType
from semantic_models.formula_types import as_promised, formula_type, passed
from semantic_models.functions import CONDITIONS
from semantic_models.join_paths import walked
from semantic_models.kinds import settle
from semantic_models.metric_inputs import input_name
from semantic_models.model import (
    Dimension,
    Input,
    Measure,
    MeasureUse,
    Metric,
    Model,
    ModelTypes,
    Nested,
)
from semantic_models.scopes import aggregated_type
from semantic_models.types import FLOAT64, INT64, TIMES, Kind, LogicalType

MEASURE = "measure:"


TypeOf = Callable[[exp.Column], LogicalType | None]
"""From a column of a measure, behind its join path, to the type that an engine told."""


def give_types(
    catalog: Catalog, types: Mapping[str, ModelTypes]
) -> tuple[Catalog, tuple[ForebayError, ...]]:
    """The catalog with the types of ``types``, and the members whose type cannot be used.

    A model of which nothing is told keeps its members untyped.
    """
    faults: list[ForebayError] = []
    models = {
        name: _typed(model, types[name], partial(_column_type, catalog, types, model), faults)
        if name in types
        else model
        for name, model in catalog.models.items()
    }
    faults += _shifts_without_dates(catalog, models)
    metrics = {name: _metric(metric, models, faults) for name, metric in catalog.metrics.items()}
    return replace(catalog, models=models, metrics=metrics), tuple(faults)


def _column_type(
    catalog: Catalog, types: Mapping[str, ModelTypes], home: Model, node: exp.Column
) -> LogicalType | None:
    joins = walked(catalog.ways.edges, home.name, path_of(node))
    owner = types.get(joins[-1].target if joins else home.name)
    return owner.columns.get(node.name) if owner else None


def _typed(model: Model, types: ModelTypes, type_of: TypeOf, faults: list[ForebayError]) -> Model:
    dimensions = {
        name: _dimension(model, each, types.members.get(name), faults)
        for name, each in model.dimensions.items()
    }
    measures = {
        name: _measure(each, types.members.get(MEASURE + name), type_of, faults)
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


def _shifts_without_dates(catalog: Catalog, models: Mapping[str, Model]) -> Iterator[ForebayError]:
    """What calendars compare days with are days: an instant has none of its own."""
    for shift in catalog.shifts.values():
        calendar = models.get(shift.calendar)  # One with faults is not there.
        member = calendar.dimensions.get(shift.name) if calendar is not None else None
        if member is not None and member.type is not None and member.type.kind is not Kind.DATE:
            origin = member.expr.origin
            yield WrongType(
                f'shift "{shift}" holds {member.type}, and no dates',
                hint="Name a column of dates.",
                position=origin.position() if origin else None,
            )


def _measure(
    measure: Measure, told: LogicalType | None, type_of: TypeOf, faults: list[ForebayError]
) -> Measure:
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
    promised = promised_type(measure.expr.tree, told, type_of)
    return replace(measure, type=promised, needs_cast=promised != told)


def promised_type(tree: exp.Expr, told: LogicalType, type_of: TypeOf) -> LogicalType:
    """The type that a measure promises on every engine, whatever one engine gives.

    Sums of integers are int64, although an engine may sum them in a wider type; an average and
    every other statistic is float64.
    """
    inner = tree.this if isinstance(tree, exp.Filter) else tree
    if told.kind is Kind.FLOAT32 or isinstance(inner, exp.Avg):
        return FLOAT64
    if told.kind is Kind.DECIMAL and told.scale == 0 and told.precision == 38:
        return told if _gives_decimals(tree, type_of) else INT64
    return told


def _gives_decimals(tree: exp.Expr, type_of: TypeOf) -> bool:
    """Whether the values that an expression gives are made from decimals."""
    if isinstance(tree, exp.Column):
        told = type_of(tree)
        return told is not None and told.kind is Kind.DECIMAL
    if isinstance(tree, exp.Cast):
        return tree.to.this is exp.DType.DECIMAL
    if type(tree) in CONDITIONS:
        return False
    return any(_gives_decimals(each, type_of) for each in passed(tree))


def _input(use: Input, models: Mapping[str, Model], faults: list[ForebayError]) -> Input:
    """An input with the types of the metric that is nested in it."""
    if isinstance(use, MeasureUse):
        return use
    return replace(use, metric=_metric(use.metric, models, faults))


def _use_type(use: Input, models: Mapping[str, Model]) -> LogicalType | None:
    if isinstance(use, Nested):
        return aggregated_type(use.scope.aggregate, use.metric.type)
    if use.funnel is not None and use.funnel.counts_rows:
        return INT64
    window = use.reading.window
    if window is not None and window.regrain == "average":
        return FLOAT64
    return models[use.model].measures[use.measure].type


def _metric(metric: Metric, models: Mapping[str, Model], faults: list[ForebayError]) -> Metric:
    """A metric with its type, the times and literals of its formula settled."""
    inputs = tuple(_input(use, models, faults) for use in metric.inputs)
    metric = replace(metric, inputs=inputs)
    told = [_use_type(use, models) for use in inputs]
    if metric.is_measure:
        return replace(metric, type=INT64 if metric.ranked else told[0])
    types = {input_name(number): each for number, each in enumerate(told)}
    kinds = {name: each.kind for name, each in types.items() if each is not None}
    if len(kinds) < len(types):
        return metric
    origin = metric.formula.origin
    try:
        tree, kind = settle(metric.formula.tree.copy(), lambda node: kinds[node.name])
    except ForebayError as error:
        faults.append(error.at(origin.position()) if origin else error)
        return metric
    type_ = formula_type(tree, types, kind)
    formula = replace(metric.formula, tree=as_promised(tree, type_, types))
    return replace(metric, formula=formula, type=INT64 if metric.ranked else type_)
