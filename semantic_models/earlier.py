"""Metrics beside their own values of so long ago, as ``compare`` asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from datetime import timedelta
from itertools import count

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.build_readings import composed
from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError, NotSupported, Position, TimeRequired, UnknownName
from semantic_models.metric_inputs import over_measures
from semantic_models.metric_predicates import called_by
from semantic_models.model import Expr, Grain, Input, MeasureUse, Metric, Reading, Shift
from semantic_models.periods import HIGH, LOW, SECONDS, end_name, grain_of_part
from semantic_models.plan import Output
from semantic_models.query import Query
from semantic_models.resolve_filters import Look, names_in
from semantic_models.resolve_names import METRIC_TIME
from semantic_models.resolve_time import Bounds, floor, question_span, time_literal
from semantic_models.resolved import PeriodsBack
from semantic_models.types import BOOLEAN, Kind

IsGrouped = Callable[[MeasureUse], bool]
"""Whether a question groups by the metric time of a measure."""


def shift_of(text: str, catalog: Catalog) -> Shift:
    """The other time that a question compares with: a step back, or a calendar's shift.

    Raises:
        UnknownName: no calendar has a shift of that name.
        WrongType: the unit is none, or the count is 0.
    """
    if "." not in text:
        return Shift(back=question_span(text, "compare"))
    if text not in catalog.shifts:
        raise UnknownName.of("shift of a calendar", text, catalog.shifts)
    return Shift(named=catalog.shifts[text])


def suffix(shift: Shift) -> str:
    """What a column's name ends with that shows the value of another time."""
    if shift.named is not None:
        return f"__{shift.named.calendar}__{shift.named.name}"
    return f"__{str(shift.back).replace(' ', '_')}_ago"


def earlier(metric: Metric, shift: Shift, is_grouped: IsGrouped, *, is_ranged: bool) -> Metric:
    """A metric as it was then: at each time of the answer, or in an earlier range.

    Raises:
        NotSupported: it is made of a funnel, or cumulates by a calendar.
        TimeRequired: the question neither groups by its metric time nor has a range of it.
    """

    def shifted(use: MeasureUse) -> MeasureUse:
        if use.funnel is not None:
            raise NotSupported(
                f'metric "{metric.name}" is a funnel and is compared with an earlier time',
                hint="Ask for the two times in questions of their own.",
            )
        if is_grouped(use):
            reading = composed(Reading((shift,)), use.reading, None)
            return replace(use, reading=reading)
        if not is_ranged or not use.reading.is_plain or shift.back is None:
            raise TimeRequired(
                f'metric "{metric.name}" is compared with an earlier time, and the question tells '
                "no times apart",
                hint="Group by metric_time"
                + (", or give a time range." if shift.back and use.reading.is_plain else "."),
            )
        return replace(use, ago=shift.back)

    inputs: tuple[Input, ...] = tuple(over_measures(each, shifted) for each in metric.inputs)
    return replace(metric, inputs=inputs)


def check_one_way(by_time: Set[bool]) -> None:
    """Refuse metrics of which some are grouped by their metric time: one row would hold two pasts.

    ``by_time`` tells it of each measure of the question.
    """
    if len(by_time) > 1:
        raise NotSupported(
            "a question that groups by the metric time of some of its metrics only is compared "
            "with an earlier time",
            hint="Group by metric_time, or ask for metrics of one metric time.",
        )


def check_other_time(query: Query, look: Look) -> None:
    """Refuse a range of a time that is grouped and is no metric time.

    The range would lie earlier and the groups would not: each row has one past or none.
    """
    ranged = query.time.on
    if not ranged:
        return
    own = look(ranged)
    for asked in query.dimensions:
        found = look(asked.name)
        if (found.path, found.member.name) == (own.path, own.member.name):
            raise NotSupported(
                f'the range is of "{ranged}", which is grouped, and the question is compared',
                detail="What is compared goes by metric time.",
                hint='Ask for metrics whose `time` it is, or leave "on" out: the range is of '
                "metric time then.",
                position=Position("time.on", 1, 1, len(ranged), ranged),
            )


