"""Policies of one principal composed, by example; the law is in tests/property."""

from __future__ import annotations

import pytest

from auth.decide import decide
from auth.policy import Grant, On, Policy, PolicySet
from auth.principal import Principal
from semantic_models.plan import GroupFloor
from tests.support.models import World
from tests.support.policies import governed, the_world

ANN = Principal("ann", frozenset({"analyst"}))


@pytest.fixture(scope="module")
def made() -> World:
    return the_world()


@pytest.mark.parametrize("least", [(3, 5), (5, 3)])
def test_the_largest_floor_holds(least: tuple[int, int], made: World) -> None:
    first, second = least
    policies, faults = governed(
        f"  a: {{min_group: {first}}}\n  b: {{min_group: {second}}}\n", made
    )

    assert faults == []
    assert decide(policies, ANN).floor == GroupFloor(5)


def test_a_grant_of_metrics_alone_holds_where_all_else_is_open() -> None:
    board = Policy(name="board", grant=Grant(metrics=frozenset({"twice"}), dimensions=frozenset()))
    policies = PolicySet(is_governed=True, policies=(board,), is_open=True)

    names = decide(policies, ANN).names

    assert (names.are_all, names.is_metrics_only, names.metrics) == (
        False,
        True,
        frozenset({"twice"}),
    )


def test_a_column_with_two_masks_is_null(made: World) -> None:
    policies, faults = governed(
        "  a: {on: orders, mask: {status: \"'x'\"}, for: [analyst]}\n"
        "  b: {on: orders, mask: {status: \"'y'\"}, for: [analyst]}\n",
        made,
    )

    assert [each.code for each in faults] == ["SL411"]
    mask = decide(policies, ANN).relations[On(model="orders")].masks["status"]
    assert "NULL" in mask.value.tree.sql()
