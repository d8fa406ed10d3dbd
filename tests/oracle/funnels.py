"""Funnels: every conversion is held against every row of the base."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from tests.oracle.language import Funnel, Parts, Row, Value
from tests.oracle.leaves import (
    Asked,
    Group,
    Leaf,
    OfRows,
    counted_pairs,
    grouped_step,
    scope_of,
)
from tests.oracle.paths import Refused
from tests.oracle.rows import Bound, OfRow, Rows
from tests.oracle.times import PASSING_S, civil_of, earlier, instant_of, is_instant, midnight
from tests.oracle.values import alike, by_order, compare, value_of


@dataclass(frozen=True)
class Candidate:
    """A row of the base in one of its groups."""

    scope: OfRow
    group: Group
    time: Value


def converted_cells(rows: Rows, leaf: Leaf, asked: Asked) -> dict[Group, Value]:
    """What the conversions give in each group of the base rows that they follow."""
    assert leaf.conversions is not None, "only of leaves that are followed"
    of, funnel = leaf.conversions.of, leaf.conversions.funnel
    base = list(_candidates(rows, replace(leaf, conversions=None), asked))
    key = rows.project.models[leaf.home].key
    members: dict[Group, list[OfRow]] = {} if asked.groups else {(): []}
    for row in _counted(rows, of):
        scope = scope_of(rows, of, row)
        time = scope.name(parts_of(of.time(rows.project)))
        met = [each for each in base if _is_met(funnel, each, scope, time, rows.zone)]
        if met:
            members.setdefault(_latest(met, key, asked).group, []).append(scope)
    return {group: _told(leaf, scopes, rows) for group, scopes in members.items()}


def parts_of(time: str | None) -> Parts:
    """The name of a time that is told."""
    assert time is not None, "both sides of a funnel have a time"
    return tuple(time.split("."))


def _told(leaf: Leaf, scopes: list[OfRow], rows: Rows) -> Value:
    assert leaf.conversions is not None, "only of leaves that are followed"
    if leaf.conversions.funnel.show == "count":
        return len(scopes)
    return value_of(leaf.conversions.of.measure.expr, OfRows(scopes, rows))


def _candidates(rows: Rows, base: Leaf, asked: Asked) -> Iterator[Candidate]:
    grouped = grouped_step(asked.groups)
    for row, joined in counted_pairs(rows, base, asked):
        bound: Bound = {} if grouped is None else {grouped: joined}
        scope = scope_of(rows, base, row)
        beside = replace(scope, bound=bound)
        group = asked.group(rows.read(each, beside) for each in asked.groups)
        yield Candidate(scope, group, scope.name(parts_of(base.time(rows.project))))


def _counted(rows: Rows, of: Leaf) -> list[Row]:
    """The rows that may be conversions, whatever the question asks."""
    return [row for row, _ in counted_pairs(rows, of, Asked((), (), (), None))]


def _is_met(funnel: Funnel, base: Candidate, scope: OfRow, time: Value, zone: str) -> bool:
    """Whether a conversion may be one of a row of the base."""
    pairs = [*((each, each) for each in funnel.by), *funnel.holding]
    for own, other in pairs:
        left, right = base.scope.name((own,)), scope.name((other,))
        if left is None or right is None or compare(*alike(left, right, zone)) != 0:
            return False
    if base.time is None or time is None or compare(*alike(base.time, time, zone)) > 0:
        return False
    if funnel.within is None:
        return True
    return compare(*alike(base.time, _ago(time, base.time, funnel.within, zone), zone)) > 0


def _ago(time: date | datetime, base: Value, step: str, zone: str) -> datetime:
    """So long before a conversion: the time that passes, or by the calendar."""
    count, unit = step.split()
    seconds = PASSING_S.get(unit.removesuffix("s"))
    if seconds is not None:
        passed = timedelta(seconds=int(count) * seconds)
        is_passing = is_instant(time) or is_instant(base)
        return (instant_of(time, zone) if is_passing else midnight(time)) - passed
    if isinstance(time, datetime) and is_instant(time):
        return instant_of(earlier(civil_of(time, zone), step), zone)
    return earlier(midnight(time), step)


def _latest(met: list[Candidate], key: Parts, asked: Asked) -> Candidate:
    """The latest row of the base, of the lowest key among several, in the lowest group."""
    zone = met[0].scope.zone
    last = met[0].time
    for each in met:
        if compare(*alike(each.time, last, zone)) > 0:
            last = each.time
    found = [each for each in met if compare(*alike(each.time, last, zone)) == 0]
    keys = [tuple(each.scope.row[column] for column in key) for each in found]
    order = by_order(desc=False, nulls=None)
    lowest = min(keys, key=lambda own: [order(value) for value in own])
    found = [each for each, own in zip(found, keys, strict=True) if own == lowest]
    if len({each.group for each in found}) == 1:
        return found[0]
    if asked.members is not None:
        raise Refused("OPEN")
    return min(found, key=lambda each: [order(value) for value in each.group])
