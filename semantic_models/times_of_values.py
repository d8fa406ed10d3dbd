"""Metric time without metrics: every period of the spine, beside the values of dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlglot import exp

from semantic_models.catalog import Catalog
from semantic_models.errors import NoPath, TimeRequired
from semantic_models.intrinsics import part_in
from semantic_models.model import GRAINS, Dimension, Expr, Grain, Model, Select
from semantic_models.periods import period
from semantic_models.query import Query
from semantic_models.resolve_axis import spine_of, within_bounds
from semantic_models.resolve_filters import Clock, names_in
from semantic_models.resolve_names import METRIC_TIME, is_metric_time, parts_of
from semantic_models.resolve_time import Bounds, bounds
from semantic_models.resolved import Axis, Periods
from semantic_models.types import TIMESTAMP


def periods_of_values(query: Query, catalog: Catalog, engine: str, clock: Clock) -> Periods:
    """The periods that a question without metrics lists, of an engine's spine or made.

    Raises:
        TimeRequired: neither a spine nor the question bounds them.
    """
    named = [*(each.name for each in query.dimensions), *names_in(query.where)]
    finest = _finest([each for each in named if is_metric_time(each)])
    spine = spine_of(catalog, engine, finest)
    grain = spine.grain if spine is not None else finest
    made = within_bounds(_range(query, clock, grain), grain, spine)
    if spine is None and (made.low is None or made.high is None):
        raise TimeRequired(
            "metric_time stands in a question without metrics, and nothing bounds it",
            hint="Give the question a time range with both ends, or declare a spine.",
        )
    return made


def _finest(names: Sequence[str]) -> Grain:
    return min(map(_grain, names), key=GRAINS.__getitem__)


def _grain(name: str) -> Grain:
    """The grain that a name needs: its own, or day where it tells none."""
    last = parts_of(name)[-1]
    asked = part_in(last) or last
    return Grain(asked) if asked in GRAINS else Grain.DAY


def _range(query: Query, clock: Clock, grain: Grain) -> Bounds:
    time = query.time
    if not time.is_given or time.on not in ("", METRIC_TIME):
        return Bounds()
    return bounds(time, clock.zone, clock.now, grain)


def with_metric_time(home: Model, periods: Periods) -> Model:
    """A model whose metric time is the periods beside its rows."""
    time = Dimension(name=METRIC_TIME, expr=Expr(period()), type=TIMESTAMP, grain=periods.grain)
    return replace(home, time=METRIC_TIME, dimensions={**home.dimensions, METRIC_TIME: time})


def beside(periods: Periods) -> Axis:
    """Every row at every period."""
    return Axis(periods, Expr(period()), (), None)


def alone(catalog: Catalog) -> Model:
    """One row without columns, beside which the periods stand where nothing else is listed.

    Raises:
        NoPath: there is no model, and so no engine that lists them.
    """
    engines = [*(each.engine for each in catalog.spines), *_engines(catalog)]
    if not engines:
        raise NoPath(
            "no model has times that metric_time could be",
            hint="The catalog lists the models that may be used.",
        )
    row = exp.Select(expressions=[exp.alias_(exp.Literal(this="1", is_string=False), "one")])
    return Model(name=METRIC_TIME, relation=Select(row), engine=engines[0])


def _engines(catalog: Catalog) -> Iterator[str]:
    return (each.engine for each in catalog.models.values())
