"""Where an engine might compute something of a row before it knows that nobody may see it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from sqlglot import exp

from auth.error_free import is_error_free
from semantic_models.bind import column
from semantic_models.definitions import path_of
from semantic_models.model import Expr, Path
from semantic_models.plan import (
    Aggregate,
    Distinct,
    Fill,
    Filter,
    Join,
    Limit,
    LogicalPlan,
    Lookup,
    Pick,
    Project,
    Scan,
    SemiJoin,
    Sort,
    Spread,
    Stitch,
    Union,
    Windowed,
    children,
)

_CHOOSING = (Filter, Join, SemiJoin, Spread, Pick, Fill, Lookup, Stitch, Limit)
"""What leaves rows out or pairs them, by columns that an engine may look through."""


def needs_barrier(plan: LogicalPlan) -> bool:
    """Whether anything by which rows are chosen or paired may raise an error.

    A predicate on a computed column is one on what it is computed of, since engines move
    predicates down to their rows. Values of aggregates are made of rows that are chosen already.
    """
    return not all(is_error_free(each.tree) for each in _decisive(plan, is_chosen=False))


def home_of(rows: LogicalPlan) -> Scan | None:
    """The scan whose rows are joined and filtered; none where something else is."""
    while isinstance(rows, Filter | Join | SemiJoin | Spread):
        rows = rows.input
    return rows if isinstance(rows, Scan) else None


def split(
    predicates: Sequence[Expr], path: Path, masked: Container[str]
) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """The predicates that may stand below the barrier of a scan, and those that stay above it.

    Below stand those that fail on no row and read columns of the scan that are shown as they are.
    """
    below = [each for each in predicates if _is_of(each, path, masked)]
    above = [each for each in predicates if not _is_of(each, path, masked)]
    return tuple(map(_of_row, below)), tuple(above)


def _is_of(expr: Expr, path: Path, masked: Container[str]) -> bool:
    columns = list(expr.tree.find_all(exp.Column))
    is_own = all(path_of(each) == path and each.name not in masked for each in columns)
    return bool(columns) and is_own and not expr.raw and is_error_free(expr.tree)


def _of_row(expr: Expr) -> Expr:
    """A predicate over the row of a scan, to which no path leads."""
    holder = exp.Paren(this=expr.tree.copy())
    for node in list(holder.find_all(exp.Column)):
        node.replace(column(node.name))
    return Expr(holder.this.pop(), origin=expr.origin)


def _decisive(plan: LogicalPlan, *, is_chosen: bool) -> Iterator[Expr]:
    yield from _conditions(plan)
    if is_chosen:
        yield from _columns(plan)
    for child in children(plan):
        yield from _decisive(child, is_chosen=is_chosen or isinstance(plan, _CHOOSING))


def _conditions(plan: LogicalPlan) -> Iterator[Expr]:
    match plan:
        case Filter() | Spread():
            yield from plan.predicates
        case Join() | SemiJoin():
            yield from plan.predicates
            yield from (each for pair in plan.columns for each in pair)
        case Pick():
            yield from (each.expr for each in plan.order)
        case _:
            pass


def _columns(plan: LogicalPlan) -> Iterator[Expr]:
    match plan:
        case Project() | Distinct() | Windowed() | Pick() | Fill() | Lookup() | Union():
            yield from (each.expr for each in plan.columns)
        case Aggregate() | Stitch():
            yield from (each.expr for each in plan.keys)
        case Sort():
            yield from (each.expr for each in plan.keys)
        case _:
            pass
