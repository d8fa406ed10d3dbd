"""The types that metrics promise."""

from __future__ import annotations

from tests.oracle.language import PARAM, Metric, Parts
from tests.oracle.leaves import leaf_named
from tests.oracle.rows import Rows, type_of_parameter
from tests.oracle.shown import SHOWN
from tests.oracle.values import common_type, type_of, type_of_aggregate, type_of_value


def metric_type(rows: Rows, parts: Parts) -> str:
    """The type of a metric or measure."""
    metric = rows.project.metrics.get(".".join(parts))
    if metric is not None:
        return _type_of_metric(rows, metric)
    leaf = leaf_named(rows.project, parts)
    assert leaf is not None
    return type_of(leaf.measure.expr, lambda name: rows.type_in(leaf.home, name))


def _type_of_metric(rows: Rows, metric: Metric) -> str:
    found = _type_unfilled(rows, metric)
    return found if metric.fill is None else common_type([found, type_of_value(metric.fill)])


def _type_unfilled(rows: Rows, metric: Metric) -> str:
    if metric.rank:
        return "bigint"
    if metric.cohort is not None:
        return "double"
    if metric.funnel is not None:
        shown = {"rate": "double", "count": "bigint"}
        return shown.get(metric.funnel.show) or metric_type(
            rows, tuple(metric.funnel.converted.split("."))
        )
    if metric.of is not None:
        of = metric_type(rows, tuple(metric.of.split(".")))
        if metric.scope is not None and metric.scope.aggregate is not None:
            return type_of_aggregate(metric.scope.aggregate, of)
        if ("regrain", "average") in metric.reading:
            return "double"
        return of if metric.show == "value" else type_of(SHOWN[metric.show], lambda _: of)
    assert metric.expr is not None
    return type_of(metric.expr, lambda name: _type_of_known(rows, metric, name))


def _type_of_known(rows: Rows, formula: Metric, name: Parts) -> str:
    if name[0] == PARAM:
        return type_of_parameter(rows.project, name)
    known = formula.known(rows.project, name)
    return metric_type(rows, name) if known is None else _type_of_metric(rows, known)
