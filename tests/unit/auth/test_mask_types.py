"""Columns of every kind can be masked."""

from __future__ import annotations

from functools import cache

import pytest

from auth.policy import PolicySet
from auth.principal import ANONYMOUS
from semantic_models.errors import ForebayError
from semantic_models.types import Kind
from tests.support.models import World, world
from tests.support.nothing_hidden import under_policies
from tests.support.policies import governed

VALUES: dict[Kind, str] = {
    Kind.BOOLEAN: "true",
    Kind.INT8: "1::tinyint",
    Kind.INT16: "1::smallint",
    Kind.INT32: "1::integer",
    Kind.INT64: "1::bigint",
    Kind.UINT8: "1::utinyint",
    Kind.UINT16: "1::usmallint",
    Kind.UINT32: "1::uinteger",
    Kind.UINT64: "18446744073709551615::ubigint",
    Kind.FLOAT32: "1.5::float",
    Kind.FLOAT64: "1.5::double",
    Kind.DECIMAL: "1.50::decimal(9, 2)",
    Kind.STRING: "'a'",
    Kind.BINARY: "'a'::blob",
    Kind.DATE: "date '2024-01-01'",
    Kind.TIME: "time '12:00:00'",
    Kind.TIMESTAMP: "timestamp '2024-01-01 12:00:00'",
    Kind.TIMESTAMP_TZ: "timestamptz '2024-01-01 12:00:00+00'",
    Kind.INTERVAL: "interval 2 day",
    Kind.UUID: "uuid()",
}


@pytest.mark.parametrize("kind", Kind)
def test_a_mask_has_the_type_of_its_column(kind: Kind) -> None:
    table = f"create table rows as select 1 as n, {VALUES[kind]} as shown"
    models = "version: 1\nmodels: {rows: {table: rows, key: n, dimensions: {n: , shown: }}}\n"
    made = world(models, table)
    question = {"fields": ["shown"], "from": "rows"}

    assert under_policies(made).answer(question) == made.answer(question)


NUMBERS = """
version: 1
models:
  rows:
    table: rows
    key: n
    dimensions: {n: , small: , money: , wide: , rate: , word: , day: , big: , single: ,
      broad: }
"""
OF_NUMBERS = """create table rows as select
  1::integer as n, 1::tinyint as small, 1.50::decimal(3, 2) as money, 1.5::decimal(9, 4) as wide,
  1.5::double as rate, 'a' as word, date '2024-01-01' as day, 1::hugeint as big, 1::float as single,
  1.5::decimal(9, 1) as broad
"""


@pytest.mark.parametrize(
    ("column", "mask"),
    [
        ("money", "case when n = 1 then money else 0 end"),
        ("money", "0"),
        ("money", "cast(0 as decimal(3, 2))"),
        ("money", "-9.99"),
        ("wide", "coalesce(null, money)"),
        ("rate", "0"),
        ("rate", "if(n = 1, rate, -1.5)"),
        ("n", "nullif(n, 1)"),
        ("n", "-2147483648"),
        ("small", "case when n = 1 then 127 end"),
        ("day", "case when n = 1 then day end"),
        ("day", "null"),
        ("word", "concat(left(word, 1), '*')"),
    ],
)
def test_a_mask_that_its_column_holds_is_taken(column: str, mask: str) -> None:
    policies, faults = _masked(column, mask)

    assert faults == []
    assert len(policies.policies) == 2
    seen = _numbers().seen_by(ANONYMOUS, policies)
    assert len(seen.answer({"fields": [column], "from": "rows"}).rows) == 1


@pytest.mark.parametrize(
    ("column", "mask"),
    [
        ("money", "case when n = 1 then money else 1000 end"),
        ("money", "cast(1000 as decimal(8, 2))"),
        ("money", "10"),
        ("money", "9.999"),
        ("money", "coalesce(wide, 0)"),
        ("money", "broad"),
        ("money", "1e40"),
        ("n", "1e999999999"),
        ("n", "case when n = 1 then n else 3000000000 end"),
        ("n", "case when n = 1 then n else 7.5 end"),
        ("n", "if(n = 1, n, big)"),
        ("n", "big"),
        ("n", "coalesce(n, 2147483648)"),
        ("small", "128"),
        ("small", "-129"),
        ("single", "1e39"),
        ("day", "big"),
    ],
)
def test_a_mask_whose_column_may_not_hold_it_is_refused(column: str, mask: str) -> None:
    _, faults = _masked(column, mask)

    assert [each.code for each in faults] == ["E_TYPE_MISMATCH"]
    assert all(each.position is not None for each in faults)


def _masked(column: str, mask: str) -> tuple[PolicySet, list[ForebayError]]:
    text = f'  all: {{grant: {{models: all}}}}\n  p: {{on: rows, mask: {{{column}: "{mask}"}}}}\n'
    return governed(text, _numbers(), NUMBERS)


@cache
def _numbers() -> World:
    return world(NUMBERS, OF_NUMBERS)
