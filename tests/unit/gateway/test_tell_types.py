"""What engines are asked when a project is loaded, and what becomes of their refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from gateway.engines.duckdb import DuckDBEngine
from gateway.engines.duckdb_open import DuckDBSettings
from gateway.errors import EngineGone
from gateway.tell_types import metric_places, tell_columns, tell_members, tell_metrics
from semantic_models.build import build
from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError
from semantic_models.faults import Faults
from semantic_models.give_types import give_types
from semantic_models.model import ModelTypes
from semantic_models.spec import ProjectSpec
from semantic_models.types import INT64, STRING, Kind, LogicalType
from tests.support.models import parsed

ROOT = "version: 1\nname: shop\nengines: {one: {type: duckdb, path: one.duckdb}}\n"
MODELS = """\
version: 1
models:
  orders:
    table: orders
    key: id
    where: abs(WORD) >= 0
    dimensions: {note: , next: id + 1}
    measures:
      orders: count(*)
      late: {expr: count(*), where: abs(WORD) = 2}
      latest: max(at)
    joins: {buyer: {to: users, on: user_id}}
  users:
    table: users
    key: id
    measures: {users: count(*)}
metrics:
  share: orders / users
"""
FINE = MODELS.replace("WORD", "id")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with duckdb.connect(str(tmp_path / "one.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE orders AS "
            "SELECT 1 AS id, 1 AS user_id, 'x' AS note, timestamp '2024-01-01' AS at"
        )
        connection.execute("CREATE TABLE users AS SELECT 1 AS id")
    engine = DuckDBEngine(DuckDBSettings(name="one", folder=tmp_path, path="one.duckdb"))
    yield engine
    engine.close()


def resolved(models: str, engine: DuckDBEngine) -> tuple[ProjectSpec, Catalog, dict[str, object]]:
    """A project with the columns that the engine tells."""
    spec = parsed(models, root=ROOT)
    faults = Faults()
    columns = tell_columns(spec, {"one": engine}, faults)
    catalog, found = build(spec, columns)
    assert catalog is not None, (faults.found, found)
    return spec, catalog, dict(columns)


def typed(models: str, engine: DuckDBEngine) -> tuple[ProjectSpec, Catalog]:
    spec, catalog, _ = resolved(models, engine)
    members = tell_members(spec.models, catalog, {"one": engine}, [])
    types = {name: ModelTypes({}, members[name]) for name in catalog.models}
    return spec, give_types(catalog, types)[0]


def told(faults: list[ForebayError]) -> list[tuple[str, str, int]]:
    return [
        (each.code, each.message, each.position.line if each.position else 0) for each in faults
    ]


def test_predicates_are_asked_about_and_are_no_members(engine: DuckDBEngine) -> None:
    spec, catalog, _ = resolved(FINE, engine)
    faults: list[ForebayError] = []

    types = tell_members(spec.models, catalog, {"one": engine}, faults)

    assert faults == []
    assert list(types["orders"]) == [
        "note",
        "next",
        "measure:orders",
        "measure:late",
        "measure:latest",
    ]
    assert (types["orders"]["next"], types["users"]) == (
        LogicalType(Kind.INT32),
        {"measure:users": INT64},
    )


def test_a_predicate_that_is_refused_spoils_nothing_beside_it(engine: DuckDBEngine) -> None:
    spec, catalog, _ = resolved(MODELS.replace("WORD", "note"), engine)
    faults: list[ForebayError] = []

    types = tell_members(spec.models, catalog, {"one": engine}, faults)

    assert told(faults) == [
        ("E_TYPE_MISMATCH", 'engine "one" cannot compute "where" of model "orders"', 6),
        ("E_TYPE_MISMATCH", 'engine "one" cannot compute "late.where" of model "orders"', 10),
    ]
    assert types["orders"]["note"] == STRING


def test_a_predicate_of_another_type_is_refused(engine: DuckDBEngine) -> None:
    models = FINE.replace("abs(id) >= 0", "coalesce(null, null)")
    spec, catalog, _ = resolved(models, engine)
    faults: list[ForebayError] = []

    tell_members(spec.models, catalog, {"one": engine}, faults)

    assert told(faults) == [
        ("E_TYPE_MISMATCH", '"where" of model "orders" is neither true nor false', 6)
    ]


@pytest.mark.parametrize(
    ("metrics", "faults"),
    [
        ("  half: orders / 2", []),
        (
            "  odd: sqrt(latest)\n  half: orders / 2",
            [("E_TYPE_MISMATCH", 'no engine can compute metric "odd"', 20)],
        ),
        (
            "  times: round(latest)",
            [("E_TYPE_MISMATCH", 'no engine can compute metric "times"', 20)],
        ),
    ],
)
def test_formulas_are_asked_about_as_questions(
    metrics: str, faults: list[tuple[str, str, int]], engine: DuckDBEngine
) -> None:
    models = FINE.replace("max(at)", "max(at)\n      at_first: min(note)").replace(
        "  share: orders / users", f"  share: orders / users\n{metrics}"
    )
    spec, catalog = typed(models, engine)
    found: list[ForebayError] = []

    tell_metrics(metric_places(spec), catalog, {"one": engine}, found)

    assert told(found) == faults


def test_what_is_made_of_a_measure_without_answer_has_no_fault_of_its_own(
    engine: DuckDBEngine,
) -> None:
    behind_many = """\
    joins: {order: {to: orders, on: id = orders.user_id}}
    measures: {users: {expr: count(*), where: order.next > 1 or id = 1}}
"""
    models = FINE.replace("    measures: {users: count(*)}\n", behind_many)
    spec, catalog = typed(models, engine)
    faults: list[ForebayError] = []

    tell_metrics(metric_places(spec), catalog, {"one": engine}, faults)

    message = 'one predicate chooses between rows behind "order" and others'
    assert told(faults) == [("E_NOT_SUPPORTED", message, 17)]


def test_data_that_is_gone_is_no_fault_of_the_project(engine: DuckDBEngine, tmp_path: Path) -> None:
    spec, catalog = typed(FINE, engine)
    (tmp_path / "one.duckdb").unlink()
    engines, faults = {"one": engine}, Faults()

    for ask in (
        lambda: tell_columns(spec, engines, faults),
        lambda: tell_members(spec.models, catalog, engines, faults.found),
        lambda: tell_metrics(metric_places(spec), catalog, engines, faults.found),
    ):
        with pytest.raises(EngineGone):
            ask()

    assert faults.found == []
