"""Where the periods of a calendar begin and end, as rows that days meet."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from semantic_models.bind import column, column_expr
from semantic_models.intrinsics import cast, last_of
from semantic_models.model import Cardinality, Expr, Grain, Model
from semantic_models.periods import BEGINS, ENDS, HIGH, LOW, PERIOD, end_name, period
from semantic_models.plan import (
    Aggregate,
    Behind,
    Filter,
    Join,
    LogicalPlan,
    Output,
    Project,
    Scan,
)
from semantic_models.resolved import PeriodsBack
from semantic_models.types import INT64, TIMESTAMP

_NUMBER = "number:"
_NOW, _THEN = ("now:",), ("then:",)


def with_calendar_ends(
    periods: LogicalPlan, backs: Sequence[PeriodsBack], further: Sequence[Output]
) -> LogicalPlan:
    """A series of days with the ends of the calendars' periods that hold each of them."""
    rows = periods
    columns = [Output(PERIOD, Expr(period()), TIMESTAMP), *further]
    for number, each in enumerate(backs):
        path = (f"back:{number}",)
        rows = _met(rows, Behind(_ends(each), path), period(), (BEGINS, ENDS))
        columns += [
            Output(end_name(end, number), column_expr(end, path), TIMESTAMP)
            for end in (BEGINS, ENDS, LOW, HIGH)
        ]
    return Project(rows, tuple(columns))


def _met(rows: LogicalPlan, periods: Behind, day: exp.Expr, ends: tuple[str, str]) -> Join:
    """Each row with the period that holds its day, by the columns of the period's ends."""
    first, last = (column(each, periods.path) for each in ends)
    within = (
        Expr(exp.GTE(this=day.copy(), expression=first)),
        Expr(exp.LTE(this=day.copy(), expression=last)),
    )
    return Join(rows, periods, (), Cardinality.MANY_TO_ONE, within)


def to_the_end(
    bounds: LogicalPlan, whole: Sequence[Grain | PeriodsBack], grain: Grain
) -> LogicalPlan:
    """The first moment and, for the last one, the end of the first period to end that holds it."""
    rows = bounds
    last = column(HIGH)
    ends: list[exp.Expr] = []
    for number, each in enumerate(whole):
        if isinstance(each, Grain):
            ends.append(last_of(last.copy(), each, grain))
            continue
        path = (f"end:{number}",)
        periods = Behind(_numbered(each.calendar, each.grain), path)
        rows = _met(rows, periods, last, (LOW, HIGH))
        ends.append(exp.Coalesce(this=column(HIGH, path), expressions=[last.copy()]))
    end = exp.Least(this=ends[0], expressions=ends[1:]) if len(ends) > 1 else ends[0]
    outputs = (
        Output(LOW, Expr(exp.Min(this=column(LOW))), TIMESTAMP),
        Output(HIGH, Expr(exp.Max(this=end)), TIMESTAMP),
    )
    return Aggregate(rows, (), outputs)


def _ends(back: PeriodsBack) -> LogicalPlan:
    """One row a period of a calendar: its ends, and those of the period that lies back."""
    numbered = _numbered(back.calendar, back.grain)
    earlier = exp.Sub(
        this=column(_NUMBER, _NOW), expression=exp.Literal(this=str(back.count), is_string=False)
    )
    pairs = Join(
        Behind(numbered, _NOW),
        Behind(numbered, _THEN),
        ((Expr(earlier), column_expr(_NUMBER, _THEN)),),
        Cardinality.ONE_TO_ONE,
    )
    outputs = (
        Output(BEGINS, column_expr(LOW, _NOW), TIMESTAMP),
        Output(ENDS, column_expr(HIGH, _NOW), TIMESTAMP),
        Output(LOW, column_expr(LOW, _THEN), TIMESTAMP),
        Output(HIGH, column_expr(HIGH, _THEN), TIMESTAMP),
    )
    return Project(pairs, outputs)


def _numbered(calendar: Model, grain: str) -> LogicalPlan:
    """The periods of a grain by their first and last day, numbered in order."""
    value = calendar.dimensions[grain]
    assert value.type is not None, "a served catalog has its types"
    known = exp.Not(this=exp.Is(this=value.expr.tree.copy(), expression=exp.Null()))
    day = cast(column(calendar.key[0]), "TIMESTAMP")
    ends = Aggregate(
        Filter(Scan(calendar.name, (), calendar.relation), (Expr(known),)),
        (Output(grain, value.expr, value.type),),
        (
            Output(LOW, Expr(exp.Min(this=day)), TIMESTAMP),
            Output(HIGH, Expr(exp.Max(this=day.copy())), TIMESTAMP),
        ),
    )
    order = exp.Order(expressions=[exp.Ordered(this=column(LOW), nulls_first=False)])
    number = Expr(exp.Window(this=exp.RowNumber(), order=order))
    return Project(
        ends,
        (
            Output(LOW, column_expr(LOW), TIMESTAMP),
            Output(HIGH, column_expr(HIGH), TIMESTAMP),
            Output(_NUMBER, number, INT64),
        ),
    )
