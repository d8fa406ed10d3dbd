"""The models of a project, resolved and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Literal

from sqlglot import exp

from semantic_models.query import Plain
from semantic_models.record import record
from semantic_models.spec import NOTHING_SAID, Described, Scalar
from semantic_models.types import LogicalType

Path = tuple[str, ...]
"""Names of joins, walked in order from a home model; ``()`` is the home itself."""
Key = tuple[str, ...]
"""Physical columns whose values together stand in one row only."""


@record()
class Expr:
    """An expression over physical columns, each qualified by its join path from the home.

    In ``tree`` a column's table is its path joined by dots, or absent for the home. The tree is a
    value: whoever puts it into another tree copies it first.
    """

    tree: exp.Expr
    paths: tuple[Path, ...] = field(default=(), compare=False)
    """The join paths walked, without the home's, each once and sorted."""
    origin: Scalar | None = field(default=None, compare=False, repr=False)
    """What its author wrote; absent for an expression of a question."""
    raw: bool = False
    """Whether it only pairs or tells apart rows: then no mask changes what it reads."""


def raw(expr: Expr) -> Expr:
    """The same expression, for what only pairs or tells apart rows."""
    return Expr(expr.tree, expr.paths, expr.origin, raw=True)


class Grain(StrEnum):
    """The standard grains of time, finest first."""

    NANOSECOND = "nanosecond"
    MICROSECOND = "microsecond"
    MILLISECOND = "millisecond"
    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    def is_finer_than(self, other: Grain) -> bool:
        """Whether this grain tells more than ``other`` does."""
        return GRAINS[self] < GRAINS[other]


GRAINS = {grain: order for order, grain in enumerate(Grain)}


class Cardinality(StrEnum):
    """How many rows of either side meet: source first, target second."""

    MANY_TO_ONE = "N:1"
    ONE_TO_ONE = "1:1"
    ONE_TO_MANY = "1:N"
    MANY_TO_MANY = "N:N"

    @property
    def keeps_rows(self) -> bool:
        """Whether a row of the source meets at most one row of the target."""
        return self in (Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_ONE)


@record(kw_only=True)
class Join:
    """A directed edge between two models, over equal columns."""

    name: str
    source: str
    target: str
    columns: tuple[tuple[str, str], ...]
    """Pairs of equal columns: the source's, the target's."""
    cardinality: Cardinality
    conditions: tuple[Expr, ...] = ()
    """What must hold beside equal columns; the target's stand behind the join's name."""
    compared: str = ""
    """Where no columns are equal: one of the target that a condition compares."""
    key: tuple[str, ...] = ()
    """The declared key that makes a side the "one" side; empty where neither side has one."""
    valid: tuple[str, ...] = ()
    """The target's columns from and until which a row of it is valid; empty where it always is."""
    at: str = ""
    """The source's time at which it must be; empty: the measure's own."""
    by_partition: bool = False
    """Whether it meets one row only where both sides are of one partition."""
    declared: bool = True
    """Whether an author wrote it; otherwise it is a written join walked backwards."""

    @property
    def witness(self) -> str:
        """A column of the target that is NULL in no row which is met."""
        return self.columns[0][1] if self.columns else self.compared

    valid_origin: Scalar | None = field(default=None, compare=False, repr=False)
    """What its author wrote of ``valid`` first."""


@record(kw_only=True)
class Bridge:
    """A name for the two steps over a model that pairs the rows of two others."""

    name: str
    target: str
    through: str
    path: Path
    """The joins of the steps; one that is walked backwards has a name that nobody can write."""


@record(kw_only=True)
class Dimension:
    """A column or expression to group and filter by."""

    name: str
    expr: Expr
    type: LogicalType | None = None
    """None until an engine has told."""
    grain: Grain | None = None
    """The finest grain of a time dimension; None for every other dimension."""
    about: Described = NOTHING_SAID


@record(kw_only=True)
class Segment:
    """A named predicate on the rows of a model."""

    name: str
    expr: Expr
    about: Described = NOTHING_SAID


@record(kw_only=True)
class Hierarchy:
    """A name that stands for dimensions, the coarsest first."""

    name: str
    levels: tuple[str, ...]
    """As its model names them, behind its joins too."""
    about: Described = NOTHING_SAID


@record()
class OneTime:
    """That only rows of the first or the last time count, of all or of each ``per``."""

    name: str
    """The time, as its author names it."""
    by: Expr
    last: bool
    per: tuple[Expr, ...] = ()


