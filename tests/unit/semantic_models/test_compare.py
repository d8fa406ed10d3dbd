"""What definitions mean is compared, not how they are written; what it reaches is told."""

from __future__ import annotations

import pytest

from semantic_models.build import build
from semantic_models.catalog import Catalog
from semantic_models.compare import Difference, Part, differences
from tests.support import shop
from tests.support.models import parsed

ROOT = """
version: 1
name: shop
engines: {local: {type: duckdb, path: shop.duckdb}}
"""
MODELS = """
version: 1
models:
  orders:
    table: orders
    key: id
    time: day
    dimensions: {day: {type: time}, size: amount, big: size > 10}
    measures:
      revenue: sum(amount)
      big_orders: {expr: count(*), where: big}
      held: {expr: sum(amount), last_by: day, per: [status]}
    joins:
      buyer: {to: people, on: buyer_id = people.id}
      tags: {to: tags, through: tagged}
    segments: {paid: status = 'paid'}
  people: {table: people, key: id, dimensions: {name: }, measures: {people: count(*)}}
  tagged:
    table: tagged
    joins:
      order: {to: orders, on: order_id = orders.id}
      tag: {to: tags, on: tag_id = tags.id}
  tags: {table: tags, key: id, dimensions: {word: }}
metrics:
  each: revenue / people
  twice: 2 * each
  of_ann: {of: revenue, where: buyer.name = 'Ann'}
  paid: {of: revenue, where: paid}
  mean: {avg: revenue, per: size}
  ranked: {rank: revenue}
  spenders: {of: people, where: "metric(mean_of_all, buyer.name) > 1"}
  mean_of_all: {of: revenue, where: buyer.name is not null}
spines:
  day: {table: days, column: d}
"""


FURTHER = (
    MODELS.replace(
        "people: {table: people, key: id,", "people: {table: people, key: id, unique: [[a, b]],"
    )
    + """
saved_queries:
  weekly:
    metrics: [revenue, people]
    dimensions: [buyer.name]
    time: {last: 12 weeks}
    top: {by: revenue, n: 3}
tests:
  known: {query: {metrics: [twice]}, expect: [[1.5]]}
"""
).replace(
    "spines:",
    """  before: {of: revenue, offset: 1 day}
  so_far: {of: revenue, to_date: month}
  share: {expr: revenue / all, with: {all: {of: revenue, grain: {keep_only: []}}}}
  bought: {funnel: {base: big_orders, converted: revenue}, by: buyer_id, within: 1 day}
spines:""",
)


def catalog(models: str, root: str = ROOT) -> Catalog:
    built, faults = build(parsed(models, root=root))
    assert built is not None, [each.message for each in faults]
    return built


def told(old: str, new: str) -> list[str]:
    """What differs where one text of the models is replaced by another."""
    return told_of(MODELS, old, new)


def told_of(models: str, old: str, new: str) -> list[str]:
    """The same of other models, with their tests."""
    assert models.count(old) == 1
    changed = models.replace(old, new)
    tests = (parsed(models, root=ROOT).tests, parsed(changed, root=ROOT).tests)
    return [line(each) for each in differences(catalog(models), catalog(changed), tests)]


def line(each: Difference) -> str:
    parts = "".join(f"; {part.name}: {part.old} -> {part.new}" for part in each.parts)
    causes = f" by {', '.join(each.causes)}" if each.causes else ""
    return f"{each.how} {each.kind} {each.name}{parts}{causes}"


def test_a_project_does_not_differ_from_itself() -> None:
    assert differences(catalog(shop.MODELS, shop.ROOT), catalog(shop.MODELS, shop.ROOT)) == ()


def test_layout_is_no_difference() -> None:
    moved = MODELS.replace("\nmodels:", "\n\n# orders and people\nmodels:")
    spaced = moved.replace("2 * each", "2  *  each").replace("sum(amount)", "SUM( amount )")

    assert differences(catalog(MODELS), catalog(spaced)) == ()


