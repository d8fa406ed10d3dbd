"""What an answer relies on: keys of homes that are counted once by them, and of what is joined."""

from __future__ import annotations

import pytest

from semantic_models.promises import ENDED, promises
from semantic_models.relied_on import relied_on
from tests.support.models import Question, the_shop

CUSTOMERS = ('model "customers"', "key (customer_id)")
REGIONS = ('model "regions"', "key (region_id)")
ORDERS = ('model "orders"', "key (order_id)")


@pytest.mark.parametrize(
    ("question", "relied"),
    [
        ({"metrics": ["revenue"]}, set()),
        ({"metrics": ["revenue"], "dimensions": ["status"]}, set()),
        ({"metrics": ["revenue"], "dimensions": ["customer.name"]}, {CUSTOMERS}),
        ({"metrics": ["revenue"], "where": ["customer.name = 'Ann'"]}, {CUSTOMERS}),
        ({"fields": ["order_id", "customer.name"], "from": "orders"}, {CUSTOMERS}),
        ({"dimensions": ["orders.status", "customers.region.name"]}, {CUSTOMERS, REGIONS}),
        ({"metrics": ["revenue"], "dimensions": ["items.line"]}, {ORDERS}),
        ({"metrics": ["revenue"], "where": ["items.line = 1"]}, set()),
        (
            {"metrics": ["revenue"], "where": ["items.product.name = 'Anvil'"]},
            {('model "products"', "key (product_id)")},
        ),
        (
            {"metrics": ["revenue"], "dimensions": ["labels.caption"]},
            {ORDERS, ('model "labels"', "key (label_id)")},
        ),
        ({"metrics": ["mean_per_region"]}, {CUSTOMERS, REGIONS}),
        (
            {"metrics": ["revenue_last_stint"], "dimensions": ["metric_time.day"]},
            {('model "rota"', "key (on_day)"), ('model "rota"', "grain stint")},
        ),
    ],
)
def test_an_answer_relies_on_the_keys_that_its_plan_joins_and_counts_by(
    question: Question, relied: set[object]
) -> None:
    found = relied_on(the_shop().resolve(question))

    assert {(each.name, each.what) for each in found} == relied
    assert len({each.called for each in found}) == len(found)


def test_every_promise_that_is_relied_on_is_one_of_the_catalog() -> None:
    shop = the_shop()
    known = {each.called for each in promises(shop.catalog)}
    asked: list[Question] = [
        {"metrics": ["revenue"], "dimensions": ["customer.name", "plan.tier"]},
        {"metrics": ["revenue"], "dimensions": ["labels.caption", "created_at.season"]},
        {"metrics": ["ticket_rate"]},
        {"metrics": ["big_spenders"]},
    ]
    relied = [each for question in asked for each in relied_on(shop.resolve(question))]

    assert relied
    assert {each.called for each in relied} <= known


def test_an_empty_span_breaks_what_is_declared_but_no_answer() -> None:
    shop = the_shop()
    joined = {"metrics": ["revenue"], "dimensions": ["plan.tier"]}

    relied = {each.breach for each in relied_on(shop.resolve(joined))}

    assert ENDED in {each.breach for each in promises(shop.catalog)}
    assert ENDED not in relied
