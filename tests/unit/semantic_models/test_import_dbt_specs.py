"""One shop in each of dbt's specifications becomes the same files."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from semantic_models.importers.dbt import import_dbt
from semantic_models.importers.dbt_models import columns_of, referred_relation, relation
from semantic_models.importers.imported import Loss

CLASSIC = """
semantic_models:
  - name: orders
    description: One row an order.
    model: ref('fct_orders')
    defaults: {agg_time_dimension: ordered_at}
    entities:
      - {name: order, type: primary, expr: order_id}
      - {name: customer, type: foreign, expr: customer_id}
      - {name: pair, type: foreign, expr: "order_id || customer_id"}
    dimensions:
      - {name: status, type: categorical, description: Where the order is, label: State}
      - {name: ordered_at, type: time, type_params: {time_granularity: hour}}
      - {name: is_big, type: categorical, expr: amount > 100}
      - {name: paid_on, type: time, expr: cast(paid_at as date),
         type_params: {time_granularity: day}}
    measures:
      - {name: revenue, agg: sum, expr: amount, description: Money taken}
      - {name: order_count, agg: count, expr: "1"}
      - {name: p95, agg: percentile, expr: amount,
         agg_params: {percentile: 0.95, use_discrete_percentile: true}}
      - {name: paid, agg: sum, expr: amount, agg_time_dimension: paid_on}
      - {name: balance, agg: sum, expr: balance, non_additive_dimension:
          {name: ordered_at, window_choice: max, window_groupings: [customer]}}
  - name: customers
    model: ref('dim_customers')
    entities: [{name: customer, type: primary, expr: id}]
    dimensions:
      - {name: region, type: categorical}
      - {name: since, type: time, expr: valid_from,
         type_params: {time_granularity: day, validity_params: {is_start: true}}}
      - {name: until, type: time, expr: valid_to,
         type_params: {time_granularity: day, validity_params: {is_end: true}}}
  - name: visits
    model: ref('visits')
    defaults: {agg_time_dimension: ds}
    primary_entity: visit
    entities: [{name: customer, type: foreign, expr: customer_id}]
    dimensions:
      - {name: ds, type: time, is_partition: true, type_params: {time_granularity: day}}
    measures:
      - {name: visit_count, agg: count, expr: "1"}
models:
  - {name: fct_orders, config: {schema: mart, alias: orders}}
  - {name: dim_customers, config: {schema: mart}}
  - name: days
    time_spine:
      standard_granularity_column: date_day
      custom_granularities: [{name: fiscal_year, column_name: fy}]
    columns: [{name: date_day, granularity: day}, {name: fy}]
metrics:
  - {name: revenue, label: Revenue, type: simple, type_params: {measure: revenue}}
  - {name: order_count, label: Orders, type: simple, type_params: {measure: order_count}}
  - {name: p95, label: p95, type: simple, type_params: {measure: p95}}
  - {name: paid, label: paid, type: simple, type_params: {measure: paid}}
  - {name: balance, label: balance, type: simple, type_params: {measure: balance}}
  - {name: visit_count, label: Visits, type: simple, type_params: {measure: visit_count}}
  - name: done_revenue
    label: Done
    type: simple
    type_params: {measure: {name: revenue, fill_nulls_with: 0, join_to_timespine: true}}
    filter: "{{ Dimension('order__status') }} = 'done'"
  - {name: aov, label: aov, type: ratio, type_params:
      {numerator: revenue, denominator: {name: order_count, alias: n,
        filter: "{{ Dimension('customer__region') }} = 'EU'"}}}
  - name: growth
    label: growth
    type: derived
    time_granularity: month
    type_params:
      expr: revenue - before
      metrics: [revenue, {name: revenue, alias: before, offset_window: 1 month}]
  - name: total
    label: total
    type: cumulative
    type_params: {measure: {name: revenue, filter: ["{{ Dimension('order__is_big') }}"]},
      cumulative_type_params: {grain_to_date: month, period_agg: last}}
  - name: visit_to_order
    label: visit_to_order
    type: conversion
    type_params:
      conversion_type_params:
        entity: customer
        calculation: conversion_rate
        base_measure: visit_count
        conversion_measure: {name: order_count,
          filter: ["{{ Dimension('order__status') }} = 'done'"]}
        window: 7 days
        constant_properties: [{base_property: ds, conversion_property: ordered_at}]
