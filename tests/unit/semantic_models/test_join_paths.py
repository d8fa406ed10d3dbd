"""Cardinalities from keys, and the safe ways between models."""

from __future__ import annotations

import pytest

from semantic_models.join_paths import backward, cardinality, safe_paths
from semantic_models.model import Cardinality, Join

N1, ONE, MANY, NN = (
    Cardinality.MANY_TO_ONE,
    Cardinality.ONE_TO_ONE,
    Cardinality.ONE_TO_MANY,
    Cardinality.MANY_TO_MANY,
)


def join(source: str, name: str, target: str, meets: Cardinality = N1) -> Join:
    return Join(
        name=name,
        source=source,
        target=target,
        columns=(("a", "b"),),
        cardinality=meets,
        key=("b",),
    )


def graph(*joins: Join) -> dict[str, dict[str, Join]]:
    """Joins by source and name, every model with an entry."""
    found: dict[str, dict[str, Join]] = {}
    for each in joins:
        found.setdefault(each.source, {})[each.name] = each
        found.setdefault(each.target, {})
    return found


@pytest.mark.parametrize(
    ("source_is_key", "target_is_key", "meets"),
    [(True, True, ONE), (False, True, N1), (True, False, MANY), (False, False, NN)],
)
def test_the_side_that_holds_a_key_is_the_one_side(
    source_is_key: bool,  # noqa: FBT001 - a table of cases
    target_is_key: bool,  # noqa: FBT001
    meets: Cardinality,
) -> None:
    assert cardinality(source_is_key=source_is_key, target_is_key=target_is_key) is meets


@pytest.mark.parametrize(("meets", "turned"), [(N1, MANY), (MANY, N1), (ONE, ONE), (NN, NN)])
def test_a_join_walked_backwards_has_its_sides_turned(
    meets: Cardinality, turned: Cardinality
) -> None:
    found = backward(join("orders", "customer", "customers", meets))

    assert found == Join(
        name="orders:customer",
        source="customers",
        target="orders",
        columns=(("b", "a"),),
        cardinality=turned,
        key=("b",),
        declared=False,
    )


def test_paths_walk_joins_that_keep_rows_only() -> None:
    joins = graph(
        join("orders", "customer", "customers"),
        join("customers", "profile", "profiles", ONE),
        join("orders", "items", "items", MANY),
        join("items", "product", "products"),
    )

    assert safe_paths(joins, "orders") == {
        "orders": ((),),
        "customers": (("customer",),),
        "profiles": (("customer", "profile"),),
    }


def test_two_roles_are_two_paths() -> None:
    joins = graph(join("orders", "seller", "users"), join("orders", "buyer", "users"))

    assert safe_paths(joins, "orders")["users"] == (("seller",), ("buyer",))


def test_what_lies_behind_two_paths_has_two_paths() -> None:
    joins = graph(
        join("orders", "seller", "users"),
        join("orders", "buyer", "users"),
        join("users", "team", "teams"),
    )

    assert safe_paths(joins, "orders")["teams"] == (("seller", "team"), ("buyer", "team"))


def test_a_third_path_is_not_walked() -> None:
    joins = graph(*(join("orders", role, "users") for role in ("a", "b", "c")))

    assert safe_paths(joins, "orders")["users"] == (("a",), ("b",))


def test_a_circle_is_walked_once() -> None:
    joins = graph(join("a", "to_b", "b", ONE), join("b", "to_a", "a", ONE))

    assert safe_paths(joins, "a") == {"a": ((),), "b": (("to_b",),)}


def test_a_model_that_joins_itself_is_not_visited_twice() -> None:
    joins = graph(join("users", "manager", "users"))

    assert safe_paths(joins, "users") == {"users": ((),)}
