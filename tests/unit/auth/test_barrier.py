"""Where a barrier stands, and which predicates stand below it beside the policies."""

from __future__ import annotations

from typing import Any

import pytest

from auth.principal import Principal
from tests.support.models import Row, World, world
from tests.support.policies import MODELS, TABLES, governed, the_world

OPEN = "  all: {grant: {models: all}}\n"
EU = OPEN + "  eu: {on: {table: orders}, rows: note in (principal.regions)}\n"
MASKED = EU + "  m: {on: {table: orders}, mask: {status: \"'x'\"}}\n"
NAMED = OPEN + "  n: {on: {table: customers}, rows: name <> 'Bob'}\n"
BARRIER = "OFFSET 0"
MAY_FAIL = "cast(note as integer) is not null or order_id > 0"
BELOW = '"__sl_t"."status" = \'paid\''


@pytest.fixture(scope="module")
def made() -> World:
    return the_world()


def seen(made: World, text: str) -> World:
    found, faults = governed(text, made)
    assert faults == []
    return made.seen_by(Principal("ann", attributes=(("regions", ("a", "c", "e")),)), found)


def asked(*where: str, **more: Any) -> dict[str, Any]:
    return {"metrics": ["revenue"], "where": list(where), **more}


def parts(text: str) -> tuple[str, str]:
    """What stands in the governed relation up to its barrier, and what stands above."""
    below, above = text.split(BARRIER, 1)
    return below, above


def test_no_barrier_stands_where_nothing_can_fail(made: World) -> None:
    assert BARRIER not in seen(made, EU).compile(asked("status = 'paid'", "order_id > 1")).text


@pytest.mark.parametrize(
    "where",
    ["cast(note as integer) = 1", "order_id * 2 > 1", "abs(order_id) = 1", "1 / order_id > 0"],
)
def test_a_barrier_stands_below_what_may_fail(made: World, where: str) -> None:
    below, above = parts(seen(made, EU).compile(asked(where)).text)

    assert '"__sl_t"."note" IN' in below
    assert "WHERE" in above


@pytest.mark.parametrize(
    "question",
    [
        {"fields": ["number"], "from": "orders", "order_by": ["number"], "limit": 1},
        {"metrics": ["revenue"], "dimensions": ["number"], "limit": 1},
    ],
)
def test_a_barrier_stands_below_what_is_computed_of_rows_that_are_left_out(
    question: dict[str, Any],
) -> None:
    number = "note: , number: {expr: cast(note as integer)}"
    models = MODELS.replace("note: ", number, 1)
    made = world(models, TABLES)
    found, faults = governed(EU, made, models)
    regions = (("regions", ("a", "c", "e")),)
    text = made.seen_by(Principal("ann", attributes=regions), found).compile(question).text

    assert faults == []
    assert BARRIER in text


def test_what_cannot_fail_stands_below_beside_the_policy(made: World) -> None:
    below, above = parts(seen(made, EU).compile(asked("status = 'paid'", MAY_FAIL)).text)

    assert BELOW in below
    assert "status" not in above
    assert "CAST" in above
    assert "CAST" not in below.split("FROM (")[1].split("WHERE")[1].replace("CAST('", "")


def test_a_choice_with_what_may_fail_stays_above_as_a_whole(made: World) -> None:
    where = f"status = 'paid' or {MAY_FAIL}"
    below, above = parts(seen(made, EU).compile(asked(where)).text)

    assert BELOW not in below
    assert "'paid'" in above


def test_a_masked_column_is_chosen_by_above_as_it_is_shown(made: World) -> None:
    below, above = parts(seen(made, MASKED).compile(asked("status = 'x'", MAY_FAIL)).text)

    assert "\"status\" = 'x'" in above
    assert BELOW not in below


def test_what_is_behind_a_join_stays_above_it(made: World) -> None:
    where = ("customer.name = 'Ann'", "cast(customer.name as integer) is null or order_id > 0")
    below, above = parts(seen(made, NAMED).compile(asked(*where)).text)

    assert "'Ann'" not in below
    assert "'Ann'" in above


@pytest.mark.parametrize("number", range(1, 8))
def test_answers_are_those_without_a_barrier(made: World, number: int) -> None:
    chosen = [
        each
        for bit, each in enumerate(("status = 'paid'", "order_id > 10", "customer.name <> 'Cid'"))
        if number >> bit & 1
    ]
    by = {"dimensions": ["orders.status", "customer.name"]}
    for policies in (EU, MASKED, NAMED):
        world = seen(made, policies)
        plain, barred = asked(*chosen, **by), asked(*chosen, "order_id * 2 > 0", **by)

        assert BARRIER not in world.compile(plain).text
        assert BARRIER in world.compile(barred).text
        assert rows(world, barred) == rows(world, plain)


def rows(world: World, question: dict[str, Any]) -> list[Row]:
    return sorted(world.answer(question).rows, key=str)
