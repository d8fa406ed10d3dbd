"""The question with objects for its names: what the planner plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal

from semantic_models.metric_predicates import Called
from semantic_models.model import (
    Aggregate,
    Expr,
    Grain,
    Join,
    Measure,
    Model,
    OneTime,
    Path,
    Regrain,
    Span,
    Spine,
)
from semantic_models.plan import (
    GroupFloor,
    LogicalPlan,
    Output,
    SortKey,
)
from semantic_models.query import Plain
from semantic_models.record import record
from semantic_models.types import LogicalType

Role = Literal["dimension", "metric", "field"]
Shape = Literal["aggregate", "values", "rows"]


@record(kw_only=True)
class AnswerColumn:
    """A column of the answer, as people read it."""

    name: str
    role: Role
    type: LogicalType
    label: str = ""
    description: str = ""
    format: str = ""
    unit: str = ""


@record()
class Step:
    """A join that a branch walks, and the path it ends at."""

    path: Path
    join: Join
    target: Model
    predicates: tuple[Expr, ...] = ()
    """What must hold beside equal columns: a partition, a time at which the row is valid."""


@record()
class Moments:
    """The times of a home's rows, and the joins behind which they are read."""

    home: Model
    expr: Expr
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, home: Model, expr: Expr, walked: Sequence[Step]) -> Moments:
        """With those of a home's joins that lead to what is read."""
        return cls(
            home,
            expr,
            tuple(
                step
                for step in walked
                if any(path[: len(step.path)] == step.path for path in expr.paths)
            ),
        )


@record()
class CalendarStep:
    """A calendar's day that the rows of a branch meet."""

    path: Path
    calendar: Model
    predicate: Expr
    """That a row's time falls on that day."""


@record()
class Existence:
    """Predicates that one and the same row behind a one-to-many join must satisfy."""

    first: Step
    steps: tuple[Step, ...]
    """Further joins that the predicates walk behind ``first``."""
    predicates: tuple[Expr, ...]
    calendars: tuple[CalendarStep, ...] = ()
    """The calendars' days of times behind ``first``."""
    is_none: bool = False
    """Whether no row may satisfy them."""


@record()
class MetricStep:
    """A metric's values that the rows of a branch meet."""

    path: Path
    inner: ResolvedQuery
    """The metric, grouped by what the rows meet it on."""
    on: tuple[tuple[Expr, str], ...]
    """Pairs of what a row has and the column of the groups that it equals."""
    called: Called
    """The metric and its groups, as the question names them."""
    ranks: int = 0
    """How many groups are the first, where they are ranked and a NULL meets a NULL."""
    plan: LogicalPlan | None = None
    """That of ``inner``, once there is one."""


@record()
class PeriodsBack:
    """The period of a calendar that holds a day, and the one so many before it."""

    calendar: Model
    grain: str
    count: int


@record()
class Periods:
    """Times of the answer, of one grain, that need no rows to be there."""

    grain: Grain
    low: Expr | None
    """The first one, as a civil time; None: that of the earliest row."""
    high: Expr | None
    spine: Spine | None = None
    """The table that has them; without one they are made."""
    whole: tuple[Grain | PeriodsBack, ...] = ()
    """Where the latest row bounds them, they go on to where the first of these ends."""


@record()
class Axis:
    """Times at which the rows of a branch are counted in place of their own."""

    periods: Periods
    moment: Expr
    """The period of a row's own time, as a civil time."""
    predicates: tuple[Expr, ...]
    """Which rows count at which period."""
    regrain: Regrain | None
    """Which of the values within a group is the group's; None: a group has one period's rows."""
    is_window: bool = False
    """Whether a row counts at many periods."""
    backs: tuple[PeriodsBack, ...] = ()
    """What the predicates know of calendars at each period."""
    rest: Expr | None = None
    """How far a row's time is into its own period, where predicates and ranges tell that apart."""
    shifts: tuple[tuple[CalendarStep, Output], ...] = ()
    """The calendars' days that the periods meet, each with the day that it is compared with."""


@record()
class BranchMeasure:
    """One measure with the predicates that metrics add to it, under the name of its column."""

    name: str
    measure: Measure
    filters: tuple[Expr, ...]


