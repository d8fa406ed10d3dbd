"""Types, once an engine has told them, to the members of a catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from semantic_models.build_metrics import input_name
from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError, NotSupported, WrongType
from semantic_models.functions import CONDITIONS, TEXT_FUNCTIONS
from semantic_models.intrinsics import cast
from semantic_models.kinds import settle
from semantic_models.model import Dimension, Measure, Metric, Model, ModelTypes
from semantic_models.types import (
    BOOLEAN,
    FLOAT64,
    INT64,
    STRING,
    TIMES,
    Kind,
    LogicalType,
)

MEASURE = "measure:"
Types = Mapping[str, LogicalType | None]


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
    metrics = {name: _metric(metric, models, faults) for name, metric in catalog.metrics.items()}
    return replace(catalog, models=models, metrics=metrics), tuple(faults)


def _typed(model: Model, types: ModelTypes, faults: list[ForebayError]) -> Model:
    dimensions = {
        name: _dimension(model, each, types.members.get(name), faults)
        for name, each in model.dimensions.items()
    }
    measures = {
        name: _measure(each, types.members.get(MEASURE + name), types.columns, faults)
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


def _measure(
    measure: Measure, told: LogicalType | None, columns: Types, faults: list[ForebayError]
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
    promised = promised_type(measure.expr.tree, told, columns)
    return replace(measure, type=promised, needs_cast=promised != told)


def promised_type(tree: exp.Expr, told: LogicalType, columns: Types) -> LogicalType:
    """The type that a measure promises on every engine, whatever one engine gives.

    Sums of integers are int64, although an engine may sum them in a wider type; an average and
    every other statistic is float64.
    """
    inner = tree.this if isinstance(tree, exp.Filter) else tree
    if told.kind is Kind.FLOAT32 or isinstance(inner, exp.Avg):
        return FLOAT64
    if told.kind is Kind.DECIMAL and told.scale == 0 and told.precision == 38:
        summed = [columns.get(node.name) for node in tree.find_all(exp.Column) if not node.table]
        return told if any(each and each.kind is Kind.DECIMAL for each in summed) else INT64
    return told


def _metric(metric: Metric, models: Mapping[str, Model], faults: list[ForebayError]) -> Metric:
    """A metric with its type, the times and literals of its formula settled."""
    uses = [models[use.model].measures[use.measure] for use in metric.inputs]
    if metric.is_measure:
        return replace(metric, type=uses[0].type)
    types = {input_name(number): use.type for number, use in enumerate(uses)}
    kinds = {name: each.kind for name, each in types.items() if each is not None}
    if len(kinds) < len(types):
        return metric
    origin = metric.formula.origin
    try:
        tree, _ = settle(metric.formula.tree.copy(), lambda node: kinds[node.name])
    except ForebayError as error:
        faults.append(error.at(origin.position()) if origin else error)
        return metric
    type_ = formula_type(tree, types)
    formula = replace(metric.formula, tree=_as_promised(tree, type_))
    return replace(metric, formula=formula, type=type_)


def _as_promised(tree: exp.Expr, type_: LogicalType) -> exp.Expr:
    """A formula that promises a float64, as one: engines count some of them in decimals."""
    is_double = isinstance(tree, exp.Div | exp.Cast) or isinstance(tree.this, exp.Div)
    return tree if type_ != FLOAT64 or is_double else cast(tree, "DOUBLE")


def formula_type(tree: exp.Expr, types: Types) -> LogicalType:
    """The type that a formula over inputs of ``types`` promises.

    Whole numbers and decimals stay exact under addition; whatever else computes is a float64.
    """
    if isinstance(tree, exp.Column):
        return types[tree.name] or FLOAT64
    if isinstance(tree, exp.Literal):
        if tree.is_string:
            return STRING
        return INT64 if tree.name.isdigit() else FLOAT64
    if type(tree) in CONDITIONS or isinstance(tree, exp.Boolean):
        return BOOLEAN
    if type(tree) in TEXT_FUNCTIONS:
        return STRING
    if isinstance(tree, exp.Mul):
        found = _common_type([formula_type(each, types) for each in (tree.this, tree.expression)])
        return FLOAT64 if found.kind is Kind.DECIMAL else found
    if isinstance(tree, _PASSING):
        return _common_type([formula_type(each, types) for each in _passed(tree)])
    return FLOAT64


_PASSING = (
    *(exp.Paren, exp.Neg, exp.Abs, exp.Add, exp.Sub, exp.Case, exp.If),
    *(exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least),
)


def _passed(tree: exp.Expr) -> list[exp.Expr]:
    """The parts of which a node gives one, or their sum."""
    if isinstance(tree, exp.Case):
        values = [each.args["true"] for each in tree.args["ifs"]] + [tree.args.get("default")]
    elif isinstance(tree, exp.If):
        values = [tree.args.get("true"), tree.args.get("false")]
    else:
        values = list(tree.iter_expressions())
    return [each for each in values if each is not None and not isinstance(each, exp.Null)]


def _common_type(types: list[LogicalType]) -> LogicalType:
    if len(set(types)) == 1:
        return types[0]
    if all(each.kind in (Kind.INT64, Kind.DECIMAL) for each in types):
        scale = max((each.scale for each in types), default=0)
        return LogicalType(Kind.DECIMAL, 38, scale)
    return FLOAT64
