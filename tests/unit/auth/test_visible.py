"""Names that go with what is hidden, and those that stay."""

from __future__ import annotations

import pytest

from auth.policy import On
from auth.rights import Names, RelationRights, Rights
from auth.visible import visible
from semantic_models.catalog import Catalog
from semantic_models.errors import NameCollision, UnknownName
from tests.support.models import world

MODELS = """
version: 1
models:
  orders:
    table: orders
    key: order_id
    dimensions:
      status:
      by_status: {hierarchy: [status, customer.name]}
      by_region: {hierarchy: [customer.region, status]}
    measures: {total: sum(amount), n: count(*)}
    joins: {customer: customers}
  customers:
    table: customers
    key: customer_id
    dimensions: {name: , region: }
    measures: {n: count(*)}
"""
TABLES = """
create table customers as from (values (1, 'Ann', 'eu')) t(customer_id, name, region);
create table orders as from (values (1, 1, 'paid', 2)) t(order_id, customer_id, status, amount);
"""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return world(MODELS, TABLES).catalog


def hiding(model: str, *names: str) -> Rights:
    return Rights(relations={On(model=model): RelationRights(hidden=frozenset(names))})


@pytest.mark.parametrize(
    ("rights", "hierarchies"),
    [
        (Rights(), {"by_status", "by_region"}),
        (hiding("customers", "region"), {"by_status"}),
        (hiding("customers", "name"), {"by_region"}),
        (hiding("orders", "customer"), set()),
        (Rights(names=Names(models=frozenset({"orders"}))), set()),
    ],
)
def test_a_hierarchy_goes_with_any_of_its_levels(
    catalog: Catalog, rights: Rights, hierarchies: set[str]
) -> None:
    assert set(visible(catalog, rights).models["orders"].hierarchies) == hierarchies


def test_a_bare_name_is_of_the_only_model_whose_measure_may_be_named(catalog: Catalog) -> None:
    seen = visible(catalog, hiding("customers", "n"))

    assert seen.metric("n") is catalog.metric("orders.n")
    assert seen.shared_names == {}


def test_a_bare_name_of_several_is_refused_with_those_that_may_be_named(catalog: Catalog) -> None:
    with pytest.raises(NameCollision) as refusal:
        visible(catalog, hiding("customers", "region")).metric("n")

    assert refusal.value.hint == 'Write "orders.n" or "customers.n".'


def test_a_bare_name_of_none_is_not_there(catalog: Catalog) -> None:
    hidden = Rights(
        relations={
            On(model=each): RelationRights(hidden=frozenset({"n"}))
            for each in ("orders", "customers")
        }
    )

    with pytest.raises(UnknownName):
        visible(catalog, hidden).metric("n")


def test_a_measure_that_is_granted_in_full_has_its_short_name_too(catalog: Catalog) -> None:
    granted = [
        {each for each in visible(catalog, rights).metrics if "total" in each}
        for name in ("total", "orders.total")
        for rights in [Rights(names=Names(metrics=frozenset({name}), is_metrics_only=True))]
    ]

    assert granted == [{"total"}, {"total", "orders.total"}]


@pytest.mark.parametrize("granted", ["total", "orders.total"])
def test_no_grant_of_a_metric_undoes_a_hide(catalog: Catalog, granted: str) -> None:
    names = Names(metrics=frozenset({granted}), is_metrics_only=True)
    rights = Rights(names=names, relations=hiding("orders", "total").relations)

    assert not {"total", "orders.total"} & set(visible(catalog, rights).metrics)
