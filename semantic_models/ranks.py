"""Metrics as they are asked for, and ranks among the groups of an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from semantic_models.bind import column_expr
from semantic_models.errors import UnaggregatedFinerGrain
from semantic_models.model import Expr, Metric, Ranked
from semantic_models.plan import Output
from semantic_models.query import Query
from semantic_models.resolve_names import parts_of
from semantic_models.types import INT64


@dataclass(frozen=True, slots=True)
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
    columns = {
        name: key.name
        for key, asked in zip(keys, query.dimensions, strict=True)
        for name in (parts_of(asked.name), parts_of(key.name))
    }
    lost = [name for name in ranked.within if parts_of(name) not in columns]
    if lost:
        raise UnaggregatedFinerGrain(
            f'metric "{each.metric.name}" ranks within "{lost[0]}", which is not grouped',
            hint=f"Group by {lost[0]} too.",
        )
    order = exp.Ordered(this=each.formula, desc=ranked.descending, nulls_first=False)
    within = [column_expr(columns[parts_of(name)]).tree.copy() for name in ranked.within]
    window = exp.Window(this=exp.Rank(), partition_by=within, order=exp.Order(expressions=[order]))
    return Expr(window)
