"""Names of a question to members behind join paths, seen from one home model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from semantic_models.bind import in_joined_row
from semantic_models.catalog import Catalog
from semantic_models.errors import (
    AmbiguousPath,
    ForebayError,
    NoPath,
    NoStitchingDimension,
    TimeRequired,
    UnknownName,
    WrongType,
)
from semantic_models.intrinsics import (
    PARTS,
    part_in,
    part_of,
    truncate,
)
from semantic_models.join_paths import walked
from semantic_models.model import GRAINS, Dimension, Expr, Grain, Join, Model, Path, Segment
from semantic_models.periods import at_period
from semantic_models.record import record
from semantic_models.types import (
    INT64,
    LogicalType,
)

METRIC_TIME = "metric_time"


@record()
class Reached:
    """A member and the joins walked to it from a home model."""

    path: Path
    joins: tuple[Join, ...]
    owner: str
    """The model that declares the member."""
    member: Dimension | Segment
    grain: Grain | None = None
    """The grain asked for by name; None leaves a time as it is."""
    part: str = ""
    """The part of a time asked for, such as ``dow``; empty for the time itself."""
    calendar_grain: str = ""
    """The grain of a calendar asked for."""
    dated: tuple[Expr, LogicalType] | None = None
    """The value of that grain in the calendar's row, with its type."""
    axis: Grain | None = None
    """The grain of the periods that stand for the home's metric time, where they do."""
    rest: Expr | None = None
    """How far into its own period a row's time is, where predicates tell that apart."""

    @property
    def is_safe(self) -> bool:
        """Whether every join on the way keeps a row of the home one row."""
        return all(join.cardinality.keeps_rows for join in self.joins)

    @property
    def type(self) -> LogicalType:
        """The type of its values."""
        if self.dated is not None:
            return self.dated[1]
        return INT64 if self.part else self.time_type

    @property
    def time_type(self) -> LogicalType:
        """The type of the member, whatever part of it is asked for."""
        assert isinstance(self.member, Dimension)
        assert self.member.type is not None, "a served catalog has its types"
        return self.member.type

    def grouped(self) -> Reached:
        """The same as a group: a bare time has its own grain, or day where that is finer."""
        own = self.member.grain if isinstance(self.member, Dimension) else None
        if own is None or self.grain is not None or self.part or self.calendar_grain:
            return self
        return replace(self, grain=Grain.DAY if own.is_finer_than(Grain.DAY) else own)

    def expr(self) -> Expr:
        """The member's values at its grain, over the home's columns and join paths."""
        if self.dated is not None:
            return self.dated[0]
        if self.part:
            whole = replace(self, part="").expr()
            return Expr(part_of(whole.tree.copy(), self.part, self.time_type), whole.paths)
        if self.axis is not None:
            return at_period(self.type, self.grain or self.axis, self.axis, self._rest())
        bound = in_joined_row(self.member.expr, self.path, self.joins)
        if self.grain is None or self.member_is_exact():
            return bound
        tree = truncate(bound.tree.copy(), self.grain, self.type)
        return Expr(tree, bound.paths)

    def _rest(self) -> Expr | None:
        assert self.axis is not None, "only periods leave a rest"
        is_finer = self.grain is None or self.grain.is_finer_than(self.axis)
        return self.rest if is_finer else None

    def member_is_exact(self) -> bool:
        """Whether the values have the asked grain already: a date by day."""
        return self.type.kind.value == "date" and self.grain is Grain.DAY


@lru_cache(maxsize=8192)
def parts_of(name: str) -> tuple[str, ...]:
    """The parts of a name in either of its spellings, ``a.b`` and ``a__b``."""
    return tuple(name.replace("__", ".").split("."))


def is_metric_time(name: str) -> bool:
    """Whether a name is metric time, at any grain."""
    return name.startswith(METRIC_TIME) and parts_of(name)[0] == METRIC_TIME


