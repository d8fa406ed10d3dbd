"""Types are kept for exactly what they were told of, and asked again for anything else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.engines.duckdb import Columns, DuckDBEngine
from gateway.kept_types import KeptTypes, cache_folder
from gateway.project import load_project
from semantic_models.model import ModelTypes, Relation
from semantic_models.types import FLOAT64, INT64, Kind, LogicalType

ROOT = """version: 1
name: shop
engines:
  one: {type: duckdb, files: {orders: one.parquet}}
  two: {type: duckdb, files: {orders: two.parquet}}
default_engine: one
"""
MODELS = """version: 1
models:
  orders:
    table: orders
    dimensions: {amount: , twice: amount * 2}
    measures: {most: max(amount)}
"""
LONG = pa.table({"amount": pa.array([1], pa.int64())})
DOUBLE = pa.table({"amount": [1.5]})
INT, REAL = ("int64", "int64"), ("float64", "float64")


@dataclass
class Shop:
    """A project whose two engines hold orders of unlike types."""

    folder: Path
    kept: Path
    asked: list[Relation] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "models").mkdir(parents=True)
        self.write("forebay.yml", ROOT)
        self.write("models/all.yml", MODELS)
        pq.write_table(LONG, self.folder / "one.parquet")
        pq.write_table(DOUBLE, self.folder / "two.parquet")

    def write(self, path: str, text: str) -> None:
        (self.folder / path).write_text(text)

    def load(self) -> tuple[tuple[str, str], int]:
        """Types of a column and of what is computed from it; how many relations were asked."""
        self.asked.clear()
        project = load_project(self.folder, types_folder=self.kept)
        project.close()
        model = project.snapshot.catalog.models["orders"]
        column = (model.columns or {})["amount"]
        return (str(column), str(model.dimensions["twice"].type)), len(self.asked)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop(tmp_path / "shop", tmp_path / "types")
    describe = DuckDBEngine.describe

    def counted(engine: DuckDBEngine, relation: Relation) -> Columns:
        shop.asked.append(relation)
        return describe(engine, relation)

    monkeypatch.setattr(DuckDBEngine, "describe", counted)
    return shop


def test_types_are_asked_once_for_the_same_definitions_and_data(shop: Shop) -> None:
    assert [shop.load(), shop.load()] == [(INT, 1), (INT, 0)]


def change_data(shop: Shop) -> None:
    pq.write_table(DOUBLE, shop.folder / "one.parquet")


def change_data_in_the_same_size_and_second(shop: Shop) -> None:
    """Nothing of a file's stamp may be left out: here only the time of its change differs."""
    path = shop.folder / "one.parquet"
    before = path.stat()
    pq.write_table(DOUBLE, path)
    path.touch()
    assert path.stat().st_ctime_ns != before.st_ctime_ns


def change_the_model(shop: Shop) -> None:
    shop.write("models/all.yml", MODELS.replace("table: orders", "table: orders\n    engine: two"))


def change_the_default_engine(shop: Shop) -> None:
    shop.write("forebay.yml", ROOT.replace("default_engine: one", "default_engine: two"))


def change_the_place_of_data(shop: Shop) -> None:
    shop.write("forebay.yml", ROOT.replace("orders: one.parquet", "orders: two.parquet"))


def swap_the_files(shop: Shop) -> None:
    one, two = shop.folder / "one.parquet", shop.folder / "two.parquet"
    one.rename(shop.folder / "beside")
    two.rename(one)
    (shop.folder / "beside").rename(two)


def move_the_model_to_another_file(shop: Shop) -> None:
    """What stands in it is the same, but not what is told of its place."""
    change_the_model(shop)
    (shop.folder / "models" / "all.yml").rename(shop.folder / "models" / "more.yml")


