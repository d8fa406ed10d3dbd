"""Policies on tables hold within the SELECTs of models that read them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlglot import parse_one as read_sql

from auth.principal import Principal
from semantic_models.model import Select
from tests.support.models import World, world
from tests.support.policies import MODELS, TABLES, governed

SELECTS = """
  paid:
    sql: |
      with late as (
        select o.order_id, o.amount, o.note from main.orders as o where o.status = 'paid'
      )
      select late.order_id, late.amount, late.note, orders.customer_id
      from late, orders where orders.order_id = late.order_id
    key: order_id
    dimensions: {order_id: , customer_id: , note: }
    measures: {paid: sum(amount), paid_orders: count(*)}
"""
OPEN = "  all: {grant: {models: all}}\n"
OURS = OPEN + "  ours: {on: {table: orders}, rows: note in (principal.regions)}\n"
MASKED = OPEN + "  notes: {on: {table: orders}, mask: {note: \"'x'\"}}\n"
BY_ORDER = {"metrics": ["paid"], "dimensions": ["paid.order_id"]}


def models_with(select: str) -> str:
    return MODELS.replace("metrics:", select.lstrip("\n") + "metrics:")


@pytest.fixture(scope="module")
def made() -> World:
    return world(models_with(SELECTS), TABLES)


def seen(made: World, policies: str, *regions: str) -> World:
    found, faults = governed(policies, made, models_with(SELECTS))
    assert faults == []
    return made.seen_by(Principal("ann", attributes=(("regions", regions),)), found)


def test_rows_that_may_not_be_seen_are_in_no_select(made: World) -> None:
    everybody = {order for order, _ in seen(made, OPEN).answer(BY_ORDER).rows}
    ours = {order for order, _ in seen(made, OURS, "a", "e", "b").answer(BY_ORDER).rows}

    assert everybody == {10, 30, 50, 80}
    assert ours == {10, 50}
    assert seen(made, OURS).answer(BY_ORDER).rows == []


def test_columns_under_the_whole_name_of_their_table_are_those_that_may_be_seen() -> None:
    select = SELECTS.replace("o.", "main.orders.").replace("main.orders as o", "main.orders")
    models = models_with(select)
    made = world(models, TABLES)
    policies, faults = governed(OURS, made, models)
    regions = (("regions", ("a", "e")),)
    ours = made.seen_by(Principal("ann", attributes=regions), policies).answer(BY_ORDER).rows

    assert faults == []
    assert {order for order, _ in ours} == {10, 50}


def test_nothing_is_computed_of_a_row_that_is_not_seen(made: World) -> None:
    text = seen(made, OURS, "a").compile(BY_ORDER).text

    assert text.count("OFFSET 0") == 2


def test_a_select_shows_the_mask(made: World) -> None:
    question = {"fields": ["note"], "from": "paid"}

    assert set(seen(made, OPEN).answer(question).rows) == {("a",), ("c",), ("e",), ("h",)}
    assert set(seen(made, MASKED).answer(question).rows) == {("x",)}


@pytest.mark.parametrize(
    ("select", "policy", "told"),
    [
        ("with orders as (select 1 as order_id) from orders", OURS, "names a part of its own"),
        ("select order_id from orders tablesample (50 percent)", OURS, "in a way"),
        ("select order_id from query_table('orders')", OURS, "no table by its name"),
        ("select order_id from main.query_table('orders')", OURS, "no table by its name"),
        ("select order_id from query('from orders')", OURS, "no table by its name"),
        ("select order_id from orders where note = 'a'", MASKED, "chooses or pairs"),
        ("select distinct order_id, note from orders", MASKED, "chooses or pairs"),
        ("select distinct * from orders", MASKED, "chooses or pairs"),
        (
            "select order_id from orders join (select 'a' as note) as n using (note)",
            MASKED,
            "pairs",
        ),
        ("select order_id from orders natural join (select 'a' as note) as n", MASKED, "pairs"),
        ("select order_id from orders union select 1 from orders", MASKED, "chooses or pairs"),
        ("select order_id, rank() over (order by note) from orders", MASKED, "chooses or pairs"),
    ],
)
def test_a_select_that_cannot_be_governed_is_refused(select: str, policy: str, told: str) -> None:
    models = models_with(f'  other: {{sql: "{select}", dimensions: {{order_id: }}}}\n')

    _, faults = governed(policy, world(models, TABLES), models)

    assert [told in each.message for each in faults] == [True]


def test_a_select_that_shows_what_is_masked_is_not_refused() -> None:
    shown = "select order_id, upper(note) as loud from orders where status = 'paid'"
    models = models_with(f'  other: {{sql: "{shown}", dimensions: {{loud: }}}}\n')

    _, faults = governed(MASKED, world(models, TABLES), models)

    assert faults == []


@pytest.mark.parametrize(
    ("read", "is_read"),
    [
        ("read_parquet('a.parquet')", False),
        ("'a.parquet'", False),
        ("range(3) as r(order_id)", True),
    ],
)
def test_files_are_read_by_the_names_of_their_tables(read: str, *, is_read: bool) -> None:
    models = models_with('  other: {sql: "select 1 as order_id", dimensions: {order_id: }}\n')
    made = world(models, TABLES)
    select = Select(read_sql(f"select order_id from {read}", read="duckdb"))
    other = replace(made.catalog.models["other"], relation=select)
    made.catalog = replace(made.catalog, models={**made.catalog.models, "other": other})

    _, faults = governed(OURS, made, models)

    assert (faults == []) is is_read
