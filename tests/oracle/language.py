"""What the oracle speaks of: expressions, models, rows and questions, all as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

Value = Any
"""None, bool, int, float, Decimal, str, date or datetime."""
Row = dict[str, Value]
Parts = tuple[str, ...]
Reading = tuple[tuple[str, str], ...]
"""Keys of a metric that counts rows at other times, the one that says which first."""
Values = tuple[tuple[str, Value], ...]
"""Parameters by name, with their values."""
PARAM = "param"
"""What names of parameters begin with."""


@dataclass(frozen=True)
class Name:
    """A dotted name."""

    parts: Parts


@dataclass(frozen=True)
class Literal:
    """A value that stands for itself."""

    value: Value


@dataclass(frozen=True)
class Call:
    """An operator or function over expressions."""

    op: str
    args: tuple[Expr, ...]


@dataclass(frozen=True)
class Aggregate:
    """An aggregate over rows; ``argument`` is None for ``count(*)``."""

    function: str
    argument: Expr | None
    where: Expr | None = None
    second: Expr | None = None
    """What a correlation is with."""


@dataclass(frozen=True)
class MetricAt:
    """The value of a metric for a row, by the names that both are seen under."""

    metric: str
    dimensions: tuple[str, ...]


@dataclass(frozen=True)
class Existing:
    """That some row behind a path satisfies a predicate, or that none does."""

    path: Parts
    predicate: Expr
    is_none: bool = False


Expr = Name | Literal | Call | Aggregate | MetricAt | Existing


@dataclass(frozen=True)
class Dimension:
    """A dimension, or a segment; ``expr`` is None for the column of its name."""

    name: str
    expr: Expr | None = None
    grain: str | None = None
    is_segment: bool = False


@dataclass(frozen=True)
class Measure:
    """A measure of a model."""

    name: str
    expr: Expr
    where: Expr | None = None
    time: str | None = None
    edge: tuple[str, str] | None = None
    """``first_by`` or ``last_by``, and the time dimension."""
    per: Parts = ()


@dataclass(frozen=True)
class Join:
    """A join as it is declared: own columns beside those of the other model."""

    name: str
    to: str
    pairs: tuple[tuple[str, str], ...]
    through: str | None = None
    """A bridge, whose own joins to both sides are walked."""
    valid: tuple[str, str] | None = None
    """The other model's columns from which and until which a row is valid."""
    at: str | None = None
    """The time dimension at which it must be valid, if not the measure's metric time."""
    conditions: tuple[Expr, ...] = ()
    """What else must hold of both rows: names behind the other model are its columns."""


@dataclass(frozen=True)
class Model:
    """A model with the rows of its table."""

    name: str
    columns: dict[str, str]
    rows: list[Row]
    key: Parts = ()
    unique: tuple[Parts, ...] = ()
    partition: str | None = None
    time: str | None = None
    where: Expr | None = None
    dimensions: dict[str, Dimension] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)
    joins: dict[str, Join] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """Groups and predicates of a metric's own; what is None or empty changes nothing."""

    aggregate: str | None = None
    """Of the groups of ``per``, or of those that ``include`` makes."""
    per: tuple[str, ...] = ()
    keep_only: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    keep: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    """Names, or ``all`` alone."""
    add: tuple[Expr, ...] = ()

    @property
    def is_looked_up(self) -> bool:
        """Whether it brings no groups of its own."""
        return not self.per


@dataclass(frozen=True)
class Rank:
    """A place among the groups of the answer."""

    desc: bool = True
    within: tuple[str, ...] = ()


@dataclass(frozen=True)
class Funnel:
    """How rows of a base are followed by conversions."""

    base: str
    converted: str
    by: Parts
    within: str | None = None
    holding: tuple[tuple[str, str], ...] = ()
    """Further columns that must be equal: the base's, then the conversion's."""
    show: str = "rate"


@dataclass(frozen=True)
class Cohort:
    """Which share of a cohort is active again, by the cohort's time."""

    of: str
    time: str
    after: str
    on: str | None = None


