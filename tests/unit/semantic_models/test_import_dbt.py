"""Semantic manifests of dbt as files that people would write."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from semantic_models.importers.dbt import import_dbt
from semantic_models.importers.dbt_calls import Named, UnknownDbtName, named_by
from semantic_models.importers.imported import Loss

MANIFEST = """
semantic_model:
  name: bookings
  node_relation: {schema_name: mart, alias: fct_bookings}
  defaults: {agg_time_dimension: ds}
  primary_entity: booking
  entities:
    - {name: listing, type: foreign, expr: listing_id}
  dimensions:
    - {name: is_instant, type: categorical}
    - {name: ds, type: time, type_params: {time_granularity: hour}}
  measures:
    - {name: bookings, expr: "1", agg: sum}
    - {name: p90, expr: value, agg: percentile, agg_params: {percentile: 0.9}}
    - {name: held, agg: sum, non_additive_dimension: {name: ds, window_choice: max,
       window_groupings: [listing]}}
---
semantic_model:
  name: listings
  node_relation: {schema_name: mart, alias: dim_listings}
  entities:
    - {name: listing, type: primary, expr: listing_id}
  dimensions:
    - {name: country, type: categorical}
---
metric: {name: bookings, type: simple, type_params: {measure: bookings}}
---
metric:
  name: local_bookings
  type: simple
  type_params: {measure: {name: bookings, fill_nulls_with: 0, join_to_timespine: true}}
  filter: "{{ Dimension('listing__country') }} = 'NL' and {{ Dimension('booking__is_instant') }}"
---
metric:
  name: growth
  type: derived
  type_params:
    expr: bookings - before
    metrics:
      - {name: bookings}
      - {name: bookings, offset_window: 14 days, alias: before}
---
metric:
  name: so_far
  type: cumulative
  type_params: {measure: bookings, cumulative_type_params: {window: 2 month, period_agg: average}}
---
metric:
  name: lost
  type: simple
  type_params: {measure: bookings}
  filter: "{{ Dimension('guest__name') }} = 'a'"
"""

BOOKINGS = """\
version: 1
models:
  bookings:
    table: mart.fct_bookings
    time: ds
    dimensions:
      listing: listing_id
      is_instant:
      ds: {type: time, grain: hour}
    measures:
      bookings: sum(1)
      p90: percentile_cont(0.9) within group (order by value)
      held: {expr: sum(held), last_by: ds, per: [listing]}
    joins:
      listings: {to: listings, on: listing_id = listings.listing_id}
"""

METRICS = """\
version: 1
metrics:
  local_bookings:
    of: bookings
    where: listings.country = 'NL' and is_instant
    spine: true
    fill_nulls_with: 0
  growth:
    expr: bookings - before
    with:
      before: {of: bookings, offset: 14 days, shift: rows}
  so_far: {of: bookings, trailing: 2 month, regrain: average}
