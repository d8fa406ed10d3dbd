"""What a question of metrics answers, by brute force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time

from tests.oracle.asked_metrics import WIDTH, Asking, brings_groups
from tests.oracle.language import (
    Aggregate,
    Metric,
    MetricAt,
    Parts,
    Question,
    Value,
)
from tests.oracle.leaves import (
    Asked,
    Group,
    Leaf,
    OfGroup,
    Scoped,
    Source,
    cells,
    is_metric,
)
from tests.oracle.metric_types import metric_type
from tests.oracle.paths import Reference, Refused
from tests.oracle.readings import read
from tests.oracle.rows import Rows
from tests.oracle.scopes import Inner, folded, inner_of, ranks
from tests.oracle.times import instant_of
from tests.oracle.told import Told, collect, column_of, in_order, parts_of, place_of
from tests.oracle.values import holds


class Metrics(Asking):
    """A question of metrics, on its way to an answer."""

    def told(self) -> Told:
        """The answer."""
        scopes = self.scopes()
        kept = {group: scope for group, scope in scopes.items() if self._is_kept(group, scope)}
        orders = self.question.order_by
        answer = Told(
            (*self._names(), *(each.replace(".", "__") for each in self.question.metrics)),
            (*self._types(), *(metric_type(self.rows, each) for each in self.shown)),
            [
                (*group, *(self._key(".".join(each), group, scope) for each in self.shown))
                for group, scope in kept.items()
            ],
            [
                tuple(self._key(order.name, group, scope) for order in orders)
                for group, scope in kept.items()
            ],
            orders,
        )
        return in_order(answer)

    def cells(self, metric: str) -> dict[Group, Value]:
        """A metric's value in each group."""
        return {group: self._key(metric, group, each) for group, each in self.scopes().items()}

    def scopes(self) -> dict[Group, OfGroup]:
        """What is known in each group of the answer."""
        asked = self._asked()
        if not self.is_inner and len(set(self._names())) < len(self.columns):
            raise Refused("E_NAME_COLLISION")
        inner = {each: self._inner(each, leaves) for each, leaves in self.scoped.items()}
        self._refuse()
        found: dict[Source, dict[Group, Value]] = {
            leaf: self._cells(leaf, asked[leaf]) for leaf in self.leaves
        }
        for each, (metrics, places) in inner.items():
            found[each] = self._scoped_cells(each, metrics, places)
        bring: dict[Source, bool] = {
            each: shown for told in (self.sources, self.leaves) for each, shown in told.items()
        }
        groups = dict.fromkeys(
            group
            for each, shown in bring.items()
            if shown and brings_groups(each)
            for group in found[each]
        )
        added = self._added(list(groups))
        scopes = {
            group: OfGroup(
                self.project,
                {
                    each: self._cell(each, cells, group, inner)
                    if group in groups or not brings_groups(each)
                    else None
                    for each, cells in found.items()
                },
                self.rows.zone,
                self.where,
            )
            for group in (*groups, *added)
        }
        self.ranked = {
            name: self._ranks(metric, scopes) for name, metric in self._rank_metrics().items()
        }
        return scopes

    def _added(self, groups: list[Group]) -> list[Group]:
        return self._filled().groups(groups) if self.is_filled else []

    def _ranks(self, metric: Metric, scopes: dict[Group, OfGroup]) -> dict[Group, int]:
        assert metric.rank is not None
        assert metric.of is not None
        of = parts_of(metric.of)
        places = self._within(metric.rank)
        values = {group: scope.name(of) for group, scope in scopes.items()}
        return ranks(values, places, metric.rank.desc)

    def _inner(self, scoped: Scoped, leaves: list[Leaf]) -> tuple[Metrics | None, tuple[int, ...]]:
        """The question that a scope asks; what it may not is refused."""
        question = self.question
        grained = tuple(
            self._grained(text, column)
            for text, column in zip(question.dimensions, self.columns, strict=True)
        )
        made = collect(
            self.codes,
            lambda: inner_of(
                scoped.scope,
                ".".join(scoped.of),
                replace(question, dimensions=grained),
                lambda one, other: self._is_same(leaves, one, other),
            ),
        )
        if not isinstance(made, Inner):
            return None, ()
        added = (*self.added_by_scopes, *scoped.scope.add)
        metrics = Metrics(self.rows, made.question, self.now, scoped.where, added)
        collect(self.codes, metrics._asked)
        return metrics, made.kept

    def _grained(self, text: str, column: dict[Leaf, Reference]) -> str:
        grain = self._grain(column)
        is_bare = any(each.grain is None for each in column.values())
        return f"{text}.{grain}" if grain and is_bare else text

    def _scoped_cells(
        self, scoped: Scoped, metrics: Metrics | None, places: tuple[int, ...]
    ) -> dict[Group, Value]:
        assert metrics is not None
        cells = {group: scope.name(scoped.of) for group, scope in metrics.scopes().items()}
        kinds = [self._kinds(place) for place in places]
        return {
            tuple(
                _cast(each, kind, self.rows.zone) for each, kind in zip(group, kinds, strict=True)
            ): v
            for group, v in folded(scoped.scope, cells, len(places)).items()
        }

    def _cell(
        self,
        source: Source,
        cells: dict[Group, Value],
        group: Group,
        inner: dict[Scoped, tuple[Metrics | None, tuple[int, ...]]],
    ) -> Value:
        if isinstance(source, Leaf):
            return cells.get(group)
        return cells.get(tuple(group[place] for place in inner[source][1]))

    def _cells(self, leaf: Leaf, asked: Asked) -> dict[Group, Value]:
        found = (read if leaf.readings else cells)(self.rows, leaf, asked)
        kinds = [self._kinds(place) for place in range(len(asked.groups))]
        return {
            tuple(
                _cast(value, kinds[place], self.rows.zone) for place, value in enumerate(group)
            ): v
            for group, v in found.items()
        }

    def _types(self) -> list[str]:
        return [self._kinds(place) for place in range(len(self.question.dimensions))]

    def _names(self) -> list[str]:
        names = []
        for text, column in zip(self.question.dimensions, self.columns, strict=True):
            names.append(column_of(text, self._grain(column), next(iter(column.values()))))
        return names

    def _is_kept(self, group: Group, scope: OfGroup) -> bool:
        named = _OfAnswer(self, group, scope)
        return all(holds(each, named) for each in self.question.having)

    def _key(self, name: str, group: Group, scope: OfGroup) -> Value:
        if is_metric(self.project, parts_of(name)):
            ranked = self.ranked.get(parts_of(name))
            return scope.name(parts_of(name)) if ranked is None else ranked[group]
        return group[place_of(name, tuple(self._names()), self.question.dimensions)]


def asked_at(rows: Rows, expr: MetricAt, now: datetime) -> Metrics:
    """The question that a metric in a predicate asks."""
    question = Question(metrics=(expr.metric,), dimensions=expr.dimensions)
    return Metrics(rows, question, now, ())


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

    def aggregate(self, expr: Aggregate | MetricAt) -> Value:
        """Having has no aggregates."""
        raise AssertionError(expr)


def _cast(value: Value, kind: str, zone: str) -> Value:
    if value is None or kind not in WIDTH or kind == "date":
        return value
    if kind == "timestamp":
        return value if isinstance(value, datetime) else datetime.combine(value, time.min)
    assert isinstance(value, date)
    return instant_of(value, zone)
