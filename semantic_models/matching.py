"""What must hold beside equal columns where a join meets one version of a row, or one partition."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from semantic_models.bind import behind, column
from semantic_models.catalog import Catalog
from semantic_models.errors import NoPath, TimeRequired
from semantic_models.intrinsics import civil_time
from semantic_models.model import Expr, Join, Model, Path
from semantic_models.resolve_names import reach
from semantic_models.resolved import Step
from semantic_models.types import Kind


def same_partition(
    home: Model, join: Join, target: Model, path: Path, home_path: Path
) -> tuple[Expr, ...]:
    """That a joined row is of the partition of the home's row.

    Raises:
        NoPath: the home has no partition, and the join meets one row of each.
    """
    if not target.partition:
        return ()
    if home.partition:
        left, right = column(home.partition, home_path), column(target.partition, path)
        return (Expr(exp.EQ(this=left, expression=right)),)
    if not join.by_partition:
        return ()
    raise NoPath(
        f'join "{join.name}" meets a row of model "{target.name}" in each partition',
        detail=f'Model "{home.name}" has no partition to tell which of them is meant.',
        hint=f'Declare the `partition` of model "{home.name}".',
    )


def time_of_version(
    catalog: Catalog, home: Model, time: str | None, met: tuple[Join, Path]
) -> tuple[Expr, Kind]:
    """The time at which a joined row must be valid: the join's own, else a home's metric time.

    Raises:
        TimeRequired: there is none, or it lies behind such a join itself.
    """
    join, path = met
    if join.at:
        member = catalog.whole.models[join.source].dimensions[join.at]
        assert member.type is not None, "a served catalog has its types"
        return behind(member.expr, path[:-1]), member.type.kind
    if time is None:
        raise TimeRequired(
            f'join "{join.name}" needs a time, and measures of model "{home.name}" have none',
            hint=f'Write `time:` in model "{home.name}", or `at:` in the join.',
        )
    own = reach(catalog, home, time)
    circle = next((each for each in own.joins if each.valid and not each.at), None)
    if circle is not None:
        raise TimeRequired(
            f'join "{join.name}" needs a time, and "{time}" lies behind join "{circle.name}", '
            "which needs one too",
            hint=f'Write `at:` in join "{circle.name}" of model "{circle.source}".',
        )
    return own.expr(), own.type.kind


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
        Expr(exp.LTE(this=since, expression=moment.copy()), at.paths),
        Expr(exp.Paren(this=exp.Or(this=before, expression=is_open)), at.paths),
    )


def in_order(steps: Mapping[Path, Step]) -> tuple[Step, ...]:
    """Joins in an order in which they can be made: a path, and what it is met by, comes first."""
    found: dict[Path, Step] = {}
    begun: set[Path] = set()

    def add(path: Path) -> None:
        if path in begun or path not in steps:
            return
        begun.add(path)
        add(path[:-1])
        for predicate in steps[path].predicates:
            for each in predicate.paths:
                add(each)
        found[path] = steps[path]

    for path in sorted(steps, key=lambda each: (len(each), each)):
        add(path)
    return tuple(found.values())


def _end(name: str, target: Model, path: Path) -> tuple[exp.Expr, Kind | None]:
    type_ = (target.columns or {}).get(name)
    return column(name, path), type_.kind if type_ else None