"""


def documents() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(MANIFEST))


def test_a_manifest_becomes_models_as_people_write_them() -> None:
    files = import_dbt(documents()).files

    assert list(files) == ["models/bookings.yml", "models/listings.yml", "models/metrics.yml"]
    assert files["models/bookings.yml"] == BOOKINGS
    assert files["models/metrics.yml"] == METRICS


def test_what_leads_nowhere_is_told() -> None:
    assert import_dbt(documents()).losses == (
        Loss('metric "lost"', '"guest__name" leads nowhere from its measures'),
    )


def test_one_document_may_hold_all_of_it() -> None:
    whole: dict[str, Any] = {"semantic_models": [], "metrics": []}
    for each in documents():
        whole["semantic_models"] += [each[key] for key in each if key == "semantic_model"]
        whole["metrics"] += [each[key] for key in each if key == "metric"]

    assert import_dbt([whole]).files == import_dbt(documents()).files


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Dimension('a__b')", Named("Dimension", "a__b")),
        ("TimeDimension('a__ds', 'DAY')", Named("TimeDimension", "a__ds", "day")),
        ("Dimension('a__ds').grain('month')", Named("Dimension", "a__ds", "month")),
        ("Dimension('a__ds').date_part('dow')", Named("Dimension", "a__ds", part="dow")),
        ("Entity('listing')", Named("Entity", "listing")),
        ("Metric('m', ['a', 'b'])", Named("Metric", "m", group_by=("a", "b"))),
        ("Metric('m', group_by=['a'])", Named("Metric", "m", group_by=("a",))),
        (
            "TimeDimension('ds', 'day', entity_path=['a', 'b'])",
            Named("TimeDimension", "a__b__ds", "day"),
        ),
        ("Entity('b', entity_path=['a'])", Named("Entity", "a__b")),
        (
            "TimeDimension(time_dimension_name='ds', date_part_name='YEAR').descending(true)",
            Named("TimeDimension", "ds", part="year"),
        ),
    ],
)
def test_templates_name_a_kind_and_a_name(text: str, named: Named) -> None:
    assert named_by(text) == named


@pytest.mark.parametrize("text", ["var('x')", "Dimension(", "Dimension('a').upper()", "Entity()"])
def test_what_is_no_such_call_names_nothing(text: str) -> None:
    with pytest.raises(UnknownDbtName, match=re.escape(text)):
        named_by(text)


def test_partitions_and_validity_are_written_and_never_passed_over() -> None:
    text = """
semantic_model:
  name: history
  node_relation: {alias: history}
  entities: [{name: listing, type: natural, expr: listing_id}]
  dimensions:
    - {name: since, type: time, expr: valid_from,
       type_params: {time_granularity: day, validity_params: {is_start: true}}}
    - {name: until, type: time, expr: valid_to,
       type_params: {time_granularity: day, validity_params: {is_end: true}}}
---
semantic_model:
  name: people
  node_relation: {alias: people}
  entities: [{name: user, type: primary}, {name: listing, type: foreign, expr: listing_id}]
  dimensions: [{name: ds, type: time, is_partition: true, type_params: {time_granularity: day}}]
"""
    files = import_dbt(yaml.safe_load_all(text)).files

    assert "    key: [listing_id, valid_from]\n" in files["models/history.yml"]
    assert "    key: [user, ds]\n    partition: ds\n" in files["models/people.yml"]
    assert "valid: [valid_from, valid_to]}" in files["models/people.yml"]


def test_a_metric_of_another_form_is_told_and_hides_no_other() -> None:
    broken = {"metric": {"name": "odd", "type": "simple", "agg": "sum"}}
    imported = import_dbt([*documents(), broken])

    assert imported.files == import_dbt(documents()).files
    assert imported.losses == (
        Loss('metric "odd"', "it is beside no semantic model"),
        Loss('metric "lost"', '"guest__name" leads nowhere from its measures'),
    )


CONVERSIONS = """
semantic_model:
  name: visits
  node_relation: {schema_name: mart, alias: fct_visits}
  defaults: {agg_time_dimension: ds}
  primary_entity: visit
  entities: [{name: user, type: foreign, expr: user_id}]
  dimensions: [{name: ds, type: time, type_params: {time_granularity: day}}]
  measures: [{name: visits, expr: "1", agg: sum}]
---
semantic_model:
  name: buys
  node_relation: {schema_name: mart, alias: fct_buys}
  defaults: {agg_time_dimension: ds}
  primary_entity: buy
  entities: [{name: user, type: foreign, expr: user_id}]
  dimensions: [{name: ds, type: time, type_params: {time_granularity: day}}]
  measures: [{name: buys, expr: "1", agg: sum}]
---
metric:
  name: bought
  type: conversion
  type_params:
    conversion_type_params:
      base_measure: visits
      conversion_measure: {name: buys, fill_nulls_with: 0}
      entity: user
      calculation: conversions
