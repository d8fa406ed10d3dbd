"""Loading again: what has changed is built anew, with all that reads it, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from semantic_models.build import build
from semantic_models.catalog import Catalog
from semantic_models.kept_build import KeptBuild, Read, Reads
from semantic_models.parse_spec import KeptFiles, parse_project
from semantic_models.types import INT64, STRING

FILES = {
    "forebay.yml": "version: 1\nname: shop\nengines: {local: {type: duckdb, path: a.db}}\n",
    "models/orders.yml": """version: 1
models:
  orders:
    table: orders
    key: id
    dimensions: {state: , kind: customers.kind}
    measures: {orders: count(*), sizes: sum(size)}
    joins: {customer: {to: customers, on: customer_id = customers.id}}
""",
    "models/customers.yml": """version: 1
models:
  customers:
    table: customers
    key: id
    dimensions: {kind: upper(sort)}
    measures: {customers: count(*)}
""",
    "models/visits.yml": """version: 1
models:
  visits: {table: visits, key: id, dimensions: {page: lower(url)}, measures: {visits: count(*)}}
""",
    "models/metrics.yml": """version: 1
metrics:
  per_customer: orders / customers
  per_visit: orders / visits
  size: sizes / visits
""",
}


class Loader:
    """A project that is loaded again and again."""

    def __init__(self) -> None:
        self.files, self.build = KeptFiles(), KeptBuild()

    def loaded(self, changes: Mapping[str, tuple[str, str]] | None = None) -> Catalog:
        catalog = self.catalog(changes)
        assert catalog is not None
        return catalog

    def catalog(self, changes: Mapping[str, tuple[str, str]] | None = None) -> Catalog | None:
        """The catalog with words of some files exchanged, or nothing where there are faults."""
        files = dict(FILES)
        for path, (old, new) in (changes or {}).items():
            assert old in files[path]
            files[path] = files[path].replace(old, new)
        spec, faults = parse_project(files, kept=self.files)
        return build(spec, kept=self.build)[0] if spec is not None and not faults else None


def built_anew(before: Catalog, after: Catalog) -> set[str]:
    """The models and metrics that are not the ones that were there."""
    models = {name for name, each in after.models.items() if each is not before.models.get(name)}
    metrics = {name for name, each in after.metrics.items() if each is not before.metrics.get(name)}
    return models | {name for name in metrics if "." not in name}


def test_a_project_that_is_as_it_was_is_not_built_anew() -> None:
    loader = Loader()

    assert built_anew(loader.loaded(), loader.loaded()) == set()


@pytest.mark.parametrize(
    ("path", "change", "anew"),
    [
        ("models/visits.yml", ("lower", "upper"), {"visits", "per_visit", "size"}),
        (
            "models/customers.yml",
            ("upper", "lower"),
            {"customers", "orders", "sizes", "per_customer", "per_visit", "size"},
        ),
        ("models/metrics.yml", ("sizes /", "2 * sizes /"), {"per_customer", "per_visit", "size"}),
    ],
)
def test_what_reads_a_change_is_built_anew(
    path: str, change: tuple[str, str], anew: set[str]
) -> None:
    loader = Loader()

    assert built_anew(loader.loaded(), loader.loaded({path: change})) == anew


def test_a_way_that_nobody_wrote_is_looked_for_anew_when_joins_change() -> None:
    loader = Loader()
    change = {"models/visits.yml": ("key: id,", "key: id, joins: {payer: customers},")}

    assert "orders" in built_anew(loader.loaded(), loader.loaded(change))


def test_a_change_of_what_all_may_read_builds_all_anew() -> None:
    loader = Loader()
    before = loader.loaded()

    after = loader.loaded({"forebay.yml": ("local", "other")})

    assert built_anew(before, after) >= before.models.keys()


def test_models_whose_columns_are_told_otherwise_are_built_anew() -> None:
    spec, _ = parse_project(FILES)
    assert spec is not None
    kept = KeptBuild()
    before, _ = build(spec, {"visits": {"id": INT64, "url": STRING}}, kept)

    after, _ = build(spec, {"visits": {"id": STRING, "url": STRING}}, kept)

    assert before is not None
    assert after is not None
    assert built_anew(before, after) == {"visits", "per_visit", "size"}


def test_nothing_is_kept_of_a_project_with_faults() -> None:
    loader = Loader()
    before = loader.loaded()

    assert loader.catalog({"models/visits.yml": ("lower(url)", "lower(url")}) is None
    assert built_anew(before, loader.loaded()) == {"visits", "per_visit", "size"}


def test_what_is_read_by_what_is_read_is_read() -> None:
    reads = Reads()
    with reads.noted_for(("member", "a")):
        reads.note("model", "a")

    with reads.noted_for(("model", "b")):
        reads.note("model", "b")
        reads.note_all(("member", "a"))

    assert reads.of["member", "a"] == {Read("model", "a")}
    assert reads.of["model", "b"] == {Read("model", "a"), Read("model", "b")}
