"""An answer of metrics: its groups and totals, its first members, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial

from tests.oracle.asked_metrics import brings_groups
from tests.oracle.earlier import earlier_question, is_cut, suffix, with_earlier
from tests.oracle.evaluate_metrics import Metrics
from tests.oracle.language import (
    PARAM,
    Aggregate,
    Members,
    MetricAt,
    Order,
    Parts,
    Question,
    Top,
    Value,
    names_in,
)
from tests.oracle.leaves import OTHERS, Further, Group, OfGroup, is_metric, leaves_of
from tests.oracle.metric_types import metric_type
from tests.oracle.paths import Refused
from tests.oracle.rows import Rows
from tests.oracle.times import is_instant
from tests.oracle.told import Told, collect, in_order, parts_of, place_of
from tests.oracle.values import by_order, holds


def answer(rows: Rows, question: Question, now: datetime) -> Told:
    """The answer to a question of metrics."""
    try:
        known = _with_members(rows, question, now) if question.top else question
        return Answer(rows, known, now).told()
    except Refused as refused:
        codes = set(refused.codes)
    if question.top is not None:
        is_looked_up = _is_looked_up(rows, question.top.by)
        codes |= {"E_NAME_NOT_FOUND", "OPEN"} if is_looked_up else {"E_NAME_NOT_FOUND"}
        orders = (*question.order_by, Order(question.top.by))
        ranking = Metrics(rows, replace(question, order_by=orders), now)
        collect(codes, ranking.asked)
        for each in question.dimensions:
            asked = Question(metrics=(question.top.by,), dimensions=(each,))
            collect(codes, Metrics(rows, asked, now).asked)
    if question.totals or question.top or question.compare:
        codes |= {"E_TIME_REQUIRED", "E_NOT_SUPPORTED", "E3013_NO_STITCHING_DIMENSION"}
        codes |= {"E_NO_PATH", "E_AMBIGUOUS_PATH"}
    raise Refused(*codes)


def _is_looked_up(rows: Rows, name: str) -> bool:
    """Whether a metric, or what it ranks, has no groups of its own."""
    found = rows.project.metrics.get(name)
    if found is None:
        return False
    if found.rank is not None:
        return _is_looked_up(rows, found.of or "")
    return found.scope is not None and found.scope.is_looked_up


@dataclass
class Line:
    """A row of the answer on its way."""

    metrics: Metrics
    """The question that it answers: one of fewer dimensions, of a total."""
    group: Group
    scope: OfGroup
    past: dict[str, tuple[Metrics, OfGroup]] = field(default_factory=dict)
    """The same group so long ago."""

    def member(self, place: int) -> Value:
        """What it is grouped by; NULL where it is a total, or of further members."""
        value = self.group[place] if place < len(self.group) else None
        return None if isinstance(value, Further) else value

    def is_other(self, place: int) -> Value:
        """Whether it is of further members; unknown where it is of no member."""
        is_known = self.metrics.question.is_dense or self.group in self.metrics.groups()
        return self.group[place] is OTHERS if is_known else None

    def is_total(self, place: int) -> bool:
        """Whether it is a total over a dimension."""
        return place >= len(self.group)

    def is_cut(self, place: int) -> bool:
        """Whether the time range cuts its period short."""
        return is_cut(self.metrics, place, self.group[place])

    def value(self, metric: str) -> Value:
        """A metric's value."""
        return self.metrics.value(metric, self.group, self.scope)

    def past_value(self, step: str, metric: str) -> Value:
        """A metric's value so long ago."""
        metrics, scope = self.past[step]
        return metrics.value(metric, self.group, scope)


@dataclass(frozen=True)
class Column:
    """A column of the answer."""

    name: str
    type: str
    of: Callable[[Line], Value]


def _flag(name: str, of: Callable[[Line], Value]) -> Column:
    return Column(name, "boolean", of)


