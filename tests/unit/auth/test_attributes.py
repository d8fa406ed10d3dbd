"""Values of attributes reach an engine as they are, whatever they spell."""

from __future__ import annotations

from datetime import date, datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from auth.attributes import attribute_tree, attributes_in, is_of, with_attributes
from auth.policy import AttributeType
from auth.principal import Attribute
from semantic_models.bind import column
from semantic_models.model import Expr
from semantic_models.parameters import TYPES

HOSTILE = (
    "' OR 1=1 --",
    "'; DROP TABLE orders; --",
    "'') UNION SELECT 1 --",
    "\\'; SELECT 1",
    "$$a$$",
    "/* */ --",
    "\n\r\t",
    "{{ x }} ${Y} %s ? :a $1",
    "principal.region",
    "e'\\x41'",
    "Ωμέγα 🦆\u200b\u2028",
    "",
)
NOON = datetime.fromisoformat("2024-02-29T12:00:00.123456")


def given_back(value: Attribute, type_name: str) -> object:
    """What DuckDB reads where an attribute stands."""
    expr = with_attributes(Expr(attribute_tree("a", type_name)), {"a": value})
    found = duckdb.connect().execute(f"select {expr.tree.sql('duckdb')}").fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_text_is_read_as_itself(value: str) -> None:
    assert given_back(value, "string") == value


@settings(max_examples=150)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_every_text_is_read_as_itself(value: str) -> None:
    assert is_of(value, AttributeType(TYPES["string"][0]))
    assert given_back(value, "string") == value


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("integer", -(2**63) + 1),
        ("integer", 2**63 - 1),
        ("number", 1e308),
        ("number", -0.1),
        ("number", 5e-324),
        ("number", 3),
        ("boolean", True),
        ("boolean", False),
        ("date", date(1, 1, 1)),
        ("date", date(9999, 12, 31)),
        ("timestamp", NOON),
    ],
)
def test_a_value_of_every_type_is_read_as_itself(type_name: str, value: Attribute) -> None:
    assert is_of(value, AttributeType(TYPES[type_name][0]))
    assert given_back(value, type_name) == value


@pytest.mark.parametrize("values", [HOSTILE, HOSTILE[:1]])
def test_a_list_stands_behind_in_value_by_value(values: tuple[str, ...]) -> None:
    among = exp.In(this=column("x"), expressions=[attribute_tree("a", "string")])
    expr = with_attributes(Expr(among), {"a": values})
    rows = [(each,) for each in (*values, "another")]
    connection = duckdb.connect()
    connection.execute("create table t (x text)")
    connection.executemany("insert into t values (?)", rows)
    found = connection.execute(f"select x from t where {expr.tree.sql('duckdb')}").fetchall()

    assert sorted(found) == sorted(rows[:-1])


def test_an_expression_is_a_value_that_is_never_changed() -> None:
    expr = Expr(exp.EQ(this=column("x"), expression=attribute_tree("a", "string")))
    before = expr.tree.sql()
    made = with_attributes(expr, {"a": "x"})

    assert (expr.tree.sql(), attributes_in(expr.tree)) == (before, frozenset({"a"}))
    assert attributes_in(made.tree) == frozenset()


def test_what_reads_no_attribute_is_the_same_expression() -> None:
    expr = Expr(column("x"))

    assert with_attributes(expr, {"a": "x"}) is expr
