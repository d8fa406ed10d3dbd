"""Metrics as they are asked for, and ranks among the groups of an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from semantic_models.bind import column_expr
from semantic_models.errors import UnaggregatedFinerGrain
from semantic_models.model import Expr, Metric, Parameter, Ranked
from semantic_models.nested_queries import real_name
from semantic_models.plan import Output
from semantic_models.query import Query
from semantic_models.record import record
from semantic_models.same_names import SameNames
from semantic_models.types import INT64


@record()
class AskedMetric:
    """A metric with the name of its column and its formula over the branches' columns."""

    name: str
    metric: Metric
    formula: exp.Expr


@record()
class AskedMetrics:
    """All metrics that an answer is computed from."""

    shown: Sequence[AskedMetric]
    hidden: Mapping[str, AskedMetric]
    """Those that only having or the order names, by these names."""
    parameters: Mapping[str, Parameter]
    """What predicates on them may name too."""
    flags: tuple[Output, ...] = ()
    """The columns beside them that tell what a row is."""
    windows: tuple[Output, ...] = ()
    """The ranks among them, as columns that their formulas are."""


def ranked_metrics(
    asked: AskedMetrics,
    keys: Sequence[Output],
    query: Query,
    names_of: Callable[[Metric], SameNames],
) -> AskedMetrics:
    """The same with the ranks that are asked for; ``names_of`` tells what a metric's names mean."""
    if not any(each.metric.ranked for each in (*asked.shown, *asked.hidden.values())):
        return asked
    windows: list[Output] = []
    grouped = {
        key.name: real_name(each.name, query)
        for key, each in zip(keys, query.dimensions, strict=True)
    }

    def ranked(each: AskedMetric) -> AskedMetric:
        if each.metric.ranked is None:
            return each
        same, written = names_of(each.metric), each.metric.ranked.within
        within = [_columns(name, each.metric, same, grouped) for name in written]
        columns = [column for found in within for column in found]
        rank = Output(f"w:{len(windows)}", _rank(each, each.metric.ranked, columns), INT64)
        windows.append(rank)
        return replace(each, formula=column_expr(rank.name).tree)

    shown = [ranked(each) for each in asked.shown]
    others = {name: ranked(each) for name, each in asked.hidden.items()}
    return replace(asked, shown=shown, hidden=others, windows=tuple(windows))


def _rank(each: AskedMetric, ranked: Ranked, columns: Sequence[str]) -> Expr:
    order = exp.Ordered(this=each.formula, desc=ranked.descending, nulls_first=False)
    within = [column_expr(name).tree.copy() for name in dict.fromkeys(columns)]
    window = exp.Window(this=exp.Rank(), partition_by=within, order=exp.Order(expressions=[order]))
    return Expr(window)


def _columns(name: str, metric: Metric, same: SameNames, grouped: Mapping[str, str]) -> list[str]:
    """The columns of a grouped dimension, of a time at each of its grains."""
    found = [column for column, each in grouped.items() if same.is_group_among(each, [name])]
    if not found:
        raise UnaggregatedFinerGrain(
            f'metric "{metric.name}" ranks within "{name}", which is not grouped',
            hint=f"Group by {name} too.",
        )
    return found
