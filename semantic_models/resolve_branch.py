"""One home of a question: its grouped dimensions, predicates and the joins they walk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from sqlglot import exp

from semantic_models.bind import paths_of
from semantic_models.catalog import Catalog
from semantic_models.errors import (
    ForebayError,
    ManyToMany,
    NoPath,
    NotSupported,
    Position,
    TimeRequired,
    WrongType,
)
from semantic_models.join_paths import walked
from semantic_models.model import Cardinality, Dimension, Expr, Grain, Join, Model, Path
from semantic_models.plan import Output
from semantic_models.query import Asked, Filter, TimeRange
from semantic_models.resolve_filters import Clock, RowFilter, row_filters
from semantic_models.resolve_names import METRIC_TIME, Reached, parts_of, reach
from semantic_models.resolve_time import bounds, end_literal, start_literal
from semantic_models.resolved import Branch, BranchMeasure, Existence, Step
from semantic_models.types import Kind, LogicalType


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
    """The join path that names spell out before the home."""
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
        head, *rest = parts = parts_of(name)
        if head != METRIC_TIME:
            spelled_out = parts[: len(self.within)] == self.within
            inner = parts[len(self.within) :] if spelled_out else parts
            return reach(self.catalog, self.home, ".".join(inner))
        if self.time is None:
            raise TimeRequired(
                f'measures of model "{self.home.name}" have no metric time',
                hint=f'Write `time:` in model "{self.home.name}", or ask without metric_time.',
            )
        return reach(self.catalog, self.home, ".".join((self.time, *rest)))

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
        return shown_in(type_, self.clock.zone)

    def walk(self, joins: Sequence[Join], path: Path) -> None:
        """Remember the joins of a path, each prefix once."""
        for number, join in enumerate(joins, 1):
            if path[:number] not in self.steps:
                target = self.catalog.models[join.target]
                self.steps[path[:number]] = Step(path[:number], join, target)

    def walk_paths(self, paths: Iterable[Path]) -> None:
        """Remember the joins of paths that a bound expression walks."""
        for path in paths:
            self.walk(self.joins_of(path), path)

    def _walk_safely(self, expr: Expr | None, what: str) -> None:
        paths = expr.paths if expr else ()
        for path in paths:
            if not all(join.cardinality.keeps_rows for join in self.joins_of(path)):
                raise NotSupported(
                    f'{what} walks the one-to-many join path "{".".join(path)}"',
                    hint="Put the predicate into the question's where.",
                )
        self.walk_paths(paths)

    def joins_of(self, path: Path) -> tuple[Join, ...]:
        """The joins along a path from this home."""
        return walked(self.catalog.edges, self.home.name, path)

    def filters(
        self, filters: Sequence[Filter], time: TimeRange
    ) -> tuple[tuple[Expr, ...], tuple[Existence, ...]]:
        """Predicates on the home's own rows, and those on rows behind a one-to-many join.

        Call it when all keys are walked: a predicate on a path that is grouped filters the
        joined rows, every other one asks that a row exists.
        """
        found = row_filters(filters, self.catalog, self.look, self.clock)
        plain: list[Expr] = []
        behind: dict[Path, list[RowFilter]] = {}
        for each in found:
            first = self._many(each)
            if first is None or first.path in self.steps:
                self.walk_paths(each.expr.paths)
                plain.append(each.expr)
            else:
                behind.setdefault(first.path, []).append(each)
        plain.extend(self._range(time))
        return tuple(plain), tuple(self._existence(group) for group in behind.values())

    def _many(self, filter_: RowFilter) -> Step | None:
        """The one-to-many step of a predicate, if it walks one."""
        firsts = {
            reached.path[:1]: Step(
                reached.path[:1], reached.joins[0], self.catalog.models[reached.joins[0].target]
            )
            for reached in filter_.reached
            if not reached.is_safe
        }
        for reached in filter_.reached:
            check_fan_out(reached.joins, ".".join(reached.path), self.home.name)
        if len(firsts) > 1:
            raise NotSupported(
                "one predicate reaches rows behind two one-to-many joins",
                hint="Write a predicate for each of them.",
                position=Position(filter_.source, 1, 1),
            )
        first = next(iter(firsts.values()), None)
        if first is not None and first.path not in self.steps:
            _refuse_split_choice(filter_, first.path)
        return first

    def _existence(self, group: Sequence[RowFilter]) -> Existence:
        inner = BranchResolver(self.catalog, self.home, self.time, self.clock)
        for path in {path for each in group for path in each.expr.paths}:
            joins = self.joins_of(path)
            walker = self if all(join.cardinality.keeps_rows for join in joins) else inner
            walker.walk(joins, path)
        first, *steps = sorted(inner.steps.values(), key=lambda step: (len(step.path), step.path))
        return Existence(first, tuple(steps), tuple(each.expr for each in group))

    def _range(self, time: TimeRange) -> list[Expr]:
        if not (time.start or time.end or time.last):
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
        raw = replace(reached, grain=None).expr()
        within = bounds(time, self.clock.zone, self.clock.now, reached.member.grain)
        kind = reached.type.kind
        ends: list[Expr] = []
        if within.start is not None:
            low = start_literal(within.start, kind, self.clock.zone)
            ends.append(Expr(exp.GTE(this=raw.tree.copy(), expression=low), raw.paths))
        if within.before is not None:
            high = end_literal(within.before, kind, self.clock.zone)
            ends.append(Expr(exp.LT(this=raw.tree.copy(), expression=high), raw.paths))
        return ends

    def branch(
        self,
        keys: tuple[Output, ...],
        measures: tuple[BranchMeasure, ...],
        filters: tuple[tuple[Expr, ...], tuple[Existence, ...]],
    ) -> Branch:
        """What was gathered, with every join in an order in which they can be walked."""
        for each in measures:
            for expr in (each.measure.expr, each.measure.where, *each.filters):
                self._walk_safely(expr, f'measure "{each.measure.name}"')
        self._walk_safely(self.home.where, f'the where of model "{self.home.name}"')
        steps = tuple(sorted(self.steps.values(), key=lambda step: (len(step.path), step.path)))
        repeating = [step for step in steps if not step.join.cardinality.keeps_rows]
        for step in repeating:
            check_fan_out(self.joins_of(step.path), ".".join(step.path), self.home.name)
        if len(repeating) > 1:
            _refuse_pairs(repeating, self.home)
        return Branch(
            home=self.home,
            time=self.time,
            keys=keys,
            measures=measures,
            filters=filters[0],
            existences=filters[1],
            steps=steps,
        )


def _refuse_pairs(repeating: Sequence[Step], home: Model) -> NoReturn:
    """Refuse groups behind two one-to-many joins: their rows have nothing to do with each other."""
    first, second = (step.target.name for step in repeating[:2])
    raise ManyToMany(
        f'dimensions of models "{first}" and "{second}" are grouped together',
        detail=f'A row of model "{home.name}" meets several rows of either, and no row says which '
        "of them belong together.",
        hint="Group by one of the two; the other may stand in where.",
    )


def _refuse_split_choice(filter_: RowFilter, first: Path) -> None:
    """Refuse a choice between the home's rows and rows behind a one-to-many join.

    As one EXISTS it would lose the home's rows that meet none behind the join. An AND that is
    left in one predicate stands below a NOT or within a choice, and so is one too.
    """
    for node in filter_.expr.tree.walk():
        sides = _sides(node)
        is_behind = [any(_is_behind(part, first) for part in side) for side in sides]
        alone = [
            side
            for side, behind in zip(sides, is_behind, strict=True)
            if not behind and any(part.find(exp.Column) for part in side)
        ]
        if alone and (any(is_behind) or isinstance(node, _CHOICES)):
            raise NotSupported(
                f'one predicate chooses between rows behind "{".".join(first)}" and others',
                hint="Write the parts as predicates of their own, or as a dimension.",
                position=Position(filter_.source, 1, 1),
            )


_CHOICES = (exp.Or, exp.And, exp.Case, exp.If, exp.Coalesce)


def _sides(node: exp.Expr) -> list[tuple[exp.Expr, ...]]:
    """What a node chooses between, each as the parts that it reads."""
    if isinstance(node, exp.In):
        return [(node.this, each) for each in node.expressions]
    if isinstance(node, exp.Between) and node.find_ancestor(exp.Not):
        return [(node.this, node.args[end]) for end in ("low", "high")]
    if isinstance(node, (*_CHOICES, exp.Greatest, exp.Least)):
        return [(each,) for each in node.iter_expressions()]
    return []


def _is_behind(part: exp.Expr, first: Path) -> bool:
    return any(path[:1] == first for path in paths_of(part))


def shown_in(type_: LogicalType, zone: str) -> LogicalType:
    """The type of an answer's column: an instant is shown in the query's zone."""
    if type_.kind is Kind.TIMESTAMP_TZ:
        return LogicalType(type_.kind, type_.precision, zone=zone)
    return type_


def check_fan_out(joins: Sequence[Join], name: str, home: str) -> None:
    """Refuse a path that leaves towards many rows anywhere but at its first step."""
    for number, join in enumerate(joins):
        safe = join.cardinality.keeps_rows
        if not safe and (number > 0 or join.cardinality is Cardinality.MANY_TO_MANY):
            raise NoPath(
                f'"{name}" is reached from model "{home}" only through rows that repeat it',
                detail=f'Join "{join.name}" meets many rows of model "{join.target}".',
                hint="Put the predicate into the metric's own where.",
            )


def asked_position(asked: Asked) -> Position:
    """Where a request names something."""
    return Position(asked.source, 1, 1, len(asked.name), asked.name)
