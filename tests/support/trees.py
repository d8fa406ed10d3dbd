"""Trees within plans: a tree has one parent, and so can be a part of one tree only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from sqlglot import exp


def shared_trees(value: object) -> Iterator[str]:
    """Every tree in a value that belongs to another one, or that another one took a part of."""
    if isinstance(value, exp.Expr):
        if value.parent is not None:
            yield f"{value.sql()} belongs to {value.parent.sql()}"
        for node in value.walk():
            taken = (each for each in node.iter_expressions() if each.parent is not node)
            yield from (f"{each.sql()} was taken out of {value.sql()}" for each in taken)
    elif isinstance(value, tuple):
        for each in value:
            yield from shared_trees(each)
    elif is_dataclass(value):
        for each in fields(value):
            yield from shared_trees(getattr(value, each.name))
