"""Policies in YAML over models and rows in memory."""

from __future__ import annotations

from auth.build_policies import build_policies
from auth.policy import Policy, PolicySet
from auth.principal import Principal
from semantic_models.errors import ForebayError
from semantic_models.faults import Faults
from semantic_models.parse_spec import read_project
from tests.support import shop
from tests.support.models import World, world

ROOT = shop.ROOT + (
    "attributes:\n"
    "  region: string\n"
    "  regions: {type: string, list: true}\n"
    "  level: integer\n"
    "  rate: number\n"
    "  active: boolean\n"
    "  since: date\n"
    "  at: timestamp\n"
)
MODELS = """
version: 1
models:
  orders:
    table: orders
    key: order_id
    dimensions: {order_id: , status: , note: }
    measures: {revenue: sum(amount)}
    segments: {is_paid: status = 'paid'}
    joins: {customer: customers}
  old_orders: {table: main.orders, key: order_id, dimensions: {status: }}
  customers:
    table: customers
    key: customer_id
    where: name <> 'Zoe'
    dimensions: {name: , region: region.title}
    joins: {region: regions, orders: {to: orders, on: customer_id = orders.customer_id}}
  regions: {table: regions, key: region_id, dimensions: {title: }}
metrics: {twice: revenue * 2}
"""
TABLES = """
create table regions as from (values (1, 'EU'), (2, 'US'), (3, null)) t(region_id, title);
create table customers as from (values
  (1, 'Ann', 1), (2, 'Bob', 2), (3, 'Cid', 3), (4, 'Dee', null), (5, 'Eve', 9), (6, 'Zoe', 1)
) t(customer_id, name, region_id);
create table orders as select order_id, customer_id, status, amount, note, created_on from (values
  (10, 1, 'paid', 1.50, 'a', date '2024-01-01'), (20, 2, 'open', 2.50, 'b', date '2024-01-02'),
  (30, 3, 'paid', 3.50, 'c', date '2024-01-03'), (40, 4, 'open', 4.50, null, date '2024-01-04'),
  (50, 5, 'paid', 5.50, 'e', date '2024-01-05'), (60, 7, 'open', 6.50, 'f', date '2024-01-06'),
  (70, null, null, 7.50, 'g', null), (80, 6, 'paid', 8.50, 'h', date '2024-01-08')
) t(order_id, customer_id, status, amount, note, created_on);
"""


def governed(
    text: str, made: World, models: str = MODELS, *, root: str = ROOT
) -> tuple[PolicySet, list[ForebayError]]:
    """The policies of a text over a world, and the faults of those that cannot be applied."""
    files = {
        "forebay.yml": root,
        "models/all.yml": models,
        "policies/all.yml": f"version: 1\npolicies:\n{text}",
    }
    faults = Faults()
    spec = read_project(files, faults)
    policies = build_policies(spec, made.catalog, faults)
    return policies, list(faults.found)


def seen_under(made: World, models: str, *policies: str) -> World:
    """A world as somebody without roles sees it under policies without faults."""
    text = "".join(f"  p{number}: {each}\n" for number, each in enumerate(policies))
    found, faults = governed(text, made, models)
    assert [each.message for each in faults] == []
    return made.seen_by(Principal("ann", frozenset()), found)


def the_world() -> World:
    """The models of this module over their rows."""
    return world(MODELS, TABLES)


def one_policy(text: str, made: World) -> Policy:
    """The only policy of a text without faults."""
    policies, faults = governed(f"  p: {{{text}}}\n", made)
    assert faults == []
    [policy] = policies.policies
    return policy
