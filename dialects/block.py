"""One SELECT in the making, and the small trees that it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from semantic_models.plan import Output


@dataclass(slots=True)
class Block:
    """One SELECT in the making. Without columns it is still rows that can be joined."""

    source: exp.Expr
    home: str
    """The alias of columns without a join path; empty above a subquery's outputs."""
    joins: list[exp.Join] = field(default_factory=list)
    where: list[exp.Expr] = field(default_factory=list)
    columns: list[exp.Expr] = field(default_factory=list)
    names: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    """The names of the columns that are grouped by."""
    distinct: bool = False
    order: list[exp.Expr] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    is_cut: bool = False

    @property
    def is_open(self) -> bool:
        """Whether rows can still be joined, filtered and computed on in this SELECT."""
        return not self.columns and not self.order and not self.is_cut

    def select(self, outputs: Sequence[Output]) -> exp.Select:
        """The SELECT, with its columns in the order of ``outputs``."""
        names = tuple(each.name for each in outputs)
        if names != self.names:
            raise AssertionError("a plan's last node computes exactly its columns")
        return self.tree()

    def tree(self) -> exp.Select:
        """The SELECT as it is."""
        args: dict[str, object] = {
            "expressions": self.columns,
            "from_": exp.From(this=self.source),
        }
        if self.joins:
            args["joins"] = self.joins
        if self.where:
            args["where"] = exp.Where(this=conjunction(self.where))
        if self.group:
            places = [self.names.index(name) + 1 for name in self.group]
            args["group"] = exp.Group(expressions=[number(each) for each in places])
        if self.distinct:
            args["distinct"] = exp.Distinct()
        if self.order:
            args["order"] = exp.Order(expressions=self.order)
        if self.limit is not None:
            args["limit"] = exp.Limit(expression=number(self.limit))
        if self.offset:
            args["offset"] = exp.Offset(expression=number(self.offset))
        return exp.Select(**args)


def number(value: int) -> exp.Literal:
    """A whole number."""
    return exp.Literal(this=str(value), is_string=False)


def identifier(name: str) -> exp.Identifier:
    """A quoted name."""
    return exp.Identifier(this=name, quoted=True)


def aliased(tree: exp.Expr, name: str) -> exp.Expr:
    """An expression under a name."""
    return exp.Alias(this=tree, alias=identifier(name))


def conjunction(trees: Sequence[exp.Expr]) -> exp.Expr:
    """All predicates as one, each in brackets where there are several; of none, what is true."""
    if not trees:
        return exp.true()
    if len(trees) == 1:
        return trees[0]
    both = bracketed(trees[0])
    for tree in trees[1:]:
        both = exp.And(this=both, expression=bracketed(tree))
    return both


def bracketed(tree: exp.Expr) -> exp.Expr:
    """A predicate that an AND may stand beside."""
    return exp.Paren(this=tree) if isinstance(tree, exp.Connector) else tree