def reach(catalog: Catalog, home: Model, name: str) -> Reached:
    """Find what a name means to questions about ``home``.

    Left to right: a dimension or join of the home, then a model; then members; the last part may
    be a grain.

    Raises:
        UnknownName: nothing visible has that name.
        AmbiguousPath: the name gives a model that several join paths reach.
        NoPath: it gives a model that no join path reaches.
    """
    model = home
    path: Path = ()
    joins: tuple[Join, ...] = ()
    rest = parts_of(name)
    while True:
        head, rest = rest[0], rest[1:]
        dimension = model.dimensions.get(head)
        if dimension is not None and (not rest or _is_grain(dimension, rest)):
            return Reached(path, joins, model.name, dimension, _grain(dimension, rest, name))
        if dimension is not None and dimension.grain is not None and rest[0] in catalog.calendars:
            check_day(dimension, name)
            return Reached(path, joins, model.name, dimension, calendar_grain=rest[0])
        if dimension is not None and _is_part(dimension, rest):
            part = _part(dimension, rest[0])
            return Reached(path, joins, model.name, dimension, part=part)
        if not rest:
            segment = model.segments.get(head)
            if segment is None:
                raise _unknown(catalog, home, model, name)
            return Reached(path, joins, model.name, segment)
        steps = _steps(catalog, model, head)
        if steps:
            path, joins = (*path, *(each.name for each in steps)), (*joins, *steps)
            model = catalog.models[steps[-1].target]
        elif model is home and not path and head == home.name:
            continue
        elif model is home and not path and head in catalog.models:
            joins = way(catalog, home.name, head)
            path, model = tuple(each.name for each in joins), catalog.models[head]
        else:
            raise _unknown(catalog, home, model, name)


def _steps(catalog: Catalog, model: Model, name: str) -> tuple[Join, ...]:
    """The joins that the name of a join or a bridge stands for; none where it is neither."""
    if name in model.bridges:
        return walked(catalog.whole.ways.edges, model.name, model.bridges[name].path)
    return (model.joins[name],) if name in model.joins else ()


def _is_grain(dimension: Dimension, rest: tuple[str, ...]) -> bool:
    return dimension.grain is not None and len(rest) == 1 and rest[0] in GRAINS


def check_day(dimension: Dimension, name: str) -> None:
    """Refuse the days of a time that tells none apart."""
    if dimension.grain is not None and Grain.DAY.is_finer_than(dimension.grain):
        raise WrongType(
            f'"{name}" needs days, and time dimension "{dimension.name}" has none',
            detail=f"Its grain is {dimension.grain}.",
            hint="Ask for its own grain, or a standard coarser one.",
        )


def _is_part(dimension: Dimension, rest: tuple[str, ...]) -> bool:
    return dimension.grain is not None and len(rest) == 1 and bool(part_in(rest[0]))


def _part(dimension: Dimension, written: str) -> str:
    part = part_in(written)
    if part not in PARTS:
        raise UnknownName.of("part of a time", part, PARTS)
    finest = Grain.DAY if part in ("dow", "doy") else Grain(part)
    if dimension.grain is not None and finest.is_finer_than(dimension.grain):
        raise WrongType(
            f'part "{part}" is finer than the grain of time dimension "{dimension.name}"',
            detail=f"Its grain is {dimension.grain}.",
            hint="Ask for a part of a coarser period.",
        )
    return part


def _grain(dimension: Dimension, rest: tuple[str, ...], name: str) -> Grain | None:
    own = dimension.grain
    if own is None or not rest:
        return None
    asked = Grain(rest[0])
    if asked.is_finer_than(own):
        raise WrongType(
            f'"{name}" is finer than the grain of time dimension "{dimension.name}"',
            detail=f"Its grain is {own}.",
            hint=f"Ask for {own} or a coarser grain.",
        )
    return asked


def of_levels(model: Model, name: str) -> UnknownName | None:
    """The refusal of a hierarchy where one of its levels is meant; None for other names."""
    *path, last = parts_of(name)
    found = model.hierarchies.get(last)
    if found is None:
        return None
    levels = ", ".join(".".join((*path, each)) for each in found.levels)
    return UnknownName(
        f'"{name}" is a hierarchy, and one dimension is meant', hint=f"Name one of {levels}."
    )


