"""Funnels: each conversion counts where the latest earlier row of its base does."""

from __future__ import annotations

from sqlglot import exp

from semantic_models.bind import column, column_expr
from semantic_models.carried import Carried
from semantic_models.model import Expr, raw
from semantic_models.periods import SPINE
from semantic_models.plan import (
    Aggregate,
    LogicalPlan,
    Output,
    Pick,
    Project,
    SortKey,
    Spread,
)
from semantic_models.plan_measures import measure_output
from semantic_models.plan_rows import home_keys, joined_rows, named
from semantic_models.resolved import Branch, Conversions
from semantic_models.types import INT64, TIMESTAMP

_TIMES = ("t:base", "t:conversion")
_EARLIEST = "t:earliest"


def conversions_by_base(branch: Branch, conversions: Conversions) -> LogicalPlan:
    """One row a group of the base, made from its conversions.

    Of the base's rows that are equal to a conversion, no later and not too early, the latest is
    its own; of several at one time that with the lowest key, then with the lowest groups.
    """
    carried = Carried()
    inner = conversions.branch
    measures = tuple(carried.output(measure_output(each, inner)) for each in inner.measures)
    inputs = carried.inputs()
    ids = _ids(inner)
    times = (*_side(conversions, 1), *_earliest(conversions))
    rows = Project(joined_rows(inner), (*ids, *times, *inputs))
    keys = _renamed(home_keys(branch))
    base = Project(joined_rows(branch), (*branch.keys, *keys, *_side(conversions, 0)))
    time = Output(_TIMES[0], column_expr(_TIMES[0]), TIMESTAMP)
    met = Project(
        Spread(rows, base, tuple(_matches(conversions))),
        (*_behind((*branch.keys, *keys, time)), *named(ids), *named(inputs)),
    )
    ties = (column_expr(each.name) for each in (*keys, *branch.keys))
    order = (
        SortKey(time.expr, descending=True, nulls_first=False),
        *(SortKey(each, descending=False, nulls_first=False) for each in ties),
    )
    own = Pick(met, tuple(each.name for each in ids), order, (*named(branch.keys), *named(inputs)))
    return Aggregate(own, named(branch.keys), measures)


def _ids(inner: Branch) -> tuple[Output, ...]:
    """What tells conversions apart: their key, or their number where none is declared."""
    if inner.home.key:
        return home_keys(inner)
    return (Output("k:0", Expr(exp.Window(this=exp.RowNumber())), INT64),)


def _renamed(keys: tuple[Output, ...]) -> tuple[Output, ...]:
    return tuple(Output(f"b{each.name}", each.expr, each.type) for each in keys)


def _side(conversions: Conversions, side: int) -> tuple[Output, ...]:
    """What must be equal, and the time, of the base (0) or of the conversions (1)."""
    equal = (
        Output(_equal(side, number), raw(pair[side]), INT64)
        for number, pair in enumerate(conversions.equal)
    )
    return (*equal, Output(_TIMES[side], conversions.times[side], TIMESTAMP))


def _earliest(conversions: Conversions) -> tuple[Output, ...]:
    if conversions.earliest is None:
        return ()
    return (Output(_EARLIEST, conversions.earliest, TIMESTAMP),)


def _equal(side: int, number: int) -> str:
    return f"{'bc'[side]}e:{number}"


def _behind(outputs: tuple[Output, ...]) -> tuple[Output, ...]:
    return tuple(Output(each.name, Expr(column(each.name, SPINE)), each.type) for each in outputs)


def _matches(conversions: Conversions) -> list[Expr]:
    predicates: list[exp.Expr] = [
        exp.EQ(this=column(_equal(0, number), SPINE), expression=column(_equal(1, number)))
        for number in range(len(conversions.equal))
    ]
    predicates.append(exp.LTE(this=column(_TIMES[0], SPINE), expression=column(_TIMES[1])))
    predicates.extend(
        exp.GT(this=column(_TIMES[0], SPINE), expression=column(each.name))
        for each in _earliest(conversions)
    )
    return [Expr(each) for each in predicates]
