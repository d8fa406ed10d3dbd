"""The views and macros of a DuckDB database file, and what each of them reads."""

from __future__ import annotations

import duckdb
from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from semantic_models.derived import Derived, derived

_VIEWS = """
SELECT database_name, schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal
"""
_MACROS = """
SELECT database_name, schema_name, function_name, function_type, macro_definition,
  function_name IN (SELECT function_name FROM duckdb_functions() WHERE internal)
FROM duckdb_functions() WHERE NOT internal
"""


def views_and_macros(connection: duckdb.DuckDBPyConnection) -> tuple[Derived, ...]:
    """All of them but those that DuckDB has by itself."""
    views = [
        derived((*at, name), _defined(sql), is_macro=False, replaces=False)
        for *at, name, sql in connection.execute(_VIEWS).fetchall()
    ]
    macros = [
        derived(
            (*at, name),
            _parsed(sql if kind == "table_macro" else f"SELECT {sql}"),
            is_macro=True,
            replaces=replaces,
        )
        for *at, name, kind, sql, replaces in connection.execute(_MACROS).fetchall()
    ]
    return (*views, *macros)


def _defined(sql: str) -> exp.Expr | None:
    """The SELECT of a view."""
    tree = _parsed(sql)
    return tree.expression if isinstance(tree, exp.Create) and tree.expression else None


def _parsed(sql: str) -> exp.Expr | None:
    try:
        trees = parse(sql, dialect="duckdb")
    except (SqlglotError, RecursionError):
        return None
    found = trees[0] if len(trees) == 1 else None
    return None if isinstance(found, exp.Command) else found
