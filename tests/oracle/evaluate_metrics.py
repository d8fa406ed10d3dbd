"""What a question of metrics answers, by brute force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time

from tests.oracle.language import (
    Aggregate,
    Parts,
    Question,
    Value,
    conjuncts,
    names_in,
)
from tests.oracle.leaves import (
    SHOWN,
    Asked,
    Group,
    Leaf,
    OfGroup,
    Range,
    cells,
    grouped_step,
    is_metric,
    leaf_named,
    leaves_of,
)
from tests.oracle.paths import Reference, Refused, Step
from tests.oracle.readings import is_time, is_time_required, is_timed, read
from tests.oracle.rows import Filter, Rows, default_grain, find_at
from tests.oracle.times import GRAINS, instant_of, last_range, period_of
from tests.oracle.told import Told, collect, column_of, in_order, parts_of, place_of
from tests.oracle.values import holds, type_of


class Metrics:
    """A question of metrics, on its way to an answer."""

    def __init__(self, rows: Rows, question: Question, now: datetime) -> None:
        self.rows = rows
        self.project = rows.project
        self.question = question
        self.codes: set[str] = set()
        self.shown = [parts_of(each) for each in question.metrics]
        self.hidden = self._hidden()
        self.leaves: dict[Leaf, bool] = {}
        for name in (*self.shown, *self.hidden):
            made = collect(self.codes, lambda name=name: leaves_of(self.project, name))  # type: ignore[misc]
            for leaf in made if isinstance(made, list) else []:
                self.leaves[leaf] = self.leaves.get(leaf, False) or name in self.shown
        self.range = self._range(now)

    def told(self) -> Told:
        """The answer."""
        asked = self._asked()
        self._refuse()
        found = {leaf: self._cells(leaf, asked[leaf]) for leaf in self.leaves}
        groups = dict.fromkeys(
            group for leaf, shown in self.leaves.items() if shown for group in found[leaf]
        )
        scopes = {
            group: OfGroup(
                self.project,
                {leaf: each.get(group) for leaf, each in found.items()},
                self.rows.zone,
            )
            for group in groups
        }
        kept = {group: scope for group, scope in scopes.items() if self._is_kept(group, scope)}
        orders = self.question.order_by
        answer = Told(
            (*self._names(), *(each.replace(".", "__") for each in self.question.metrics)),
            (*self._types(asked), *(metric_type(self.rows, each) for each in self.shown)),
            [(*group, *(scope.name(each) for each in self.shown)) for group, scope in kept.items()],
            [
                tuple(self._key(order.name, group, scope) for order in orders)
                for group, scope in kept.items()
            ],
            orders,
        )
        return in_order(answer)

    def _refuse(self) -> None:
        if self.codes:
            raise Refused(*self.codes)

    def _hidden(self) -> list[Parts]:
        """Metrics that only having or the order needs; what cannot stand there is refused."""
        found: list[Parts] = []
        asked = [parts_of(each) for each in self.question.dimensions]
        for predicate in self.question.having:
            names = names_in(predicate)
            metrics = [each for each in names if is_metric(self.project, each)]
            others = [each for each in names if each not in metrics]
            if [each for each in others if each not in asked]:
                self.codes.add("E_NON_AGGREGATE_IN_HAVING")
            if metrics and others:
                self.codes.add("E_MIXED_PREDICATE_LEVEL")
            found += metrics
        for order in self.question.order_by:
            if is_metric(self.project, parts_of(order.name)):
                found.append(parts_of(order.name))
        return [each for each in found if each not in self.shown]

    def _range(self, now: datetime) -> Range | None:
        question = self.question
        on = parts_of(question.on or "metric_time")
        if question.last:
            return Range(on, *last_range(question.last, now, self.rows.zone))
        if question.start is None and question.end is None:
            return None
        start = None if question.start is None else period_of(question.start)[0]
        end = None if question.end is None else period_of(question.end)[1]
        if start is not None and end is not None and start >= end:
            self.codes.add("SL103")
        return Range(on, start, end)

    def _asked(self) -> dict[Leaf, Asked]:
        """What each leaf is asked for; what it cannot give is refused."""
        columns = [self._meant(parts_of(each)) for each in self.question.dimensions]
        if self.range is not None:
            self._judge_range(self._meant(self.range.on))
        for predicate in self.question.where:
            names = names_in(predicate)
            if any(is_metric(self.project, each) for each in names):
                self.codes.add("E_AGGREGATE_IN_WHERE")
                continue
            for name in names:
                self._meant(name)
        self._judge_sharing(columns)
        for leaf in self.leaves:
            groups = [column[leaf] for column in columns if leaf in column]
            self._judge_groups(leaf, groups)
            if leaf.readings and not is_timed(self.project, leaf, groups):
                self._judge_total(leaf)
            self._judge_filters(leaf, grouped_step(groups))
        self._refuse()
        return {leaf: self._asked_of(leaf, columns) for leaf in self.leaves}

    def _asked_of(self, leaf: Leaf, columns: list[dict[Leaf, Reference]]) -> Asked:
        grains = tuple(map(self._grain, columns))
        shown = tuple(replace(each[leaf], grain=g) for each, g in zip(columns, grains, strict=True))
        return Asked(shown, grains, self.question.where, self.range)

    def _judge_filters(self, leaf: Leaf, grouped: Step | None) -> None:
        kept = Filter(self.rows, leaf.home, leaf.time(self.project), grouped)
        for predicate in self.question.where:
            for each in conjuncts(predicate):
                try:
                    kept.add(each)
                except Refused as refused:
                    self.codes |= refused.codes & {"E_NOT_SUPPORTED"}

    def _meant(self, parts: Parts) -> dict[Leaf, Reference]:
        """What a name means to each leaf."""
        found: dict[Leaf, Reference] = {}
        codes: set[str] = set()
        for leaf in self.leaves:
            time = leaf.time(self.project)
            made = collect(
                codes,
                lambda leaf=leaf, time=time: find_at(self.project, leaf.home, parts, time),  # type: ignore[misc]
            )
            if isinstance(made, Reference):
                found[leaf] = made
        if "E_NAME_NOT_FOUND" in codes and (found or len(codes) > 1):
            codes.add("E_NO_PATH")
            if found:
                codes.discard("E_NAME_NOT_FOUND")
        self.codes |= codes
        return found

    def _judge_range(self, found: dict[Leaf, Reference]) -> None:
        if any(each.dimension.grain is None for each in found.values()):
            self.codes.add("SL103")
        if any(each.many for each in found.values()):
            self.codes.add("OPEN")

    def _judge_sharing(self, columns: list[dict[Leaf, Reference]]) -> None:
        for text, column in zip(self.question.dimensions, columns, strict=True):
            if any(each.dimension.is_segment for each in column.values()):
                self.codes.add("SL103")
            same = {(each.model, each.dimension.name) for each in column.values()}
            declared = all(not each.steps for each in column.values()) and "." not in text
            types = {self.rows.type_of(each) for each in column.values()}
            if parts_of(text)[0] == "metric_time" or len(same) == 1:
                continue
            bare = declared or (len(parts_of(text)) == 2 and self._is_grain_of_own(text, column))
            if not (bare and len(types) == 1):
                self.codes.add("E3013_NO_STITCHING_DIMENSION")

    def _is_grain_of_own(self, text: str, column: dict[Leaf, Reference]) -> bool:
        return parts_of(text)[1] in GRAINS and all(not each.steps for each in column.values())

    def _judge_groups(self, leaf: Leaf, groups: list[Reference]) -> None:
        many = {each.many for each in groups if each.many}
        if len(many) > 1:
            self.codes.add("E3012_MN_NO_SAFE_REWRITE")
        if many and not self.project.models[leaf.home].key:
            self.codes.add("E_PRIMARY_KEY_REQUIRED")

    def _judge_total(self, leaf: Leaf) -> None:
        """Of a reading without metric time; what a part of all times would be is not said."""
        names = {name for predicate in self.question.where for name in names_in(predicate)}
        time = leaf.time(self.project)
        cuts = [
            collect(set(), lambda name=name: is_time(self.rows, leaf.home, time, name))  # type: ignore[misc]
            for name in names
        ]
        if is_time_required(leaf):
            self.codes.add("E_TIME_REQUIRED")
        elif self.range is not None or any(cuts):
            self.codes.add("OPEN")

    def _grain(self, column: dict[Leaf, Reference]) -> str | None:
        """The coarsest of the grains that a column has from each home."""
        grains = [default_grain(each) for each in column.values()]
        return max((each for each in grains if each), key=GRAINS.index, default=None)

    def _cells(self, leaf: Leaf, asked: Asked) -> dict[Group, Value]:
        found = (read if leaf.readings else cells)(self.rows, leaf, asked)
        kinds = [self._kinds(place) for place in range(len(asked.groups))]
        return {
            tuple(
                _cast(value, kinds[place], self.rows.zone) for place, value in enumerate(group)
            ): v
            for group, v in found.items()
        }

    def _kinds(self, place: int) -> str:
        """The type of a column that several homes share."""
        parts = parts_of(self.question.dimensions[place])
        types = {
            self.rows.type_of(find_at(self.project, leaf.home, parts, leaf.time(self.project)))
            for leaf in self.leaves
        }
        return max(types, key=_WIDTH.index) if types <= set(_WIDTH) else types.pop()

    def _types(self, asked: dict[Leaf, Asked]) -> list[str]:
        return [self._kinds(place) for place in range(len(self.question.dimensions))]

    def _names(self) -> list[str]:
        names = []
        for text in self.question.dimensions:
            column = self._meant(parts_of(text))
            names.append(column_of(text, self._grain(column), next(iter(column.values()))))
        return names

    def _is_kept(self, group: Group, scope: OfGroup) -> bool:
        named = _OfAnswer(self, group, scope)
        return all(holds(each, named) for each in self.question.having)

    def _key(self, name: str, group: Group, scope: OfGroup) -> Value:
        if is_metric(self.project, parts_of(name)):
            return scope.name(parts_of(name))
        return group[place_of(name, tuple(self._names()), self.question.dimensions)]


def metric_type(rows: Rows, parts: Parts) -> str:
    """The type of a metric or measure."""
    metric = rows.project.metrics.get(".".join(parts))
    if metric is None:
        leaf = leaf_named(rows.project, parts)
        assert leaf is not None
        return type_of(leaf.measure.expr, lambda name: rows.type_in(leaf.home, name))
    if metric.of is not None:
        of = metric_type(rows, parts_of(metric.of))
        if ("regrain", "average") in metric.reading:
            return "double"
        return of if metric.show == "value" else type_of(SHOWN[metric.show], lambda _: of)
    assert metric.expr is not None
    return type_of(metric.expr, lambda name: metric_type(rows, name))


@dataclass
class _OfAnswer:
    """Names as they are in one row of the answer."""

    metrics: Metrics
    group: Group
    scope: OfGroup

    @property
    def zone(self) -> str:
        """The zone that times are read in."""
        return self.scope.zone

    def name(self, parts: Parts) -> Value:
        """A metric, or a dimension that is grouped."""
        return self.metrics._key(".".join(parts), self.group, self.scope)

    def aggregate(self, expr: Aggregate) -> Value:
        """Having has no aggregates."""
        raise AssertionError(expr)


_WIDTH = ("date", "timestamp", "timestamptz")


def _cast(value: Value, kind: str, zone: str) -> Value:
    if value is None or kind not in _WIDTH or kind == "date":
        return value
    if kind == "timestamp":
        return value if isinstance(value, datetime) else datetime.combine(value, time.min)
    assert isinstance(value, date)
    return instant_of(value, zone)