@dataclass(frozen=True)
class Metric:
    """A formula, or another metric that is narrowed, read at other times, scoped or ranked."""

    name: str
    expr: Expr | None = None
    of: str | None = None
    where: Expr | None = None
    reading: Reading = ()
    show: str = "value"
    """Of the value now and that of another time."""
    scope: Scope | None = None
    rank: Rank | None = None
    funnel: Funnel | None = None
    cohort: Cohort | None = None
    fill: Value = None
    """What stands in place of NULL."""
    time: str | None = None
    """Another metric time of its measures."""
    spine: bool = False
    """Whether times without rows are told too."""
    inner: tuple[Metric, ...] = ()
    """Metrics that only its formula knows."""
    default_grain: str | None = None
    """That of a bare ``metric_time``."""
    params: Values = ()
    """Values that parameters have in its measures and formula."""

    def known(self, project: Project, parts: Parts) -> Metric | None:
        """The metric that a name of its formula means."""
        name = ".".join(parts)
        inner = next((each for each in self.inner if each.name == name), None)
        return inner or project.metrics.get(name)


@dataclass(frozen=True)
class Parameter:
    """A value that questions may give."""

    name: str
    type: str
    default: Value


@dataclass(frozen=True)
class Calendar:
    """Days with periods of their own."""

    name: str
    grains: dict[str, str]
    """With their types."""
    shifts: tuple[str, ...]
    days: dict[date, Row]
    """What is said of each day: its period by the grain, and the day of each shift."""


@dataclass(frozen=True)
class Project:
    """All models and metrics."""

    models: dict[str, Model]
    metrics: dict[str, Metric] = field(default_factory=dict)
    zone: str = "UTC"
    parameters: dict[str, Parameter] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    walked: dict[Any, Any] = field(init=False, default_factory=dict, compare=False, repr=False)
    """Joins and ways that were looked up: they are asked for again and again."""


@dataclass(frozen=True)
class Order:
    """One key of an order."""

    name: str
    desc: bool = False
    nulls: str | None = None


@dataclass(frozen=True)
class Top:
    """The first members of a dimension."""

    by: str
    n: int
    on: str | None = None
    other: bool = False


@dataclass(frozen=True)
class Members:
    """The members of a grouped dimension, by its place, that keep groups of their own."""

    place: int
    first: tuple[Value, ...]
    others: tuple[Value, ...]
    """Those that are one group; what is in neither is in no group."""
    has_others: bool
    """Whether that group is in the answer."""


@dataclass(frozen=True)
class Question:
    """A question of any of the three shapes."""

    metrics: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    source: str | None = None
    where: tuple[Expr, ...] = ()
    having: tuple[Expr, ...] = ()
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    on: str | None = None
    start: str | None = None
    end: str | None = None
    last: str | None = None
    zone: str | None = None
    fill: bool = False
    is_dense: bool = False
    """Whether what is filled up repeats what else the answer is grouped by."""
    totals: bool = False
    top: Top | None = None
    compare: tuple[str, ...] = ()
    ago: str | None = None
    """How much earlier its time range lies."""
    members: Members | None = None
    """Of ``top``, once they are known."""
    as_objects: bool = False
    """Whether predicates are written as objects where they can be."""
    params: Values = ()
    """Values of parameters."""

    def without(self, key: str, place: int) -> Question:
        """The same question less one entry of a list."""
        entries = getattr(self, key)
        kept: dict[str, Any] = {key: entries[:place] + entries[place + 1 :]}
        return replace(self, **kept)


def names_in(expr: Expr | None) -> list[Parts]:
    """Every name of an expression, but for parameters."""
    match expr:
        case Name((first, *_)) if first == PARAM:
            return []
        case Name(parts):
            return [parts]
        case Call(_, args):
            return [name for each in args for name in names_in(each)]
        case Aggregate(_, argument, where, second):
            return names_in(argument) + names_in(where) + names_in(second)
        case Existing(_, predicate):
            return names_in(predicate)
        case MetricAt(_, dimensions):
            return [tuple(each.split(".")) for each in dimensions]
        case _:
            return []


def metrics_in(expr: Expr) -> list[MetricAt]:
    """Every value of a metric for a row in an expression."""
    match expr:
        case MetricAt():
            return [expr]
        case Call(_, args):
            return [found for each in args for found in metrics_in(each)]
        case _:
            return []


def conjuncts(expr: Expr) -> list[Expr]:
    """The predicates that AND joins."""
    if isinstance(expr, Call) and expr.op == "and":
        return [part for each in expr.args for part in conjuncts(each)]
    return [expr]
