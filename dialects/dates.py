"""Truncation and time zones, as engines spell them."""

from __future__ import annotations

from sqlglot import exp

from semantic_models.model import Grain


def date_trunc(grain: Grain, civil: exp.Expr) -> exp.Expr:
    """``DATE_TRUNC('week', …)``: weeks start on Monday in every engine that has it."""
    return exp.TimestampTrunc(this=civil, unit=exp.Var(this=grain.value.upper()))


def at_time_zone(time: exp.Expr, zone: str) -> exp.Expr:
    """``… AT TIME ZONE 'zone'``: an instant becomes civil, and a civil time an instant."""
    name = exp.Literal(this=zone, is_string=True)
    return exp.AtTimeZone(this=exp.Paren(this=time), zone=name)


def trino_to_civil(instant: exp.Expr, zone: str) -> exp.Expr:
    """In Trino ``AT TIME ZONE`` only changes how an instant is shown; a cast makes it civil."""
    return exp.Cast(
        this=at_time_zone(instant, zone), to=exp.DataType.build("TIMESTAMP(6)", dialect="trino")
    )


def trino_to_instant(civil: exp.Expr, zone: str) -> exp.Expr:
    """Trino's ``with_timezone(civil, zone)``."""
    name = exp.Literal(this=zone, is_string=True)
    return exp.Anonymous(this="with_timezone", expressions=[civil, name])


_STEPS = {Grain.QUARTER: (3, Grain.MONTH), Grain.WEEK: (7, Grain.DAY)}
"""The grains that not every engine has intervals of."""


def interval(count: int, grain: Grain) -> exp.Interval:
    """So many calendar steps."""
    size, unit = _STEPS.get(grain, (1, grain))
    number = exp.Literal(this=str(count * size), is_string=True)
    return exp.Interval(this=number, unit=exp.Var(this=unit.value.upper()))


def generate_series(low: exp.Expr, high: exp.Expr, step: exp.Expr) -> exp.Expr:
    """``GENERATE_SERIES(…)`` as a relation."""
    return exp.Table(this=_series(low, high, step))


def unnest_series(low: exp.Expr, high: exp.Expr, step: exp.Expr) -> exp.Expr:
    """``UNNEST(…)`` of an array of times."""
    return exp.Unnest(expressions=[_series(low, high, step)])


def _series(low: exp.Expr, high: exp.Expr, step: exp.Expr) -> exp.Expr:
    return exp.GenerateSeries(start=low, end=high, step=step)
