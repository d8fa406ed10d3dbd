"""What a question of metrics answers, by brute force."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, time

from tests.oracle.asked_metrics import WIDTH, Asking, brings_groups
from tests.oracle.funnels import converted_cells
from tests.oracle.language import (
    Metric,
    MetricAt,
    Parts,
    Question,
    Value,
)
from tests.oracle.leaves import (
    NOWHERE,
    OTHERS,
    Asked,
    Group,
    Leaf,
    OfGroup,
    Scoped,
    Source,
    cells,
)
from tests.oracle.paths import Reference, Refused
from tests.oracle.readings import read
from tests.oracle.rows import Rows
from tests.oracle.scopes import Inner, folded, inner_of, ranks
from tests.oracle.times import instant_of
from tests.oracle.told import collect, column_of, parts_of


class Metrics(Asking):
    """A question of metrics, on its way to an answer."""

    found: dict[Source, dict[Group, Value]] | None = None
    inner: dict[Scoped, tuple[Metrics | None, tuple[int, ...]]]
    ranked: dict[Parts, dict[Group, int]]

    def cells(self, metric: str) -> dict[Group, Value]:
        """A metric's value in each group."""
        return {group: self.value(metric, group, each) for group, each in self.scopes().items()}

    def groups(self) -> list[Group]:
        """The groups that its metrics have."""
        shown = self.sources | self.leaves
        found = dict.fromkeys(
            group
            for each, cells in self._values().items()
            if shown[each] and brings_groups(each)
            for group in cells
        )
        return [group for group in found if self._is_told(group)]

    def scopes(self, others: Iterable[Group] = ()) -> dict[Group, OfGroup]:
        """What is known in each group of the answer, and in others."""
        found = self._values()
        groups = dict.fromkeys((*self.groups(), *others))
        added = self._added(list(groups))
        scopes = {
            group: OfGroup(
                self.project,
                {
                    each: self._cell(each, cells, group)
                    if group in groups or not brings_groups(each)
                    else None
                    for each, cells in found.items()
                },
                self.rows.zone,
                self.where,
                asked=tuple(self.rows.params.items()),
            )
            for group in (*groups, *added)
        }
        self.ranked = {
            name: self._ranks(metric, scopes) for name, metric in self.rank_metrics().items()
        }
        return scopes

    def _values(self) -> dict[Source, dict[Group, Value]]:
        """What each source gives, once it is looked for."""
        if self.found is None:
            asked = self.asked()
            if not self.is_inner and len(set(self.names())) < len(self.columns):
                raise Refused("E_NAME_COLLISION")
            self.inner = {each: self._inner(each, leaves) for each, leaves in self.scoped.items()}
            self._refuse()
            self.found = {leaf: self._cells(leaf, asked[leaf]) for leaf in self.leaves}
            for each, (metrics, places) in self.inner.items():
                self.found[each] = self._scoped_cells(each, metrics, places)
        return self.found

    def _is_told(self, group: Group) -> bool:
        """Whether an answer with first members has a group."""
        members = self.question.members
        if members is None or self.is_inner:
            return True
        member = group[members.place]
        return member is not NOWHERE and (member is not OTHERS or members.has_others)

    def _added(self, groups: list[Group]) -> list[Group]:
        return self.filled().groups(groups) if self.is_filled else []

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
        metrics = Metrics(self.rows, made.question, self.now, scoped.where)
        collect(self.codes, metrics.asked)
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

    def _cell(self, source: Source, cells: dict[Group, Value], group: Group) -> Value:
        if isinstance(source, Leaf):
            return cells.get(group)
        return cells.get(tuple(group[place] for place in self.inner[source][1]))

    def _cells(self, leaf: Leaf, asked: Asked) -> dict[Group, Value]:
        found = _cells_of(leaf)(self.rows, leaf, asked)
        kinds = [self._kinds(place) for place in range(len(asked.groups))]
        return {
            tuple(
                _cast(value, kinds[place], self.rows.zone) for place, value in enumerate(group)
            ): v
            for group, v in found.items()
        }

    def types(self) -> list[str]:
        """The types of the groups."""
        return [self._kinds(place) for place in range(len(self.question.dimensions))]

    def names(self) -> list[str]:
        """The columns of the groups."""
        names = []
        for text, column in zip(self.question.dimensions, self.columns, strict=True):
            names.append(column_of(text, self._grain(column), next(iter(column.values()))))
        return names

    def value(self, name: str, group: Group, scope: OfGroup) -> Value:
        """A metric's value in a group."""
        ranked = self.ranked.get(parts_of(name))
        return scope.name(parts_of(name)) if ranked is None else ranked[group]


def _cells_of(leaf: Leaf) -> Callable[[Rows, Leaf, Asked], dict[Group, Value]]:
    if leaf.conversions is not None:
        return converted_cells
    return read if leaf.readings else cells


def asked_at(rows: Rows, expr: MetricAt, now: datetime) -> Metrics:
    """The question that a metric in a predicate asks."""
    question = Question(metrics=(expr.metric,), dimensions=expr.dimensions)
    return Metrics(rows, question, now, ())


def _cast(value: Value, kind: str, zone: str) -> Value:
    if not isinstance(value, date) or kind not in WIDTH or kind == "date":
        return value
    if kind == "timestamp":
        return value if isinstance(value, datetime) else datetime.combine(value, time.min)
    return instant_of(value, zone)
