"""A predicate behind joins sees exactly the rows that lead to a row of which it is true."""

from __future__ import annotations

import pytest

from auth.decide import decide
from auth.govern import govern
from auth.policy import Policy, PolicySet
from auth.principal import ANONYMOUS
from dialects.duckdb import DUCKDB
from dialects.generate import generate
from semantic_models.make_plan import make_plan
from semantic_models.model import Table
from tests.support.models import World, world
from tests.support.policies import MODELS, TABLES, governed, one_policy, the_world


@pytest.fixture(scope="module")
def made() -> World:
    return the_world()


def seen(policy: Policy, made: World) -> list[int]:
    """The keys of the orders that a policy lets through."""
    policies = PolicySet(is_governed=True, policies=(policy,), is_open=True)
    plan = make_plan(made.resolve({"from": "orders", "fields": ["order_id"]}))
    asked = generate(govern(plan, ANONYMOUS, decide(policies, ANONYMOUS)), DUCKDB)
    return sorted(each for (each,) in made.rows(asked.text))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("status = 'paid'", [10, 30, 50, 80]),
        ("customer.name = 'Ann'", [10]),
        ("customer.name <> 'Ann'", [20, 30, 40, 50]),
        ("customer.name is null", []),
        ("customer.region.title = 'EU'", [10]),
        ("customer.region.title is null", [30]),
        ("customer.region <> 'EU'", [20]),
        ("status = 'paid' or customer.region.title = 'US'", [10, 20, 30]),
        ("not customer.name = 'Ann'", [20, 30, 40, 50]),
        ("customer.name = note", []),
    ],
)
def test_orphans_null_keys_and_rows_that_are_left_out_are_not_seen(
    rows: str, expected: list[int], made: World
) -> None:
    """Zoe is left out by the model, 7 is nobody, Dee has no region and Eve one that is gone."""
    assert seen(one_policy(f'on: orders, rows: "{rows}"', made), made) == expected


@pytest.mark.parametrize(
    "select",
    [
        "select * from customers",
        "select row.* from customers as row",
        "select customer_id, name, region_id from customers",
        "select c.customer_id, name, c.region_id from customers c",
        "with c as (select * from customers) select customer_id, name, region_id from c",
        "select customer_id, name, customers.region_id from customers "
        "join regions on regions.region_id = customers.region_id or customers.region_id is null",
    ],
)
@pytest.mark.parametrize("rows", ["customer.name = 'Ann'", "customer.region.title = 'EU'"])
def test_a_select_behind_a_join_reads_its_own_columns(rows: str, select: str) -> None:
    models = MODELS.replace("table: customers\n", f"sql: {select}\n")
    made = world(models, TABLES)
    policies, faults = governed(f'  p: {{on: orders, rows: "{rows}"}}\n', made, models)

    assert faults == []
    assert seen(policies.policies[0], made) == [10]


def test_a_join_of_more_than_equal_columns_is_refused() -> None:
    near = "{to: customers, on: customer_id = customers.customer_id and note <> customers.name}"
    models = MODELS.replace("{customer: customers}", f"{{customer: customers, near: {near}}}", 1)
    made = world(models, TABLES)
    _, faults = governed("  p: {on: orders, rows: near.name = 'Ann'}\n", made, models)

    assert [each.message for each in faults] == [
        'join "near" of a policy is more than one of equal columns'
    ]


def test_what_is_read_behind_joins_is_told(made: World) -> None:
    policy = one_policy("on: orders, rows: customer.region.title = 'EU'", made)

    assert policy.rows is not None
    assert policy.rows.sources == (Table(("customers",)), Table(("regions",)))
    assert policy.rows.predicate.paths == ()


def test_a_predicate_of_own_columns_reads_nothing_else(made: World) -> None:
    policy = one_policy("on: orders, rows: status = 'paid'", made)

    assert policy.rows is not None
    assert (policy.rows.sources, "EXISTS" in policy.rows.predicate.tree.sql()) == ((), False)
