"""Names of a question to members behind join paths."""

from __future__ import annotations

import pytest

from semantic_models.errors import AmbiguousPath
from tests.support import shop, shop_tables
from tests.support.models import the_shop, world

SOLD = "orders_by_seller: {to: orders, on: user_id = orders.seller_id}"
APPROVED = "orders_by_approver: {to: orders, on: user_id = orders.approver_id}"


@pytest.mark.parametrize(
    ("question", "hint"),
    [
        (
            {"metrics": ["orders"], "dimensions": ["users.name"]},
            'Write "seller" or "approver" instead of the model\'s name.',
        ),
        (
            {"metrics": ["user_count"], "dimensions": ["orders.status"]},
            'Declare the way that is meant in model "users" and write its name: '
            f'`{SOLD}` for "orders_by_seller" or `{APPROVED}` for "orders_by_approver".',
        ),
        (
            {"metrics": ["region_count"], "dimensions": ["customers.name"]},
            'Declare the way that is meant in model "regions" and write its name: '
            "`customers_by_region: {to: customers, on: region_id = customers.region_id}` for "
            '"customers_by_region" or `orders_by_region: {to: orders, on: region_id = '
            'orders.ship_region_id}` for "orders_by_region.customer".',
        ),
    ],
)
def test_several_ways_to_a_model_are_told_as_they_are_written(
    question: dict[str, object], hint: str
) -> None:
    error = the_shop().refusal(question)

    assert (type(error), error.hint) == (AmbiguousPath, hint)


def test_a_role_from_its_other_side_is_asked_for_by_the_join_that_the_hint_writes() -> None:
    users = "    measures: {user_count: count(*)}\n"
    models = shop.MODELS.replace(users, f"{users}    joins:\n      {SOLD}\n      {APPROVED}\n")
    sold = (
        world(models, shop_tables.TABLES)
        .answer({"metrics": ["user_count"], "dimensions": ["orders_by_seller.status"]})
        .rows
    )
    truth = the_shop().rows(
        "select status, count(distinct user_id) from users left join (select * from orders "
        "where not is_test) on seller_id = user_id group by 1"
    )

    assert sorted(sold, key=str) == sorted(truth, key=str)


def test_a_declared_way_is_written_beside_one_that_has_no_name_yet() -> None:
    users = "    measures: {user_count: count(*)}\n"
    models = shop.MODELS.replace(users, f"{users}    joins:\n      {SOLD}\n")
    error = world(models, shop_tables.TABLES).refusal(
        {"metrics": ["user_count"], "where": ["orders.status = 'paid'"]}
    )

    assert error.hint == (
        'Write "orders_by_seller" instead of the model\'s name. Declare the way that is meant in '
        f'model "users" and write its name: `{APPROVED}` for "orders_by_approver".'
    )


TWO_SIDES = """
version: 1
models:
  orders:
    table: orders
    key: order_id
    dimensions: {status: }
    measures: {orders: count(*)}
    joins: {buyer: {to: people, on: buyer_id = people.person_id}}
  people:
    table: people
    key: person_id
    dimensions: {name: }
    measures: {people: count(*)}
    joins: {sold: {to: orders, on: person_id = orders.seller_id}}
  lines:
    table: lines
    key: line_id
    measures: {lines: count(*)}
    joins: {order: orders}
"""
TWO_SIDES_TABLES = """
create table orders(order_id int, buyer_id int, seller_id int, status varchar);
insert into orders values (1, 1, 2, 'a');
create table people(person_id int, name varchar);
insert into people values (1, 'Ann'), (2, 'Bob');
create table lines(line_id int, order_id int);
insert into lines values (1, 1);
"""
BY_SOLD = "`people_by_sold: {to: people, on: seller_id = people.person_id}`"


@pytest.mark.parametrize(
    ("metric", "path"), [("orders", ("buyer", "sold")), ("lines", ("order.buyer", "order.sold"))]
)
def test_a_way_that_only_the_other_side_declares_is_as_good_as_any(
    metric: str, path: tuple[str, str]
) -> None:
    two_sides = world(TWO_SIDES, TWO_SIDES_TABLES)
    error = two_sides.refusal({"metrics": [metric], "dimensions": ["people.name"]})
    unnamed = path[1].replace("sold", "people_by_sold")

    assert type(error) is AmbiguousPath
    assert error.hint == (
        f'Write "{path[0]}" instead of the model\'s name. Declare the way that is meant in model '
        f'"orders" and write its name: {BY_SOLD} for "{unnamed}".'
    )
