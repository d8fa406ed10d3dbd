"""What Ossie has words for reads back as the same definitions; the rest is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
import yaml

from gateway.project import read_files
from semantic_models.build import build
from semantic_models.catalog import Catalog
from semantic_models.exporters.ossie import Exported, export_ossie
from semantic_models.faults import Faults
from semantic_models.importers.ossie import import_ossie
from semantic_models.model import Grain, Model
from semantic_models.parse_spec import parse_project, read_project
from semantic_models.spec import Described, ProjectSpec
from tests.oracle.generate_models import generate_project
from tests.oracle.spell import models_of, root_of
from tests.support import shop
from tests.support.demo_questions import DEMO
from tests.support.models import parsed


def catalog_of(spec: ProjectSpec) -> Catalog:
    catalog, faults = build(spec)
    assert catalog is not None, [each.message for each in faults]
    return catalog


def exported(spec: ProjectSpec) -> Exported:
    return export_ossie(spec, catalog_of(spec))


def read_back(document: Mapping[str, object], root: str = shop.ROOT) -> Catalog:
    """The project that a document becomes, as YAML carries it."""
    imported = import_ossie(yaml.safe_load(yaml.safe_dump(dict(document), sort_keys=False)))
    assert imported.losses == ()
    spec, faults = parse_project({"forebay.yml": root, **imported.files})
    assert spec is not None, faults
    assert not faults
    return catalog_of(spec)


PROJECTS = ("shop", *sorted(each.parent.name for each in DEMO.parent.glob("*/forebay.yml")))


def project_of(name: str) -> tuple[ProjectSpec, str]:
    """The shop, or one of the examples, with its forebay.yml."""
    if name == "shop":
        return parsed(shop.MODELS), shop.ROOT
    files = read_files(DEMO.parent / name)
    return read_project(files, Faults()), files["forebay.yml"].decode()


def carried(about: Described) -> Described:
    return Described(description=about.description, label=about.label, synonyms=about.synonyms)


def expected(model: Model, given: Exported) -> Model:
    """What is left of a model that was carried over."""
    lost = {each.place for each in given.losses if "no word for" not in each.reason}
    changed = lost | {each.place for each in given.changes}
    own = f'of model "{model.name}"'
    return replace(
        model,
        partition="",
        time=None,
        about=carried(model.about),
        bridges={},
        segments={},
        dimensions={
            name: replace(each, grain=each.grain and Grain.DAY, about=carried(each.about))
            for name, each in model.dimensions.items()
            if f'dimension "{name}" {own}' not in lost
        },
        measures={
            name: replace(each, time=None, about=carried(each.about))
            for name, each in model.measures.items()
            if f'measure "{name}" {own}' not in changed
        },
        joins={
            name: each for name, each in model.joins.items() if f'join "{name}" {own}' not in lost
        },
    )


def found(model: Model, given: Exported, before: Model) -> Model:
    """A model that was read back, without what is told to be said otherwise."""
    changed = {each.place for each in given.changes}
    is_changed = f'model "{model.name}"' in changed
    own = f'of model "{model.name}"'
    return replace(
        model,
        relation=before.relation if is_changed else model.relation,
        where=before.where if is_changed else model.where,
        measures={
            name: each
            for name, each in model.measures.items()
            if f'measure "{name}" {own}' not in changed
        },
    )


@pytest.mark.parametrize("project", PROJECTS)
def test_what_is_carried_over_reads_back_as_it_was(project: str) -> None:
    spec, root = project_of(project)
    before, given = catalog_of(spec), exported(spec)
    after = read_back(given.document, root)

    calendars = {each.name.text for each in spec.calendars}
    assert set(after.models) == set(before.models) - calendars
    for name, model in after.models.items():
        wanted = expected(before.models[name], given)
        assert found(model, given, before.models[name]) == wanted, name


@pytest.mark.parametrize("project", PROJECTS)
def test_every_metric_is_carried_over_or_told(project: str) -> None:
    spec, root = project_of(project)
    before, given = catalog_of(spec), exported(spec)
    after = read_back(given.document, root)
    names = {each.name.text for each in spec.metrics}
    lost = {name for name in names if told(given, f'metric "{name}"')}

    kept = {name: metric for name, metric in before.metrics.items() if name in names - lost}
    assert kept
    assert {name: after.metrics[name] for name in kept} == {
        name: replace(metric, about=carried(metric.about)) for name, metric in kept.items()
    }
    assert not lost & set(after.metrics)


def told(given: Exported, place: str) -> bool:
    """Whether a member is told to be left out, and not only a word of it."""
    words = ('"format"', '"unit"', '"owner"', '"tags"', '"hidden"')
    reasons = [each.reason for each in given.losses if each.place == place]
    return any(not all(part in words for part in said_of(each)) for each in reasons)


def said_of(reason: str) -> list[str]:
    return reason.removeprefix("Ossie has no word for ").split(", ")


MODELS = """
version: 1
models:
  sales:
    table: sales
    key: id
    time: day
    where: not void
    dimensions:
      id:
      day: {type: time, grain: hour, unit: h}
      kind: {expr: kind, hidden: true, synonyms: [sort]}
      city: shop.city
      deal: {expr: "'x'", tags: [a]}
    measures:
      sold: {expr: sum(amount), description: Money, format: "0"}
      rows: count(*)
      dear: {expr: sum(amount), where: amount > 9}
      near: sum(amount * shop.weight)
      far: sum(shop.weight)
      rest: {expr: max(amount), last_by: day}
    joins:
      shop: {to: shops, on: shop_id = shops.id, description: Where}
      other: {to: shops, on: other_id = shops.id}
      price: {to: prices, on: id = prices.id, valid: [since, until], at: day}
    segments: {big: amount > 5}
  shops:
    table: shops
    key: id
    dimensions: {city: , weight: }
    measures: {shops: count(id)}
  prices: {table: prices, key: [id, since]}