def check_comparable(query: Query, is_axis: Callable[[str], bool], *, by_time: bool) -> None:
    """Refuse a question whose predicates on time cannot lie earlier for what is compared.

    ``is_axis`` tells whether a name is metric time, ``by_time`` whether it is grouped by.
    """
    if by_time and query.time.on and not is_axis(query.time.on):
        raise NotSupported(
            "a question that groups by metric time and has a range of another time is compared",
            hint='Leave "on" out of time, or do not group by metric time.',
            position=Position("time.on", 1, 1, len(query.time.on), query.time.on),
        )
    named = [each for each in names_in(query.where) if is_axis(each)]
    if named and not by_time:
        raise NotSupported(
            f'"{named[0]}" stands in where, and the question is compared with an earlier time',
            hint="Give the range of time under time, or group by metric_time.",
        )


def check_members(query: Query, shift: Shift, look: Look, is_axis: Callable[[str], bool]) -> None:
    """Refuse members in ``where`` that are made of metric time: they would not lie earlier.

    What is read of the time of day is the same a number of days ago.
    """
    step = None if shift.back is None else shift.back.grain
    by_days = step not in SECONDS or SECONDS[step] >= SECONDS[Grain.DAY]
    own = set(_columns_of(METRIC_TIME, look))
    for name in names_in(query.where):
        if is_axis(name) or called_by(name) is not None:
            continue
        if any(
            each in own and not (by_days and _is_time_of_day(each))
            for each in _columns_of(name, look)
        ):
            raise NotSupported(
                f'"{name}" in where is made of metric time, and the question is compared with an '
                "earlier time",
                hint="Write the predicate on metric_time and group by it, or give the range of "
                "time under time.",
            )


def _columns_of(name: str, look: Look) -> Iterator[exp.Column]:
    """The columns that a member reads; none of one that is refused elsewhere."""
    try:
        found = look(name)
    except ForebayError:
        return iter(())
    return found.expr().tree.find_all(exp.Column)


def _is_time_of_day(column: exp.Column) -> bool:
    part = column.find_ancestor(exp.Extract)
    return part is not None and grain_of_part(part.name.lower()).is_finer_than(Grain.DAY)


def partial_flags(
    keys: Sequence[tuple[Output, Grain | PeriodsBack]], within: Bounds
) -> tuple[Output, ...]:
    """The columns that tell which periods a range cuts short; a calendar's by their ends."""
    number = count()
    return tuple(
        Output(
            f"{key.name}__partial",
            _is_cut(key, grain, within)
            if isinstance(grain, Grain)
            else _is_cut_by_ends(next(number), within),
            BOOLEAN,
        )
        for key, grain in keys
    )


def _is_cut_by_ends(number: int, within: Bounds) -> Expr:
    """Whether a calendar's period has days before a range, or on its last day or later."""
    cuts: list[exp.Expr] = []
    if within.start is not None:
        start = time_literal(within.start, Kind.TIMESTAMP)
        cuts.append(exp.LT(this=column(end_name(LOW, number)), expression=start))
    if within.before is not None:
        last = time_literal(floor(within.before, Grain.DAY), Kind.TIMESTAMP)
        cuts.append(exp.GTE(this=column(end_name(HIGH, number)), expression=last))
    return _any_of(cuts)


def _is_cut(key: Output, grain: Grain, within: Bounds) -> Expr:
    kind = key.type.kind
    cuts: list[exp.Expr] = []
    if within.start is not None and floor(within.start, grain) != within.start:
        first = time_literal(floor(within.start, grain), kind)
        cuts.append(exp.LTE(this=column(key.name), expression=first))
    if within.before is not None and floor(within.before, grain) != within.before:
        last = time_literal(floor(within.before - timedelta.resolution, grain), kind)
        cuts.append(exp.GTE(this=column(key.name), expression=last))
    return _any_of(cuts)


def _any_of(cuts: Sequence[exp.Expr]) -> Expr:
    if not cuts:
        return Expr(exp.Boolean(this=False))
    choice = cuts[0] if len(cuts) == 1 else exp.Or(this=cuts[0], expression=cuts[1])
    return Expr(exp.Coalesce(this=choice, expressions=[exp.Boolean(this=False)]))