class Answer:
    """A question of metrics whose first members are known, on its way to an answer."""

    def __init__(self, rows: Rows, question: Question, now: datetime) -> None:
        self.now = now
        self.main = Metrics(rows, question, now)
        self.main.asked()
        self.past: dict[str, Metrics] = {}
        self.metrics = question.metrics
        told = [leaf for e in question.metrics for leaf in leaves_of(rows.project, parts_of(e))]
        if question.compare and any(leaf.conversions for leaf in told):
            raise Refused("E_NOT_SUPPORTED")
        self.is_timed = bool(question.compare) and bool(self.main.filled().places)
        if self.is_timed:
            self.main = Metrics(*with_earlier(self.main), now)
        elif question.compare:
            self.past = {
                each: Metrics(rows, earlier_question(self.main, each), now)
                for each in question.compare
            }
        self.main.asked()
        self.question = self.main.question
        self.columns = self._columns()
        if len({each.name for each in self.columns}) < len(self.columns):
            raise Refused("E_NAME_COLLISION")

    def told(self) -> Told:
        """The answer."""
        lines = [each for each in self.lines() if self.is_kept(each)]
        orders = self.question.order_by
        told = Told(
            tuple(each.name for each in self.columns),
            tuple(each.type for each in self.columns),
            [tuple(each.of(line) for each in self.columns) for line in lines],
            [tuple(self._key(order, line) for order in orders) for line in lines],
            orders,
        )
        return in_order(told)

    def lines(self) -> list[Line]:
        """Every row, before having."""
        parts = [self.main, *(self._total(each) for each in self._prefixes())]
        others = dict.fromkeys(group for each in self.past.values() for group in each.groups())
        groups = dict.fromkeys((*self.main.groups(), *others))
        past = {step: (each, each.scopes(groups)) for step, each in self.past.items()}
        return [
            Line(
                part,
                group,
                scope,
                {step: (each, scopes[group]) for step, (each, scopes) in past.items()},
            )
            for part in parts
            for group, scope in part.scopes(others if part is self.main else ()).items()
        ]

    def _prefixes(self) -> list[int]:
        if not self.question.totals:
            return []
        if not self.question.dimensions:
            raise Refused("E_NOT_SUPPORTED")
        return list(range(len(self.question.dimensions)))

    def _total(self, width: int) -> Metrics:
        """The same question of fewer dimensions."""
        question = self.question
        is_timed = any(place < width for place in self.main.filled().places)
        asked = replace(
            question,
            dimensions=question.dimensions[:width],
            order_by=tuple(
                each
                for each in question.order_by
                if is_metric(self.main.project, parts_of(each.name))
            ),
            having=tuple(each for each in question.having if not self._names_group(names_in(each))),
            fill=question.fill and is_timed,
        )
        return Metrics(self.main.rows, asked, self.now)

    def _names_group(self, names: list[Parts]) -> bool:
        return not all(is_metric(self.main.project, each) for each in names)

    def _columns(self) -> list[Column]:
        question, names = self.question, self.main.names()
        ranked = None if question.members is None else question.members.place
        found: list[Column] = []
        for place, (name, type_) in enumerate(zip(names, self.main.types(), strict=True)):
            found.append(Column(name, type_, partial(Line.member, place=place)))
            if place == ranked:
                found.append(_flag(f"{name}__other", partial(Line.is_other, place=place)))
        found += map(self._metric, question.metrics)
        found += [self._past(step, metric) for step in self.past for metric in question.metrics]
        if question.totals:
            found += [
                _flag(f"{name}__total", partial(Line.is_total, place=place))
                for place, name in enumerate(names)
            ]
        if self.is_timed:
            found += [
                _flag(f"{names[place]}__partial", partial(Line.is_cut, place=place))
                for place in self.main.filled().whole_places()
            ]
        return found

    def _metric(self, metric: str) -> Column:
        type_ = metric_type(self.main.rows, parts_of(metric))
        return Column(metric.replace(".", "__"), type_, lambda line: line.value(metric))

    def _past(self, step: str, metric: str) -> Column:
        of = self._metric(metric)
        name = f"{of.name}__{suffix(step)}"
        return Column(name, of.type, lambda line: line.past_value(step, metric))

    def is_kept(self, line: Line) -> bool:
        """Whether having leaves a row in."""
        if any(each is OTHERS for each in line.group):
            return True
        named = _OfLine(self, line)
        return all(holds(each, named) for each in self.question.having)

    def _key(self, order: Order, line: Line) -> Value:
        return self.value(order.name, line)

    def value(self, name: str, line: Line) -> Value:
        """A metric, or what is grouped by, or another column."""
        if is_metric(self.main.project, parts_of(name)):
            return line.value(name)
        for each in self.columns:
            if each.name == name.replace(".", "__"):
                return each.of(line)
        return line.member(place_of(name, tuple(self.main.names()), self.question.dimensions))