@record()
class Conversions:
    """Rows that count where the latest earlier row of a home that they belong to does."""

    branch: Branch
    """Their own rows, ungrouped."""
    equal: tuple[tuple[Expr, Expr], ...]
    """Pairs of what must be equal: the home's, the conversions'."""
    times: tuple[Expr, Expr]
    """The time of either; a home's row comes no later than its conversion."""
    within: Span | None
    earliest: Expr | None
    """The time that a home's row comes after, of a conversion; nothing where any may."""


@record(kw_only=True)
class Branch:
    """What is asked of one home model."""

    home: Model
    time: str | None
    """The metric time of its measures, where the question uses metric time."""
    keys: tuple[Output, ...]
    """Grouped dimensions, over the home's columns and join paths."""
    measures: tuple[BranchMeasure, ...]
    filters: tuple[Expr, ...]
    existences: tuple[Existence, ...]
    steps: tuple[Step, ...]
    """Every join that keys, filters and measures walk, a path before its continuations."""
    axis: Axis | None = None
    calendars: tuple[CalendarStep, ...] = ()
    metrics: tuple[MetricStep, ...] = ()
    one_time: OneTime | None = None
    """Whose ``per`` holds the grouped times too."""
    windows: Mapping[Path, tuple[Output, ...]] = field(default_factory=dict)
    """What is computed over all rows of a model first, by the path that leads to it."""
    conversions: Conversions | None = None
    """The rows that its measures are aggregated from, in place of the home's."""
    shown: tuple[Expr, ...] = ()
    """Which of its groups are told, over their keys."""
    counted: Expr | None = None
    """Whose distinct values its cells must be made of, where they have a floor; None: rows."""

    @property
    def fan_out(self) -> Step | None:
        """The one-to-many step that grouping walks, if any."""
        return next((s for s in self.steps if not s.join.cardinality.keeps_rows), None)


@record()
class Filling:
    """Times that are in the answer without rows of their own."""

    periods: Periods
    keys: tuple[Output, ...]
    """The grouped times, over the period."""
    moments: tuple[Moments, ...]
    """The times of each home's rows, between which the answer's times lie."""
    predicates: tuple[Expr, ...]
    """The question's own on grouped columns, which a further row must satisfy too."""
    calendars: tuple[CalendarStep, ...] = ()
    """The calendars' days that the periods meet."""
    others: tuple[Output, ...] = ()
    """The other keys, where each tuple of them is filled up."""
    known: tuple[Expr, ...] = ()
    """What holds of periods that fill up: no calendar is without them."""


@record()
class NestedGroups:
    """A metric in a scope of its own, as one column beside the branches."""

    name: str
    inner: ResolvedQuery
    """The metric's groups, under the names of the question's keys."""
    keys: tuple[Output, ...]
    """The question's keys that it has."""
    aggregate: Aggregate | None
    """What is made of the inner groups that share these keys; None: there is one each."""
    type: LogicalType
    makes_groups: bool
    """Whether its groups are in the answer by themselves."""
    is_counted: bool = False
    """Whether it counts what makes its groups."""


@record()
class DatedKey:
    """A grouped period of a calendar, of which the answer tells whether it is cut short."""

    name: str
    periods: PeriodsBack


@record(kw_only=True)
class ResolvedQuery:
    """A question with nothing left to look up."""

    shape: Shape
    distinct: bool = True
    """Whether values are told once each, or once a row."""
    branches: tuple[Branch, ...]
    """One a home and metric time; exactly one for values and rows."""
    computed: tuple[Output, ...]
    """The answer's columns over the branches' columns."""
    nested: tuple[NestedGroups, ...] = ()
    filling: Filling | None = None
    totals: tuple[ResolvedQuery, ...] = ()
    """The same for each shorter prefix of the keys, whose rows stand beside its groups."""
    present: tuple[Expr, ...] = ()
    """Which groups are in the answer, whatever having says."""
    windows: tuple[Output, ...] = ()
    """Ranks among the groups, before having."""
    dated: tuple[DatedKey, ...] = ()
    """The keys beside which the ends of their periods stand, numbered in this order."""
    having: tuple[Expr, ...]
    order: tuple[SortKey, ...]
    limit: int | None
    offset: int
    zone: str
    engine: str
    columns: tuple[AnswerColumn, ...]
    parameters: Mapping[str, Plain] = field(default_factory=dict)
    """The value of every parameter of the project."""
    floor: GroupFloor | None = None
    """What every cell must be made of to be told."""
