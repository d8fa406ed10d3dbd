"""Whole responses of both doors are the same bytes, whatever there is that may not be seen.

``REQUESTS=10000`` asks more random questions than each change does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random

import pytest

from tests.security.doors import PRINCIPALS, A, B, Hidden, World, doors, looks

pytestmark = pytest.mark.timeout(600)
REQUESTS = int(os.environ.get("REQUESTS", "400"))
FIXED = (
    "SELECT customer.region, revenue FROM orders ORDER BY 1",
    "SELECT customer.email, n FROM orders ORDER BY 1",
    "SELECT * FROM orders ORDER BY order_id",
    "SELECT * FROM customers ORDER BY customer_id",
    "SELECT n FROM orders",
    "SELECT revenue FROM orders WHERE cast(note as integer) > 0",
    '{"metrics": ["average"], "dimensions": ["placed_at"], "order_by": ["placed_at"]}',
    '{"metrics": ["revenue"], "dimensions": ["customer.geo"], "totals": true}',
    '{"saved_query": "by_region"}',
    '{"saved_query": "by_wage"}',
    "SELECT nothing FROM nowhere",
)
METRICS = ("revenue", "n", "orders.n", "n_of_orders", "average")
DIMENSIONS = (
    *("status", "note", "order_id", "placed_at", "placed_at.month"),
    *("customer.region", "customer.name", "customer.email", "customer.customer_id"),
)
FILTERS = (
    *("status = 'held'", "note <> 'SECRET1'", "customer.region = 'jp'", "order_id > 20"),
    *("customer.email like '%1'", "is_paid", "cast(note as integer) > 0", "status is not null"),
)


def naming(hidden: Hidden) -> Iterator[str]:
    """Questions that name what is hidden in one of the worlds, and is not there in the other."""
    yield f"SELECT * FROM {hidden.model}"
    yield f"SELECT {hidden.dimension} FROM customers"
    yield f"SELECT customer.{hidden.dimension}, revenue FROM orders"
    for metric in (hidden.measure, hidden.metric, f"{hidden.model}.n", f"{hidden.measure}s"):
        yield f'{{"metrics": ["{metric}"]}}'
    yield f'{{"metrics": ["revenue"], "where": ["customer.{hidden.dimension} > 0"]}}'
    yield f'{{"metrics": ["revenue"], "order_by": ["{hidden.measure}"]}}'
    yield f'{{"metrics": ["revenue"], "dimensions": ["{hidden.model}.person"]}}'
    yield '{"metrics": ["margin"]}'


def random_questions(seed: int, count: int) -> Iterator[str]:
    """Questions of what may be seen by some, filtered by what may not."""
    random = Random(seed)
    for _ in range(count):
        metrics = random.sample(METRICS, random.choice((1, 1, 2)))
        dimensions = random.sample(DIMENSIONS, random.choice((0, 1, 2)))
        where = [f"({each})" for each in random.sample(FILTERS, random.choice((0, 1, 2)))]
        filtered = f" WHERE {random.choice((' AND ', ' OR ')).join(where)}" if where else ""
        selected = ", ".join((*dimensions, *metrics))
        order = ", ".join(str(each + 1) for each in range(len(dimensions)))
        yield f"SELECT {selected} FROM orders{filtered}" + (f" ORDER BY {order}" if order else "")


def differences(one: World, other: World, name: str, questions: Iterator[str]) -> list[str]:
    """What one principal sees that is not the same in both worlds."""
    with doors(one, name) as first, doors(other, name) as second:
        return [
            f"{told}: {here!r} {there!r}"
            for told, look in looks(questions).items()
            if (here := look(first)) != (there := look(second))
        ]


@pytest.mark.parametrize("name", PRINCIPALS)
def test_nothing_tells_what_may_not_be_seen(one: World, other: World, name: str) -> None:
    place = list(PRINCIPALS).index(name)
    each = REQUESTS // (4 * len(PRINCIPALS))
    questions = (*FIXED, *naming(A), *naming(B), *random_questions(place, each))

    assert differences(one, other, name, iter(questions)) == []


def test_whoever_may_see_it_sees_it(one: World, other: World) -> None:
    """The negative control: the worlds do differ, on both doors and in each kind of look."""
    found = differences(one, other, "admin", iter((*FIXED, *naming(A))))

    starts = {each.split(" ")[0].split("(")[0].rstrip(":") for each in found}
    assert starts >= {"http", "flight", "prepared", "compiled", "flights", "GetTables", "/"}
    assert len(found) > 25


WORDS = (
    *("t_orders", "t_customers", "t_wages", "cust_no", "order_no", "amount_cents", "ssn"),
    *("SECRET", "salar", "margin", "by_region:", "of_region", "costs", "IN (CAST", "__sl_"),
)
"""Hidden names, columns and tables, policies and what stands in them."""


def words_told(world: World, name: str) -> dict[str, set[str]]:
    """Which of those words are told by what, where the question did not have them."""
    with doors(world, name) as made:
        found = {
            told: {word for word in WORDS if word not in told and word.encode() in look(made)}
            for told, look in looks(iter(FIXED)).items()
        }
    return {told: words for told, words in found.items() if words}


@pytest.mark.parametrize("name", ["analyst_eu", "support_us", "officer_eu", "reader_eu"])
def test_no_hidden_name_and_no_physical_one_is_in_any_response(alone: World, name: str) -> None:
    assert words_told(alone, name) == {}


def test_physical_names_are_told_with_the_scope(alone: World) -> None:
    """The negative control: the same looks tell them to whoever may read SQL."""
    found = words_told(alone, "reads_sql")

    assert {"t_orders", "cust_no", "of_region", "IN (CAST"} <= set().union(*found.values())
    assert "/api/v1/catalog" in found
    assert not {"salar", "SECRET", "margin"} & set().union(*found.values())