"""

LATEST = """
models:
  - name: fct_orders
    description: One row an order.
    config: {schema: mart, alias: orders}
    semantic_model: {name: orders}
    agg_time_dimension: ordered_at
    columns:
      - {name: order_id, entity: {type: primary, name: order}}
      - {name: customer_id, entity: {type: foreign, name: customer}}
      - name: status
        description: Where the order is
        dimension: {type: categorical, label: State}
      - {name: ordered_at, granularity: hour, dimension: time}
      - {name: amount, data_type: double}
    derived_semantics:
      entities: [{name: pair, type: foreign, expr: "order_id || customer_id"}]
      dimensions:
        - {name: is_big, type: categorical, expr: amount > 100}
        - {name: paid_on, type: time, granularity: day, expr: cast(paid_at as date)}
    metrics:
      - {name: revenue, label: Revenue, type: simple, agg: sum, expr: amount,
         description: Money taken}
      - {name: order_count, label: Orders, type: simple, agg: count, expr: 1}
      - {name: p95, type: simple, agg: percentile, expr: amount, percentile: 0.95,
         percentile_type: discrete}
      - {name: paid, type: simple, agg: sum, expr: amount, agg_time_dimension: paid_on}
      - name: balance
        type: simple
        agg: sum
        non_additive_dimension: {name: ordered_at, window_agg: max, group_by: [customer]}
      - name: done_revenue
        label: Done
        type: simple
        agg: sum
        expr: amount
        fill_nulls_with: 0
        join_to_timespine: true
        filter: "{{ Dimension('order__status') }} = 'done'"
      - name: aov
        type: ratio
        numerator: revenue
        denominator: {name: order_count, alias: n,
          filter: "{{ Dimension('customer__region') }} = 'EU'"}
      - name: growth
        type: derived
        time_granularity: month
        expr: revenue - before
        input_metrics: [revenue, {name: revenue, alias: before, offset_window: 1 month}]
      - name: total
        type: cumulative
        input_metric: {name: revenue, filter: "{{ Dimension('order__is_big') }}"}
        grain_to_date: month
        period_agg: last
  - name: dim_customers
    config: {schema: mart}
    semantic_model: {enabled: true, name: customers}
    columns:
      - {name: id, entity: {type: primary, name: customer}}
      - {name: region, dimension: categorical}
      - {name: valid_from, granularity: day,
         dimension: {name: since, type: time, validity_params: {is_start: true}}}
      - {name: valid_to, granularity: day,
         dimension: {name: until, type: time, validity_params: {is_end: true}}}
  - name: visits
    semantic_model: true
    agg_time_dimension: ds
    primary_entity: visit
    columns:
      - {name: customer_id, entity: {type: foreign, name: customer}}
      - {name: ds, granularity: day, dimension: {type: time, is_partition: true}}
    metrics:
      - {name: visit_count, label: Visits, type: simple, agg: count, expr: 1}
  - name: days
    time_spine:
      standard_granularity_column: date_day
      custom_granularities: [{name: fiscal_year, column_name: fy}]
    columns: [{name: date_day, granularity: day}, {name: fy}]
metrics:
  - name: visit_to_order
    type: conversion
    entity: customer
    calculation: conversion_rate
    base_metric: visit_count
    conversion_metric: {name: order_count, filter: "{{ Dimension('order__status') }} = 'done'"}
    window: 7 days
    constant_properties: [{base_property: ds, conversion_property: ordered_at}]