metrics:
  each: sold / shops
  twice: 2 * rest
  past: {of: sold, offset: 1 month}
"""


def test_a_document_says_what_it_can() -> None:
    given = exported(parsed(MODELS))

    fields: dict[str, object] = {"dimension": {}}
    assert given.document == {
        "name": "shop",
        "datasets": [
            {
                "name": "sales",
                "source": 'select * from sales where NOT "void"',
                "primary_key": ["id"],
                "fields": [
                    {"name": "id", "expression": "id", **fields},
                    {"name": "day", "expression": "day", "dimension": {"is_time": True}},
                    {
                        "name": "kind",
                        "expression": "kind",
                        **fields,
                        "ai_context": {"synonyms": ["sort"]},
                    },
                    {"name": "deal", "expression": "'x'", **fields},
                ],
            },
            {
                "name": "shops",
                "source": "shops",
                "primary_key": ["id"],
                "fields": [
                    {"name": "city", "expression": "city", **fields},
                    {"name": "weight", "expression": "weight", **fields},
                ],
            },
            {
                "name": "prices",
                "source": "prices",
                "primary_key": ["id", "since"],
                "fields": [],
            },
        ],
        "relationships": [
            {
                "name": name,
                "from": "sales",
                "to": "shops",
                "from_columns": [column],
                "to_columns": ["id"],
            }
            for name, column in (("shop", "shop_id"), ("other", "other_id"))
        ],
        "metrics": [
            {"name": "sold", "expression": "sum(sales.amount)", "description": "Money"},
            {"name": "rows", "expression": "count(sales.id)"},
            {
                "name": "dear",
                "expression": "sum(sales.amount) FILTER(WHERE sales.amount > 9)",
            },
            {"name": "shops", "expression": "count(shops.id)"},
            {"name": "each", "expression": "sold / shops"},
        ],
    }


def test_what_it_cannot_say_is_told() -> None:
    given = exported(parsed(MODELS))

    reached = 'dataset "shops" does not say by which join it is reached'
    assert [f"{each.place}: {each.reason}" for each in given.losses] == [
        "time_zone: Ossie has no time zone",
        'join "shop" of model "sales": a relationship has no word for "description"',
        'join "price" of model "sales": Ossie has no versions of rows',
        'model "sales": Ossie has no word for "time"',
        'segment "big" of model "sales": Ossie has no segments',
        'dimension "day" of model "sales": Ossie has no word for "grain"',
        'dimension "day" of model "sales": Ossie has no word for "unit"',
        'dimension "kind" of model "sales": Ossie has no word for "hidden"',
        f'dimension "city" of model "sales": {reached}',
        'dimension "deal" of model "sales": Ossie has no word for "tags"',
        'measure "sold" of model "sales": Ossie has no word for "format"',
        f'measure "near" of model "sales": {reached}',
        f'measure "far" of model "sales": {reached}',
        'measure "rest" of model "sales": Ossie has no rows of one time',
        'metric "twice": it is made of "rest", which is not carried over',
        'metric "past": Ossie has no word for "of", "offset"',
    ]
    assert [f"{each.place}: {each.reason}" for each in given.changes] == [
        'model "sales": its rows are said as one SELECT',
        'measure "rows" of model "sales": its rows are counted by their key',
        'measure "dear" of model "sales": its where is said as FILTER: groups without such rows '
        "are shown",
    ]


ROLES = """
version: 1
models:
  sales:
    table: sales
    dimensions: {{town: {path}.city}}
    measures: {{heavy: sum(amount * {path}.weight)}}
    joins: {{shop: {{to: shops, on: shop_id = shops.id}}}}
  shops: {{table: shops, key: id, dimensions: {{city: , weight: }}}}
