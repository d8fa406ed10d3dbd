"""What a metric is made of, down to the columns of tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from semantic_models.errors import UnknownName
from semantic_models.lineage import Part, columns_of, lineage_of
from tests.support.models import the_shop, world

SEASONS = "orders.amount orders.created_at orders.is_test retail.day retail.season"

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

VERSIONS = """
version: 1
models:
  sales:
    table: sales
    partition: tenant
    time: day
    dimensions: {day: {type: time}, shop: }
    measures:
      sales: count(*)
      gold: {expr: count(*), where: tier.tier = 'gold'}
      late_gold: {expr: count(*), where: tier_then.tier = 'gold'}
    joins:
      tier: {to: tiers, on: shop = tiers.shop, valid: [since, until]}
      tier_then: {to: tiers, on: shop = tiers.shop, valid: [since, until], at: day}
      owner: {to: owners, on: shop = owners.shop}
  tiers: {table: tiers, key: [shop, since], dimensions: {tier: }}
  owners: {table: owners, key: [tenant, shop], partition: tenant, dimensions: {owner: }}
metrics:
  owned: {of: sales, where: owner.owner = 'me'}
  in_stints: {of: sales, where: "metric_time.stint = 'one' and metric(gold, shop) > 1"}
  on_days: {of: sales, where: "metric(sales, metric_time.day) > 5"}
  per_till: {avg: sales, per: till}
calendars: {rota: {table: rota, day: on_day, grains: {stint: stint}}}
"""

VERSION_TABLES = """
create table sales (tenant integer, shop integer, day date, till integer);
create table tiers (shop integer, since date, until date, tier varchar);
create table owners (tenant integer, shop integer, owner varchar);
create table rota (on_day date, stint varchar);
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
        ("spring_revenue", "orders.amount orders.created_at orders.is_test"),
        ("season_to_date", SEASONS),
        ("revenue_last_season", SEASONS),
        (
            "best_status",
            "orders.amount orders.created_at orders.customer_id orders.is_test orders.status",
        ),
    ],
)
def test_columns_are_those_of_tables(metric: str, columns: str) -> None:
    found = columns_of(lineage_of(the_shop().catalog, metric))

    assert " ".join(found) == columns


REVENUE = """\
  measure orders.revenue: SUM(amount)
    column orders.amount
    where NOT is_test
      column orders.is_test
    time orders.created_at
      column orders.created_at"""


@pytest.mark.parametrize(
    ("metric", "text", "beneath"),
    [
        ("always_paid", "orders.revenue", ["where status = 'paid'", "  column orders.status"]),
        (
            "mean_per_customer",
            "CAST(AVG(orders.revenue) AS DOUBLE)",
            ["per customer_id", "  column orders.customer_id"],
        ),
        (
            "rank_in_status",
            "rank of orders.revenue, lowest first",
            ["within status", "  column orders.status"],
        ),
        ("revenue_rank", "rank of orders.revenue, highest first", []),
    ],
)
def test_groups_ranks_and_added_predicates_are_told(
    metric: str, text: str, beneath: list[str]
) -> None:
    assert told(metric) == [
        f"metric {metric}: {text}",
        *REVENUE.splitlines(),
        *(f"  {each}" for each in beneath),
    ]


def test_a_metric_in_a_predicate_is_followed() -> None:
    assert told("big_spenders") == [
        "measure customers.customer_count: COUNT(*)",
        "  where metric(revenue, customer_id) > 60",
        *(f"  {each}" for each in REVENUE.splitlines()),
        "    per customer_id",
        "      column orders.customer_id",
        "    column customers.customer_id",
        "  time customers.signed_up",
        "    column customers.signed_up",
    ]


GOLD = "sales.day sales.shop tiers.shop tiers.since tiers.tier tiers.until"


@pytest.mark.parametrize(
    ("metric", "columns"),
    [
        ("gold", GOLD),
        ("late_gold", GOLD),
        ("in_stints", f"rota.on_day rota.stint {GOLD}"),
        ("on_days", "sales.day"),
        ("per_till", "sales.day sales.till"),
        ("owned", "owners.owner owners.shop owners.tenant sales.day sales.shop sales.tenant"),
    ],
)
def test_what_chooses_versions_partitions_and_days_is_among_the_columns(
    metric: str, columns: str
) -> None:
    catalog = world(VERSIONS, VERSION_TABLES).catalog

    assert " ".join(columns_of(lineage_of(catalog, metric))) == columns


def test_the_time_that_a_join_meets_a_version_at_is_below_the_join() -> None:
    catalog = world(VERSIONS, VERSION_TABLES).catalog
    where = lineage_of(catalog, "gold").parts[0]

    assert list(lines(where, "")) == [
        "where tier.tier = 'gold'",
        "  join tier: to tiers",
        "    column sales.shop",
        "    column tiers.shop",
        "    column tiers.since",
        "    column tiers.until",
        "    column sales.day",
        "    column tiers.tier",
    ]


def test_every_metric_leads_to_columns_or_counts_rows() -> None:
    catalog = the_shop().catalog
    trees = {name: lineage_of(catalog, name) for name in catalog.metrics}

    assert all(kinds(each) <= KINDS for each in trees.values())
    assert {name for name, tree in trees.items() if not columns_of(tree)} == {
        name for name, tree in trees.items() if not tree.parts
    }


KINDS = {
    *("metric", "measure", "where", "per", "within"),
    *("time", "calendar", "join", "select", "column"),
}


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
