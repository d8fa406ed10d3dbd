"""What data may break of what models declare."""

from __future__ import annotations

import pytest

from auth.govern import govern
from auth.principal import ANONYMOUS
from dialects.duckdb import DUCKDB
from dialects.generate import generate
from semantic_models.promises import promises
from tests.support.models import the_shop, world

MODELS = """
version: 1
models:
  sales:
    table: sales
    key: [shop, n]
    unique: [[code]]
    where: not void
    dimensions: {day: {type: time}}
    measures: {sold: count(*)}
spines:
  month: {table: months, column: m}
"""
TABLES = """
create table sales(shop integer, n integer, code varchar, void boolean, day date);
create table months(m timestamp);
"""
KEY = ('model "sales"', "key (shop, n)")


@pytest.mark.parametrize(
    ("rows", "broken"),
    [
        ("(1, 1, 'a', false, null), (1, 2, 'b', false, null)", {}),
        ("(1, 1, 'a', false, null), (1, 1, 'b', false, null)", {(*KEY, "several"): 1}),
        ("(1, 1, 'a', false, null), (1, 1, 'b', true, null)", {}),
        ("(1, 1, 'a', false, null), (1, 1, 'b', null, null)", {}),
        (
            "(null, 1, 'a', false, null), (null, 1, 'b', false, null), (1, null, 'c', false, null)",
            {(*KEY, "NULL"): 3},
        ),
        (
            "(1, 1, 'a', false, null), (1, 2, 'a', false, null), (1, 3, 'a', false, null)",
            {('model "sales"', "unique (code)", "several"): 1},
        ),
        ("(1, 1, null, false, null), (1, 2, null, false, null)", {}),
    ],
)
def test_rows_that_count_keep_keys_apart(rows: str, broken: dict[object, int]) -> None:
    assert told(f"insert into sales values {rows};") == broken


def test_a_spine_has_each_period_once() -> None:
    months = "insert into months values ('2024-01-01'), ('2024-01-15'), ('2024-02-01');"

    assert told(months) == {('spine "month"', "periods (m)", "several"): 1}


def test_every_promise_of_the_shop_is_a_query_of_its_engine() -> None:
    shop = the_shop()
    counts = [
        shop.rows(generate(govern(each.plan, ANONYMOUS), DUCKDB).text)
        for each in promises(shop.catalog)
    ]

    assert len(counts) > len(shop.catalog.models) / 2
    assert all(len(each) == 1 and len(each[0]) == 1 for each in counts)


def told(rows: str) -> dict[object, int]:
    """How often each broken promise is broken."""
    made = world(MODELS, TABLES + rows)
    found: dict[object, int] = {}
    for each in promises(made.catalog):
        ((count,),) = made.rows(generate(govern(each.plan, ANONYMOUS), DUCKDB).text)
        word = "NULL" if "NULL" in each.breach else "several"
        if count:
            found[each.name, each.what, word] = count
    return found