"""


@pytest.mark.parametrize("path", ["shop", "shops"])
def test_a_join_keeps_its_name_although_datasets_are_named_in_expressions(path: str) -> None:
    spec = parsed(ROLES.format(path=path))
    given = exported(spec)

    document = json.loads(json.dumps(given.document))
    assert document["datasets"][0]["fields"][0]["expression"] == "shops.city"
    assert document["relationships"][0]["custom_extensions"] == [
        {"vendor_name": "FOREBAY", "data": '{"name": "shop"}'}
    ]
    assert ([each.place for each in given.losses], given.changes) == (["time_zone"], ())
    assert read_back(given.document).models == catalog_of(spec).models


OWN = """
version: 1
models:
  sales:
    table: sales
    key: id
    dimensions:
      id:
      place: "row_number() over (partition by sales.shop_id order by sales.amount desc)"
"""


def test_a_dimension_may_name_its_own_model() -> None:
    spec = parsed(OWN)
    given = exported(spec)

    document = json.loads(json.dumps(given.document))
    assert [each.place for each in given.losses] == ["time_zone"]
    assert document["datasets"][0]["fields"][1]["expression"] == (
        "row_number() over (partition by sales.shop_id order by sales.amount desc)"
    )
    assert read_back(given.document).models == catalog_of(spec).models


KEPT = """
version: 1
models:
  sales:
    table: sales
    key: id
    dimensions: {id: , Grain: kind, of_grain: "Grain || '!'"}
    measures: {total: sum(amount), query_filter: sum(id)}
    joins: {filter: {to: filter, on: id = filter.id}}
  filter: {table: shops, key: id, dimensions: {id: }}
metrics:
  of_it: query_filter / total
"""


def test_names_that_ossie_keeps_are_not_carried_over() -> None:
    given = exported(parsed(KEPT))

    assert [(each.place, each.reason) for each in given.losses] == [
        ('model "filter"', "Ossie keeps this name for itself"),
        ("time_zone", "Ossie has no time zone"),
        ('join "filter" of model "sales"', 'model "filter" is not carried over'),
        ('dimension "Grain" of model "sales"', "Ossie keeps this name for itself"),
        (
            'dimension "of_grain" of model "sales"',
            'it reads dimension "Grain", which is not carried over',
        ),
        ('measure "query_filter" of model "sales"', "Ossie keeps this name for itself"),
        ('metric "of_it"', 'it is made of "query_filter", which is not carried over'),
    ]


UNSAID = """
version: 1
models:
  sales:
    table: sales
    key: id
    dimensions:
      id:
      tier: {expr: price.tier}
      shown: {expr: "coalesce(tier, 'none')"}
      month: day.month
      again: month
      broad: large
      least: amount > param.least
      day: {type: time}
      parent_of: parent.id
    measures:
      total: sum(amount)
      large_total: {expr: sum(amount), where: large}
      per_row: sum(shops.size) / count(*)
      all_big: bool_and(amount > 9)
      typical: {expr: percentile_cont(0.5) within group (order by amount), where: amount > 0}
      rows: count(*)
    joins:
      price: {to: prices, on: id = prices.id, valid: [since, until], at: day}
      parent: {to: sales, on: parent_id = sales.id}
      shops: {to: stores, on: shop_id = stores.id}
      day_of: {to: days, on: on_day = days.d}
    segments: {large: amount > 9}
  returns:
    table: returns
    dimensions: {day: {type: time}}
    where: day.month = date '2024-01-01'
    measures: {returned: sum(amount)}
  prices:
    table: prices
    key: [id, since]
    dimensions: {tier: }
    measures: {total: count(id), any: count(*)}
  stores:
    table: stores
    unique: [[id]]
    dimensions: {city: , size: , place: {hierarchy: [city, size]}}
    measures: {stores: count(*)}
  visits:
    table: visits
    dimensions: {town: shops.city}
    joins:
      shops: {to: stores, on: shop_id = stores.id}
      sale: {to: sales, on: sale_id = sales.id}
      returned: {to: returns, on: id = returns.id}