@record(kw_only=True)
class Measure:
    """An aggregate over one model's rows."""

    name: str
    model: str
    expr: Expr
    where: Expr | None = None
    time: str | None = None
    """The time dimension of its model that is its metric time."""
    type: LogicalType | None = None
    """The promised type of its values; None until an engine has told."""
    needs_cast: bool = False
    """Whether engines give another type than the promised one."""
    one_time: OneTime | None = None
    is_windowed: bool = False
    """Whether it is told row by row, and so among rows only."""
    about: Described = NOTHING_SAID


@record()
class CalendarGrain:
    """A grain that a calendar of the project gives to days."""

    name: str
    calendar: str
    """The model of the calendar."""


Period = Grain | CalendarGrain


@record()
class Span:
    """A length of time in calendar steps."""

    count: int
    grain: Period

    def __str__(self) -> str:
        """The span as people write it."""
        name = self.grain.value if isinstance(self.grain, Grain) else self.grain.name
        return f"{self.count} {name}{'' if self.count == 1 else 's'}"


@record()
class CalendarShift:
    """The day that a calendar of the project compares each day with."""

    name: str
    calendar: str
    """The model of the calendar, whose dimension of that name it is."""

    def __str__(self) -> str:
        """The shift as people write it."""
        return f"{self.calendar}.{self.name}"


@record()
class Shift:
    """Another time: a step back, the first one of a period, or what a calendar says."""

    back: Span | None = None
    start_of: Period | None = None
    """The grain whose period is gone back to, where no step is."""
    named: CalendarShift | None = None
    """The calendar's shift, where it is neither of both."""
    by_rows: bool = False
    """Whether rows are always shifted, and never whole periods."""


Regrain = Literal["first", "last", "average"]


@record()
class Window:
    """The times up to one: all of them, the last span, or those of its period of a grain."""

    trailing: Span | None = None
    to_date: Period | None = None
    regrain: Regrain = "first"
    """Which of the values within a period of a coarser grain is the period's."""


@record()
class Reading:
    """Which times' rows a measure counts at a time of the answer."""

    shifts: tuple[Shift, ...] = ()
    """Applied in turn to the answer's time."""
    window: Window | None = None

    @property
    def is_plain(self) -> bool:
        """Whether a row counts at its own time only."""
        return not self.shifts and self.window is None


PLAIN = Reading()


@record()
class MeasureUse:
    """A measure as one metric uses it."""

    model: str
    measure: str
    filters: tuple[Expr, ...] = ()
    """The predicates that the metric adds to it."""
    asked: tuple[Scalar, ...] = ()
    """Those that read other metrics, as an author wrote them."""
    reading: Reading = PLAIN
    time: str = ""
    """The time dimension that is its metric time here; empty: the measure's own."""
    funnel: Funnel | None = None
    """What its rows are conversions of; then they count where those are."""
    ago: Span | None = None
    """How much earlier the question's time range lies for it."""
    parameters: tuple[tuple[str, Plain], ...] = ()
    """Values that the metric gives to parameters, whatever the question gives."""

    @property
    def home(self) -> str:
        """The model whose dimensions and time it is grouped by."""
        return self.funnel.base.model if self.funnel is not None else self.model


@record()
class Funnel:
    """Which earlier row of a base a conversion belongs to: the latest one that is equal to it."""

    base: MeasureUse
    equal: tuple[tuple[Expr, Expr], ...]
    """Pairs of what must be equal: the base's, the conversion's."""
    within: Span | None
    """How long a conversion may come after its base; None: however long."""
    counts_rows: bool = False
    """Whether its conversions are counted, whatever their measure is."""


@record(kw_only=True)
class Parameter:
    """A value that questions may give, in expressions of models and metrics."""

    name: str
    type_name: str
    """The name of its type, one of those that ``parameters`` knows."""
    default: Plain
    allowed: tuple[Plain, ...] = ()
    """The only values that it takes; empty for all of its type."""
    about: Described = NOTHING_SAID


Aggregate = Literal["avg", "sum", "min", "max", "count"]


@record(kw_only=True)
class Scope:
    """The groups and rows that a metric is computed over, where they are not the question's."""

    keep_only: tuple[str, ...] | None = None
    """The only grouped dimensions that it keeps; None: all of them."""
    exclude: tuple[str, ...] = ()
    per: tuple[str, ...] = ()
    """Further dimensions or columns that it is grouped by before it is aggregated."""
    aggregate: Aggregate | None = None
    makes_groups: bool = False
    """Whether its groups are in the answer by themselves; else it is looked up for others."""
    keep_filters: tuple[str, ...] | None = None
    """The only names whose predicates hold for it; None: all of the question's."""
    drop_filters: tuple[str, ...] = ()
    add_filters: tuple[Scalar, ...] = ()
    origins: tuple[Scalar, ...] = field(default=(), compare=False, repr=False)


