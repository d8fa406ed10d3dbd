"""The question, in no protocol's words."""

from __future__ import annotations

from dataclasses import field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from sqlglot import exp

from semantic_models.record import record
from semantic_models.spec import NOTHING_SAID, Described

KEYS = (
    *("metrics", "dimensions", "fields", "from", "where", "having"),
    *("order_by", "limit", "offset", "time", "distinct", "fill", "totals", "params"),
    *("compare", "top"),
)
"""The keys of a question's document that say all of it themselves."""
KEYS_LATER = ("qualify",)
"""Documented keys that this version refuses by name."""

ROWS_MAX = 2**53
"""The greatest number of rows that a question may ask for or leave out."""

Plain = str | int | float | bool | Decimal | date | datetime | None
"""A value that a client gives."""

Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null", "between", "like"
]


@record()
class Asked:
    """A metric, dimension or field by the name it was asked by."""

    name: str
    alias: str = ""
    """The column's name in the answer; empty for the default one."""
    source: str = ""
    """Where in the request it stands, such as ``metrics[0]``."""
    may_be_column: bool = False
    """Whether a model's author names it, who may name a physical column too."""


class Existing(StrEnum):
    """What a predicate asks of the rows that satisfy it."""

    SOME = "some"
    """That there is one: ``exists(path, predicate)``."""
    NONE = "none"
    """That there is none: ``not exists(path, predicate)``."""


@record()
class Predicate:
    """A condition in SQL over semantic names."""

    text: str
    tree: exp.Expr = field(compare=False, repr=False)
    source: str = ""
    statement: str = field(default="", compare=False, repr=False)
    """The whole text it was cut from, where its words stand; empty: its own text."""
    is_author: bool = False
    """Whether a model's author wrote it, who may name everything."""
    existing: Existing | None = None
    """What it asks of rows behind a one-to-many join, where that is written out."""


def asks_for_rows(filter_: Filter) -> bool:
    """Whether a condition is about rows behind a home's row, and not about what is grouped."""
    return isinstance(filter_, Predicate) and filter_.existing is not None


@record()
class Comparison:
    """A condition given as field, operator and values; values are never read as SQL."""

    name: str
    operator: Operator
    values: tuple[Plain, ...] = ()
    source: str = ""


Filter = Predicate | Comparison


Nulls = Literal["", "first", "last"]


@record()
class OrderBy:
    """One key of the order of an answer."""

    name: str
    descending: bool = False
    nulls: Nulls = ""
    """Empty: NULL is the high end, last when ascending and first when descending."""
    source: str = ""


@record(kw_only=True)
class TimeRange:
    """A range of time, inclusive at the precision its ends are written with."""

    on: str = ""
    """The time dimension; empty for metric time."""
    start: str = ""
    end: str = ""
    last: str = ""
    """A count and a unit, such as ``12 months``."""
    zone: str = ""
    """An IANA zone; empty for the project's."""

    @property
    def is_given(self) -> bool:
        """Whether it bounds anything."""
        return bool(self.start or self.end or self.last)


@record(kw_only=True)
class Top:
    """The first members of a dimension by a metric."""

    by: str
    count: int
    on: str = ""
    """The dimension; empty: the first that is no time."""
    other: bool = False
    """Whether all other members are one more, and not left out."""
    ranking: Query | None = None
    """The question that ranks the members, once it is known."""


@record(kw_only=True)
class Query:
    """Metrics by dimensions, values of dimensions, or rows.

    Equal questions compare equal, whichever front end they came through.
    """

    metrics: tuple[Asked, ...] = ()
    dimensions: tuple[Asked, ...] = ()
    fields: tuple[Asked, ...] = ()
    """Members of rows; with fields there are neither metrics nor dimensions."""
    has_fields: bool = False
    """Whether the question lists rows, even where its fields are empty."""
    model: str = ""
    """The model named by ``from``."""
    all_fields: bool = False
    """Every dimension of ``model`` as rows: ``SELECT *``."""
    distinct: bool = True
    """Whether values of dimensions are told once each, or once a row."""
    where: tuple[Filter, ...] = ()
    having: tuple[Filter, ...] = ()
    order_by: tuple[OrderBy, ...] = ()
    limit: int | None = None
    offset: int | None = None
    time: TimeRange = TimeRange()
    fill: bool = False
    """Whether times without rows are in the answer too."""
    is_dense: bool = False
    """Whether they are so for each tuple of the other dimensions."""
    totals: bool = False
    """Whether every prefix of the dimensions is grouped by too, down to none of them."""
    top: Top | None = None
    compare: tuple[str, ...] = ()
    """How long ago each metric is told too, such as ``1 year``."""
    parameters: tuple[tuple[str, Plain], ...] = ()
    """The values that it gives to parameters, in order of their names."""
    saved_query: str = ""
    """The saved query that this question adds to; empty: it stands alone."""
    columns: tuple[str, ...] = ()
    """Names as asked, in the order of the answer's columns; empty: dimensions, then metrics."""


@record(kw_only=True)
class SavedQuery:
    """A question that has a name in its project."""

    name: str
    query: Query
    about: Described = NOTHING_SAID
