"""A predicate behind joins as one EXISTS over the row that they lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from auth.errors import PolicyRejected
from semantic_models.bind import behind, column
from semantic_models.catalog import Catalog
from semantic_models.definitions import path_of
from semantic_models.join_paths import walked
from semantic_models.model import Expr, Join, Path, Relation, Table

ALIAS: Path = ("__sl_p",)
"""What stands before the names of joins in the aliases of what a policy reads."""


def exists(predicate: Expr, model: str, catalog: Catalog) -> tuple[Expr, tuple[Relation, ...]]:
    """A predicate over the own columns of a relation, and what it reads beside them.

    A row that a join leads to no row is not seen, and neither is one of which the predicate is
    NULL.

    Raises:
        PolicyRejected: a join meets several rows, or is not one of equal columns.
    """
    paths = sorted({path[:n] for path in predicate.paths for n in range(1, len(path) + 1)})
    if not paths:
        return predicate, ()
    joins = {path: walked(catalog.ways.edges, model, path)[-1] for path in paths}
    for each in joins.values():
        _check(each)
    conditions = [*_pairs(joins), *_wheres(joins, catalog), exp.Paren(this=_inside(predicate.tree))]
    sources = [catalog.models[joins[path].target].relation for path in paths]
    first, *others = [_source(each, path) for each, path in zip(sources, paths, strict=True)]
    select = exp.Select(
        expressions=[exp.Literal.number(1)],
        from_=exp.From(this=first),
        joins=[exp.Join(this=each, kind="CROSS") for each in others],
        where=exp.Where(this=_all(conditions)),
    )
    return Expr(exp.Exists(this=select), origin=predicate.origin), tuple(dict.fromkeys(sources))


def _check(join: Join) -> None:
    if not join.cardinality.keeps_rows:
        raise PolicyRejected(
            f'join "{join.name}" of a policy meets several rows',
            hint="Filter by what one row has, or put the policy on the model behind the join.",
        )
    if join.valid or join.conditions or join.by_partition or not join.columns:
        raise PolicyRejected(
            f'join "{join.name}" of a policy is more than one of equal columns',
            hint="Filter by columns of the model itself, or behind joins of equal columns.",
        )


def _pairs(joins: Mapping[Path, Join]) -> list[exp.Expr]:
    """The equal columns of every join."""
    return [
        exp.EQ(this=_column(left, path[:-1]), expression=_column(right, path))
        for path, join in joins.items()
        for left, right in join.columns
    ]


def _wheres(joins: Mapping[Path, Join], catalog: Catalog) -> list[exp.Expr]:
    """What each model that is joined leaves out of its relation."""
    targets = ((path, catalog.models[join.target].where) for path, join in joins.items())
    return [exp.Paren(this=_inside(behind(where, path).tree)) for path, where in targets if where]


def _inside(tree: exp.Expr) -> exp.Expr:
    """An expression whose joined columns have the aliases that they have in a policy."""
    holder = exp.Paren(this=tree.copy())
    for node in list(holder.find_all(exp.Column)):
        node.replace(_column(node.name, path_of(node)))
    inside: exp.Expr = holder.this.pop()
    return inside


def _column(name: str, path: Path) -> exp.Column:
    return column(name, (*ALIAS, *path) if path else ())


def _source(relation: Relation, path: Path) -> exp.Expr:
    alias = exp.TableAlias(this=exp.Identifier(this="__".join((*ALIAS, *path)), quoted=True))
    if isinstance(relation, Table):
        parts = [exp.Identifier(this=each, quoted=True) for each in reversed(relation.parts)]
        return exp.Table(**dict(zip(("this", "db", "catalog"), parts, strict=False)), alias=alias)
    return exp.Subquery(this=relation.tree.copy(), alias=alias)


def _all(conditions: Sequence[exp.Expr]) -> exp.Expr:
    both = conditions[0]
    for each in conditions[1:]:
        both = exp.And(this=both, expression=each)
    return both
