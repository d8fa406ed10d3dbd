"""The tables that a relation reads, by their names."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from semantic_models.model import Relation, Table


def tables_read(relation: Relation) -> set[str]:
    """The last part of every name that a relation reads."""
    return {parts[-1] for parts in tables_of(relation)}


def tables_of(relation: Relation) -> tuple[tuple[str, ...], ...]:
    """The parts of every name that a relation reads, each name once."""
    if isinstance(relation, Table):
        return (relation.parts,)
    found = map(parts_of_table, relation.tree.find_all(exp.Table))
    return tuple(dict.fromkeys(each for each in found if each))


def parts_of_table(table: exp.Table) -> tuple[str, ...]:
    """The parts of a table's name in an author's SELECT; none of a function of tables."""
    is_named = isinstance(table.this, exp.Identifier)
    return tuple(part.name for part in table.parts) if is_named else ()


def with_tables(tree: exp.Expr, rows: Mapping[tuple[str, ...], exp.Expr]) -> exp.Expr:
    """An author's SELECT that reads other rows in place of some tables, under their names."""
    made = tree.copy()
    for table in list(made.find_all(exp.Table)):
        found = rows.get(parts_of_table(table))
        if found is not None:
            alias = exp.TableAlias(this=exp.Identifier(this=table.alias_or_name, quoted=True))
            table.replace(exp.Subquery(this=found.this.copy(), alias=alias))
    short = {parts[-2:] for parts in rows}
    for node in made.find_all(exp.Column):
        if node.db and (node.db, node.table) in short:
            node.set("db", None)
            node.set("catalog", None)
    return made
