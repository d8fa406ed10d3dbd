"""Aggregates over lists of values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from tests.oracle.language import Aggregate, Value
from tests.oracle.rows import OfRow
from tests.oracle.values import holds, value_of

FRACTION = 0.25
"""Of every percentile here."""


def aggregate(expr: Aggregate, scopes: list[OfRow]) -> Value:
    """The value of an aggregate over rows."""
    counted = [scope for scope in scopes if holds(expr.where, scope)]
    if expr.argument is None:
        return len(counted)
    if expr.second is not None:
        pairs = [(value_of(expr.argument, each), value_of(expr.second, each)) for each in counted]
        return _of_pairs(expr.function, [pair for pair in pairs if None not in pair])
    return over_values(expr.function, [value_of(expr.argument, scope) for scope in counted])


def over_values(name: str, values: list[Value]) -> Value:
    """The value of an aggregate over values, NULL among them."""
    known = [each for each in values if each is not None]
    match name:
        case "count":
            return len(known)
        case "count distinct":
            return len(set(known))
        case "count_if":
            return sum(each is True for each in known)
        case function:
            return _over(function, known) if known else None


def _over(function: str, known: list[Value]) -> Value:
    match function:
        case "sum":
            return math.fsum(known) if isinstance(known[0], float) else sum(known)
        case "min":
            return min(known)
        case "max":
            return max(known)
        case "avg":
            return float(_mean(known))
        case "median":
            return _between(sorted(known), 0.5)
        case "percentile_cont":
            return _between(sorted(known), FRACTION)
        case "percentile_disc":
            return sorted(known)[max(0, math.ceil(FRACTION * len(known)) - 1)]
        case "bool_and":
            return all(known)
        case "bool_or":
            return any(known)
        case _:
            return _spread(function, known)


def _mean(known: list[Value]) -> Fraction:
    return sum(map(Fraction, known), Fraction(0)) / len(known)


def _between(ordered: list[Value], fraction: float) -> float:
    place = fraction * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return float(low) + (float(high) - float(low)) * (place - math.floor(place))


def _spread(function: str, known: list[Value]) -> float | None:
    degrees = len(known) - (0 if function.endswith("_pop") else 1)
    if degrees == 0:
        return None
    mean = _mean(known)
    squares = sum(((Fraction(each) - mean) ** 2 for each in known), Fraction(0))
    variance = float(squares / degrees)
    return math.sqrt(variance) if function.startswith("stddev") else variance


def _of_pairs(function: str, pairs: list[tuple[Value, Value]]) -> float | None:
    """How values go together; of values that are all alike no correlation is known."""
    degrees = len(pairs) - (1 if function == "covar_samp" else 0)
    if degrees <= 0:
        return None
    ones, others = zip(*pairs, strict=True)
    together = _product(ones, others)
    if function != "corr":
        return float(together / degrees)
    apart = _product(ones, ones) * _product(others, others)
    return float(together) / math.sqrt(apart) if apart else None


def _product(ones: Sequence[Value], others: Sequence[Value]) -> Fraction:
    """The sum of the products of how far values are from their means."""
    means = _mean(list(ones)), _mean(list(others))
    pairs = zip(map(Fraction, ones), map(Fraction, others), strict=True)
    return sum(((one - means[0]) * (other - means[1]) for one, other in pairs), Fraction(0))


def is_exact(value: Value) -> bool:
    """Whether two engines may differ by nothing."""
    return not isinstance(value, float | Decimal)