def _unknown(catalog: Catalog, home: Model, model: Model, name: str) -> UnknownName:
    hierarchy = of_levels(model, name)
    if hierarchy is not None:
        return hierarchy
    if model is not home:
        known = [f"{name.rsplit('.', 1)[0]}.{each}" for each in model.dimensions]
        return UnknownName.of("dimension", name, known)
    behind_joins = [
        f"{join.name}.{member}"
        for join in home.joins.values()
        for member in catalog.models[join.target].dimensions
    ]
    error = UnknownName.of("dimension", name, (*home.dimensions, *behind_joins))
    elsewhere = [each for each in behind_joins if each.endswith(f".{name}")]
    hint = f'Perhaps "{elsewhere[0]}" is meant.' if elsewhere else error.hint
    holders = [each.name for each in catalog.models.values() if _tells(each, name)]
    if not holders:
        return UnknownName(error.message, hint=hint)
    return UnknownName(
        f'dimension "{name}" does not exist in model "{home.name}"',
        detail=f"It is one of {' and '.join(holders[:2])}.",
        hint=hint,
    )


def _tells(model: Model, name: str) -> bool:
    """Whether a model lists a dimension of a name, which may end with a grain or part of it."""
    own, *rest = name.split(".")
    found = model.dimensions.get(own)
    if found is None or found.about.hidden or model.about.hidden:
        return False
    return not rest or _is_grain(found, tuple(rest)) or _is_part(found, tuple(rest))


def check_time(catalog: Catalog, home: Model, time: str) -> None:
    """Refuse metric time where the time may not be named, as if there were none."""
    if catalog.everything is None:
        return
    try:
        reach(catalog, home, time)
    except ForebayError:
        raise no_time(home) from None


def no_time(home: Model) -> TimeRequired:
    """The refusal of a metric time that is not there."""
    return TimeRequired(
        f'measures of model "{home.name}" have no metric time',
        hint=f'Write `time:` in model "{home.name}", or ask without metric_time.',
    )


def way(catalog: Catalog, home: str, target: str) -> tuple[Join, ...]:
    """The joins from one model to another whose name does not spell them out.

    Raises:
        NoPath: there is no way.
        AmbiguousPath: there are several, of which none is better than the others.
    """
    ways = catalog.ways.to(home, target)
    if not ways:
        raise NoPath(
            f'no join path leads from model "{home}" to model "{target}"',
            hint=_within_partition(catalog, home, target)
            or "Declare a join between them, or ask for a dimension that both reach.",
            also=(NoStitchingDimension.code,),
        )
    if len(ways) > 1:
        raise AmbiguousPath(
            f'model "{target}" is reached from model "{home}" by several join paths',
            hint=_spellings(ways[:4]),
        )
    return ways[0]


def _within_partition(catalog: Catalog, home: str, target: str) -> str:
    """How a join of partitions is declared from its other side, where there is one."""
    mine, its = catalog.models[home], catalog.models[target]
    join = next((e for e in its.joins.values() if e.target == home and e.by_partition), None)
    if join is None or not its.partition:
        return ""
    pairs = (*((right, left) for left, right in join.columns), (mine.partition, its.partition))
    on = " and ".join(f"{left} = {target}.{right}" for left, right in pairs)
    return (
        f'Declare a join in model "{home}" that compares the partitions too, such as '
        f"{target}: {{to: {target}, on: {on}}}."
    )


def _spellings(ways: Sequence[tuple[Join, ...]]) -> str:
    """How each of several ways is written; one that goes backwards has no name yet."""
    named = [f'"{_dotted(way)}"' for way in ways if all(each.declared for each in way)]
    hints = [f"Write {' or '.join(named)} instead of the model's name."] if named else []
    unnamed: dict[str, list[str]] = {}
    for each in ways:
        turned = next((join for join in each if not join.declared), None)
        if turned is not None:
            unnamed.setdefault(turned.source, []).append(_declaration(each, turned))
    hints += [
        f'Declare the way that is meant in model "{model}" and write its name: '
        f"{' or '.join(declarations)}."
        for model, declarations in unnamed.items()
    ]
    return " ".join(hints)


def _dotted(way: Sequence[Join]) -> str:
    return ".".join(each.name for each in way)


def _declaration(way: Sequence[Join], turned: Join) -> str:
    """The join that gives a way a name, as an author writes it, and that name."""
    pairs = " and ".join(f"{left} = {turned.target}.{right}" for left, right in turned.columns)
    declared = f"`{_writable(turned)}: {{to: {turned.target}, on: {pairs}}}`"
    return f'{declared} for "{".".join(map(_writable, way))}"'


def _writable(join: Join) -> str:
    return join.name.replace(":", "_by_")
