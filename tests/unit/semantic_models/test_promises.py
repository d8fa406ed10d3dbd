"""What data may break of what models declare."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from auth.govern import govern
from auth.principal import ANONYMOUS
from dialects.duckdb import DUCKDB
from dialects.generate import generate
from semantic_models.promises import Promise, promises
from semantic_models.relied_on import relied_on
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
    joins:
      price: {to: prices, on: code = prices.code, valid: [since, until], at: day}
      again: {to: prices, on: code = prices.code, valid: [since, until]}
  prices:
    table: prices
    key: [code, since]
    where: listed
    dimensions: {code: }
spines:
  month: {table: months, column: m}
calendars:
  work: {table: work, day: day, grains: {stint: stint}}
"""
TABLES = """
create table sales(shop integer, n integer, code varchar, void boolean, day date);
create table prices(code varchar, since date, until date, listed boolean);
create table months(m timestamp);
create table work(day date, stint varchar);
"""
KEY = ('model "sales"', "key (shop, n)")
PRICES = 'model "prices"'
SPANS = "spans (since, until)"
MISSING_CODE = (PRICES, "key (code, since)", "NULL")
OVERLAPPING = {(PRICES, f"{SPANS} of (code)", "next one"): 1}


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


@pytest.mark.parametrize(
    ("stints", "broken"),
    [
        ("aabbc", 0),
        ("aab b", 1),
        ("aba", 1),
        (" a ", 0),
        ("abab", 2),
    ],
)
def test_the_days_of_a_period_follow_one_another(stints: str, broken: int) -> None:
    days = (f"('2024-01-{at:02}', nullif('{each}', ' '))" for at, each in enumerate(stints, 1))
    expected = {('model "work"', "grain stint", "lie apart"): broken} if broken else {}

    assert told(f"insert into work values {', '.join(days)};") == expected


def test_a_spine_has_each_period_once() -> None:
    months = "insert into months values ('2024-01-01'), ('2024-01-15'), ('2024-02-01');"

    assert told(months) == {('spine "month"', "periods (m)", "several"): 1}


@pytest.mark.parametrize(
    ("rows", "broken"),
    [
        ("('a', '2024-01-01', '2024-02-01', true), ('a', '2024-02-01', null, true)", {}),
        ("('a', '2024-01-01', '2024-02-02', true), ('a', '2024-02-01', null, true)", OVERLAPPING),
        ("('a', '2024-01-01', null, true), ('a', '2024-02-01', '2024-03-01', true)", OVERLAPPING),
        ("('a', '2024-01-01', null, true), ('b', '2024-02-01', '2024-03-01', true)", {}),
        ("('a', '2024-01-01', null, true), ('a', '2024-02-01', null, false)", {}),
        ("(null, '2024-01-01', null, true), (null, '2024-02-01', null, true)", {MISSING_CODE: 2}),
        (
            "('a', '2024-01-01', '2024-09-01', true), ('a', '2024-02-01', '2024-03-01', true),"
            "('a', '2024-04-01', '2024-05-01', true)",
            OVERLAPPING,
        ),
        (
            "('a', '2024-02-01', '2024-02-01', true), ('a', '2024-01-01', '2024-03-01', true)",
            {(PRICES, SPANS, "before or when"): 1},
        ),
        (
            "('a', '2024-02-01', '2024-01-01', true)",
            {(PRICES, SPANS, "before or when"): 1},
        ),
    ],
)
def test_of_the_versions_of_one_key_one_is_valid_at_a_time(
    rows: str, broken: dict[object, int]
) -> None:
    assert told(f"insert into prices values {rows};") == broken


def test_what_two_joins_promise_alike_is_promised_once() -> None:
    found = [each.called for each in promises(world(MODELS, TABLES).catalog)]

    assert len(found) == len(set(found)) == 11


def test_a_promise_knows_where_it_is_written() -> None:
    places = [each.place for each in promises(world(MODELS, TABLES).catalog)]
    written = [(each.text, each.position().line) for each in places if each is not None]

    assert written == [
        ("shop", 6),
        ("shop", 6),
        ("code", 7),
        ("code", 16),
        ("code", 16),
        ("day", 22),
        ("day", 22),
        ("since", 13),
        ("since", 13),
        ("m", 20),
    ]


def test_rows_that_a_parameter_leaves_out_break_nothing() -> None:
    models = MODELS.replace("where: listed", "where: code <> param.hidden") + (
        "parameters: {hidden: {type: string, default: none}}\n"
    )
    rows = "('a', '2024-01-01', null, true), ('a', '2024-02-01', null, true)"
    made = world(models, f"{TABLES} insert into prices values {rows};")

    def broken(found: Iterable[Promise]) -> list[str]:
        texts = [(each.what, generate(govern(each.plan, ANONYMOUS), DUCKDB).text) for each in found]
        return [what for what, text in texts if made.rows(text) != [(0,)]]

    def relied(hidden: str) -> list[str]:
        asked = {"metrics": ["sold"], "dimensions": ["price.code"], "params": {"hidden": hidden}}
        return broken(relied_on(made.resolve(asked)))

    assert broken(promises(made.catalog)) == [f"{SPANS} of (code)"]
    assert (relied("b"), relied("a")) == ([f"{SPANS} of (code)"], [])


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
        words = ("NULL", "several", "next one", "before or when", "lie apart")
        word = next(word for word in words if word in each.breach)
        if count:
            found[each.name, each.what, word] = count
    return found