calendars:
  days: {table: days, day: d, grains: {season: s}}
spines:
  day: {table: all_days, column: d}
metrics:
  both: large_total + stores
parameters: {least: {type: integer, default: 5}}
saved_queries: {all_rows: {metrics: [rows]}}
tests: {counted: {query: {metrics: [rows]}, expect: [[1]]}}
"""


def test_each_thing_that_has_no_words_is_told_with_its_reason() -> None:
    models = UNSAID.replace("table: returns\n", "table: returns\n    key: id\n")
    given = exported(parsed(models))

    told = {each.place: each.reason for each in given.losses}
    sales = 'of model "sales"'
    unreached = 'dataset "sales" does not say by which join it is reached'
    keyless = "it counts rows, and the model has no key to count them by"
    assert (
        told
        | {
            'calendar "days"': "Ossie has no calendars",
            'spine "day"': "Ossie has no spines",
            'parameter "least"': "Ossie has no parameters",
            'saved query "all_rows"': "Ossie has no saved queries",
            'test "counted"': "Ossie has no tests",
            'hierarchy "place" of model "stores"': "Ossie has no hierarchies",
            f'dimension "least" {sales}': 'it reads parameter "least"',
            'model "returns"': "its where has no words in SQL alone",
            f'dimension "tier" {sales}': 'it reads join "price", which is not carried over',
            f'dimension "shown" {sales}': 'it reads dimension "tier", which is not carried over',
            f'dimension "month" {sales}': 'it reads a part of time "day"',
            f'dimension "again" {sales}': 'it reads dimension "month", which is not carried over',
            f'dimension "broad" {sales}': 'it reads segment "large"',
            f'dimension "parent_of" {sales}': unreached,
            f'measure "total" {sales}': "other models have a measure of that name",
            f'measure "large_total" {sales}': 'it reads segment "large"',
            f'measure "per_row" {sales}': "an aggregate of it names no column of its own model",
            f'measure "typical" {sales}': "its where cannot stand within its aggregate",
            'measure "stores" of model "stores"': keyless,
            f'join "day_of" {sales}': 'model "days" is not carried over',
            'join "returned" of model "visits"': 'model "returns" is not carried over',
            'metric "both"': 'it is made of "large_total", which is not carried over',
        }
        == told
    )
    assert {each["name"] for each in documents(given, "metrics")} == {"all_big", "rows", "any"}
    names = [each["name"] for each in documents(given, "relationships")]
    assert names == ["parent", "shops", "visits_shops", "sale"]
    assert set(read_back(given.document).models) == {"sales", "prices", "stores", "visits"}


def documents(given: Exported, kind: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(json.dumps(given.document))[kind]
    return found


@pytest.mark.parametrize("seed", range(12))
def test_random_projects_read_back_as_they_were(seed: int) -> None:
    project = generate_project(Random(f"export:{seed}"))  # noqa: S311 - not for secrets
    spec = parsed(models_of(project), root=root_of(project))
    before, given = catalog_of(spec), exported(spec)

    after = read_back(given.document, root_of(project))

    for name, model in after.models.items():
        assert found(model, given, before.models[name]) == expected(before.models[name], given)
