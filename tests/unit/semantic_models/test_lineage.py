"""What a metric is made of, down to the columns of tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from semantic_models.errors import UnknownName
from semantic_models.lineage import Part, columns_of, lineage_of
from tests.support.models import the_shop, world

SELECTS = """
version: 1
models:
  calls:
    sql: |
      with long as (select caller, stop - start as lasted from raw.calls)
      select lasted as minutes, u.team, count(*) over () as n
      from long join raw.users u on u.id = long.caller
    dimensions: {team: }
    measures: {minutes: sum(minutes), counted: max(n)}
"""

TABLES = """
create schema raw;
create table raw.calls (caller integer, start integer, stop integer);
create table raw.users (id integer, team varchar);
"""


def test_a_formula_leads_to_its_measures_and_their_columns() -> None:
    assert told("aov") == [
        "metric aov: CAST(orders.revenue AS DOUBLE) / NULLIF(CAST(orders.orders AS DOUBLE), 0)",
        "  measure orders.revenue: SUM(amount)",
        "    column orders.amount",
        "    where NOT is_test",
        "      column orders.is_test",
        "    time orders.created_at",
        "      column orders.created_at",
        "  measure orders.orders: COUNT(*)",
        "    where NOT is_test",
        "      column orders.is_test",
        "    time orders.created_at",
        "      column orders.created_at",
    ]


def test_joins_are_told_with_the_columns_that_they_compare() -> None:
    assert told("ordered_value") == [
        "measure items.ordered_value: SUM(order.amount)",
        "  join order: to orders",
        "    column items.order_id",
        "    column orders.order_id",
        "    where NOT is_test: of orders",
        "      column orders.is_test",
        "    column orders.amount",
    ]


@pytest.mark.parametrize(
    ("metric", "columns"),
    [
        (
            "north_orders",
            "customers.customer_id customers.region_id orders.created_at orders.customer_id "
            "orders.is_test regions.name regions.region_id",
        ),
        ("stock", "stocks.day stocks.held stocks.item"),
        ("odd_sum", "odd table.select"),
        (
            "ticket_rate",
            "tickets.customer_id tickets.opened_at visits.customer_id visits.day",
        ),
        ("share_of_status", "orders.amount orders.created_at orders.is_test"),
    ],
)
def test_columns_are_those_of_tables(metric: str, columns: str) -> None:
    found = columns_of(lineage_of(the_shop().catalog, metric))

    assert " ".join(found) == columns


def test_every_metric_leads_to_columns_or_counts_rows() -> None:
    catalog = the_shop().catalog
    trees = {name: lineage_of(catalog, name) for name in catalog.metrics}

    assert all(kinds(each) <= KINDS for each in trees.values())
    assert {name for name, tree in trees.items() if not columns_of(tree)} == {
        name for name, tree in trees.items() if not tree.parts
    }


KINDS = {"metric", "measure", "where", "time", "join", "select", "column"}


def test_a_select_is_followed_as_far_as_its_text_tells() -> None:
    catalog = world(SELECTS, TABLES).catalog

    assert columns_of(lineage_of(catalog, "minutes")) == ("raw.calls.start", "raw.calls.stop")
    assert lineage_of(catalog, "counted").parts[0].parts == (
        Part("unknown", "n", "the SELECT of calls does not tell"),
    )


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(UnknownName, match='metric "aovv" does not exist'):
        lineage_of(the_shop().catalog, "aovv")


def kinds(part: Part) -> set[str]:
    return {part.kind}.union(*map(kinds, part.parts))


def told(metric: str) -> list[str]:
    """A tree as lines."""
    return list(lines(lineage_of(the_shop().catalog, metric), ""))


def lines(part: Part, indent: str) -> Iterator[str]:
    about = f": {part.text}" if part.text else ""
    yield f"{indent}{part.kind} {part.name}{about}"
    for each in part.parts:
        yield from lines(each, indent + "  ")
