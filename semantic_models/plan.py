"""The logical plan: what is computed, in no engine's words.

Inside a block of scans and joins an expression's columns are qualified by the join path of the
scan they come from (see ``Expr``). Above a Project, Distinct, Aggregate or Stitch they are bare
names of that node's outputs.

    Scan  Governed  Windowed  Behind  Join  Filter  SemiJoin  Spread  ->  rows of the home model
    Series  ->  rows of their own, periods of time
    Project  Distinct  Aggregate  Pick  Stitch  Union  Fill  Lookup  ->  named outputs
    Sort  Limit                    ->  the same outputs, ordered or cut
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from operator import is_
from typing import Any, Literal

from semantic_models.model import Cardinality, Expr, Grain, Path, Relation
from semantic_models.query import Plain
from semantic_models.types import LogicalType


@dataclass(frozen=True, slots=True)
class Output:
    """A named column that a node computes."""

    name: str
    expr: Expr
    type: LogicalType


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order, over the outputs below it."""

    expr: Expr
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Scan:
    """The rows of one model's relation."""

    model: str
    path: Path
    """The join path that leads here; two scans of a block never share one."""
    relation: Relation
    tables: tuple[tuple[tuple[str, ...], Governed], ...] = ()
    """What stands in place of tables of an author's SELECT, by the parts of their names."""


@dataclass(frozen=True, slots=True)
class Governed:
    """In place of a scan: the rows of it that a principal may see, as they may be seen.

    ``input`` has the columns that are read above, under their own names.
    """

    model: str
    path: Path
    input: LogicalPlan
    is_barrier: bool = False
    """Whether no predicate from above may be evaluated on a row that is not seen."""
    sources: tuple[Relation, ...] = ()
    """What policies read beside the scan."""


@dataclass(frozen=True, slots=True)
class Join:
    """Each row of ``input`` with the rows of ``right`` that it meets, or with NULLs."""

    input: LogicalPlan
    right: LogicalPlan
    columns: tuple[tuple[Expr, Expr], ...]
    cardinality: Cardinality
    predicates: tuple[Expr, ...] = ()
    """What must hold beside equal columns."""


@dataclass(frozen=True, slots=True)
class Filter:
    """The rows for which every predicate is true."""

    input: LogicalPlan
    predicates: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class SemiJoin:
    """The rows of ``input`` that meet at least one row of ``right``; none is repeated.

    The one row must satisfy every predicate; they see the columns of both sides. Where
    ``is_none`` the rows that meet no such row are those that stay.
    """

    input: LogicalPlan
    right: LogicalPlan
    columns: tuple[tuple[Expr, Expr], ...]
    predicates: tuple[Expr, ...]
    is_none: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """The periods of a grain as rows of one column, ``period``, each once.

    Those that ``rows`` has, or else all between ``low`` and ``high``; an end that is not given is
    the earliest ``low`` or the latest ``high`` of ``bounds``.
    """

    grain: Grain
    low: Expr | None
    high: Expr | None
    bounds: tuple[LogicalPlan, ...]
    rows: LogicalPlan | None = None


@dataclass(frozen=True, slots=True)
class Windowed:
    """Each row of a scan with what windows over all of its rows give it, as columns of its own."""

    input: LogicalPlan
    columns: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """The outputs of a plan as rows that a join meets behind a path."""

    input: LogicalPlan
    path: Path


