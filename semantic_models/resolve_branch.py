"""One home of a question: its grouped dimensions, predicates and the joins they walk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from semantic_models.bind import (
    behind,
    column,
    column_expr,
)
from semantic_models.calendar_days import day_of, days_behind
from semantic_models.catalog import Catalog
from semantic_models.definitions import paths_of
from semantic_models.errors import (
    AggregateInWhere,
    ForebayError,
    NoPath,
    Position,
    UnknownName,
    WrongType,
)
from semantic_models.intrinsics import moment
from semantic_models.join_paths import walked
from semantic_models.matching import in_order, is_valid, same_partition, time_of_version
from semantic_models.metric_predicates import VALUE, Called, called_by, key_name
from semantic_models.model import (
    Dimension,
    Expr,
    Grain,
    Join,
    Model,
    OneTime,
    Path,
    Span,
    raw,
)
from semantic_models.parameters import PREFIX, parameter_named
from semantic_models.periods import period
from semantic_models.plan import Output
from semantic_models.query import (
    Asked,
    Existing,
    Filter,
    Query,
    TimeRange,
    Top,
)
from semantic_models.resolve_existence import (
    check_fan_out,
    check_repeats,
    first_to_many,
    home_again,
    keeps_rows,
    own_conjuncts,
    refuse_metric,
    refuse_pairs,
    refuse_split_choice,
    with_home,
)
from semantic_models.resolve_filters import Clock, RowFilter, row_filters
from semantic_models.resolve_names import (
    METRIC_TIME,
    Reached,
    check_time,
    no_time,
    parts_of,
    reach,
)
from semantic_models.resolve_time import bounds, predicates_of, range_ago
from semantic_models.resolved import (
    Axis,
    Branch,
    BranchMeasure,
    CalendarStep,
    Existence,
    MetricStep,
    ResolvedQuery,
    Step,
)
from semantic_models.top_members import MEMBER, OTHER, PATH, is_other, member, ranking_step
from semantic_models.types import LogicalType
from semantic_models.windows import computed_first

RowFilters = tuple[tuple[Expr, ...], tuple[Existence, ...]]
"""Predicates on the rows of a branch, and on rows that must exist behind them."""


@dataclass
class BranchResolver:
    """Resolves names from one home, and gathers the joins that they walk."""

    catalog: Catalog
    home: Model
    time: str | None
    """The dimension that ``metric_time`` means here."""
    clock: Clock
    default_grain: Grain | None = None
    """The grain of a bare ``metric_time``."""
    within: Path = ()
    """A model and the join path from it that names spell out before the home."""
    columns: frozenset[str] = frozenset()
    """Names that may be physical columns of the home, because a model's author wrote them."""
    probes: bool = False
    """Whether only types are wanted, so that any row of a join will do."""
    named: Model | None = None
    """The part of the home that a question may name; None: all of it."""
    lists_rows: bool = False
    """Whether rows are listed, among which measures that are windows may stand."""
    axis: Axis | None = None
    """The periods that metric time means, where rows are not counted at their own time."""
    ask: Callable[[Query], ResolvedQuery] | None = None
    """How another question is resolved, which a predicate may ask."""
    ask_as_author: Callable[[Query], ResolvedQuery] | None = None
    """The same for a predicate of a model's author, who may name everything."""
    is_author: bool = False
    """Whether all names that are looked up are a model's author's."""
    metrics: dict[Path, MetricStep] = field(default_factory=dict)
    calendars: dict[Path, CalendarStep] = field(default_factory=dict)
    calendar_paths: dict[tuple[str, exp.Expr], Path] = field(default_factory=dict)
    ago: Span | None = None
    """How much earlier the question's time range lies here."""
    top: Top | None = None
    """Which members of a dimension the question tells apart."""
    one_time: OneTime | None = None
    again: Path = ()
    """Within an EXISTS: where joins behind its first read the home's row."""
    steps: dict[Path, Step] = field(default_factory=dict)
    _looked: dict[str, Reached] = field(default_factory=dict)

    def look(self, name: str) -> Reached:
        """What a name means to this home; ``metric_time`` is its own time.

        Raises:
            UnknownName, AmbiguousPath, NoPath: see ``reach``.
            TimeRequired: it is metric time, and the measures have none.
        """
        found = self._looked.get(name)
        if found is None:
            found = self._looked[name] = self._look(name)
        return found

    def _look(self, name: str) -> Reached:
        called = called_by(name)
        if called is not None:
            return self._metric(called, is_author=self._is_authored(name))
        if name in (MEMBER, OTHER):
            return self._ranked(name)
        if name.startswith(f"{PREFIX}."):
            return self._parameter(name.removeprefix(f"{PREFIX}."))
        found = self._reached(name)
        if self.axis is not None and self.is_own_time(found):
            found = replace(found, axis=self.axis.periods.grain, rest=self.axis.rest)
        return self._dated(found) if found.calendar_grain else found

    def is_own_time(self, found: Reached) -> bool:
        """Whether a member is the home's metric time, which may lie behind a join."""
        if self.time is None or len(parts_of(self.time)) == 1:
            return not found.path and found.member.name == self.time
        own = reach(self.catalog.whole, self.home, self.time)
        return (found.path, found.member.name) == (own.path, own.member.name)

    def _parameter(self, name: str) -> Reached:
        """The value of a parameter, the same for every row."""
        value, type_ = parameter_named(name, self._named(f"{PREFIX}.{name}")[0].parameters)
        member = Dimension(name=name, expr=value, type=type_)
        return Reached((), (), self.home.name, member, dated=(value, type_))

    def _ranked(self, name: str) -> Reached:
        """The ranked dimension of the question, or whether its member is not among the first."""
        assert self.top is not None, "only a question with top has such names"
        assert self.top.ranking is not None, "the question has its ranking"
        assert self.ask is not None, "a question with metrics may ask others"
        found = self.grouped(Asked(self.top.on))
        inner = self.ask(self._at_own_grain(self.top.ranking))
        self.metrics[PATH] = ranking_step(found, inner, self.top)
        return (member if name == MEMBER else is_other)(found, self.top)

    def _at_own_grain(self, ranking: Query) -> Query:
        """The ranking by a bare ``metric_time`` at the grain that it has here."""
        (ranked,) = ranking.dimensions
        if parts_of(ranked.name) != (METRIC_TIME,) or self.default_grain is None:
            return ranking
        return replace(
            ranking, dimensions=(replace(ranked, name=f"{METRIC_TIME}.{self.default_grain}"),)
        )

    def _metric(self, called: Called, *, is_author: bool) -> Reached:
        """A metric's value for a row, from its groups that the row meets; NULL without one."""
        ask = self.ask_as_author if is_author else self.ask
        if ask is None:
            raise AggregateInWhere(
                f'metric "{called.metric}" stands in a predicate of what a metric reads',
                hint="Filter by it in the question, or in the metric's own where.",
            )
        inner = ask(called.query(may_name_columns=is_author or self.catalog.everything is None))
        path = (f"metric:{len(self.metrics)}",)
        keys = [self._key_of(each, is_author=is_author) for each in called.keys]
        on = tuple((each.expr(), key_name(at)) for at, each in enumerate(keys))
        self.metrics[path] = MetricStep(path, inner, on, called)
        type_ = next(each.type for each in inner.computed if each.name == VALUE)
        paths = tuple(sorted({found for expr, _ in on for found in expr.paths}))
        value = Expr(column(VALUE, path), paths)
        member = Dimension(name=called.metric, expr=value, type=type_)
        return Reached((), (), self.home.name, member, dated=(value, type_))

    def _key_of(self, name: str, *, is_author: bool) -> Reached:
        """What a metric is met on, seen from here: by its whole name, or by its last part."""
        last = parts_of(name)[-1]
        if is_author or self.catalog.everything is None:
            self.columns |= {name, last}
        try:
            return self._look(name)
        except (UnknownName, NoPath):
            return self._look(last)

    def _dated(self, found: Reached) -> Reached:
        """A time with its grain of a calendar, in the calendar's row of its day."""
        calendar = self.catalog.calendar_of(found.calendar_grain)
        time = replace(found, calendar_grain="").expr()
        at = moment(time.tree.copy(), Grain.DAY, found.time_type)
        place = (calendar.name, at)
        path = self.calendar_paths.setdefault(place, (f"calendar:{len(self.calendar_paths)}",))
        self.calendars[path], value = day_of(calendar, found.calendar_grain, at, path)
        shown = Expr(value.expr.tree, time.paths)
        return replace(found, dated=(shown, value.type))

    def _reached(self, name: str) -> Reached:
        head, *rest = parts = parts_of(name)
        catalog, home = self._named(name)
        if head != METRIC_TIME:
            try:
                return reach(catalog, home, ".".join(self._within_home(parts)))
            except UnknownName:
                windowed = self._windowed(parts) if self.lists_rows else None
                if windowed is not None:
                    return windowed
                type_ = (self.home.columns or {}).get(name) if name in self.columns else None
                if type_ is None:
                    raise
                return Reached(
                    (), (), self.home.name, Dimension(name=name, expr=column_expr(name), type=type_)
                )
        if self.time is None:
            raise no_time(self.home)
        check_time(catalog, home, self.time)
        return reach(catalog, home, ".".join((self.time, *rest)))

    def _named(self, name: str) -> tuple[Catalog, Model]:
        """Where a name is looked up: a question's in what may be seen, an author's everywhere."""
        if self._is_authored(name):
            return self.catalog.whole, self.home
        return self.catalog, self.named or self.home

    def _is_authored(self, name: str) -> bool:
        return self.is_author or name in self.columns

    def _windowed(self, parts: Path) -> Reached | None:
        """A measure of the home that is a window, as a member of its rows."""
        names = parts[1:] if parts[0] == self.home.name else parts
        found = self.home.measures.get(names[0]) if len(names) == 1 else None
        if found is None or not found.is_windowed:
            return None
        member = Dimension(name=found.name, expr=found.expr, type=found.type, about=found.about)
        return Reached((), (), self.home.name, member)

    def _within_home(self, parts: Path) -> Path:
        """A name without the join path to the home, with or without the model it leaves from."""
        if not self.within:
            return parts
        for outer in (self.within, self.within[1:]):
            if outer and parts[: len(outer)] == outer:
                return parts[len(outer) :]
        return parts

    def counted_at(self, axis: Axis) -> None:
        """Let metric time be the periods of an axis."""
        self.axis = axis
        self._looked.clear()
        self.calendars.clear()
        self.metrics.clear()

    def count_one_time(
        self, one_time: OneTime, keys: Sequence[Output], asked: Sequence[Asked]
    ) -> None:
        """Let only rows of one time count, of each group of that time that is asked for."""
        times = [
            key.expr
            for key, each in zip(keys, asked, strict=True)
            if not (found := self.look(each.name)).path and found.member.name == one_time.name
        ]
        if self.axis is not None:
            times.append(Expr(period()))
        self.one_time = replace(one_time, per=(*one_time.per, *times))
        for expr in (one_time.by, *one_time.per):
            self.walk_paths(expr.paths)

    def key(self, asked: Asked, name: str) -> Output:
        """A grouped dimension under its column's name."""
        reached = self.grouped(asked)
        expr = reached.expr()
        self.walk_paths(expr.paths)
        return Output(name, expr, self.shown(reached.type))

    def grouped(self, asked: Asked) -> Reached:
        """The dimension asked for as a group; a bare ``metric_time`` has the question's grain."""
        found = self.located(asked)
        if parts_of(asked.name) == (METRIC_TIME,) and self.default_grain is not None:
            return replace(found, grain=self.default_grain)
        return found.grouped()

    def located(self, asked: Asked) -> Reached:
        """The dimension asked for; refusals tell where the request names it."""
        try:
            reached = self.look(asked.name)
        except ForebayError as error:
            raise error.at(asked_position(asked)) from None
        if not isinstance(reached.member, Dimension):
            raise WrongType(
                f'"{asked.name}" is a segment, not a dimension',
                hint="Segments stand in where.",
                position=asked_position(asked),
            )
        return reached

    def shown(self, type_: LogicalType) -> LogicalType:
        """The type of an answer's column."""
        return type_.shown_in(self.clock.zone)

    def walk(self, joins: Sequence[Join], path: Path) -> None:
        """Remember the joins of a path, each prefix once."""
        for number, join in enumerate(joins, 1):
            if path[:number] not in self.steps:
                target = self.catalog.whole.models[join.target]
                step = Step(path[:number], join, target)
                self.steps[path[:number]] = step
                if join.valid or target.partition or join.conditions:
                    predicates = self._matching(join, target, path[:number])
                    self.steps[path[:number]] = replace(
                        step, predicates=tuple(map(raw, predicates))
                    )

    def _matching(self, join: Join, target: Model, path: Path) -> tuple[Expr, ...]:
        """What tells the one row that a join meets beside its equal columns."""
        conditions = tuple(behind(each, path[:-1]) for each in join.conditions)
        if self.probes:
            return conditions
        home_path = self.again if len(path) > 1 else ()
        found = (*same_partition(self.home, join, target, path, home_path), *conditions)
        if not join.valid:
            return found
        time, kind = time_of_version(self.catalog, self.home, self.time, (join, path))
        self.walk_paths(time.paths)
        time = time if join.at else behind(time, home_path)
        return (*found, *is_valid(join, target, path, (time, kind)))

    def walk_paths(self, paths: Iterable[Path]) -> None:
        """Remember the joins of paths that a bound expression walks."""
        for path in paths:
            self.walk(self.joins_of(path), path)

    def joins_of(self, path: Path) -> tuple[Join, ...]:
        """The joins along a path from this home."""
        return walked(self.catalog.whole.ways.edges, self.home.name, path)

    def filters(self, filters: Sequence[Filter], time: TimeRange) -> RowFilters:
        """Predicates on the home's own rows, and those on rows behind a one-to-many join.

        Call it when all keys are walked: a predicate on a path that is grouped filters the
        joined rows, every other one asks that a row exists.
        """
        found = row_filters(filters, self.catalog, self.look, self.clock)
        plain, existences = self.sorted_out(found)
        return (*plain, *self._range(time)), existences

    def own_filters(self, filters: Sequence[Filter]) -> RowFilters:
        """Predicates of a metric itself, for which metric time is the rows' own."""
        axis, self.axis, self.is_author = self.axis, None, True
        self._looked.clear()
        found = self.sorted_out(row_filters(filters, self.catalog.whole, self.look, self.clock))
        self.axis, self.is_author = axis, False
        self._looked.clear()
        return found

    def sorted_out(self, predicates: Sequence[RowFilter]) -> RowFilters:
        """Predicates apart by the rows they filter; those behind one join want one and the same."""
        plain: list[Expr] = []
        behind: dict[Path, list[Expr]] = {}
        existing: list[Existence] = []
        for each in predicates:
            first = first_to_many(each, self.joins_of, self.home.name)
            if each.existing is not None:
                check_repeats(each, first)
                made = self._existence((each.expr,))
                existing.append(replace(made, is_none=each.existing is Existing.NONE))
            elif not first or first in self.steps:
                self.walk_paths(each.expr.paths)
                plain.append(each.expr)
            else:
                refuse_metric(each, first, self.home.name, self.metrics)
                refuse_split_choice(each, first, days_behind(self.calendars, first))
                behind.setdefault(first, []).append(each.expr)
        return tuple(plain), (*map(self._existence, behind.values()), *existing)

    def with_own(self, filters: RowFilters, own: Sequence[Expr]) -> RowFilters:
        """The same with predicates of metrics, each of which wants one row behind its join."""
        for each in own:
            plain, existences = self.sorted_out(own_conjuncts(each))
            filters = (*filters[0], *plain), (*filters[1], *existences)
        return filters

    def _existence(self, group: Sequence[Expr]) -> Existence:
        paths = {path for each in group for path in each.paths}
        outer = {path for path in paths if keeps_rows(self.joins_of(path))}
        self.walk_paths(outer)
        join = next(self.joins_of(path)[0] for path in paths - outer)
        again = home_again(join, self.home)
        inner = BranchResolver(self.catalog, self.home, self.time, self.clock, again=again.path)
        inner.walk_paths(paths - outer)
        first, *steps = inner.walked()
        read = {path for each in group for path in paths_of(each.tree)}
        days = days_behind(self.calendars, first.path)
        behind = tuple(each for path, each in days.items() if path in read)
        return with_home(Existence(first, tuple(steps), tuple(group), behind), again)

    def _own_calendars(self, existences: Sequence[Existence]) -> tuple[CalendarStep, ...]:
        """The calendars' days of the branch's rows, and not of those that must exist."""
        behind = {day.path for each in existences for day in each.calendars}
        return tuple(each for path, each in self.calendars.items() if path not in behind)

    def _range(self, time: TimeRange) -> list[Expr]:
        if not time.is_given:
            return []
        name = time.on or METRIC_TIME
        at = Position("time.on", 1, 1, len(name), name) if time.on else None
        try:
            reached = self.look(name)
        except ForebayError as error:
            raise error.at(at) from None
        if not isinstance(reached.member, Dimension) or reached.member.grain is None:
            raise WrongType(f'"{name}" under time.on is not a time dimension', position=at)
        if not reached.is_safe:
            raise NoPath(f'"{name}" under time.on lies behind a one-to-many join', position=at)
        self.walk(reached.joins, reached.path)
        whole = replace(reached, grain=None).expr()
        self.walk_paths(whole.paths)
        within = bounds(time, self.clock.zone, self.clock.now, reached.member.grain)
        if self.ago is not None:
            within = range_ago(within, self.ago)
        kind = reached.type.kind
        return predicates_of(within, whole, kind, self.clock.zone)

    def walked(self) -> tuple[Step, ...]:
        """Every join that was walked, in an order in which they can be."""
        return in_order(self.steps)

    def branch(
        self, keys: tuple[Output, ...], measures: tuple[BranchMeasure, ...], filters: RowFilters
    ) -> Branch:
        """What was gathered, with every join in an order in which they can be walked."""
        if self.axis is not None:
            self.walk_paths(self.axis.moment.paths)
        for each in measures:
            for expr in (each.measure.expr, each.measure.where, *each.filters):
                self.walk_paths(expr.paths if expr else ())
        self.walk_paths(self.home.where.paths if self.home.where else ())
        steps = self.walked()
        repeating = [step for step in steps if not step.join.cardinality.keeps_rows]
        for step in repeating:
            check_fan_out(self.joins_of(step.path), step.path, self.home.name)
        if len(repeating) > 1:
            refuse_pairs(repeating, self.home)
        made = Branch(
            home=self.home,
            time=self.time,
            keys=keys,
            measures=measures,
            filters=filters[0],
            existences=filters[1],
            steps=steps,
            axis=self.axis,
            calendars=self._own_calendars(filters[1]),
            metrics=tuple(self.metrics.values()),
            one_time=self.one_time,
        )
        if not self.catalog.has_windows:
            return made
        return computed_first(made, lists_rows=self.lists_rows)


def asked_position(asked: Asked) -> Position:
    """Where a request names something."""
    return Position(asked.source, 1, 1, len(asked.name), asked.name)
