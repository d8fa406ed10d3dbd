"""What is called free of errors raises none on DuckDB, whatever the values."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
from sqlglot import exp, parse_one

from auth.error_free import is_error_free
from semantic_models.bind import column
from semantic_models.intrinsics import civil, instant, truncate
from semantic_models.model import Grain
from semantic_models.types import DATE

TEXTS = ("", "SECRET", "1", "-", "\x01", "Ω🦆\u200b", "%_\\", "a" * 5000, "NaN", "2024-13-99")
ROWS = """
create table t as select * from (
  select unnest(?::text[]) as s
), (select unnest([0, -1, 1, 9223372036854775807, -9223372036854775808, null]::bigint[]) as n),
  (select unnest(['nan', 'inf', '-inf', '0', '-0', '1e308', null]::double[]) as f),
  (select unnest([date '0001-01-01', date '9999-12-31', 'infinity'::date, null]) as d),
  (select unnest([true, false, null]) as b)
"""
FREE = (
    "s = 'x'",
    "s <> s or not b",
    "n between -5 and 5",
    "n in (1, 2, 3) and f > 1.5",
    "s like '%x_' or s ilike 'A%'",
    "s is null and b is not true",
    "n is distinct from 3",
    "case when b then s else 'x' end = 'y'",
    "coalesce(s, 'x') = nullif(s, '')",
    "lower(s) = upper(trim(s))",
    "starts_with(s, 'a') or ends_with(s, 'b') or contains(s, 'c')",
    "left(s, 2) || '***' = right(s, 3)",
    "left(s, 999999999) = s and right(s, -3) <> s",
    "s like s",
    "length(s) > 3",
    "concat(s, 'x') = s",
    "n = -1 and f = -1.5",
    "d = cast('2024-01-31' as date)",
    "f <> cast('1.5' as double)",
)
THROWING = (
    "cast(s as bigint) = 1",
    "left(s, 9223372036854775807) = s",
    "left(s, n) = s",
    "right(s, n) = s",
    "n + 1 > 0",
    "n - 1 < 0",
    "n * 2 > 0",
    "-n > 0",
    "abs(n) > 0",
    "n % 0 = 1",
    "cast(f as bigint) > 1",
    "d + interval 1 day > d",
    "sqrt(f) > 1",
    "ln(f) > 1",
    "regexp_matches(s, s)",
    "n / 2 > 1",
    "extract(year from d) = 2024",
    "repeat(s, n) = 'x'",
    "substring(s, n, n) = 'x'",
    "split_part(s, '-', 1) = 'x'",
    "round(f, 2) = 1",
    "s::date = d",
    "try_cast(s as bigint) = 1",
    "n = (select 1)",
    "error(s) is null",
)


@pytest.mark.parametrize("of", [civil, instant, lambda each: truncate(each, Grain.WEEK, DATE)])
def test_times_overflow_at_their_ends_and_not_where_they_are_written(
    of: Callable[[exp.Expr], exp.Expr],
) -> None:
    assert not is_error_free(of(column("d")))
    assert is_error_free(of(exp.Literal.string("2024-01-31")))


@pytest.fixture(scope="module")
def rows() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(ROWS, [[*TEXTS, None]])
    return connection


@pytest.mark.parametrize("text", FREE)
def test_what_is_free_of_errors_raises_none(text: str, rows: duckdb.DuckDBPyConnection) -> None:
    tree = parse_one(text, dialect="duckdb")

    assert is_error_free(tree)
    counted = rows.execute(f"select count(*), count({tree.sql('duckdb')}) from t").fetchone()
    assert counted is not None
    assert counted[0] > 1000


@pytest.mark.parametrize("text", THROWING)
def test_what_may_raise_one_is_not_called_free(text: str) -> None:
    assert not is_error_free(parse_one(text, dialect="duckdb"))


@pytest.mark.parametrize(
    "text", ["cast(s as bigint) = 1", "n + n > 0", "left(s, n) = s", "cast(f as bigint) > 1"]
)
def test_the_rows_are_hostile(text: str, rows: duckdb.DuckDBPyConnection) -> None:
    """Else nothing above would show anything."""
    with pytest.raises(duckdb.Error):
        rows.execute(f"select count(*) from t where {text}").fetchall()