@dataclass(frozen=True, slots=True)
class Spread:
    """Each row of ``input`` with every row of ``periods`` at which it counts; none without one.

    The columns of ``periods`` stand behind the path ``SPINE``.
    """

    input: LogicalPlan
    periods: LogicalPlan
    predicates: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Pick:
    """Of the rows with equal ``keys`` the first one in an order."""

    input: LogicalPlan
    keys: tuple[str, ...]
    order: tuple[SortKey, ...]
    columns: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Fill:
    """The rows of ``input`` and, for times of ``periods`` that none of them has, further ones.

    Both have the columns ``on``; every other column of a further row is NULL.
    """

    input: LogicalPlan
    periods: LogicalPlan
    on: tuple[str, ...]
    columns: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Each row of ``input`` with what ``right`` has for its ``on``; a NULL meets a NULL.

    ``right`` has each tuple of them once, or one row in all where there are none.
    """

    input: LogicalPlan
    right: LogicalPlan
    on: tuple[str, ...]
    columns: tuple[Output, ...]
    """Those of ``input`` and, after them, those that are looked up."""


@dataclass(frozen=True, slots=True)
class Project:
    """Outputs computed row by row."""

    input: LogicalPlan
    columns: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Distinct:
    """Outputs computed row by row, each tuple once."""

    input: LogicalPlan
    columns: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One row a group: its keys, then its measures; one row in all where there are no keys."""

    input: LogicalPlan
    keys: tuple[Output, ...]
    measures: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Stitch:
    """Several aggregates side by side on equal keys; a NULL key meets a NULL key.

    Every branch has all ``keys`` and some of ``measures``; a measure is NULL where its branch
    has no row.
    """

    branches: tuple[LogicalPlan, ...]
    keys: tuple[Output, ...]
    measures: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Union:
    """All rows of several plans; a column that one of them lacks is NULL in its rows."""

    branches: tuple[LogicalPlan, ...]
    columns: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """The rows of ``input`` in order."""

    input: LogicalPlan
    keys: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` rows of ``input`` after the first ``offset``; None is all."""

    input: LogicalPlan
    count: int | None
    offset: int


LogicalPlan = (
    Scan
    | Governed
    | Join
    | Filter
    | SemiJoin
    | Series
    | Spread
    | Behind
    | Windowed
    | Pick
    | Fill
    | Lookup
    | Project
    | Distinct
    | Aggregate
    | Stitch
    | Union
    | Sort
    | Limit
)


Choice = Literal[
    "direct",
    "aggregate, then join",
    "distinct home keys, then aggregate",
    "rows of one time, then aggregate",
    "latest base of each conversion, then aggregate",
    "distinct values",
    "rows",
]
"""The safe ways to compute a home, as a proof names them."""


@dataclass(frozen=True, slots=True)
class GroupFloor:
    """How many rows, or distinct values of a member, a cell must be made of to be told."""

    least: int
    of: str = ""
    """The member whose distinct values are counted; empty: rows."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole question as a plan, with what its answer promises."""

    root: LogicalPlan
    columns: tuple[Output, ...]
    """The answer's columns, in order; names are unique."""
    zone: str
    """The zone in which instants are shown and truncated."""
    engine: str
    """The engine, by its name in the project, that holds all the data."""
    choices: tuple[Choice, ...] = ()
    """How each home of the question is computed; empty for a plan that no question asked for."""
    parameters: Mapping[str, Plain] = field(default_factory=dict)
    """The values of the parameters that its expressions name."""
    floor: GroupFloor | None = None
    """What every cell is made of that it tells; None: of any row."""


@dataclass(frozen=True, slots=True)
class GovernedPlan:
    """A plan that ``auth.govern`` has made safe, and the only thing SQL is made from."""

    plan: Plan


def children(plan: LogicalPlan) -> tuple[LogicalPlan, ...]:
    """The plans that a node reads, left to right."""
    match plan:
        case Scan():
            return tuple(each for _, each in plan.tables)
        case Series():
            return plan.bounds if plan.rows is None else (plan.rows,)
        case Spread() | Fill():
            return (plan.input, plan.periods)
        case Join() | SemiJoin() | Lookup():
            return (plan.input, plan.right)
        case Stitch() | Union():
            return plan.branches
        case Windowed() | Behind() | Pick() | Filter() | Project() | Distinct() | Aggregate():
            return (plan.input,)
        case Governed():
            return (plan.input,)
        case Sort() | Limit():
            return (plan.input,)


def scans(plan: LogicalPlan) -> tuple[Scan | Governed, ...]:
    """Every scan of a plan, left to right; of a governed one not what it is made of."""
    if isinstance(plan, Scan | Governed):
        return (plan,)
    return tuple(scan for child in children(plan) for scan in scans(child))


def outputs(plan: LogicalPlan) -> tuple[Output, ...]:
    """The named outputs of a plan; none where it is rows of a home."""
    match plan:
        case Project() | Distinct() | Pick() | Fill() | Lookup() | Union():
            return plan.columns
        case Aggregate() | Stitch():
            return (*plan.keys, *plan.measures)
        case Filter() | Sort() | Limit():
            return outputs(plan.input)
        case _:
            return ()


def mapped(
    node: LogicalPlan,
    of_plan: Callable[[LogicalPlan], LogicalPlan],
    of_expr: Callable[[Expr], Expr],
) -> LogicalPlan:
    """The same node over other inputs and expressions; whatever has none is the node itself."""

    def changed(part: object) -> object:
        match part:
            case Expr():
                return of_expr(part)
            case Output() | SortKey():
                expr = of_expr(part.expr)
                return part if expr is part.expr else replace(part, expr=expr)
            case tuple():
                parts = tuple(map(changed, part))
                return part if all(map(is_, parts, part)) else parts
            case _:
                return of_plan(part) if isinstance(part, LogicalPlan) else part

    parts = {each.name: getattr(node, each.name) for each in fields(node)}
    made = {name: changed(part) for name, part in parts.items()}
    different: dict[str, Any] = {
        name: part for name, part in made.items() if part is not parts[name]
    }
    return replace(node, **different) if different else node


def scope(plan: LogicalPlan) -> dict[Path, Scan]:
    """The scans that columns of a node's expressions are of, by their join paths."""
    match plan:
        case SemiJoin():
            return seen(plan.input) | seen(plan.right)
        case Stitch() | Union() | Fill() | Lookup() | Series():
            return {}
        case _:
            return {path: each for child in children(plan) for path, each in seen(child).items()}


def seen(plan: LogicalPlan) -> dict[Path, Scan]:
    """The scans whose columns are seen above a node: none above one that computes outputs."""
    match plan:
        case Scan():
            return {plan.path: plan}
        case Join():
            return seen(plan.input) | seen(plan.right)
        case Filter() | SemiJoin() | Spread() | Windowed() | Sort() | Limit():
            return seen(plan.input)
        case _:
            return {}


def added(plan: LogicalPlan) -> frozenset[tuple[Path, str]]:
    """The columns that windows below a node add to the scans that its expressions read."""
    found = frozenset(
        (path, each.name)
        for child in children(plan)
        if isinstance(child, Windowed)
        for path in seen(child)
        for each in child.columns
    )
    return found.union(*(added(child) for child in children(plan) if seen(child)))
