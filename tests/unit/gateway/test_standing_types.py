"""Data whose types changed while it is served is refused, whatever it would be cast to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auth.principal import ANONYMOUS
from gateway.compose import make_gateway
from gateway.engines.base import ResultStream
from gateway.engines.duckdb import Columns, DuckDBEngine
from gateway.errors import DataAltered, EngineGone
from gateway.pipeline import Gateway
from gateway.settings import Settings
from semantic_models.model import Relation

ROOT = """version: 1
name: shop
engines: {{local: {{type: duckdb, {data}}}}}
"""
MODELS = """version: 1
models:
  orders:
    table: orders
    dimensions: {{id: , amount: }}
    measures: {{total: sum(amount)}}
  doubled:
    sql: select id, amount * 2 as twice from orders
    dimensions: {{id: }}
    measures: {{all_twice: sum(twice)}}
{more}"""
ORDERS = pa.table({"id": [1, 2], "amount": pa.array([10, 20], pa.int64())})
IN_DOUBLES = pa.table({"id": [1, 2], "amount": [10.6, 20.6]})
WITHOUT_AMOUNT = ORDERS.drop_columns(["amount"])
TOTAL = '{"metrics": ["total"]}'
TWICE = '{"metrics": ["all_twice"]}'
ROWS = '{"fields": ["id", "amount"], "from": "orders"}'
RESTART = (
    "Restart the server, so that its models are built from the data as it is, or put data of the "
    "old types back; `forebay validate` tells what a restart would refuse."
)


@dataclass
class Shop:
    """A project over one file of orders, and the gateway that serves it."""

    folder: Path
    data: str = "files: {orders: orders.parquet}"
    more: str = ""
    gateway: Gateway = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "models").mkdir()
        (self.folder / "forebay.yml").write_text(ROOT.format(data=self.data))
        (self.folder / "models" / "all.yml").write_text(MODELS.format(more=self.more))
        self.write(ORDERS)
        self.gateway = self.started()

    def started(self) -> Gateway:
        return make_gateway(Settings(project=self.folder, types_folder=self.folder / "types"))

    def write(self, table: pa.Table) -> None:
        """Put data in the place of the data before."""
        if "path" not in self.data:
            pq.write_table(table, self.folder / "beside")
            (self.folder / "beside").replace(self.folder / "orders.parquet")
            return
        (self.folder / "beside").unlink(missing_ok=True)
        with duckdb.connect(str(self.folder / "beside")) as connection:
            connection.register("given", table)
            connection.execute("CREATE TABLE orders AS SELECT * FROM given")
        (self.folder / "beside").replace(self.folder / "data.duckdb")

    def start(self, question: str) -> ResultStream:
        return self.gateway.fetch(self.gateway.prepare(question, ANONYMOUS)).stream

    def ask(self, question: str = TOTAL) -> list[dict[str, Any]]:
        return [row for batch in self.start(question) for row in batch.to_pylist()]

    def refusal(self, question: str = TOTAL) -> DataAltered:
        with pytest.raises(DataAltered) as refusal:
            self.ask(question)
        return refusal.value


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.gateway.close()


@pytest.mark.parametrize(
    "data", ["files: {orders: orders.parquet}", "path: data.duckdb", "files: {orders: '*.parquet'}"]
)
@pytest.mark.parametrize("question", [TOTAL, ROWS])
def test_a_column_of_another_type_is_refused_until_it_has_the_old_one(
    data: str, question: str, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, data)
    before = shop.ask(question)

    shop.write(IN_DOUBLES)
    refusal = shop.refusal(question)
    shop.write(ORDERS)
    after = shop.ask(question)
    shop.gateway.close()

    assert (refusal.code, refusal.message, refusal.detail, refusal.hint) == (
        "SL605",
        'column "amount" of model "orders" is no longer of type int64',
        "It is of type float64 now.",
        RESTART,
    )
    assert after == before


def test_what_a_restart_builds_has_the_new_types(shop: Shop) -> None:
    shop.write(IN_DOUBLES)
    shop.gateway.close()
    shop.gateway = shop.started()

    assert shop.ask() == [{"total": pytest.approx(31.2)}]


@pytest.mark.parametrize("data", ["files: {orders: orders.parquet}", "path: data.duckdb"])
def test_a_column_that_is_gone_is_refused_by_its_name(data: str, tmp_path: Path) -> None:
    shop = Shop(tmp_path, data)

    shop.write(WITHOUT_AMOUNT)
    refusal = shop.refusal()
    shop.gateway.close()

    assert (refusal.message, refusal.hint) == (
        'column "amount" of model "orders" is no longer there',
        RESTART,
    )


def test_a_column_more_or_in_another_place_changes_nothing(shop: Shop) -> None:
    more = ORDERS.append_column("more", pa.array(["x", "y"])).select(["more", "amount", "id"])

    shop.write(more)

    assert shop.ask() == [{"total": 30}]


def test_a_column_of_other_case_changes_nothing(shop: Shop) -> None:
    shop.write(ORDERS.rename_columns(["ID", "Amount"]))

    assert shop.ask() == [{"total": 30}]


def test_a_select_over_a_column_of_another_type_is_refused(shop: Shop) -> None:
    shop.write(IN_DOUBLES)
    changed = shop.refusal(TWICE)
    shop.write(WITHOUT_AMOUNT)
    gone = shop.refusal(TWICE)

    assert [each.message for each in (changed, gone)] == [
        'column "twice" of model "doubled" is no longer of type int64',
        'model "doubled" no longer fits the data of engine "local"',
    ]


def test_files_that_are_gone_are_gone(shop: Shop) -> None:
    (shop.folder / "orders.parquet").unlink()

    with pytest.raises(EngineGone):
        shop.ask()


def test_columns_are_asked_once_for_each_version_of_the_data(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Relation] = []
    describe = DuckDBEngine.describe

    def counted(engine: DuckDBEngine, relation: Relation) -> Columns:
        asked.append(relation)
        return describe(engine, relation)

    monkeypatch.setattr(DuckDBEngine, "describe", counted)
    counts = []
    for question in (TOTAL, TOTAL, ROWS):
        shop.ask(question)
        counts.append(len(asked))
    shop.write(ORDERS)
    for _ in range(2):
        shop.ask()
        counts.append(len(asked))

    assert counts == [1, 1, 1, 2, 2]


@pytest.mark.parametrize("question", [TOTAL, ROWS])
def test_data_that_changes_while_it_is_read_is_refused_before_the_end(
    question: str, shop: Shop
) -> None:
    """DuckDB would cast the sum without a word, and refuse the rows as a fault of its own."""
    stream = shop.start(question)
    shop.write(IN_DOUBLES)

    for _ in range(2):
        with pytest.raises(DataAltered):
            list(stream)
    stream.close()


def test_an_answer_in_old_types_is_never_found_again(shop: Shop) -> None:
    prepared = shop.gateway.prepare(TOTAL, ANONYMOUS)
    shop.ask()
    shop.write(IN_DOUBLES)

    assert shop.gateway.kept(prepared) is None
    assert shop.refusal().code == "SL605"
    assert shop.gateway.kept(prepared) is None


def test_a_model_over_another_table_is_asked_on(tmp_path: Path) -> None:
    """Only what a question reads can make it wrong."""
    data = "files: {orders: orders.parquet, users: users.parquet}"
    pq.write_table(pa.table({"name": ["ada"]}), tmp_path / "users.parquet")
    more = "  users:\n    table: users\n    measures: {n_users: count(*)}\n"
    shop = Shop(tmp_path, data, more)

    shop.write(IN_DOUBLES)
    rows = shop.ask('{"metrics": ["n_users"]}')
    shop.gateway.close()

    assert rows == [{"n_users": 1}]