@record()
class Nested:
    """A metric in a scope of its own, as an input of another one."""

    metric: Metric
    scope: Scope

    @property
    def home(self) -> str:
        """The model whose dimensions it is grouped by."""
        return self.metric.inputs[0].home


Input = MeasureUse | Nested


@record()
class Ranked:
    """That a metric is the rank of its formula among the groups of an answer."""

    of: str
    """The metric that is ranked."""
    within: tuple[str, ...]
    """Grouped dimensions each of whose values has ranks of its own."""
    descending: bool
    origins: tuple[Scalar, ...] = field(default=(), compare=False, repr=False)


@record(kw_only=True)
class Metric:
    """What people ask for: a measure, or a formula over measures.

    In ``formula`` the column ``i0`` is the first of ``inputs``, and so on. A measure is the metric
    whose formula is its one input.
    """

    name: str
    formula: Expr
    inputs: tuple[Input, ...]
    grain: Grain | None = None
    """The grain of a bare ``metric_time`` that is asked for with it; that of its times if None."""
    spine: bool = False
    """Whether times without rows are in the answer too."""
    ranked: Ranked | None = None
    type: LogicalType | None = None
    about: Described = NOTHING_SAID

    @property
    def is_measure(self) -> bool:
        """Whether its values are one measure's, with no arithmetic."""
        is_input = isinstance(self.formula.tree, exp.Column)
        return is_input and isinstance(self.inputs[0], MeasureUse)

    @property
    def measures(self) -> tuple[MeasureUse, ...]:
        """Every measure that it is made of."""
        bases = (use.funnel.base for use in self.counted if use.funnel is not None)
        return (*self.counted, *bases)

    @property
    def counted(self) -> tuple[MeasureUse, ...]:
        """The measures whose rows make its groups: all but the bases of its funnels."""
        found = (e.metric.counted if isinstance(e, Nested) else (e,) for e in self.inputs)
        return tuple(use for uses in found for use in uses)

    @property
    def origins(self) -> tuple[Scalar, ...]:
        """What its author wrote of its groups and predicates."""
        scopes = [use for use in self.inputs if isinstance(use, Nested)]
        own = self.ranked.origins if self.ranked is not None else ()
        return (*own, *(o for each in scopes for o in (*each.scope.origins, *each.metric.origins)))

    @property
    def looks_back(self) -> bool:
        """Whether it counts rows at other times than their own."""
        return any(not each.reading.is_plain for each in self.measures)


@record()
class Table:
    """A relation that the engine has under a name of one to three parts."""

    parts: tuple[str, ...]


@record()
class Select:
    """A relation that an author wrote as one SELECT."""

    tree: exp.Expr
    origin: Scalar | None = field(default=None, compare=False, repr=False)


Relation = Table | Select


@record(kw_only=True)
class Model:
    """A semantic model over one table or SELECT."""

    name: str
    relation: Relation
    engine: str
    key: Key = ()
    """Physical columns that tell its rows apart; empty where none are declared."""
    unique: tuple[Key, ...] = ()
    partition: str = ""
    """The column whose values must be equal wherever two such models meet; empty for none."""
    time: str | None = None
    """The dimension that is the default metric time of its measures."""
    where: Expr | None = None
    dimensions: Mapping[str, Dimension] = field(default_factory=dict)
    hierarchies: Mapping[str, Hierarchy] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)
    joins: Mapping[str, Join] = field(default_factory=dict)
    bridges: Mapping[str, Bridge] = field(default_factory=dict)
    segments: Mapping[str, Segment] = field(default_factory=dict)
    columns: Mapping[str, LogicalType | None] | None = None
    """The physical columns by name, None for a type of no kind of ours; absent until told."""
    about: Described = NOTHING_SAID
    key_origins: Mapping[Key, Scalar] = field(default_factory=dict, compare=False, repr=False)
    """What its author wrote of its key and of each unique one first."""

    @property
    def keys(self) -> tuple[Key, ...]:
        """Its key and its unique ones: whatever tells its rows apart."""
        return (self.key, *self.unique) if self.key else self.unique


@record()
class Spine:
    """A table that has each period of a grain once."""

    grain: Grain
    table: Table
    column: str
    engine: str
    origin: Scalar | None = field(default=None, compare=False, repr=False)
    """What its author wrote of the column."""


@record()
class ModelTypes:
    """What an engine tells of one model."""

    columns: Mapping[str, LogicalType | None]
    """Physical columns in the relation's order."""
    members: Mapping[str, LogicalType | None] = field(default_factory=dict)
    """Types of dimensions and measures by name, measures as ``measure:NAME``."""
