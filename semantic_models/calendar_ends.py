"""Where the periods of a calendar begin and end, as rows that days meet."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from semantic_models.bind import behind, column, column_expr
from semantic_models.intrinsics import cast, last_of
from semantic_models.model import Cardinality, Expr, Grain, Model, Path
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
from semantic_models.types import INT64, TIMESTAMP, LogicalType

_NUMBER = "number:"
_VALUE = "value:"
"""What a calendar says of each day of a period."""
_NOW, _THEN = ("now:",), ("then:",)


def with_calendar_ends(
    periods: LogicalPlan, backs: Sequence[PeriodsBack], further: Sequence[Output]
) -> LogicalPlan:
    """A series of days with the ends of the calendars' periods that hold each of them."""
    rows = periods
    columns = [Output(PERIOD, Expr(period()), TIMESTAMP), *further]
    for number, each in enumerate(backs):
        path = (f"back:{number}",)
        rows = _met(rows, each, _ends(each), path, period())
        columns += [
            Output(end_name(end, number), column_expr(end, path), TIMESTAMP)
            for end in (BEGINS, ENDS, LOW, HIGH)
        ]
    return Project(rows, tuple(columns))


def _met(
    rows: LogicalPlan, back: PeriodsBack, periods: LogicalPlan, path: Path, day: exp.Expr
) -> Join:
    """Each row with the period that the calendar's own row of its day tells.

    The ends of a period do not tell it: where its days lie apart, others lie between them.
    """
    of_day = (f"day:{path[0]}",)
    days = Scan(back.calendar.name, of_day, back.calendar.relation)
    told = Expr(exp.EQ(this=_day(back.calendar, of_day), expression=day.copy()))
    value = behind(back.calendar.dimensions[back.grain].expr, of_day)
    met = Join(rows, days, (), Cardinality.MANY_TO_ONE, (told,))
    on = ((value, column_expr(_VALUE, path)),)
    return Join(met, Behind(periods, path), on, Cardinality.MANY_TO_ONE)


def _day(calendar: Model, path: Path = ()) -> exp.Expr:
    return cast(column(calendar.key[0], path), "TIMESTAMP")


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
        rows = _met(rows, each, _numbered(each.calendar, each.grain), path, last)
        ends.append(exp.Coalesce(this=column(HIGH, path), expressions=[last.copy()]))
    end = exp.Least(this=ends[0], expressions=ends[1:]) if len(ends) > 1 else ends[0]
    outputs = (
        Output(LOW, Expr(exp.Min(this=column(LOW))), TIMESTAMP),
        Output(HIGH, Expr(exp.Max(this=end)), TIMESTAMP),
    )
    return Aggregate(rows, (), outputs)


def ends_by_value(periods: PeriodsBack, key: str, number: int) -> LogicalPlan:
    """One row a period of a calendar, by what the calendar calls it: its first and last day."""
    outputs = (
        Output(key, column_expr(_VALUE), _type(periods.calendar, periods.grain)),
        *(Output(end_name(end, number), column_expr(end), TIMESTAMP) for end in (LOW, HIGH)),
    )
    return Project(_numbered(periods.calendar, periods.grain), outputs)


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
        Output(_VALUE, column_expr(_VALUE, _NOW), _type(back.calendar, back.grain)),
        Output(BEGINS, column_expr(LOW, _NOW), TIMESTAMP),
        Output(ENDS, column_expr(HIGH, _NOW), TIMESTAMP),
        Output(LOW, column_expr(LOW, _THEN), TIMESTAMP),
        Output(HIGH, column_expr(HIGH, _THEN), TIMESTAMP),
    )
    return Project(pairs, outputs)


def _numbered(calendar: Model, grain: str) -> LogicalPlan:
    """The periods of a grain by their first and last day, numbered in order."""
    value, type_ = calendar.dimensions[grain].expr, _type(calendar, grain)
    known = exp.Not(this=exp.Is(this=value.tree.copy(), expression=exp.Null()))
    day = _day(calendar)
    ends = Aggregate(
        Filter(Scan(calendar.name, (), calendar.relation), (Expr(known),)),
        (Output(_VALUE, value, type_),),
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
            Output(_VALUE, column_expr(_VALUE), type_),
            Output(LOW, column_expr(LOW), TIMESTAMP),
            Output(HIGH, column_expr(HIGH), TIMESTAMP),
            Output(_NUMBER, number, INT64),
        ),
    )


def _type(calendar: Model, grain: str) -> LogicalType:
    type_ = calendar.dimensions[grain].type
    assert type_ is not None, "a served catalog has its types"
    return type_
