"""Every scan of a plan shows what its policies leave of it."""

from __future__ import annotations

from typing import Any

import pytest

from auth.principal import Attribute, Principal
from auth.rights import EVERYTHING
from semantic_models.errors import ForebayError
from tests.support.models import Row, World
from tests.support.policies import governed, the_world

OPEN = "  all: {grant: {models: all}}\n"
BY_STATUS = {"metrics": ["revenue"], "dimensions": ["orders.status"]}
BY_NAME = {"metrics": ["revenue"], "dimensions": ["customer.name"]}
PAID = "  p: {on: {table: orders}, rows: status = 'paid'}\n"


@pytest.fixture(scope="module")
def made() -> World:
    return the_world()


def seen(made: World, text: str, **attributes: Attribute) -> World:
    found, faults = governed(OPEN + text, made)
    assert faults == []
    return made.seen_by(Principal("ann", attributes=tuple(attributes.items())), found)


def rows(world: World, question: dict[str, Any]) -> list[Row]:
    return sorted(world.answer(question).rows, key=str)


def orders(world: World, *where: str) -> set[int]:
    question = {"fields": ["order_id"], "from": "orders", "where": list(where)}
    return {row[0] for row in world.answer(question).rows}


def test_who_has_no_policies_sees_all(made: World) -> None:
    assert made.rights is EVERYTHING
    assert len(orders(made)) == 8
    assert len(orders(seen(made, ""))) == 8


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        (PAID, {10, 30, 50, 80}),
        (PAID + "  q: {on: orders, rows: order_id > 30}\n", {50, 80}),
        ("  q: {on: orders, rows: order_id > 30}\n" + PAID, {50, 80}),
        ("  q: {on: orders, rows: order_id > 30}\n", {40, 50, 60, 70, 80}),
        ("  q: {on: {table: orders}, rows: order_id > 9}\n" + PAID, {10, 30, 50, 80}),
        (
            "  a: {on: orders, rows: order_id = 10, any_of: x}\n"
            "  b: {on: orders, rows: order_id = 20, any_of: x}\n"
            "  c: {on: orders, rows: order_id = 70, any_of: x}\n",
            {10, 20, 70},
        ),
        ("  a: {on: orders, rows: status = 'paid', for: [boss]}\n", set()),
        ("  a: {on: orders, rows: status = principal.region}\n", set()),
        ("  a: {on: orders, rows: customer.region.title = 'EU'}\n", {10}),
    ],
)
def test_rows_are_those_that_every_policy_leaves(
    policies: str, expected: set[int], made: World
) -> None:
    assert orders(seen(made, policies)) == expected


def test_an_attribute_is_the_value_that_the_principal_has(made: World) -> None:
    policy = "  a: {on: orders, rows: status = principal.region}\n"

    assert orders(seen(made, policy, region="open")) == {20, 40, 60}


def test_a_row_behind_a_join_is_not_there_and_the_fact_is(made: World) -> None:
    world = seen(made, "  n: {on: customers, rows: name <> 'Ann'}\n")

    found: dict[Any, Any] = dict(rows(world, BY_NAME))
    assert "Ann" not in found
    assert sum(found.values()) == sum(dict(rows(made, BY_NAME)).values())


def test_every_branch_reads_what_is_seen(made: World) -> None:
    world = seen(made, "  n: {on: customers, rows: name = 'Bob'}\n")
    question = {"metrics": ["revenue"], "where": ["customer.name is not null"]}

    assert [float(row[0]) for row in rows(world, question)] == [2.5]


@pytest.mark.parametrize("always", ["name is not null", "length(name) * 2 > 0"])
def test_rows_exist_where_they_are_seen(made: World, always: str) -> None:
    world = seen(made, PAID)
    question = {
        "dimensions": ["customers.name"],
        "from": "customers",
        "where": ["orders.status is not null", always],
    }

    assert rows(world, question) == [("Ann",), ("Cid",), ("Eve",)]


