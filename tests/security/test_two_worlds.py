"""Whole responses of both doors are the same bytes, whatever there is that may not be seen."""

from __future__ import annotations

import pytest

from tests.security.doors import PRINCIPALS, World, doors, looks
from tests.security.two_shops import A, B
from tests.security.whole_responses import FIXED, differences, naming, random_questions

pytestmark = pytest.mark.timeout(600)
REQUESTS = 400


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


@pytest.mark.parametrize(("name", "wanted"), [("analyst_eu", 7), ("board_eu", 0), ("reader_eu", 1)])
def test_models_without_rows_to_ask_for_are_no_flights(
    alone: World, name: str, wanted: int
) -> None:
    """One that has no dimensions, and all of them for whoever sees groups only."""
    with doors(alone, name) as made:
        found = [each.descriptor.path for each in made.client.list_flights(options=made.options)]

    assert len(found) == wanted
    assert [b"order_labels"] not in found
