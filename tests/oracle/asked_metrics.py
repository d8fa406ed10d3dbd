"""What a question of metrics asks of each of its sources, and why it may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from tests.oracle.added import Filled
from tests.oracle.language import (
    Dimension,
    Expr,
    Metric,
    MetricAt,
    Parts,
    Question,
    Rank,
    conjuncts,
    metrics_in,
    names_in,
)
from tests.oracle.leaves import (
    Asked,
    Leaf,
    Range,
    Scoped,
    Source,
    grouped_step,
    is_metric,
    leaves_of,
    sources_of,
)
from tests.oracle.meeting import judge, judge_exprs
from tests.oracle.paths import Reference, Refused, Step, is_of_time
from tests.oracle.readings import is_bounded_within, is_time, is_time_required, is_timed
from tests.oracle.rows import Filter, Rows, default_grain, find_at, own_codes
from tests.oracle.scopes import kept_places
from tests.oracle.time_parts import grain_within
from tests.oracle.times import GRAINS, last_range, period_of
from tests.oracle.told import ago, collect, parts_of

WITHIN = frozenset(
    (
        *("E_NAME_NOT_FOUND", "E_NO_PATH", "E_AMBIGUOUS_PATH", "E_NOT_SUPPORTED"),
        *("E_TIME_REQUIRED", "E_PRIMARY_KEY_REQUIRED", "E3012_MN_NO_SAFE_REWRITE"),
        *("E3013_NO_STITCHING_DIMENSION", "E_UNAGGREGATED_FINER_GRAIN_REFERENCE"),
    )
)
"""Of the faults of a question and of those within it, none is said to be told first."""


Find = Callable[[Leaf, Parts], Reference]
"""What a name means to a leaf."""

FINE = ("second", "minute", "hour")


class Asking:
    """A question of metrics, understood."""

    leaf_questions: dict[Leaf, Asked] | None = None

    def __init__(
        self,
        rows: Rows,
        question: Question,
        now: datetime,
        where: tuple[Expr, ...] | None = None,
        added: tuple[Expr, ...] = (),
    ) -> None:
        self.rows = rows
        self.project = rows.project
        self.question = question
        self.codes: set[str] = set()
        self.shown = [parts_of(each) for each in question.metrics]
        self.hidden = self._hidden()
        self.now = now
        self.where = where or ()
        self.is_inner = where is not None
        self.added_by_scopes = added
        self.sources: dict[Source, bool] = {}
        for name in (*self.shown, *self.hidden):
            made = collect(self.codes, partial(self._sources, name))
            for each in made if isinstance(made, list) else []:
                self.sources[each] = self.sources.get(each, False) or name in self.shown
        self.leaves = {
            each: shown for each, shown in self.sources.items() if isinstance(each, Leaf)
        }
        self.scoped = {
            each: leaves_of(self.project, each.of, each.where)
            for each in self.sources
            if isinstance(each, Scoped)
        }
        if not any(shown and brings_groups(each) for each, shown in self.sources.items()):
            for each, leaves in self.scoped.items():
                if self.sources[each]:
                    self.leaves |= dict.fromkeys(leaves, True)
        self.columns: list[dict[Leaf, Reference]] = []
        self.range = self._range(now)

    def _sources(self, name: Parts) -> list[Source]:
        return sources_of(self.project, name, self.where)

    @property
    def is_filled(self) -> bool:
        """Whether times without rows are told too."""
        return self.question.fill or any(
            self._is_spined(self.project.metrics.get(".".join(name))) for name in self.shown
        )

    def _is_spined(self, metric: Metric | None) -> bool:
        """Whether a metric, or one that it is made of, tells times without rows."""
        if metric is None:
            return False
        names = [parts_of(metric.of)] if metric.of else []
        names += list(names_in(metric.expr)) if metric.expr else []
        known = (metric.known(self.project, each) for each in names)
        return metric.spine or any(map(self._is_spined, known))

    def filled(self) -> Filled:
        """The metric times of the answer."""
        return Filled(
            self.rows,
            list(self.leaves) or self.every_leaf(),
            self.columns,
            list(map(self._grain, self.columns)),
            [self._kinds(place) for place in range(len(self.columns))],
            self.range,
            self.question.where,
            self.question.is_dense,
            None if self.question.members is None else self.question.members.place,
        )

    def rank_metrics(self) -> dict[Parts, Metric]:
        return {
            name: metric
            for name in (*self.shown, *self.hidden)
            if (metric := self.project.metrics.get(".".join(name))) is not None and metric.rank
        }

    def _within(self, rank: Rank) -> tuple[int, ...]:
        """The places of the dimensions that a rank is within."""
        found = [self._places(name) for name in rank.within]
        if not all(found):
            raise Refused("E_UNAGGREGATED_FINER_GRAIN_REFERENCE")
        return tuple(place for places in found for place in places)

    def _places(self, name: str) -> list[int]:
        """Where a dimension is grouped, at whatever grain; of some leaves only is not said."""
        found = []
        for place, text in enumerate(self.question.dimensions):
            pair = parts_of(text), parts_of(name)
            told = {self._is_same([leaf], *pair) for leaf in self.columns[place]}
            if len(told) > 1:
                raise Refused("OPEN")
            found += [place] if told == {True} else []
        return found

    def _found(self, leaf: Leaf, parts: Parts) -> object:
        return collect(set(), lambda: self._find(leaf, parts))

    def _is_same(self, leaves: list[Leaf], one: Parts, other: Parts) -> bool:
        pairs = [(self._found(leaf, one), self._found(leaf, other)) for leaf in leaves]
        return all(
            isinstance(left, Reference)
            and isinstance(right, Reference)
            and replace(left, grain=None) == replace(right, grain=None)
            for left, right in pairs
        )

    def _refuse(self) -> None:
        texts = map(parts_of, self.question.dimensions)
        bases = [each[:-1] if is_of_time(self.project, each[-1]) else each for each in texts]
        if self.codes and len(set(bases)) < len(bases):
            self.codes.add("E_NAME_COLLISION")
        if self.codes and self.scoped:
            self.codes |= WITHIN
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
            start, end = last_range(question.last, now, self.rows.zone)
            return Range(on, ago(start, question.ago), ago(end, question.ago), to_now=True)
        if question.start is None and question.end is None:
            return None
        begun = None if question.start is None else period_of(question.start)[0]
        ended = None if question.end is None else period_of(question.end)[1]
        if begun is not None and ended is not None and begun >= ended:
            self.codes.add("SL103")
        return Range(on, ago(begun, question.ago), ago(ended, question.ago))

    def asked(self) -> dict[Leaf, Asked]:
        """What each leaf is asked for; what it cannot give is refused."""
        if self.leaf_questions is None:
            self.leaf_questions = self._ask()
        return self.leaf_questions

    def _ask(self) -> dict[Leaf, Asked]:
        self.columns = [
            self._meant(parts_of(each), self._grouping(place))
            for place, each in enumerate(self.question.dimensions)
        ]
        if self.range is not None:
            self._judge_range(self._meant(self.range.on, list(self.leaves)))
        for predicate in self.question.where:
            names = names_in(predicate)
            if any(is_metric(self.project, each) for each in names):
                self.codes.add("E_AGGREGATE_IN_WHERE")
                continue
            find = self._find if predicate in self.added_by_scopes else self._find_member
            for name in names:
                self._meant(name, list(self.leaves), find)
            for each in metrics_in(predicate):
                self._judge_at(each)
        self._judge_sharing(self.columns)
        self._judge_scopes()
        if not self.codes:
            self._judge_fill()
        for metric in self.rank_metrics().values():
            assert metric.rank is not None, "only ranks are looked through"
            collect(self.codes, partial(self._within, metric.rank))
        self._judge_members()
        for leaf in self.leaves:
            self._judge_leaf(leaf, self._groups(leaf))
            self._judge_measure(leaf)
        self._refuse()
        return {leaf: self._asked_of(leaf, self.columns) for leaf in self.leaves}

    def _judge_leaf(self, leaf: Leaf, groups: list[Reference]) -> None:
        self._judge_groups(leaf, groups)
        if leaf.readings and not is_timed(self.project, leaf, groups):
            self._judge_total(leaf)
        elif leaf.readings:
            self._judge_bounds(leaf)
        self._judge_filters(leaf, grouped_step(groups))

    def _judge_measure(self, leaf: Leaf) -> None:
        time = leaf.time(self.project)
        collect(self.codes, partial(judge_exprs, self.project, leaf.home, time, leaf.exprs()))
        if leaf.conversions is not None:
            self._judge_measure(leaf.conversions.of)

    def _groups(self, leaf: Leaf) -> list[Reference]:
        return [column[leaf] for column in self.columns if leaf in column]

    def _judge_at(self, value: MetricAt) -> None:
        """A metric's value for a row: by what each row has one of."""
        codes: set[str] = set()
        collect(codes, lambda: self.rows.cells_of(value))
        if codes:
            self.codes |= codes | {"E_NAME_NOT_FOUND"}  # within, a name is its last part
        for name in names_in(value):
            for leaf in self.leaves:
                found = self._found(leaf, name)
                if not isinstance(found, Reference):
                    self.codes.add("OPEN")
                elif found.many and found.many != grouped_step(self._groups(leaf)):
                    self.codes.add("E_NO_PATH")

    def _judge_fill(self) -> None:
        """Of what is filled up; through hours of a zone whose clock changes nothing is."""
        filled = self.filled()
        if self.question.fill and not filled.places:
            self.codes.add("E_TIME_REQUIRED")
        grains = [filled.grains[place] or "" for place in filled.places]
        is_fine = any(grain_within(each) in FINE for each in grains)
        is_walked = self.is_filled or any(leaf.readings for each in self.columns for leaf in each)
        if is_walked and is_fine and self.rows.zone != "UTC":
            self.codes.add("OPEN")

    def _judge_members(self) -> None:
        """Of first members: those of a time stand beside no other times."""
        members = self.question.members
        if members is None or self.codes:
            return
        column = self.columns[members.place]
        if any(leaf.readings and is_timed(self.project, leaf, [e]) for leaf, e in column.items()):
            self.codes.add("E_NOT_SUPPORTED")
        is_time = any(each.dimension.grain for each in column.values())
        is_bare = any(each.grain is None for each in column.values())
        if (is_time and (is_bare or self.scoped or len(column) > 1)) or len(
            {self.rows.type_of(e) for e in column.values()}
        ) > 1:
            self.codes.add("OPEN")

    def _judge_scopes(self) -> None:
        """What is not said: names that some measures alone mean alike, times only within."""
        for each, leaves in self.scoped.items():
            told = each.scope
            names = (*(told.keep_only or ()), *told.exclude, *(told.keep or ()), *told.drop)
            asked = [*map(parts_of, self.question.dimensions)]
            asked += [name for predicate in self.question.where for name in names_in(predicate)]
            if self.question.start or self.question.end or self.question.last:
                asked.append(parts_of(self.question.on or "metric_time"))
            pairs = [(one, parts_of(name)) for one in asked for name in names]
            if any(
                len({self._is_same([leaf], one, other) for leaf in leaves}) > 1
                for one, other in pairs
            ):
                self.codes.add("OPEN")
            if not self.leaves and any(leaf.readings for leaf in leaves):
                self.codes.add("OPEN")
            if not self.leaves:
                self._judge_beneath(leaves)

    def _judge_beneath(self, leaves: list[Leaf]) -> None:
        """Where only a scope has groups, it is not said whether predicates hold beside them too."""
        codes: set[str] = set()
        for leaf in leaves:
            kept = Filter(self.rows, leaf.home, leaf.time(self.project))
            for predicate in self.question.where:
                for each in conjuncts(predicate):
                    collect(codes, partial(kept.add, each))
        if "E_NOT_SUPPORTED" in codes:
            self.codes.add("OPEN")

    def _grouping(self, place: int) -> list[Leaf]:
        """The leaves that are grouped by a dimension, those of scopes too."""
        found = dict.fromkeys(self.leaves)
        for each, leaves in self.scoped.items():
            kept = kept_places(
                each.scope,
                self.question.dimensions,
                partial(self._is_same, leaves),
            )
            if place in kept:
                found |= dict.fromkeys(leaves)
        return list(found)

    def _find(self, leaf: Leaf, parts: Parts) -> Reference:
        """What a name means to a leaf; in a scope, columns of its model too."""
        model = self.project.models[leaf.home]
        is_column = len(parts) == 1 and parts[0] in model.columns
        if self.is_inner and is_column and parts[0] not in model.dimensions:
            return Reference((), leaf.home, Dimension(parts[0]))
        return self._find_member(leaf, parts)

    def _find_member(self, leaf: Leaf, parts: Parts) -> Reference:
        return find_at(self.project, leaf.home, parts, leaf.time(self.project))

    def _asked_of(self, leaf: Leaf, columns: list[dict[Leaf, Reference]]) -> Asked:
        grains = tuple(map(self._grain, columns))
        shown = tuple(replace(each[leaf], grain=g) for each, g in zip(columns, grains, strict=True))
        question = self.question
        return Asked(shown, grains, question.where, self.range, question.members)

    def _judge_filters(self, leaf: Leaf, grouped: Step | None) -> None:
        kept = Filter(self.rows, leaf.home, leaf.time(self.project), grouped)
        for predicate in self.question.where:
            for each in conjuncts(predicate):
                try:
                    kept.add(each)
                except Refused as refused:
                    self.codes |= refused.codes & own_codes(each)

    def _meant(
        self, parts: Parts, leaves: list[Leaf], find: Find | None = None
    ) -> dict[Leaf, Reference]:
        """What a name means to each leaf."""
        found: dict[Leaf, Reference] = {}
        codes: set[str] = set()
        for leaf in leaves:
            made = collect(codes, partial(find or self._find, leaf, parts))
            if isinstance(made, Reference):
                found[leaf] = made
                time = leaf.time(self.project)
                collect(self.codes, partial(judge, self.project, leaf.home, time, made))
        if "E_NAME_NOT_FOUND" in codes and (found or len(codes) > 1):
            codes.add("E_NO_PATH")
            if found and not self.scoped:
                codes.discard("E_NAME_NOT_FOUND")
        self.codes |= codes
        return found

    def _judge_range(self, found: dict[Leaf, Reference]) -> None:
        if any(each.dimension.grain is None for each in found.values()):
            self.codes.add("SL103")
        if any(each.many for each in found.values()):
            self.codes.add("E_NO_PATH")

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
                self._judge_literals(text)

    def _judge_literals(self, text: str) -> None:
        """A literal beside what is of two types fits one of them only."""
        named = [names_in(each) for each in self.question.where]
        if any(parts_of(text) in names for names in named):
            self.codes.add("E_TYPE_MISMATCH")

    def _is_grain_of_own(self, text: str, column: dict[Leaf, Reference]) -> bool:
        told = is_of_time(self.project, parts_of(text)[1])
        return told and all(not each.steps for each in column.values())

    def _judge_groups(self, leaf: Leaf, groups: list[Reference]) -> None:
        many = {each.many for each in groups if each.many}
        if many and leaf.conversions is not None:
            self.codes.add("E_NOT_SUPPORTED")
        if len(many) > 1:
            self.codes.add("E3012_MN_NO_SAFE_REWRITE")
        if many and not self.project.models[leaf.home].key:
            self.codes.add("E_PRIMARY_KEY_REQUIRED")

    def _judge_total(self, leaf: Leaf) -> None:
        """Of a reading without metric time: only what cumulates all has a total, over all times."""
        names = {name for predicate in self.question.where for name in names_in(predicate)}
        time = leaf.time(self.project)
        cuts = [
            collect(set(), partial(is_time, self.rows, leaf.home, time, name)) for name in names
        ]
        if is_time_required(leaf):
            self.codes.add("OPEN" if self.is_inner or self.scoped else "E_TIME_REQUIRED")
        elif self.range is not None or any(cuts):
            self.codes.add("E_TIME_REQUIRED")

    def _judge_bounds(self, leaf: Leaf) -> None:
        """What counts whole periods is not bounded within one."""
        columns = [column for column in self.columns if leaf in column]
        asked = self._asked_of(leaf, columns)
        if collect(self.codes, partial(is_bounded_within, self.rows, leaf, asked)):
            self.codes.add("E_NOT_SUPPORTED")

    def _grain(self, column: dict[Leaf, Reference]) -> str | None:
        """The coarsest of the grains that a column has from each home, or its part of a time."""
        grains = [default_grain(each) for each in column.values()]
        if self._is_bare_metric_time(column):
            return self._bare_grain()
        for each in grains:
            if each is not None and each not in GRAINS:
                return each
        return max((each for each in grains if each), key=GRAINS.index, default=None)

    def _bare_grain(self) -> str | None:
        """The coarsest grain of the metrics' times, or in its place that which one declares."""
        found = [self._default_grain(name) for name in (*self.shown, *self.hidden)]
        return max((each for each in found if each), key=GRAINS.index, default=None)

    def _default_grain(self, name: Parts) -> str | None:
        metric = self.project.metrics.get(".".join(name))
        if metric is not None and metric.default_grain:
            return metric.default_grain
        leaves = leaves_of(self.project, name, self.where)
        times = [self._found(each, ("metric_time",)) for each in leaves]
        grains = [default_grain(each) for each in times if isinstance(each, Reference)]
        return max((each for each in grains if each), key=GRAINS.index, default=None)

    def every_leaf(self) -> list[Leaf]:
        return [*self.leaves, *(leaf for leaves in self.scoped.values() for leaf in leaves)]

    def _is_bare_metric_time(self, column: dict[Leaf, Reference]) -> bool:
        pairs = zip(self.question.dimensions, self.columns, strict=True)
        return any(text == "metric_time" and each is column for text, each in pairs)

    def _kinds(self, place: int) -> str:
        """The type of a column that several homes share."""
        types = {self.rows.type_of(each) for each in self.columns[place].values()}
        return max(types, key=WIDTH.index) if types <= set(WIDTH) else types.pop()


WIDTH = ("date", "timestamp", "timestamptz")


def brings_groups(source: Source) -> bool:
    """Whether a source has groups of its own in an answer."""
    return isinstance(source, Leaf) or not source.scope.is_looked_up
