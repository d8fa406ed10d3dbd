"""What aggregates read, carried under its own names through a node that computes other columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from semantic_models.bind import column, column_expr
from semantic_models.definitions import path_of
from semantic_models.model import Expr, Path
from semantic_models.plan import Output
from semantic_models.types import INT64


@dataclass
class Carried:
    """The columns of rows that expressions read, each under one name."""

    names: dict[tuple[Path, str], str] = field(default_factory=dict)

    def moved(self, tree: exp.Expr) -> exp.Expr:
        """The same expression over the carried columns."""
        moved = tree.copy()
        for node in list(moved.find_all(exp.Column)):
            place = (path_of(node), node.name)
            name = self.names.setdefault(place, f"c:{len(self.names)}")
            if node is moved:
                return column(name)
            node.replace(column(name))
        return moved

    def output(self, made: Output) -> Output:
        """The same output over the carried columns."""
        return Output(made.name, Expr(self.moved(made.expr.tree)), made.type)

    def inputs(self) -> tuple[Output, ...]:
        """The carried columns over the rows."""
        return tuple(
            Output(name, column_expr(source, path), INT64)
            for (path, source), name in self.names.items()
        )