@dataclass
class _OfLine:
    """Names as they are in one row of the answer."""

    answer: Answer
    line: Line

    @property
    def zone(self) -> str:
        """The zone that times are read in."""
        return self.answer.main.rows.zone

    def name(self, parts: Parts) -> Value:
        """A metric, a parameter, or a dimension that is grouped."""
        if parts[0] == PARAM:
            return self.answer.main.rows.params[parts[1]]
        return self.answer.value(".".join(parts), self.line)

    def aggregate(self, expr: Aggregate | MetricAt) -> Value:
        """Having has no aggregates."""
        raise AssertionError(expr)


def _with_members(rows: Rows, question: Question, now: datetime) -> Question:
    """The question with the first members of one of its dimensions."""
    top = question.top
    assert top is not None
    bare = replace(question, top=None, fill=False, totals=False)
    alone = len(question.dimensions) == 1
    whole = Answer(rows, bare if alone else replace(bare, having=()), now)
    place = _ranked_place(whole.main, top)
    if not any(shown and brings_groups(each) for each, shown in whole.main.sources.items()):
        raise Refused("OPEN")
    asked = replace(
        bare,
        metrics=(top.by,),
        dimensions=(question.dimensions[place],),
        having=(),
        order_by=(),
        compare=(),
    )
    ranking = Metrics(rows, asked, now)
    lines = [line for line in whole.lines() if whole.is_kept(line)]
    members = dict.fromkeys(line.group[place : place + 1] for line in lines)
    walked = any(leaf.readings for leaf in whole.main.every_leaf())
    column = whole.main.columns[place]
    is_time = any(each.dimension.grain is not None for each in column.values())
    if walked and (is_time or not members.keys() <= set(ranking.groups())):
        raise Refused("OPEN")
    by_groups = any(brings_groups(each) for each in ranking.sources)
    if by_groups and not (alone and bare.having):
        members |= dict.fromkeys(ranking.groups())
    values = {
        group: ranking.value(top.by, group, scope)
        for group, scope in ranking.scopes(members).items()
        if group in members
    }
    pairs = [(value, member) for (member,), value in values.items()]
    times = [member for _, member in pairs if isinstance(member, date)]
    if len({(type(each), is_instant(each)) for each in times}) > 1:
        raise Refused("OPEN")
    for part, order in (
        (1, by_order(desc=False, nulls="last")),
        (0, by_order(desc=True, nulls="last")),
    ):
        pairs.sort(key=lambda pair: order(pair[part]))
    found = [member for _, member in pairs]
    kept = Members(place, tuple(found[: top.n]), tuple(found[top.n :]), top.other)
    return replace(question, top=None, members=kept)


def _ranked_place(asked: Metrics, top: Top) -> int:
    dimensions = asked.question.dimensions
    if top.on is not None:
        return place_of(top.on, tuple(asked.names()), dimensions)
    for place, column in enumerate(asked.columns):
        if all(each.dimension.grain is None for each in column.values()):
            return place
    raise Refused("E_NOT_SUPPORTED")