---
metric:
  name: rate
  type: conversion
  type_params:
    conversion_type_params:
      base_measure: {name: visits, fill_nulls_with: 0, join_to_timespine: true}
      conversion_measure: {name: buys, fill_nulls_with: 0, join_to_timespine: true}
      entity: user
      window: 7 days
      calculation: conversion_rate
"""


def test_what_fills_a_conversion_fills_its_sides_and_never_their_quotient() -> None:
    """A rate of nothing to nothing is unknown; conversions are told of every group of the base."""
    imported = import_dbt(list(yaml.safe_load_all(CONVERSIONS)))

    assert imported.losses == ()
    assert yaml.safe_load(imported.files["models/metrics.yml"])["metrics"] == {
        "bought": {
            "expr": "coalesce(converted, nullif(base, base))",
            "with": {
                "converted": {"of": "bought_conversions", "fill_nulls_with": 0},
                "base": {"of": "visits"},
            },
        },
        "rate": {
            "expr": "converted / base",
            "with": {
                "converted": {"of": "rate_conversions", "spine": True, "fill_nulls_with": 0},
                "base": {"of": "visits", "spine": True, "fill_nulls_with": 0},
            },
        },
        "bought_conversions": {
            "funnel": {"base": "visits", "converted": "buys"},
            "by": "user",
            "show": "value",
        },
        "rate_conversions": {
            "funnel": {"base": "visits", "converted": "buys"},
            "by": "user",
            "within": "7 days",
            "show": "value",
        },
    }


OF_THE_SAME_NAMES = """
---
metric: {name: bought_conversions, type: simple, type_params: {measure: {name: buys}}}
---
metric: {name: few_base, type: simple, type_params: {measure: {name: buys}}}
---
metric:
  name: few
  type: conversion
  type_params:
    conversion_type_params:
      base_measure: {name: visits, filter: "{{ Dimension('visit__ds') }} > '2024-01-01'"}
      conversion_measure: {name: buys}
      entity: user
"""


def test_what_a_conversion_is_made_of_takes_no_name_of_another_metric() -> None:
    imported = import_dbt(list(yaml.safe_load_all(CONVERSIONS + OF_THE_SAME_NAMES)))

    metrics = yaml.safe_load(imported.files["models/metrics.yml"])["metrics"]
    assert imported.losses == ()
    assert (metrics["bought_conversions"], metrics["few_base"]) == ({"of": "buys"}, {"of": "buys"})
    assert metrics["bought"]["with"]["converted"]["of"] == "bought_conversions_2"
    assert metrics["bought_conversions_2"]["funnel"] == {"base": "visits", "converted": "buys"}
    assert metrics["few"]["funnel"]["base"] == "few_base_2"
    assert metrics["few_base_2"] == {"of": "visits", "where": "ds > '2024-01-01'"}


OF_ONE_NAME = """
---
semantic_model: {name: buys, node_relation: {alias: others}, primary_entity: other}
---
semantic_model:
  name: people
  node_relation: {alias: people}
  entities: [{name: person, type: primary}]
  dimensions: [{name: age, type: categorical}, {name: age, type: categorical, expr: years}]
  measures: [{name: heads, agg: sum, expr: "1"}, {name: heads, agg: max, expr: "1"}]
---
metric: {name: seen, type: simple, type_params: {measure: visits}}
---
metric: {name: seen, type: simple, type_params: {measure: visits}}
---
metric: {name: told, type: simple, type_params: {measure: visits}}
---
metric: {name: told, type: simple, filter: "{{ Dimension('visit__ds') }} > '2024-01-01'",
         type_params: {measure: visits}}