"""

ORDERS = """\
version: 1
models:
  orders:
    table: mart.orders
    description: One row an order.
    key: order_id
    time: ordered_at
    dimensions:
      order: order_id
      customer: customer_id
      pair: "order_id || customer_id"
      status: {description: Where the order is, label: State}
      ordered_at: {type: time, grain: hour}
      is_big: amount > 100
      paid_on: {expr: cast(paid_at as date), type: time}
    measures:
      revenue: {expr: sum(amount), description: Money taken, label: Revenue}
      order_count: {expr: count(1), label: Orders}
      p95: percentile_disc(0.95) within group (order by amount)
      paid: {expr: sum(amount), time: paid_on}
      balance: {expr: sum(balance), last_by: ordered_at, per: [customer]}
    joins:
      customers: {to: customers, on: customer_id = customers.id, valid: [valid_from, valid_to]}
"""

METRICS = """\
version: 1
metrics:
  done_revenue: {of: revenue, where: status = 'done', spine: true, fill_nulls_with: 0, label: Done}
  aov:
    expr: revenue / n
    with:
      n: {of: order_count, where: customers.region = 'EU'}
  growth:
    expr: revenue - before
    with:
      before: {of: revenue, offset: 1 month, shift: rows}
    default_grain: month
  total: {of: revenue, where: is_big, to_date: month, regrain: last}
  visit_to_order:
    funnel: {base: visit_count, converted: visit_to_order_converted}
    by: customer
    within: 7 days
    holding: {ds: ordered_at}
  visit_to_order_converted: {of: order_count, where: status = 'done'}
"""


def imported(text: str) -> tuple[dict[str, str], tuple[Loss, ...]]:
    made = import_dbt(yaml.safe_load_all(text))
    return dict(made.files), made.losses


def test_both_specifications_of_one_shop_become_the_same_files() -> None:
    files, losses = imported(LATEST)

    assert losses == ()
    assert files["models/orders.yml"] == ORDERS
    assert files["models/metrics.yml"] == METRICS
    assert imported(CLASSIC) == (files, losses)


def test_a_manifest_whose_metrics_carry_their_aggregate_becomes_the_same_files() -> None:
    assert import_dbt([_manifest()]).files == imported(LATEST)[0]


def _manifest() -> dict[str, Any]:
    """The classic shop as dbt writes a manifest of it: measures in metrics, and every key."""
    document = yaml.safe_load(CLASSIC)
    measures = {
        each["name"]: (model, each)
        for model in document["semantic_models"]
        for each in model.pop("measures", ())
    }
    for model in document["semantic_models"]:
        model["node_relation"] = {"schema_name": "mart", "alias": model["name"]}
        model["node_relation"] |= {"customers": {"alias": "dim_customers"}}.get(model["name"], {})
    document["semantic_models"][2]["node_relation"] = {"alias": "visits"}
    for metric in document["metrics"]:
        parameters = metric["type_params"]
        used = parameters.get("measure")
        told = {"name": used} if isinstance(used, str) else used
        if metric["type"] == "simple":
            model, measure = measures[told["name"]]
            parameters["measure"] = None
            parameters["expr"] = measure.get("expr")
            parameters["fill_nulls_with"] = told.get("fill_nulls_with")
            parameters["join_to_timespine"] = told.get("join_to_timespine", False)
            parameters["metric_aggregation_params"] = {
                "semantic_model": model["name"],
                "agg": measure["agg"],
                "agg_params": {
                    "percentile": None,
                    "use_approximate_percentile": False,
                    **measure.get("agg_params", {}),
                },
                "agg_time_dimension": measure.get("agg_time_dimension")
                or model["defaults"]["agg_time_dimension"],
                "non_additive_dimension": measure.get("non_additive_dimension"),
            }
            metric["description"] = (
                measure.get("description") if measure["name"] == metric["name"] else ""
            )
        elif metric["type"] == "cumulative":
            parameters["cumulative_type_params"]["metric"] = parameters.pop("measure")
        elif metric["type"] == "conversion":
            inner = parameters["conversion_type_params"]
            inner["base_metric"] = inner.pop("base_measure")
            inner["conversion_metric"] = inner.pop("conversion_measure")
    return dict(document)


MORE = """
models:
  - name: sales
    semantic_model: true
    agg_time_dimension: ds
    columns: [{name: ds, granularity: day, dimension: time}, {name: kind, dimension: categorical}]
    metrics:
      - {name: web, type: simple, agg: sum, expr: amount, hidden: true,
         filter: "{{ Dimension('kind') }} = 'web'"}
      - {name: shop, type: simple, agg: sum, expr: amount,
         filter: "{{ Dimension('kind') }} = 'shop'"}
      - {name: web_so_far, type: cumulative, input_metric: web, window: 7 days}
      - {name: share, type: ratio, numerator: web, denominator: shop}
      - {name: share_so_far, type: cumulative, input_metric: share}
      - {name: later, type: cumulative, input_metric: {name: shop, offset_window: 1 day}}
      - {name: off, type: simple, agg: sum, expr: amount, config: {enabled: false}}
      - {name: nothing, type: simple}
  - name: gone
    semantic_model: false
    metrics: [{name: lost, type: simple, agg: sum, expr: amount}]
