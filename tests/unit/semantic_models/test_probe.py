"""What an engine is asked about: every expression of a project, each place once."""

from __future__ import annotations

from semantic_models.model import Model
from semantic_models.plan import Aggregate
from semantic_models.probe import conditions, members, probe, probe_metrics, unfiltered
from tests.support import shop
from tests.support.models import World, world

MODELS = """\
version: 1
models:
  orders:
    table: orders
    key: order_id
    where: status != 'test'
    dimensions: {status: }
    measures:
      orders: count(*)
      paid: {expr: count(*), where: status = 'paid'}
    segments: {open: status = 'open'}
    joins: {buyer: {to: customers, on: customer_id = customers.customer_id}, same: customers}
  customers:
    table: customers
    key: customer_id
    where: true
    dimensions: {region: }
metrics:
  large: {of: orders, where: buyer.region = 'EU'}
  share: large / paid
"""
TABLES = """
create table orders as select 1 as order_id, 1 as customer_id, 'paid' as status;
create table customers as select 1 as customer_id, 'EU' as region;
"""


def small() -> World:
    return world(MODELS, TABLES, root=shop.ROOT)


def told(world: World, model: str) -> list[tuple[str, str]]:
    """Each condition of a model, with the text that its author wrote."""
    assert world.spec is not None
    (spec,) = (each for each in world.spec.models if each.name.text == model)
    found = conditions(world.catalog, spec).values()
    return [(each.name, each.expr.origin.text if each.expr.origin else "") for each in found]


def test_every_predicate_is_asked_about_where_it_was_written() -> None:
    asked = small()

    assert told(asked, "orders") == [
        ("where", "status != 'test'"),
        ("open", "status = 'open'"),
        ("paid.where", "status = 'paid'"),
        ("large.where", "buyer.region = 'EU'"),
        ("buyer.on", "customer_id = customers.customer_id"),
        ("same.on", "same"),
    ]
    assert told(asked, "customers") == [("where", "true")]


def test_the_where_of_a_model_is_in_no_plan_but_its_own() -> None:
    catalog = small().catalog

    bare = unfiltered(catalog)

    assert [each.where for each in bare.models.values()] == [None, None]
    assert {name: _members(each) for name, each in bare.models.items()} == {
        name: _members(each) for name, each in catalog.models.items()
    }


def _members(model: Model) -> list[str]:
    return list(members(model))


def test_members_and_predicates_stand_in_one_plan() -> None:
    asked = small()
    assert asked.spec is not None
    model = asked.catalog.models["orders"]
    predicates = conditions(asked.catalog, asked.spec.models[0])

    plan = probe(asked.catalog, model, {**members(model), **predicates})

    assert isinstance(plan.root, Aggregate)
    assert [each.name for each in plan.columns] == [
        "status",
        *predicates,
        "measure:orders",
        "measure:paid",
    ]


def test_metrics_are_asked_about_in_one_question() -> None:
    plan = probe_metrics(small().catalog, ["share", "orders.paid"])

    assert [each.name for each in plan.columns] == ["share", "orders__paid"]