"""


def test_of_several_of_one_name_that_differ_none_is_chosen() -> None:
    imported = import_dbt(list(yaml.safe_load_all(CONVERSIONS + OF_ONE_NAME)))

    assert [each.place for each in imported.losses if each.code == "E_NAME_COLLISION"] == [
        'semantic model "buys"',
        'metric "told"',
        'dimension "age"',
        'measure "heads"',
    ]
    assert "models/buys.yml" not in imported.files
    assert yaml.safe_load(imported.files["models/people.yml"])["models"] == {
        "people": {"table": "people", "key": "person", "dimensions": {"person": None}}
    }
    assert yaml.safe_load(imported.files["models/metrics.yml"])["metrics"] == {
        "seen": {"of": "visits"}
    }


SAVED = """
saved_query:
  name: daily
  label: Bookings a day
  exports: [{name: daily_bookings, config: {export_as: table}}]
  query_params:
    metrics: [bookings, local_bookings]
    group_by: ["TimeDimension('metric_time', 'day')", listing__country]
    where: ["{{ Dimension('booking__is_instant') }}", "{{ Dimension('listing__country') }} = 'NL'"]
    order_by: ["TimeDimension('metric_time', 'day').descending(True)", "-Metric('bookings')"]
    limit: 10
---
saved_query: {name: unknown, query_params: {metrics: [lost]}}
---
saved_query: {name: nowhere, query_params: {metrics: [bookings], group_by: ["Dimension('a__b')"]}}
---
saved_query: {name: countries, query_params: {group_by: [listing__country]}}
"""


def test_saved_queries_are_carried_over() -> None:
    imported = import_dbt([*documents(), *yaml.safe_load_all(SAVED)])

    assert (
        imported.files["models/saved_queries.yml"]
        == """\
version: 1
saved_queries:
  daily:
    label: Bookings a day
    metrics: [bookings, local_bookings]
    dimensions: [metric_time.day, listings.country]
    where: [is_instant, listings.country = 'NL']
    order_by: ["-metric_time.day", "-bookings"]
    limit: 10
  countries: {dimensions: [listings.country]}
"""
    )
    assert imported.losses[-3:] == (
        Loss('saved query "daily"', 'its export "daily_bookings" is written by dbt'),
        Loss('saved query "unknown"', 'it asks for metric "lost", which is lost'),
        Loss('saved query "nowhere"', "no path leads to a__b"),
    )


_EVERY_KEY = {
    "entities": ("expr", "role", "description", "label", "config"),
    "dimensions": ("expr", "type_params", "description", "label", "config"),
    "measures": ("agg_params", "agg_time_dimension", "non_additive_dimension", "label"),
}


def test_keys_that_are_null_are_as_if_they_were_not_there() -> None:
    text = (
        MANIFEST
        + """
---
semantic_model:
  name: guests
  node_relation: {alias: guests}
  entities: [{name: guest, type: primary}, {name: listing, type: foreign}]
"""
    )
    bare = list(yaml.safe_load_all(text))
    full = list(yaml.safe_load_all(text))
    for each in full:
        model = each.get("semantic_model") or {}
        for key in ("defaults", "primary_entity", "description", "label", "config"):
            model.setdefault(key, None)
        for kind, keys in _EVERY_KEY.items():
            for member in model.get(kind) or ():
                member |= {key: None for key in keys if key not in member}
        metric = each.get("metric") or {"type_params": {}}
        for key in ("measure", "metrics", "numerator", "window", "metric_aggregation_params"):
            metric["type_params"].setdefault(key, None)
        for key in ("filter", "label", "description", "time_granularity", "config"):
            metric.setdefault(key, None)

    assert import_dbt(full).files == import_dbt(bare).files
    assert "    key: guest\n" in import_dbt(bare).files["models/guests.yml"]


def test_a_measure_of_an_unknown_aggregate_is_told_and_hides_no_other() -> None:
    odd = {"name": "odd", "agg": "harmonic", "expr": "price"}
    read = documents()
    model = next(each["semantic_model"] for each in read if "semantic_model" in each)
    model["measures"] = [*model["measures"], odd]

    imported = import_dbt(read)

    assert imported.files == import_dbt(documents()).files
    assert Loss('measure "odd"', 'its aggregate "harmonic" is none of dbt\'s') in imported.losses
