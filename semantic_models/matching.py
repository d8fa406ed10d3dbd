"""What must hold beside equal columns where a join meets one version of a row, or one partition."""

from __future__ import annotations

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.errors import NoPath
from semantic_models.intrinsics import civil_time
from semantic_models.model import Expr, Join, Model, Path
from semantic_models.types import Kind


def same_partition(home: Model, join: Join, target: Model, path: Path) -> tuple[Expr, ...]:
    """That a joined row is of the partition of the home's row.

    Raises:
        NoPath: the home has no partition, and the join meets one row of each.
    """
    if not target.partition:
        return ()
    if home.partition:
        left, right = column(home.partition), column(target.partition, path)
        return (Expr(exp.EQ(this=left, expression=right)),)
    if not join.by_partition:
        return ()
    raise NoPath(
        f'join "{join.name}" meets a row of model "{target.name}" in each partition',
        detail=f'Model "{home.name}" has no partition to tell which of them is meant.',
        hint=f'Declare the `partition` of model "{home.name}".',
    )


def is_valid(join: Join, target: Model, path: Path, time: tuple[Expr, Kind]) -> tuple[Expr, ...]:
    """That a joined row is valid at a time: from its start on, and before its end if it has one."""
    at, kind = time
    start, end = (_end(name, target, path) for name in join.valid)
    is_alike = all(each[1] in (kind, None) for each in (start, end))
    moment = at.tree if is_alike else civil_time(at.tree.copy(), kind)
    since, until = (tree if is_alike else civil_time(tree, its) for tree, its in (start, end))
    is_open = exp.Is(this=until.copy(), expression=exp.Null())
    before = exp.LT(this=moment.copy(), expression=until)
    return (
        Expr(exp.LTE(this=since, expression=moment.copy())),
        Expr(exp.Paren(this=exp.Or(this=before, expression=is_open))),
    )


def _end(name: str, target: Model, path: Path) -> tuple[exp.Expr, Kind | None]:
    type_ = (target.columns or {}).get(name)
    return column(name, path), type_.kind if type_ else None