def test_what_chooses_behind_a_join_to_many_stands_beside_its_policy(made: World) -> None:
    world = seen(made, PAID)
    question = {
        "dimensions": ["customers.name"],
        "from": "customers",
        "where": ["orders.note <> 'a'", "orders.order_id * 2 > 0"],
    }

    assert "OFFSET 0" in world.compile(question).text
    assert rows(world, question) == [("Cid",), ("Eve",)]


def test_a_mask_is_what_is_grouped_filtered_and_shown(made: World) -> None:
    world = seen(made, "  m: {on: orders, mask: {status: \"'x'\"}}\n")

    assert [row[0] for row in rows(world, BY_STATUS)] == ["x"]
    assert orders(world, "status = 'paid'") == set()
    assert len(orders(world, "status = 'x'")) == 8


def test_a_mask_says_what_its_author_wrote(made: World) -> None:
    world = seen(made, "  m: {on: customers, mask: {name: 'left(name, 1)'}}\n")

    assert {row[0] for row in rows(world, BY_NAME)} == {*"ABCDEZ", None}


def test_the_where_of_a_model_reads_the_mask_as_all_that_its_author_writes(made: World) -> None:
    masked = seen(made, "  p: {on: customers, mask: {name: 'left(name, 1)'}}\n")
    names = {"dimensions": ["customers.name"]}

    assert ("Zoe",) not in rows(made, names)
    assert ("Z",) in rows(masked, names)


def test_rows_are_paired_by_keys_as_they_are(made: World) -> None:
    world = seen(made, '  m: {on: customers, mask: {customer_id: "0"}}\n')

    assert rows(world, BY_NAME) == rows(made, BY_NAME)


def test_what_policies_read_is_told(made: World) -> None:
    world = seen(made, "  a: {on: orders, rows: customer.region.title = 'EU'}\n")

    assert set(world.compile(BY_STATUS).relations) == {"orders", "customers", "regions"}


@pytest.mark.parametrize(
    ("policies", "question"),
    [
        ("  h: {on: orders, hide: [status]}\n", BY_STATUS),
        ("  h: {on: {table: orders}, hide: [status]}\n", BY_STATUS),
        ("  h: {on: orders, hide: [revenue]}\n", BY_STATUS),
        ("  h: {on: orders, hide: [customer]}\n", BY_NAME),
    ],
)
def test_a_hidden_name_is_one_that_is_not_there(
    policies: str, question: dict[str, Any], made: World
) -> None:
    assert made.answer(question).rows
    told = seen(made, policies).refusal(question)

    assert told.code == "E_NAME_NOT_FOUND"


def granted(made: World, grant: str) -> World:
    found, faults = governed(f"  g: {{grant: {grant}}}\n", made)
    assert faults == []
    return made.seen_by(Principal("ann"), found)


@pytest.mark.parametrize(
    ("grant", "question", "is_seen"),
    [
        ("{models: [orders]}", BY_STATUS, True),
        ("{models: [orders]}", BY_NAME, False),
        ("{models: [orders, customers]}", BY_NAME, True),
        ("{models: [customers]}", BY_STATUS, False),
        ("{models: [orders]}", {"metrics": ["twice"]}, True),
        ("{models: [customers]}", {"metrics": ["twice"]}, False),
        ("{metrics: [twice], members: [orders.status]}", {"metrics": ["twice"]}, True),
        ("{metrics: [twice], members: [orders.status]}", {"metrics": ["revenue"]}, False),
        ("{members: [orders.status]}", {"fields": ["status"], "from": "orders"}, True),
        ("{members: [orders.status]}", {"fields": ["note"], "from": "orders"}, False),
        ("{members: [orders.status]}", {"metrics": ["revenue"]}, False),
    ],
)
def test_names_are_those_of_the_grants(
    grant: str, question: dict[str, Any], *, is_seen: bool, made: World
) -> None:
    world = granted(made, grant)
    try:
        world.compile(question)
    except ForebayError:
        assert not is_seen
    else:
        assert is_seen