metrics:
  - {name: told, type: derived, description: "{{ doc('told') }}", expr: web * 2,
     input_metrics: [web]}
  - {name: missing, type: conversion, entity: a, base_metric: web, conversion_metric: none_such}
"""


def test_filters_over_one_aggregate_share_its_measure() -> None:
    files, losses = imported(MORE)

    assert "    measures:\n      web_measure: sum(amount)\n" in files["models/sales.yml"]
    assert (
        files["models/metrics.yml"]
        == """\
version: 1
metrics:
  web: {of: web_measure, where: kind = 'web', hidden: true}
  shop: {of: web_measure, where: kind = 'shop'}
  web_so_far: {of: web_measure, where: kind = 'web', trailing: 7 days}
  share: {expr: web / shop}
  told: {expr: web * 2}
"""
    )
    assert losses == (
        Loss('metric "nothing"', "it has no 'agg'"),
        Loss('metric "told"', "a description of it is a template"),
        Loss('metric "lost"', "it is beside no semantic model"),
        Loss('metric "share_so_far"', 'its input "share" is no simple metric'),
        Loss('metric "later"', 'its input "shop" is one of another time'),
        Loss('metric "missing"', '"none_such" is no metric'),
    )


VERSIONED: dict[str, Any] = {
    "name": "orders",
    "columns": [{"name": "a"}, {"name": "b"}],
    "versions": [
        {"v": 1},
        {"v": 2, "columns": [{"include": "all", "exclude": ["b"]}, {"name": "c"}]},
    ],
}


def test_the_latest_version_of_a_model_is_read() -> None:
    assert relation(VERSIONED) == {"alias": "orders_v2"}
    assert [each["name"] for each in columns_of(VERSIONED)] == ["a", "c"]
    first = {**VERSIONED, "latest_version": 1}
    assert relation(first) == {"alias": "orders_v1"}
    assert [each["name"] for each in columns_of(first)] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("ref('orders')", {"alias": "sales", "schema_name": "mart"}),
        ("{{ ref('shop', 'orders') }}", {"alias": "sales", "schema_name": "mart"}),
        ("ref('other')", {"alias": "other"}),
        ("ref('other', v=3)", {"alias": "other_v3"}),
        ("source('raw', 'orders')", {"alias": "orders", "schema_name": "raw"}),
        ("raw.orders", {"alias": "orders", "schema_name": "raw"}),
    ],
)
def test_a_reference_names_a_table(text: str, table: dict[str, str]) -> None:
    known = relation({"name": "orders", "config": {"schema": "mart", "alias": "sales"}})

    assert referred_relation(text, {"orders": known}) == table


def test_a_whole_manifest_keeps_its_members_in_maps() -> None:
    document = _manifest()
    spine = document.pop("models")[2]
    whole: dict[str, Any] = {
        "semantic_models": {
            f"semantic_model.shop.{each['name']}": each for each in document["semantic_models"]
        },
        "metrics": {f"metric.shop.{each['name']}": each for each in document["metrics"]},
        "nodes": {
            "model.shop.days": {
                **spine,
                "columns": {each["name"]: each for each in spine["columns"]},
            },
            "model.shop.orders": {"name": "orders", "columns": {}},
        },
    }

    assert import_dbt([whole]).files == imported(LATEST)[0]
