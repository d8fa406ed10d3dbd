"""Metrics that count rows at other times: every period is looked at, with every row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tests.oracle.calendars import (
    back,
    begin_of,
    is_ahead,
    is_by_calendar,
    last_moment,
    unit_of,
)
from tests.oracle.language import (
    PARAM,
    Call,
    Expr,
    Literal,
    Parts,
    Project,
    Reading,
    Row,
    Value,
    conjuncts,
    names_in,
)
from tests.oracle.leaves import (
    Asked,
    Group,
    Leaf,
    Pair,
    Range,
    cells,
    counted_pairs,
    grouped_step,
    scope_of,
    told,
)
from tests.oracle.paths import Reference, Refused, find
from tests.oracle.rows import Bound, OfRow, Rows, find_at
from tests.oracle.time_parts import grain_within, part_named, walked_grain
from tests.oracle.times import (
    GRAINS,
    TICK,
    after,
    instant_of,
    is_within,
    is_written,
    later,
    period_of,
    start_of,
)
from tests.oracle.values import holds

Members = dict[Group, dict[datetime, dict[int, OfRow]]]
"""Rows of each group, by the period that they count at."""


def read(rows: Rows, leaf: Leaf, asked: Asked) -> dict[Group, Value]:
    """What a leaf with readings gives in every group.

    Raises:
        Refused: with what its question lacks.
    """
    walk = _Walk(rows, leaf, asked)
    if walk.told:
        return walk.cells()
    return cells(rows, replace(leaf, readings=()), asked)


def is_bounded_within(rows: Rows, leaf: Leaf, asked: Asked) -> bool:
    """Whether a question tells apart what is within the periods that a leaf counts as wholes.

    Those of a calendar are made of days.
    """
    walk = _Walk(rows, leaf, asked)
    by_calendar = [is_by_calendar(rows.project, *_kind(each)) for each in leaf.readings]
    if any(by_calendar) and walk.base() != "day":
        return True
    if any(by_calendar[1:]) and not _is_to_same(leaf.readings):
        return True  # a calendar knows the answer's own times only
    return not walk.is_moved and walk.is_bounded_within()


def is_time_required(leaf: Leaf) -> bool:
    """Whether a leaf has no total over all times."""
    return [_kind(each) for each in leaf.readings] not in ([], [("cumulative", "all")])


def time_of(project: Project, leaf: Leaf) -> Reference:
    """The metric time of a leaf."""
    return find(project, leaf.home, tuple((leaf.time(project) or "").split(".")))


def is_timed(project: Project, leaf: Leaf, groups: list[Reference]) -> bool:
    """Whether a question groups by the metric time of a leaf."""
    time = time_of(project, leaf)
    return time in [replace(each, grain=None) for each in groups]


@dataclass
class OfPeriod(OfRow):
    """One row as it counts at a period: its metric time is the period's."""

    period: Value = None

    def name(self, parts: Parts) -> Value:
        """The value of a name."""
        if parts[0] != PARAM and is_time(self.rows, self.model, self.time, parts):
            reference = find_at(self.rows.project, self.model, parts, self.time)
            return at_grain(self.rows, reference, self.period)
        return super().name(parts)


def at_grain(rows: Rows, reference: Reference, period: Value) -> Value:
    """A period as a name at a grain tells it."""
    return rows.told(period, reference.grain)


def is_time(rows: Rows, home: str, time: str | None, parts: Parts) -> bool:
    """Whether a name is the metric time of a home, at any grain."""
    if time is None or (len(parts) == 1 and parts[0] not in rows.project.models[home].dimensions):
        return parts[0] == "metric_time"
    reference = find_at(rows.project, home, parts, time)
    return replace(reference, grain=None) == find(rows.project, home, tuple(time.split(".")))


