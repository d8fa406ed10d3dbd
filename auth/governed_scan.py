"""A scan behind its policies: explicit columns, masks, and the rows that may be seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from auth.attributes import with_attributes
from auth.policy import RowFilter
from auth.principal import Attribute
from auth.rights import RelationRights
from semantic_models.bind import column_expr
from semantic_models.model import Expr
from semantic_models.plan import Filter, Governed, LogicalPlan, Output, Project, Scan
from semantic_models.types import BOOLEAN

ROW = "__sl_t"
"""The alias of a governed row: nobody can write it."""
KEY = "__sl_k_"
"""What stands before the name of a masked column where it pairs or tells apart rows."""
_NOTHING = Output("__sl_n", Expr(exp.true()), BOOLEAN)
"""The column of rows of which none is read."""


def governed_scan(
    scan: Scan,
    rights: RelationRights,
    attributes: Mapping[str, Attribute],
    names: Iterable[str],
    beside: tuple[Expr, ...] = (),
) -> Governed:
    """What may be seen of a scan, with the columns ``names`` of it.

    Of that there are the rows for which the predicates ``beside`` its policies are true. None of
    them may fail on a row.
    """
    rows: LogicalPlan = replace(scan, model=ROW, path=())
    predicates = (*_predicates(rights, attributes), *beside)
    if predicates:
        rows = Filter(rows, predicates)
    shown = tuple(_shown(rights, attributes, each) for each in sorted(names))
    return Governed(
        scan.model,
        scan.path,
        Project(rows, shown or (_NOTHING,)),
        sources=tuple(dict.fromkeys(source for each in rights.filters for source in each.sources)),
    )


def _shown(rights: RelationRights, attributes: Mapping[str, Attribute], name: str) -> Output:
    """A column as it may be seen; nobody asks for the type of an output within a plan."""
    mask = rights.masks.get(name)
    if name.startswith(KEY) or mask is None:
        return Output(name, column_expr(name.removeprefix(KEY)), BOOLEAN)
    return Output(name, with_attributes(mask.value, attributes), BOOLEAN)


def _predicates(rights: RelationRights, attributes: Mapping[str, Attribute]) -> tuple[Expr, ...]:
    if rights.is_empty:
        return (Expr(exp.false()),)
    return tuple(_either(each, attributes) for each in rights.alternatives)


def _either(filters: Sequence[RowFilter], attributes: Mapping[str, Attribute]) -> Expr:
    trees = [with_attributes(each.predicate, attributes).tree for each in filters]
    choice: exp.Expr = exp.Paren(this=trees[0].copy())
    for tree in trees[1:]:
        choice = exp.Or(this=choice, expression=exp.Paren(this=tree.copy()))
    return Expr(choice)
