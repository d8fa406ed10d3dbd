"""Metrics as they are asked for, and ranks among the groups of an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from semantic_models.bind import column_expr
from semantic_models.errors import UnaggregatedFinerGrain
from semantic_models.model import Expr, Metric, Ranked
from semantic_models.nested_queries import is_among
from semantic_models.plan import Output
from semantic_models.query import Query
from semantic_models.record import record
from semantic_models.types import INT64


@record()
class AskedMetric:
    """A metric with the name of its column and its formula over the branches' columns."""

    name: str
    metric: Metric
    formula: exp.Expr


def ranked_columns(
    asked: Sequence[AskedMetric],
    hidden: Mapping[str, AskedMetric],
    keys: Sequence[Output],
    query: Query,
) -> tuple[tuple[Output, ...], list[AskedMetric], dict[str, AskedMetric]]:
    """The ranks that are asked for, and the metrics with the columns of theirs for formulas."""
    if not any(each.metric.ranked for each in (*asked, *hidden.values())):
        return (), list(asked), dict(hidden)
    windows: list[Output] = []

    def ranked(each: AskedMetric) -> AskedMetric:
        if each.metric.ranked is None:
            return each
        rank = Output(f"w:{len(windows)}", _rank(each, each.metric.ranked, keys, query), INT64)
        windows.append(rank)
        return replace(each, formula=column_expr(rank.name).tree)

    shown = [ranked(each) for each in asked]
    others = {name: ranked(each) for name, each in hidden.items()}
    return tuple(windows), shown, others


def _rank(each: AskedMetric, ranked: Ranked, keys: Sequence[Output], query: Query) -> Expr:
    columns = [column for name in ranked.within for column in _columns(name, each, keys, query)]
    order = exp.Ordered(this=each.formula, desc=ranked.descending, nulls_first=False)
    within = [column_expr(name).tree.copy() for name in dict.fromkeys(columns)]
    window = exp.Window(this=exp.Rank(), partition_by=within, order=exp.Order(expressions=[order]))
    return Expr(window)


def _columns(name: str, each: AskedMetric, keys: Sequence[Output], query: Query) -> list[str]:
    """The columns of a grouped dimension, of a time at each of its grains."""
    found = [
        key.name
        for key, asked in zip(keys, query.dimensions, strict=True)
        if is_among(asked.name, [name]) or is_among(key.name, [name])
    ]
    if not found:
        raise UnaggregatedFinerGrain(
            f'metric "{each.metric.name}" ranks within "{name}", which is not grouped',
            hint=f"Group by {name} too.",
        )
    return found
