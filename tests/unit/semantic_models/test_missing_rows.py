"""What an expression is where a join meets no row, told without asking an engine."""

from __future__ import annotations

import duckdb
import pytest
from sqlglot import exp

from semantic_models.bind import column
from semantic_models.expressions import parse_expression, query_position
from semantic_models.missing_rows import is_null_of_nulls, null_without_row

NULL_OF_NULLS = (
    *("x", "x + 1", "1 - x", "-x", "x * x", "x / 2", "x // 2", "x % 2", "(x)"),
    *("x = 1", "x <> 1", "x < 1", "not (x > 1)", "x in (1, 2)", "x between 1 and 2"),
    *("x = 1 and x = 2", "x = 1 or x > 2", "s like 'a%'", "s ilike '%a'"),
    *("regexp_matches(s, 'a')", "starts_with(s, 'a')", "ends_with(s, 'a')", "contains(s, 'a')"),
    *("coalesce(x, x + 1)", "greatest(x, x)", "least(x, x)", "nullif(x, 1)"),
    *("case when x > 1 then 'a' end", "case when x > 1 then 1 when x < 0 then 2 else x end"),
    *("case when true then x end", "if(x > 1, 1, x)"),
    *("cast(x as varchar)", "try_cast(s as integer)", "x::double", "s || 'a'", "upper(s)"),
    *("lower(s)", "trim(s)", "substring(s, 1, 2)", "length(s)", "left(s, 1)", "right(s, 1)"),
    *("strpos(s, 'a')", "replace(s, 'a', 'b')", "split_part(s, 'a', 1)", "abs(x)", "sign(x)"),
    *("round(x, 1)", "floor(x)", "ceil(x)", "sqrt(x)", "pow(x, 0)", "ln(x)", "exp(x)"),
    *("atan2(x, 1)", "radians(x)", "extract(year from d)", "date_trunc('month', d)"),
    *("date_diff('day', d, d)", "year(d)", "dayofweek(d)", "last_day(d)"),
    *("d + interval '1 day'", "d - d", "null"),
)
NEVER_NULL = (
    *("1", "'a'", "true", "x is null", "x is not null", "not (x is null)"),
    *("x is distinct from 1", "x is not distinct from 1", "coalesce(x, 0)", "greatest(x, 1)"),
    *("least(x, 1)", "concat(s, 'a')", "case when x > 1 then 'a' else 'b' end"),
    *("case when x is null then 'a' end", "case when true then 'a' end", "if(x > 1, 1, 2)"),
    *("x > 1 or true", "x > 1 or x is null", "nullif(1, x)", "1 + 1", "date '2024-01-01'"),
    *("upper('a')", "upper(coalesce(s, 'a'))", "coalesce(x, 1) + 1", "false and x > 1"),
)
IN_DOUBT = (
    *("1 in (x, 2)", "1 between 0 and x", "x is null and x > 1", "case x when 1 then 'a' end"),
)


def _tree(text: str) -> exp.Expr:
    return parse_expression(text, query_position("test", text))


def _value(tree: exp.Expr) -> object:
    columns = "null::integer as x, null::varchar as s, null::date as d"
    found = duckdb.sql(f"select {tree.sql('duckdb')} from (select {columns})").fetchone()
    assert found is not None
    value: object = found[0]
    return value


@pytest.mark.parametrize("text", NULL_OF_NULLS)
def test_what_makes_null_of_nulls_is_known(text: str) -> None:
    assert is_null_of_nulls(_tree(text))
    assert _value(_tree(text)) is None


@pytest.mark.parametrize("text", NEVER_NULL)
def test_what_makes_a_value_of_nulls_is_known(text: str) -> None:
    assert not is_null_of_nulls(_tree(text))
    assert _value(_tree(text)) is not None


@pytest.mark.parametrize("text", IN_DOUBT)
def test_in_doubt_the_row_is_asked_for(text: str) -> None:
    assert not is_null_of_nulls(_tree(text))


@pytest.mark.parametrize("text", [*NULL_OF_NULLS, *NEVER_NULL, *IN_DOUBT])
def test_without_a_row_every_expression_is_null(text: str) -> None:
    assert _value(null_without_row(_tree(text), column("x"))) is None


def test_what_is_null_of_itself_is_left_as_it_is() -> None:
    tree = _tree("x + 1")

    assert null_without_row(tree, column("x")) is tree