@pytest.mark.parametrize(
    "change",
    [
        change_data,
        change_data_in_the_same_size_and_second,
        change_the_model,
        change_the_default_engine,
        change_the_place_of_data,
        swap_the_files,
        move_the_model_to_another_file,
    ],
)
def test_types_are_asked_again_of_whatever_is_changed(
    change: Callable[[Shop], None], shop: Shop
) -> None:
    before = shop.load()

    change(shop)

    assert [before, shop.load(), shop.load()] == [(INT, 1), (REAL, 1), (REAL, 0)]


def test_another_project_of_the_same_definitions_has_types_of_its_own(
    shop: Shop, tmp_path: Path
) -> None:
    first = shop.load()
    other = Shop(tmp_path / "other", shop.kept, shop.asked)
    pq.write_table(DOUBLE, other.folder / "one.parquet")

    assert [first, other.load(), shop.load()] == [(INT, 1), (REAL, 1), (INT, 0)]


def test_a_copy_of_a_project_is_asked_itself(shop: Shop, tmp_path: Path) -> None:
    """Its data may change without that of the project it was copied from."""
    first = shop.load()
    shutil.copytree(shop.folder, tmp_path / "copy")
    copy = Shop.__new__(Shop)
    copy.folder, copy.kept, copy.asked = tmp_path / "copy", shop.kept, shop.asked

    assert [first, copy.load(), shop.load()] == [(INT, 1), (INT, 1), (INT, 0)]


def test_another_version_of_the_engine_is_asked_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shop.load()
    monkeypatch.setattr(duckdb, "__version__", "1.5.99")

    assert [before, shop.load(), shop.load()] == [(INT, 1), (INT, 1), (INT, 0)]


def test_another_version_of_the_dialect_is_asked_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes members in other SQL, of which an engine may tell another type."""
    before = shop.load()
    other = replace(DuckDBEngine.dialect, version="other")
    monkeypatch.setattr(DuckDBEngine, "dialect", other)

    assert [before, shop.load(), shop.load()] == [(INT, 1), (INT, 1), (INT, 0)]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"orders": {}}', '{"orders": {"columns": [1]}}'])
def test_types_that_cannot_be_read_are_asked_again(text: str, shop: Shop) -> None:
    before = shop.load()
    for each in shop.kept.iterdir():
        each.write_text(text)

    assert [before, shop.load(), shop.load()] == [(INT, 1), (INT, 1), (INT, 0)]


def test_types_of_data_that_changed_while_it_was_asked_are_not_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be those of either data, or some of both."""
    describe = DuckDBEngine.describe

    def describe_and_change(engine: DuckDBEngine, relation: Relation) -> Columns:
        told = describe(engine, relation)
        pq.write_table(LONG, shop.folder / "one.parquet")
        return told

    monkeypatch.setattr(DuckDBEngine, "describe", describe_and_change)
    shop.load()

    assert list(shop.kept.glob("*")) == []


def test_a_project_loads_where_nothing_can_be_kept(shop: Shop, tmp_path: Path) -> None:
    shop.kept = tmp_path / "file" / "types"
    (tmp_path / "file").write_text("")

    assert [shop.load(), shop.load()] == [(INT, 1), (INT, 1)]


def test_kept_types_are_read_as_they_were_written(tmp_path: Path) -> None:
    told = {
        "orders": ModelTypes(
            {"id": INT64, "tags": None, "price": LogicalType(Kind.DECIMAL, 12, 2)},
            {"at": LogicalType(Kind.TIMESTAMP_TZ, 6, zone="UTC"), "measure:n": FLOAT64},
        )
    }

    KeptTypes(lambda: "name", tmp_path).write(told)

    assert KeptTypes(lambda: "name", tmp_path).read() == told
    assert KeptTypes(lambda: "other", tmp_path).read() == {}


@pytest.mark.parametrize(("base", "folder"), [("/x", "/x/forebay"), ("", "~/.cache/forebay")])
def test_types_are_kept_in_the_users_folder(
    base: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", base)

    assert cache_folder() == Path(folder).expanduser()