class _Walk:
    """A leaf and what it is asked, on the way over its periods."""

    def __init__(self, rows: Rows, leaf: Leaf, asked: Asked) -> None:
        self.rows, self.leaf, self.asked = rows, leaf, asked
        time = leaf.time(rows.project)
        if time is None:
            raise Refused("E_TIME_REQUIRED")
        self.name = time
        self.time = time_of(rows.project, leaf)
        predicates = [part for each in asked.where for part in conjuncts(each)]
        self.timed = [each for each in predicates if self._names_time(each)]
        self.plain = tuple(each for each in predicates if each not in self.timed)
        self.told = {each.grain for each in asked.groups if self._is_time(each)}
        self.grains = {each for each in self.told if each in GRAINS}

    def _names_time(self, expr: Expr) -> bool:
        return any(is_time(self.rows, self.leaf.home, self.name, parts) for parts in names_in(expr))

    def _is_time(self, reference: Reference) -> bool:
        return replace(reference, grain=None) == self.time

    @property
    def finest(self) -> str:
        """The finest grain that is asked for; days, or what is declared, where only parts are."""
        asked = min(map(walked_grain, filter(None, self.told)), key=GRAINS.index)
        return max(asked, self.time.dimension.grain or asked, key=GRAINS.index)

    @property
    def own(self) -> str:
        """The grain of the periods, if none is shifted as a whole."""
        assert self.time.dimension.grain is not None
        own = max(self.time.dimension.grain, "day", key=GRAINS.index)
        return min(own, self.finest, key=GRAINS.index)

    def base(self) -> str:
        """The grain of the periods."""
        return self.finest if self._is_whole() else self.own

    @property
    def is_moved(self) -> bool:
        """Whether only steps lead to other times, so that a row has a time of its own there."""
        return all(
            kind == "offset" and "." not in step for kind, step in map(_kind, self.leaf.readings)
        )

    def _is_whole(self) -> bool:
        """Whether whole periods are shifted."""
        return (
            len(self.told) == len(self.grains) == 1
            and self._steps_over([self.finest])
            and not self._is_cut()
        )

    def _is_once(self) -> bool:
        """Whether each row counts once in a group, ahead of its own time."""
        grains = [each for each in self.grains if each]
        nested = [self.finest] if self.finest in _MONTHS else grains
        if self.told != self.grains or self.base() in grains:
            return False
        return self._steps_over(nested)

    def _is_once_by_calendar(self) -> bool:
        """The same by a step of a calendar, where the question tells no days apart."""
        steps = [_kind(each) for each in self.leaf.readings]
        if [kind for kind, _ in steps] != ["offset"] or self.base() in self.grains:
            return False
        by_rows = ("shift", "rows") in self.leaf.readings[0]
        return not by_rows and unit_of(self.rows.project, steps[0][1]) is not None

    def _steps_over(self, grains: list[str]) -> bool:
        """Whether every step is so many whole periods of some grains."""
        return (
            self.is_moved
            and not any(("shift", "rows") in each for each in self.leaf.readings)
            and all(_divides(g, _kind(each)[1]) for each in self.leaf.readings for g in grains)
        )

    def is_bounded_within(self) -> bool:
        """Whether a range or predicate is finer than the periods, and the rows' times are too."""
        base, own = self.base(), self.time.dimension.grain or ""
        if GRAINS.index(own) >= GRAINS.index(base):
            return False
        range_ = self.asked.range
        if range_ is not None and self._names_time_part(range_.on) and not range_.to_now:
            ends = [each for each in (range_.start, range_.end) if each is not None]
            if any(start_of(each, base) != each for each in ends):
                return True
        return any(self._tells_within(each, base) for each in self.timed)

    def _tells_within(self, predicate: Expr, base: str) -> bool:
        grains = [
            find_at(self.rows.project, self.leaf.home, parts, self.name).grain
            for parts in names_in(predicate)
            if self._names_time_part(parts)
        ]
        named = [grain_within(each) for each in grains if each is not None]
        if any(GRAINS.index(each) < GRAINS.index(base) for each in named):
            return True
        return None in grains and any(
            each != start_of(each, "day") for each in _times_in(predicate)
        )

    def _is_cut(self) -> bool:
        """Whether the range or a predicate may take a part of a period."""
        range_ = self.asked.range
        if range_ is not None and is_time(self.rows, self.leaf.home, self.name, range_.on):
            ends = [each for each in (range_.start, range_.end) if each is not None]
            if any(start_of(each, self.finest) != each for each in ends):
                return True
        return any(
            GRAINS.index(self._grain(parts)) < GRAINS.index(self.finest)
            for each in self.timed
            for parts in names_in(each)
            if self._names_time_part(parts)
        )

    def _names_time_part(self, parts: Parts) -> bool:
        return is_time(self.rows, self.leaf.home, self.name, parts)

    def _grain(self, parts: Parts) -> str:
        found = find_at(self.rows.project, self.leaf.home, parts, self.name).grain
        return grain_within(found) if found else self.own

    def cells(self) -> dict[Group, Value]:
        """The value in every group."""
        own = self.rows.fixed(self.leaf.params)
        windowed = any(_kind(each)[0] in WINDOWS for each in self.leaf.readings)
        found: dict[Group, Value] = {}
        for group, by_period in self._members().items():
            if windowed:
                values = {
                    period: told(own, self.leaf, list(each.values()))
                    for period, each in sorted(by_period.items())
                }
                found[group] = _regrained(self.leaf.readings, list(values.values()))
            else:
                found[group] = told(own, self.leaf, self._rows_of(by_period))
        return found

    def _rows_of(self, by_period: dict[datetime, dict[int, OfRow]]) -> list[OfRow]:
        """The rows of a group: each once, but for each day that a calendar compares with it."""
        pairs = [pair for each in by_period.values() for pair in each.items()]
        is_named = any(
            kind == "offset" and "." in step for kind, step in map(_kind, self.leaf.readings)
        )
        return [row for _, row in pairs] if is_named else list(dict(pairs).values())

    def _members(self) -> Members:
        grain = self.base()
        periods = [(each, self._shown(each)) for each in self._periods(grain)]
        members: Members = {}
        for row, joined in self._pairs():
            scope = scope_of(self.rows.fixed(self.leaf.params), self.leaf, row)
            moment = self._moment(row)
            if moment is None:
                continue
            own = start_of(moment, grain)
            rest = moment - own if self.is_moved else timedelta()
            for period, shown in periods:
                if self._counts(own, period) and self._holds(row, joined, period + rest):
                    group = self._group(row, joined, shown)
                    by_period = members.setdefault(group, {})
                    by_period.setdefault(period, {})[id(row)] = scope
        return members

    def _pairs(self) -> Iterator[Pair]:
        """Rows that the predicates keep that do not speak of metric time."""
        range_ = self.asked.range
        on_time = range_ is not None and self._names_time_part(range_.on)
        asked = replace(self.asked, where=self.plain, range=None if on_time else range_)
        return counted_pairs(self.rows, self.leaf, asked)

    def _counts(self, own: datetime, period: datetime) -> bool:
        kinds = [_kind(each) for each in self.leaf.readings]
        begins = any(kind == "offset_to" for kind, _ in kinds)
        if begins and not self._begins_group(period):
            return False
        if self._is_once_by_calendar():
            return is_ahead(self.rows.project, own, period, kinds[0][1])
        if self._is_once():
            for _, step in reversed(kinds):
                own = later(own, step)
            return own == period
        for kind, value in kinds:
            found = own if kind == "cumulative" else self._moved(kind, value, period)
            if found is None:
                return False
            if kind in WINDOWS:
                return found <= own <= period
            period = found
        return own == period

    def _moved(self, kind: str, value: str, period: datetime) -> datetime | None:
        """The period that a reading leads to, or the first of its window."""
        project = self.rows.project
        if kind == "offset":
            return back(project, period, value)
        if kind == "trailing":
            found = back(project, period, value)
            return None if found is None else found + TICK
        return begin_of(project, value, period)

    def _begins_group(self, period: datetime) -> bool:
        """Whether a period is the first of those that the question puts together."""
        project = self.rows.project
        told = [each for each in self.told if each and not part_named(each)]
        starts = [begin_of(project, each, period) for each in told]
        return not told or period == max((each for each in starts if each), default=None)

    def _holds(self, row: Row, joined: Row | None, moment: datetime) -> bool:
        """Whether what speaks of metric time holds for a row at a moment."""
        range_, shown = self.asked.range, self._shown(moment)
        if range_ is not None and not self._is_in_range(shown, range_):
            return False
        if not self.timed:
            return True
        grouped = grouped_step(self.asked.groups)
        bound: Bound = {} if grouped is None else {grouped: joined}
        scope = OfPeriod(self.rows, self.leaf.home, row, bound, self.name, period=shown)
        return all(holds(each, scope) for each in self.timed)

    def _is_in_range(self, shown: Value, range_: Range) -> bool:
        if not self._names_time_part(range_.on):
            return True
        return is_within(shown, range_.start, range_.end, self.rows.zone)

    def _group(self, row: Row, joined: Row | None, shown: Value) -> Group:
        grouped = grouped_step(self.asked.groups)
        bound: Bound = {} if grouped is None else {grouped: joined}
        scope = OfRow(self.rows, self.leaf.home, row, bound, self.name)
        return self.asked.group(
            at_grain(self.rows, each, shown) if self._is_time(each) else self.rows.read(each, scope)
            for each in self.asked.groups
        )

    def _moment(self, row: Row) -> datetime | None:
        return self._civil(self.rows.read(self.time, scope_of(self.rows, self.leaf, row)))

    def _civil(self, value: Value) -> datetime | None:
        return None if value is None else self.rows.civil(value)

    def _shown(self, period: datetime) -> Value:
        """A period as a value of its time dimension."""
        type_ = self.rows.type_of(self.time)
        if type_ == "date":
            return period.date()
        return period if type_ == "timestamp" else instant_of(period, self.rows.zone)

    def _periods(self, grain: str) -> list[datetime]:
        """All periods that are shown."""
        range_ = self.asked.range
        if range_ is not None and not self._names_time_part(range_.on):
            range_ = None
        moments = [
            moment
            for row in self.rows.of[self.leaf.home]
            if (moment := self._moment(row)) is not None
        ]
        low, high = min(moments, default=None), max(moments, default=None)
        if high is not None and self._has_whole_groups(grain):
            high = min(self._end_of_group(each, high) for each in self.told if each)
        if range_ is not None:
            low = range_.start or low
            high = range_.end - TICK if range_.end else high
        if low is None or high is None:
            return []
        found, period = [], start_of(low, grain)
        while period <= high:
            found.append(period)
            period = after(period, grain)
        return found

    def _has_whole_groups(self, grain: str) -> bool:
        """Whether periods go on to the end of the group that holds the last row."""
        is_moved = all(kind == "offset" for kind, _ in map(_kind, self.leaf.readings))
        has_parts = any(part_named(each or "") for each in self.told)
        return is_moved and not has_parts and grain not in self.grains

    def _end_of_group(self, grain: str, last: datetime) -> datetime:
        if grain not in GRAINS:
            return last_moment(self.rows.project, grain, last)
        return after(start_of(last, grain), grain) - TICK


