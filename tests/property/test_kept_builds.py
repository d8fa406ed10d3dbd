"""A project that is loaded again after edits is what a project loaded for the first time is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from semantic_models.build import build
from semantic_models.errors import ForebayError
from semantic_models.kept_build import Columns, KeptBuild
from semantic_models.parse_spec import KeptFiles, parse_project
from semantic_models.types import INT64, STRING, TIMESTAMP_TZ

ROOT = "version: 1\nname: shop\nengines: {local: {type: duckdb, path: a.db}}\n"
ORDERS = """version: 1
models:
  orders:
    table: orders
    key: order_id
    time: at
    dimensions:
      at: {type: time}
      state:
      place: customer.land
      big: {expr: amount > 10}
    measures:
      total: sum(amount)
      bought: {expr: sum(amount), where: customer.kind = 'x' and is_paid}
    segments: {is_paid: state = 'paid'}
    joins: {customer: customers}
"""
CUSTOMERS = """version: 1
models:
  customers:
    table: customers
    key: customer_id
    dimensions:
      kind: upper(sort)
      land: regions.title
    measures: {customers: count(*)}
    joins:
      region: {to: regions, on: region_id = regions.id}
      tags: {to: tags, through: pairs}
"""
REGIONS = """version: 1
models:
  regions:
    table: regions
    key: id
    dimensions: {title: lower(name)}
    measures: {regions: count(*)}
"""
TAGS = """version: 1
models:
  tags: {table: tags, key: tag_id, dimensions: {word: }}
  pairs:
    table: pairs
    key: [tag_id, customer_id]
    dimensions: {land: customer.land}
    joins: {tag: tags, customer: customers}
  visits:
    table: visits
    dimensions: {land: regions.title}
    joins: {customer: customers}
"""
METRICS = """version: 1
metrics:
  per_customer: total / customers
  north: {of: total, where: regions.title = 'north'}
  twice: per_customer * 2
  of_shared: {of: bought}
"""
TEXTS: Mapping[str, Sequence[str | None]] = {
    "forebay.yml": [
        ROOT,
        ROOT + "time_zone: Europe/Berlin\n",
        ROOT + "parameters: {rate: {type: number, default: 2}}\n",
        ROOT.replace("local:", "other:"),
        ROOT + "engines: {}\n",
    ],
    "models/orders.yml": [
        ORDERS,
        "# Moved down.\n" + ORDERS,
        ORDERS.replace("      state:\n", ""),
        ORDERS.replace("customer:", "buyer:"),
        ORDERS.replace("total:", "customers:"),
        ORDERS.replace("sum(amount)", "sum(amount) * param.rate", 1),
        ORDERS.replace("customer.land", "customer.region.title"),
        ORDERS.replace("sum(amount)", "sum(amount", 1),
        ORDERS.replace("dimensions:", "dimension:"),
        None,
    ],
    "models/customers.yml": [
        CUSTOMERS,
        CUSTOMERS.replace("upper(sort)", "lower(sort)"),
        CUSTOMERS.replace("upper(sort)", "count(*)"),
        CUSTOMERS.replace("kind:", "sort_of:"),
        CUSTOMERS.replace("region:", "area:"),
        CUSTOMERS.replace("region_id", "area_id"),
        CUSTOMERS.replace("    key: customer_id\n", ""),
        CUSTOMERS.replace("through: pairs", "through: nowhere"),
        CUSTOMERS + "    segments: {kind: true}\n",
        None,
    ],
    "models/regions.yml": [
        REGIONS,
        REGIONS.replace("lower(name)", "name"),
        REGIONS.replace("lower(name)", "name || land.name") + "    joins: {land: regions}\n",
        REGIONS.replace("title:", "heading:"),
        REGIONS.replace("regions: count", "total: count"),
        REGIONS.replace("  regions:\n", "  areas:\n"),
        REGIONS + "    joins: {chief: {to: customers, on: chief_id = customer_id}}\n",
        REGIONS + "    : [\n",
        None,
    ],
    "models/tags.yml": [
        TAGS,
        TAGS.replace("tag_id", "word_id"),
        TAGS.replace(
            "{tag: tags, customer: customers}", "{tag: tags, customer: customers, payer: customers}"
        ),
        None,
    ],
    "models/metrics.yml": [
        METRICS,
        METRICS.replace("'north'", "'south'"),
        METRICS.replace("total / customers", "total / regions"),
        METRICS.replace("total / customers", "twice"),
        METRICS + "  total: twice\n",
        METRICS + "  more: {of: orders.total}\n",
        METRICS.replace("per_customer:", "mean:"),
        METRICS + "saved_queries: {a: {metrics: [twice]}}\n",
        None,
    ],
    "models/more.yml": [
        None,
        REGIONS,
        "version: 1\nmodels:\n  more: {table: more, measures: {total: count(*)}}\n",
        "version: 1\nmodels:\n  customer: {table: c, key: c, dimensions: {kind: }}\n",
        "",
    ],
    "policies/a.yml": [None, None, None, "version: 1\n"],
}
TOLD: Sequence[Columns] = (
    {},
    {"regions": {"id": INT64, "name": STRING, "chief_id": INT64}},
    {"regions": {"id": STRING, "name": INT64}},
    {"orders": {"order_id": INT64, "amount": INT64, "state": STRING, "at": TIMESTAMP_TZ}},
)

EDITS = [
    *((path, number) for path, texts in TEXTS.items() for number in range(len(texts))),
    *(("columns", number) for number in range(len(TOLD))),
]


class Project:
    """A project that is edited, with what is kept of it."""

    def __init__(self) -> None:
        self.chosen = dict.fromkeys((*TEXTS, "columns"), 0)
        self.files, self.build = KeptFiles(), KeptBuild()

    def loaded(self, files: KeptFiles | None, kept: KeptBuild | None) -> object:
        """All that loading tells, in its order, even of what makes no two values differ."""
        texts = {path: TEXTS[path][self.chosen[path]] for path in TEXTS}
        written = {path: text for path, text in texts.items() if text is not None}
        spec, faults = parse_project(written, kept=files)
        if spec is None or faults:
            return plain(spec), told(faults)
        catalog, faults = build(spec, TOLD[self.chosen["columns"]], kept)
        return plain(spec), plain(catalog), told(faults)


def told(faults: Sequence[ForebayError]) -> list[object]:
    return [(each.code, str(each), each.detail, each.hint, each.position) for each in faults]


def plain(value: object) -> object:
    """A value as lists, with every field of it, and every order."""
    if isinstance(value, exp.Expr):
        return repr(value)
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, *(plain(getattr(value, it.name)) for it in fields(value))]
    if isinstance(value, Mapping):
        return [(key, plain(each)) for key, each in value.items()]
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return value


def loaded_alike(made: Sequence[tuple[str, int]]) -> Iterator[bool]:
    """Whether all that loading tells after each edit is told by the first load of another."""
    project = Project()
    yield project.loaded(project.files, project.build) == project.loaded(None, None)
    for path, number in made:
        project.chosen[path] = number
        yield project.loaded(project.files, project.build) == project.loaded(None, None)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: f"{edit[0]}-{edit[1]}")
def test_an_edit_that_is_taken_back_is_loaded_as_if_for_the_first_time(
    edit: tuple[str, int],
) -> None:
    assert all(loaded_alike([edit, (edit[0], 0)]))


@settings(max_examples=40)
@given(st.lists(st.sampled_from(EDITS), max_size=8))
def test_a_project_that_is_edited_is_loaded_as_if_for_the_first_time(
    made: list[tuple[str, int]],
) -> None:
    assert all(loaded_alike(made))
