"""A proof in words tells all that the proof holds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from semantic_models.explain import explain
from tests.corpus.test_corpus import ANSWERED
from tests.support.cases import Case
from tests.support.models import the_shop

INTERNAL = re.compile(r"\bsl_|\b[iwqok]:\d|\bn:|spine:|top:|metric:|rank:|member:")
"""How plans name what people never wrote."""
STATED = ("shape", "cardinality", "missing", "nulls", "plan", "limit", "offset")
"""What words paraphrase."""


@pytest.mark.parametrize(
    "case", ANSWERED, ids=lambda case: f"{case.path.parent.name}/{case.path.stem}"
)
def test_every_part_of_a_proof_is_told_in_words_of_the_project(case: Case) -> None:
    proof = the_shop().prove(case.question)
    told = "\n".join(explain(proof))

    assert [each for each in texts(proof) if each not in told] == []
    assert INTERNAL.search(told) is None


def texts(part: object) -> Iterator[str]:
    """Every name and expression of a proof, without what is only stated."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key not in STATED and key != "name":
                yield from texts(value)
    elif isinstance(part, list):
        for each in part:
            yield from texts(each)
    elif isinstance(part, str):
        yield part


def test_joins_are_told_with_the_keys_that_make_them_safe() -> None:
    assert told({"metrics": ["orders"], "dimensions": ["customer.name"]}) == [
        "One row for each customer__name.",
        "Times are read in America/New_York.",
        "",
        "From orders",
        "  its rows are told apart by (order_id)",
        "  orders.orders is COUNT(*)",
        "  joins customer to customers on customer_id = customer_id, N:1: a row meets at most one, "
        "for (customer_id) is a key of customers; one that meets none stays, with NULL",
        "  where NOT is_test   (always, of the model)",
        "  plan: aggregate, then join. All groups are reached by one join that meets at most one "
        "row, and every measure can be merged from parts: the rows of one join key are aggregated "
        "before they are joined, and the parts are merged for each group.",
    ]


def test_a_predicate_behind_a_one_to_many_join_repeats_no_row() -> None:
    lines = told({"metrics": ["orders"], "where": ["payments.method = 'card'"]})

    assert (
        "  where a row of payments exists (payments, 1:N on order_id = order_id) that satisfies "
        "payments.method = 'card'; no row is repeated by it" in lines
    )


def test_rows_that_may_be_repeated_are_made_distinct_on_the_home_key() -> None:
    lines = told({"metrics": ["orders"], "dimensions": ["payments.method"]})

    assert [each for each in lines if "1:N" in each or "distinct" in each] == [
        "  joins payments to payments on order_id = order_id, 1:N: a row may meet several, "
        "for (order_id) is a key of orders only",
        "  plan: distinct home keys, then aggregate. The question groups by what a row of orders "
        "has several of. Rows are made distinct on (order_id) and the group before they are "
        "aggregated, so each counts at most once in a group.",
    ]


def test_what_is_computed_above_the_homes_is_told_last() -> None:
    question = {
        "metrics": ["aov", "visits"],
        "dimensions": ["customer.name"],
        "having": ["orders > 1"],
        "order_by": ["-aov"],
        "limit": 3,
        "offset": 2,
    }

    assert told(question)[-5:] == [
        "orders, visits are aggregated on their own and put side by side on equal customer__name; "
        "a NULL meets a NULL. No group of either is lost: what one has no row for is NULL.",
        "aov = (CAST(orders.revenue AS DOUBLE) / NULLIF(CAST(orders.orders AS DOUBLE), 0))",
        "Only groups where orders.orders > 1",
        "Ordered by (CAST(orders.revenue AS DOUBLE) / NULLIF(CAST(orders.orders AS DOUBLE), 0)) "
        "descending",
        "Then at most 3 rows after the first 2",
    ]


def test_a_metric_in_a_predicate_is_told_with_its_groups_and_what_they_are_met_on() -> None:
    lines = told({"metrics": ["orders"], "where": ["metric(revenue, customer_id) > 60"]})

    assert [each for each in lines if "metric(" in each or "customer_id" in each] == [
        "  metric(revenue, customer_id) is of groups of their own, met on "
        "customer_id = customer_id; NULL where there is none:",
        "    One row for each customer_id.",
        "  where metric(revenue, customer_id) > 60",
    ]
    assert "      orders.revenue is SUM(amount)" in lines


def test_the_first_members_are_told_with_what_ranks_them() -> None:
    top = {"by": "revenue", "n": 1, "other": True}
    lines = told({"metrics": ["orders"], "dimensions": ["status"], "top": top})

    assert [each for each in lines if "revenue" in each] == [
        "  place by revenue is of groups of their own, met on status = status; "
        "NULL where there is none:",
        "    the 1 with the highest revenue are the first",
        "      orders.revenue is SUM(amount)",
    ]


def test_a_version_is_joined_by_its_span_too() -> None:
    lines = told({"metrics": ["orders"], "dimensions": ["plan.tier"]})

    assert [each for each in lines if "joins plan" in each] == [
        "  joins plan to plans on customer_id = customer_id "
        "and CAST(plan.since AS TIMESTAMP) <= civil(created_at) and (civil(created_at) < "
        "CAST(plan.until AS TIMESTAMP) OR CAST(plan.until AS TIMESTAMP) IS NULL), N:1: a row "
        "meets at most one, for (customer_id, since) is a key of plans and the spans between "
        "since and until of its versions do not overlap; one that meets none stays, with NULL"
    ]


def test_the_total_of_all_is_told_as_that() -> None:
    lines = told({"metrics": ["orders"], "dimensions": ["status"], "totals": True})

    assert "Beside the groups stands the total of all:" in lines


def told(question: dict[str, object]) -> list[str]:
    """A question's proof in words."""
    return explain(the_shop().prove(question))
