"""Predicates that walk a one-to-many join: they ask that a row exists, and repeat none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import NoReturn

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.definitions import path_of, paths_of
from semantic_models.errors import ManyToMany, NoPath, NotSupported
from semantic_models.expressions import columns_in, conjuncts
from semantic_models.join_paths import backward
from semantic_models.model import Cardinality, Expr, Join, Model, Path
from semantic_models.resolve_filters import RowFilter
from semantic_models.resolved import Existence, Step

JoinsOf = Callable[[Path], Sequence[Join]]
"""From a path to the joins along it, seen from one home."""


def keeps_rows(joins: Sequence[Join]) -> bool:
    """Whether a row stays one row along a path."""
    return all(join.cardinality.keeps_rows for join in joins)


def is_safe(expr: Expr, joins_of: JoinsOf) -> bool:
    """Whether an expression reads one row of each model that it reaches."""
    return all(keeps_rows(joins_of(path)) for path in expr.paths)


def own_conjuncts(predicate: Expr) -> list[RowFilter]:
    """The conjuncts of a predicate that an author wrote of a measure or metric."""
    origin = predicate.origin
    place = origin.position() if origin else None
    parts = (each.copy() for each in conjuncts(predicate.tree))
    return [RowFilter(Expr(each, paths_of(each)), place) for each in parts]


def first_to_many(filter_: RowFilter, joins_of: JoinsOf, home: str) -> Path:
    """The one-to-many join at which a predicate leaves its home; empty where it walks none.

    Raises:
        NoPath: it walks one behind another join.
        NotSupported: it walks two.
    """
    firsts: set[Path] = set()
    for path in filter_.expr.paths:
        joins = joins_of(path)
        check_fan_out(joins, path, home)
        if not keeps_rows(joins):
            firsts.add(path[:1])
    if len(firsts) > 1:
        raise NotSupported(
            "one predicate reaches rows behind two one-to-many joins",
            hint="Write a predicate for each of them.",
            position=filter_.place,
        )
    return firsts.pop() if firsts else ()


def check_repeats(filter_: RowFilter, first: Path) -> None:
    """Refuse exists(…) that leads to one row: a predicate on that is all it says."""
    if not first:
        raise NoPath(
            "the path of exists(…) meets one row",
            hint="Write its predicate alone; of none, behind NOT.",
            position=filter_.place,
        )


def told(path: Path) -> str:
    """A path as people read it: a join that is walked backwards has its model's name."""
    return ".".join(name.split(":")[0] for name in path)


def check_fan_out(joins: Sequence[Join], path: Path, home: str) -> None:
    """Refuse a path that leaves towards many rows anywhere but at its first step."""
    for number, join in enumerate(joins):
        safe = join.cardinality.keeps_rows
        if not safe and (number > 0 or join.cardinality is Cardinality.MANY_TO_MANY):
            raise NoPath(
                f'"{told(path)}" is reached from model "{home}" only through rows that repeat it',
                detail=f'Join "{join.name}" meets many rows of model "{join.target}".',
                hint="It can stand in the own where of a metric whose model meets these rows.",
            )


def refuse_metric(filter_: RowFilter, first: Path, home: str, metrics: Collection[Path]) -> None:
    """A home's row that meets many rows meets no single group of a metric by them."""
    if any(path_of(node) in metrics for node in columns_in(filter_.expr.tree)):
        raise NoPath(
            f'a metric in a predicate is met on what lies behind "{told(first)}"',
            detail=f'A row of model "{home}" meets several rows there.',
            hint="Group by it too, or meet the metric on what each row has one of.",
            position=filter_.place,
        )


def refuse_split_choice(filter_: RowFilter, first: Path, days: Collection[Path]) -> None:
    """Refuse a choice between the home's rows and rows behind a one-to-many join.

    ``days`` are the paths of what calendars say of rows behind it.

    As one EXISTS it would lose the home's rows that meet none behind the join. An AND that is
    left in one predicate stands below a NOT or within a choice, and so is one too.
    """
    for node in filter_.expr.tree.walk():
        sides = _sides(node)
        is_behind = [any(_is_behind(part, first, days) for part in side) for side in sides]
        alone = [
            side
            for side, behind in zip(sides, is_behind, strict=True)
            if not behind and (isinstance(node, exp.Or) or any(p.find(exp.Column) for p in side))
        ]
        if alone and any(is_behind):
            raise NotSupported(
                f'one predicate chooses between rows behind "{told(first)}" and others',
                hint="Write the parts as predicates of their own, or as a dimension.",
                position=filter_.place,
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


def _is_behind(part: exp.Expr, first: Path, days: Collection[Path]) -> bool:
    return any(path[:1] == first or path in days for path in paths_of(part))


def home_again(join: Join, home: Model) -> Step:
    """From the rows behind a one-to-many join back to the home's row that they exist for."""
    back = backward(join)
    path = (back.name,)
    if not join.conditions:
        return Step(path, back, home)
    turned = tuple(_turned(each, path) for each in join.conditions)
    return Step(path, replace(back, cardinality=Cardinality.MANY_TO_MANY), home, turned)


def _turned(condition: Expr, path: Path) -> Expr:
    """A condition of a join whose own row is behind a path."""
    tree = condition.tree.copy()
    for node in [each for each in tree.find_all(exp.Column) if not each.table]:
        node.replace(column(node.name, path))
    return Expr(tree, paths_of(tree))


def with_home(made: Existence, again: Step) -> Existence:
    """The same with a join back to the home's row, where joins behind the first read it.

    Not every engine lets a join within an EXISTS read a row from outside.
    """
    predicates = [each.tree for step in made.steps for each in step.predicates]
    read = {path for tree in predicates for path in paths_of(tree) if path[:1] == again.path}
    if not read:
        return made
    if read != {again.path}:
        raise NotSupported(
            f'a predicate behind "{told(made.first.path)}" meets a version at a time of model '
            f'"{again.target.name}" that lies behind a join itself',
            hint="Write `at:` in the join with versions.",
        )
    equal = (
        exp.EQ(this=column(key), expression=column(key, again.path)) for key in made.first.join.key
    )
    same_row = tuple(map(Expr, equal)) if again.predicates else ()
    return replace(made, steps=(again, *made.steps), predicates=(*same_row, *made.predicates))


def refuse_pairs(repeating: Sequence[Step], home: Model) -> NoReturn:
    """Refuse groups behind two one-to-many joins: their rows have nothing to do with each other."""
    first, second = (step.target.name for step in repeating[:2])
    raise ManyToMany(
        f'dimensions of models "{first}" and "{second}" are grouped together',
        detail=f'A row of model "{home.name}" meets several rows of either, and no row says which '
        "of them belong together.",
        hint="Group by one of the two; the other may stand in where.",
    )
