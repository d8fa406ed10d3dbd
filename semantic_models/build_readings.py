"""Cumulation and offsets of metrics, as their authors write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from semantic_models.checks import unknown
from semantic_models.errors import ForebayError, NotSupported, WrongType
from semantic_models.model import (
    CalendarGrain,
    CalendarShift,
    Grain,
    Period,
    Reading,
    Regrain,
    Shift,
    Span,
    Window,
)
from semantic_models.spec import MetricSpec, Scalar

COUNT_MAX = 1_000_000

_SPAN = re.compile(r"(\d{1,7}) +(\w+)")
_AHEAD = re.compile(r"-|next\b")
Calendars = Mapping[str, str]
"""The calendar that has a grain of its own, by the grain."""

_REGRAINS: dict[str, Regrain] = {"first": "first", "last": "last", "average": "average"}


@dataclass(frozen=True, slots=True)
class NamedTimes:
    """What the calendars of a project give names to."""

    grains: Calendars
    shifts: Mapping[str, CalendarShift]


NO_NAMED_TIMES = NamedTimes({}, {})


def reading_of(spec: MetricSpec, named: NamedTimes) -> Reading:
    """Which times' rows a metric counts at a time of the answer.

    Raises:
        WrongType: its keys do not go together, or one has no meaning.
    """
    _refuse_two(spec, spec.cumulative, spec.trailing, spec.to_date)
    _refuse_two(spec, spec.offset, spec.offset_to)
    _refuse_alone(spec.regrain, (spec.cumulative, spec.trailing, spec.to_date), _WINDOWS)
    _refuse_alone(spec.shift, (spec.offset,), '"offset"')
    shown = (spec.offset, spec.offset_to, *(part for part, _ in spec.funnel))
    _refuse_alone(spec.show, shown, '"offset", "offset_to" or "funnel"')
    return Reading(shifts=_shifts(spec, named), window=_window(spec, named.grains))


def composed(outer: Reading, inner: Reading, place: Scalar | None) -> Reading:
    """The reading of a metric that reads another one, which reads its measures itself.

    Raises:
        NotSupported: it cumulates what is cumulated or shifted already.
    """
    if outer.is_plain:
        return inner
    if outer.window is None:
        made = Reading((*outer.shifts, *inner.shifts), inner.window)
        if not _can_be_told(made):
            raise NotSupported(
                "a metric goes by a calendar from a time that is shifted already",
                hint="Shift by the calendar last, and by the same grain that it cumulates to.",
                position=place.position() if place else None,
            )
        return made
    if not inner.is_plain:
        raise NotSupported(
            "a metric cumulates one that is cumulated or shifted already",
            hint="Cumulate the metric beneath it, and shift what comes out.",
            position=place.position() if place else None,
        )
    return outer


def _can_be_told(reading: Reading) -> bool:
    """Whether a calendar is asked of the answer's own times only, which alone meet it."""
    window = reading.window or Window()
    shifted = [
        each.back.grain if each.back else each.start_of or each.named for each in reading.shifts
    ]
    if any(isinstance(each, CalendarGrain | CalendarShift) for each in shifted[1:]):
        return False
    if window.trailing is not None and isinstance(window.trailing.grain, CalendarGrain):
        return not shifted
    return not isinstance(window.to_date, CalendarGrain) or shifted in ([], [window.to_date])


def span_of(written: Scalar, calendars: Calendars) -> Span:
    """A count of calendar steps, such as ``28 days``.

    Raises:
        WrongType: it is none.
    """
    match = _SPAN.fullmatch(written.text.strip())
    grain = _unit(match.group(2), calendars) if match else None
    if match is None or grain is None or not 0 < int(match.group(1)) <= COUNT_MAX:
        raise WrongType(
            f'"{written.text}" is not a count of calendar steps',
            hint="Metrics look back and never ahead: write how long ago, such as 1 month."
            if _AHEAD.match(written.text.strip())
            else "Write a count and a unit from seconds to years, such as 28 days or 1 month.",
            position=written.position(),
        )
    return Span(int(match.group(1)), grain)


def _unit(text: str, calendars: Calendars) -> Period | None:
    grain = next((each for each in Grain if text in (each.value, f"{each.value}s")), None)
    if grain is not None:
        return None if grain.is_finer_than(Grain.SECOND) else grain
    own = next((each for each in calendars if text in (each, f"{each}s")), None)
    return None if own is None else CalendarGrain(own, calendars[own])


def period_of(written: Scalar, calendars: Calendars) -> Period:
    """The grain that a text names, from minutes on, or one of a calendar.

    Raises:
        WrongType: it names none.
    """
    if written.text in calendars:
        return CalendarGrain(written.text, calendars[written.text])
    coarse = [each for each in Grain if Grain.SECOND.is_finer_than(each)]
    if written.text not in coarse:
        raise WrongType(
            f'"{written.text}" is no period of time',
            hint=f"Write one of {', '.join((*coarse, *calendars))}.",
            position=written.position(),
        )
    return Grain(written.text)


_WINDOWS = '"cumulative", "trailing" or "to_date"'


def _refuse_two(spec: MetricSpec, *written: Scalar | None) -> None:
    said = [each for each in written if each is not None]
    if len(said) > 1:
        raise WrongType(
            f'metric "{spec.name.text}" says twice which times it counts',
            hint="Write one of the two, and the other in a metric of its own.",
            position=said[1].position(),
        )


def _refuse_alone(key: Scalar | None, beside: tuple[Scalar | None, ...], named: str) -> None:
    if key is not None and not any(beside):
        raise WrongType(
            f'"{key.text}" has nothing to work on',
            hint=f"Write {named} beside it.",
            position=key.position(),
        )


def _window(spec: MetricSpec, calendars: Calendars) -> Window | None:
    regrain = _regrain(spec.regrain)
    if spec.cumulative is not None:
        if spec.cumulative.text != "all":
            raise _none_of("cumulative", spec.cumulative, ["all"])
        return Window(regrain=regrain)
    if spec.trailing is not None:
        return Window(trailing=span_of(spec.trailing, calendars), regrain=regrain)
    if spec.to_date is not None:
        return Window(to_date=period_of(spec.to_date, calendars), regrain=regrain)
    return None


def _regrain(written: Scalar | None) -> Regrain:
    if written is None:
        return "first"
    if written.text not in _REGRAINS:
        raise _none_of("regrain", written, [*_REGRAINS])
    return _REGRAINS[written.text]


def _shifts(spec: MetricSpec, named: NamedTimes) -> tuple[Shift, ...]:
    if spec.shift is not None and spec.shift.text != "rows":
        raise _none_of("shift", spec.shift, ["rows"])
    if spec.offset is not None:
        return (_offset(spec.offset, named, by_rows=spec.shift is not None),)
    if spec.offset_to is not None:
        return (Shift(start_of=period_of(spec.offset_to, named.grains)),)
    return ()


def _offset(written: Scalar, named: NamedTimes, *, by_rows: bool) -> Shift:
    """A step back, or a shift of a calendar by its name."""
    text = written.text.strip()
    if text in named.shifts:
        return Shift(named=named.shifts[text])
    if " " not in text and "." in text:
        raise unknown("shift of a calendar", text, [*named.shifts], "Shifts").at(written.position())
    return Shift(back=span_of(written, named.grains), by_rows=by_rows)


def _none_of(key: str, written: Scalar, allowed: list[str]) -> ForebayError:
    return WrongType(
        f'"{written.text}" is no value of "{key}"',
        hint=f"Write {' or '.join(allowed)}.",
        position=written.position(),
    )