def _is_to_same(readings: tuple[Reading, ...]) -> bool:
    """Whether a metric is told at the start of the very period that it cumulates within."""
    kinds = [_kind(each) for each in readings]
    return len(kinds) == 2 and kinds == [("offset_to", kinds[0][1]), ("to_date", kinds[0][1])]


WINDOWS = ("cumulative", "trailing", "to_date")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}


def _kind(reading: Reading) -> tuple[str, str]:
    return reading[0]


def _times_in(expr: Expr) -> Iterator[datetime]:
    """The times that an expression writes."""
    if isinstance(expr, Literal) and isinstance(expr.value, str) and is_written(expr.value):
        yield period_of(expr.value)[0]
    for each in expr.args if isinstance(expr, Call) else ():
        yield from _times_in(each)


def _divides(grain: str, step: str) -> bool:
    """Whether a step is so many whole periods; none of a calendar is."""
    count, _, unit = step.partition(" ")
    unit = unit.removesuffix("s")
    if unit not in GRAINS:
        return False
    if grain in _DAYS and unit in _DAYS:
        return int(count) * _DAYS[unit] % _DAYS[grain] == 0
    if grain in _MONTHS and unit in _MONTHS:
        return int(count) * _MONTHS[unit] % _MONTHS[grain] == 0
    return grain == "day"


def _regrained(readings: tuple[Reading, ...], values: list[Value]) -> Value:
    """One value of those of a period's own periods."""
    how = next((dict(each)["regrain"] for each in readings if "regrain" in dict(each)), "first")
    if how != "average":
        return values[0 if how == "first" else -1]
    known = [float(each) for each in values if each is not None]
    return sum(known) / len(known) if known else None