def test_a_changed_measure_is_told_with_all_that_is_made_of_it() -> None:
    by = "by measure orders.revenue"

    assert told("revenue: sum(amount)", "revenue: sum(amount) * 2") == [
        "changed measure orders.revenue; expr: SUM(amount) -> SUM(amount) * 2",
        f"affected metric each {by}",
        f"affected metric twice {by}",
        f"affected metric of_ann {by}",
        f"affected metric paid {by}",
        f"affected metric mean {by}",
        f"affected metric ranked {by}",
        "affected metric spenders by metric mean_of_all",
        f"affected metric mean_of_all {by}",
    ]


def test_a_changed_dimension_is_told_with_those_that_read_it() -> None:
    assert told("size: amount", "size: amount + tax") == [
        "changed dimension orders.size; expr: amount -> amount + tax",
        "changed dimension orders.big; expr: amount > 10 -> (amount + tax) > 10",
        "changed measure orders.big_orders; where: amount > 10 -> (amount + tax) > 10",
        "affected metric mean by dimension orders.size",
    ]


def test_a_changed_segment_is_told_with_the_metrics_that_name_it() -> None:
    found = told("status = 'paid'", "status = 'sent'")

    assert found == [
        "changed segment orders.paid; expr: status = 'paid' -> status = 'sent'",
        "changed metric paid; where: status = 'paid' -> status = 'sent'",
    ]


def test_rows_that_are_left_out_reach_whoever_joins_them() -> None:
    found = told("people: {table: people,", "people: {table: people, where: name > '',")

    assert found == [
        "changed model people; where:  -> name > ''",
        "affected measure people.people by model people",
        "affected metric each by measure people.people, model people",
        "affected metric twice by measure people.people, model people",
        "affected metric of_ann by model people",
        "affected metric spenders by measure people.people, metric mean_of_all, model people",
        "affected metric mean_of_all by model people",
    ]


def test_a_changed_join_reaches_those_that_walk_it() -> None:
    assert told("buyer_id = people.id", "seller_id = people.id") == [
        "changed join orders.buyer; on: buyer_id = people.id -> seller_id = people.id",
        "affected metric of_ann by join orders.buyer",
        "affected metric spenders by metric mean_of_all",
        "affected metric mean_of_all by join orders.buyer",
    ]


def test_a_formula_is_told_as_it_is_computed() -> None:
    formula = "orders.revenue / people.people"

    assert told("twice: 2 * each", "twice: 3 * each") == [
        f"changed metric twice; formula: 2 * ({formula}) -> 3 * ({formula})"
    ]


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        (
            "last_by: day",
            "first_by: day",
            "changed measure orders.held; last_by: day -> ; first_by:  -> day",
        ),
        (
            "table: days, column: d",
            "table: dates, column: d",
            "changed spine day; table: days -> dates",
        ),
        (
            "{rank: revenue}",
            "{rank: revenue, order: asc}",
            "changed metric ranked; order: desc -> asc",
        ),
        (
            "{table: tags, key: id,",
            "{sql: select * from tags, key: id,",
            "changed model tags; table: tags -> ; sql:  -> SELECT * FROM tags",
        ),
        (
            "type: time}, size",
            "type: time, grain: hour}, size",
            "changed dimension orders.day; grain: day -> hour",
        ),
        ("  twice: 2 * each\n", "", "removed metric twice"),
        ("  twice: 2 * each\n", "  twice: 2 * each\n  thrice: 3 * each\n", "added metric thrice"),
        (
            "name: }, meas",
            "name: {description: Who}}, meas",
            "described dimension people.name; description:  -> Who",
        ),
        (
            "    segments: {paid",
            "    segments: {sent: status = 's', paid",
            "added segment orders.sent",
        ),
    ],
)
def test_each_kind_of_definition_is_compared(old: str, new: str, first: str) -> None:
    assert told(old, new)[0] == first


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        (
            "unique: [[a, b]]",
            "unique: [[a], [b, c]]",
            "changed model people; unique: [a, b] -> [a], [b, c]",
        ),
        ("per: [status]", "per: [kind]", "changed measure orders.held; per: status -> kind"),
        ("offset: 1 day", "offset: 2 days", "changed metric before; offset: 1 day -> 2 days"),
        (
            "to_date: month",
            "trailing: 3 days, regrain: last",
            "changed metric so_far; to_date: month -> ; regrain: first -> last; "
            "trailing:  -> 3 days",
        ),
        ("avg: revenue", "sum: revenue", "changed metric mean; agg: avg -> sum"),
        (
            "keep_only: []",
            "keep_only: [size]",
            "changed metric share; grain.keep_only of all: [] -> [size]",
        ),
        (
            "within: 1 day",
            "within: 2 days",
            "changed metric bought; within of orders.revenue: 1 day -> 2 days",
        ),
        (
            "last: 12 weeks",
            "from: '2024'",
            "changed saved query weekly; time.from:  -> 2024; time.last: 12 weeks -> ",
        ),
        (
            "{by: revenue, n: 3}",
            "{by: people, n: 3, other: true}",
            "changed saved query weekly; top: 3 by revenue -> 3 by people and others",
        ),
        ("[[1.5]]", "[[2.5], [null]]", "changed test known; expect: [[1.5]] -> [[2.5], [null]]"),
        (
            "{metrics: [twice]}",
            "{metrics: [twice], limit: 1}",
            "changed test known; limit:  -> 1",
        ),
    ],
)
def test_each_changed_key_is_told_with_what_it_was(old: str, new: str, first: str) -> None:
    assert told_of(FURTHER, old, new)[0] == first


def test_words_alone_reach_nothing() -> None:
    found = told("revenue: sum(amount)", "revenue: {expr: sum(amount), unit: EUR, tags: [a, b]}")

    assert found == ["described measure orders.revenue; unit:  -> EUR; tags:  -> a, b"]
    assert [each.is_of_values for each in differences(catalog(MODELS), catalog(MODELS))] == []


def test_a_default_reaches_what_names_its_parameter() -> None:
    above = MODELS.replace(
        "{expr: count(*), where: big}", "{expr: count(*), where: size > param.n}"
    )
    numbered = f"{above}parameters: {{n: {{type: integer, default: 5}}}}\n"
    changed = numbered.replace("default: 5", "default: 6")

    assert [line(each) for each in differences(catalog(numbered), catalog(changed))] == [
        "changed parameter n; default: 5 -> 6",
        "affected measure orders.big_orders by parameter n",
    ]


def test_the_time_zone_is_of_the_whole_project() -> None:
    zoned = catalog(MODELS, f"{ROOT}time_zone: Europe/Berlin\n")

    assert differences(catalog(MODELS), zoned) == (
        Difference("project", "shop", "changed", (Part("time_zone", "UTC", "Europe/Berlin"),)),
    )


def test_the_shop_with_one_measure_changed_reaches_funnels_and_scopes() -> None:
    changed = shop.MODELS.replace("revenue: sum(amount)\n", "revenue: sum(amount + 1)\n")
    found = differences(catalog(shop.MODELS, shop.ROOT), catalog(changed, shop.ROOT))

    affected = {each.name for each in found if each.how == "affected"}
    assert {"sold_after_visit", "mean_per_customer", "big_spenders", "spined_revenue"} <= affected
    assert {each.name for each in found if each.how == "changed"} == {"orders.revenue"}
    assert all(
        "measure orders.revenue" in each.causes or each.how == "changed"
        for each in found
        if each.name != "big_spenders"
    )


def test_a_saved_query_is_compared_by_what_it_asks() -> None:
    saved = "saved_queries: {all: {metrics: [revenue], where: ['size > 1'], order_by: [-revenue]}}"
    old = catalog(f"{MODELS}{saved}")
    narrower = catalog(f"{MODELS}{saved.replace('size > 1', 'size > 2')}")

    assert differences(old, old) == ()
    assert differences(old, narrower) == (
        Difference("saved query", "all", "changed", (Part("where", "size > 1", "size > 2"),)),
    )
    assert differences(catalog(MODELS), old) == (Difference("saved query", "all", "added"),)
