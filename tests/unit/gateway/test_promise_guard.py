"""Answers that rely on what the data breaks are refused, warned of, or given all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auth.principal import ANONYMOUS
from gateway.compose import make_gateway
from gateway.engines.base import ResultStream
from gateway.errors import EngineTimedOut, PromiseBroken
from gateway.pipeline import Gateway
from gateway.promise_guard import CheckKeys, Warned
from gateway.settings import Settings

ROOT = """version: 1
name: shop
engines:
  local:
    type: duckdb
    files: {orders: orders.parquet, customers: customers.parquet, regions: regions.parquet}
"""
MODELS = """version: 1
models:
  orders:
    table: orders
    dimensions: {customer_id: }
    measures: {revenue: sum(amount)}
    joins: {customer: customers}
  customers: {table: customers, key: customer_id, dimensions: {name: }, joins: {region: regions}}
  regions: {table: regions, key: region_id, dimensions: {area: }}
"""
ORDERS = pa.table({"customer_id": [1, 2], "amount": pa.array([10, 5], pa.int64())})
ONCE = pa.table({"customer_id": [1, 2], "name": ["Ann", "Bob"], "region_id": [1, 1]})
TWICE = pa.table({"customer_id": [1, 1], "name": ["Ann", "Ann"], "region_id": [1, 1]})
REGIONS = pa.table({"region_id": [1], "area": ["North"]})
TWO_REGIONS = pa.table({"region_id": [1, 1], "area": ["North", "North"]})

TOTAL = '{"metrics": ["revenue"]}'
BY_NAME = '{"metrics": ["revenue"], "dimensions": ["customer.name"], "order_by": ["-revenue"]}'
BY_AREA = '{"metrics": ["revenue"], "dimensions": ["customer.region.area"]}'
BROKEN = 'the data breaks key (customer_id) of model "customers"'

Rows = list[tuple[object, ...]]


@dataclass
class Shop:
    """A project over files, and whoever serves it."""

    folder: Path

    def __post_init__(self) -> None:
        (self.folder / "models").mkdir()
        (self.folder / "forebay.yml").write_text(ROOT)
        (self.folder / "models" / "all.yml").write_text(MODELS)
        self.write("orders", ORDERS)
        self.write("customers", ONCE)
        self.write("regions", REGIONS)
        self.opened: list[Gateway] = []

    def write(self, name: str, table: pa.Table) -> None:
        """Put data in the place of the data before."""
        pq.write_table(table, self.folder / "beside")
        (self.folder / "beside").replace(self.folder / f"{name}.parquet")

    def serve(self, check_keys: CheckKeys, *, timeout_s: float = 20.0) -> Gateway:
        settings = Settings(
            project=self.folder,
            types_folder=self.folder / "types",
            checks_folder=self.folder / "checks",
            check_keys=check_keys,
            timeout_s=timeout_s,
        )
        self.opened.append(make_gateway(settings))
        return self.opened[-1]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    for each in made.opened:
        each.close()


def ask(gateway: Gateway, text: str = BY_NAME) -> tuple[Rows, list[str]]:
    """The rows of an answer, and the warnings that come with it."""
    answer = gateway.fetch(gateway.prepare(text, ANONYMOUS))
    rows = [tuple(row.values()) for batch in answer.stream for row in batch.to_pylist()]
    return rows, [each.message for each in answer.warned.warnings]


def test_by_default_nothing_is_checked(shop: Shop) -> None:
    shop.write("customers", TWICE)

    assert ask(shop.serve("off")) == ([("Ann", 20), (None, 5)], [])
    assert not (shop.folder / "checks").exists()


def test_an_answer_over_rows_that_would_count_twice_is_refused(shop: Shop) -> None:
    shop.write("customers", TWICE)

    with pytest.raises(PromiseBroken) as refused:
        ask(shop.serve("error"))

    error = refused.value
    assert (error.code, error.message) == ("SL606", BROKEN)
    assert error.position is not None
    assert (error.position.source, error.position.line) == ("models/all.yml", 8)


def test_a_warning_leaves_the_numbers_as_they_are(shop: Shop) -> None:
    shop.write("customers", TWICE)

    assert ask(shop.serve("warn")) == ([("Ann", 20), (None, 5)], [BROKEN])


@pytest.mark.parametrize("check_keys", ["warn", "error"])
def test_promises_that_are_kept_change_no_answer(shop: Shop, check_keys: CheckKeys) -> None:
    assert ask(shop.serve(check_keys)) == ([("Ann", 10), ("Bob", 5)], [])


def test_an_answer_that_relies_on_no_broken_promise_is_given(shop: Shop) -> None:
    shop.write("customers", TWICE)

    assert ask(shop.serve("error"), TOTAL) == ([(15,)], [])


def test_the_data_is_checked_again_when_it_has_changed(shop: Shop) -> None:
    gateway = shop.serve("error")
    before = ask(gateway)
    shop.write("customers", TWICE)
    with pytest.raises(PromiseBroken):
        ask(gateway)
    shop.write("customers", ONCE)

    assert ask(gateway) == before


def test_data_that_changes_while_it_is_read_is_warned_of_as_it_is(shop: Shop) -> None:
    gateway = shop.serve("warn")
    answer = gateway.fetch(gateway.prepare(BY_NAME, ANONYMOUS))
    shop.write("customers", TWICE)

    rows = [tuple(row.values()) for batch in answer.stream for row in batch.to_pylist()]

    assert rows == [("Ann", 20), (None, 5)]
    assert [each.message for each in answer.warned.warnings] == [BROKEN]


def test_an_answer_from_memory_comes_with_its_warnings(shop: Shop) -> None:
    shop.write("customers", TWICE)
    gateway = shop.serve("warn")
    asked = ask(gateway)
    kept = gateway.kept(gateway.prepare(BY_NAME, ANONYMOUS))

    assert kept is not None
    assert [each.message for each in kept.warned.warnings] == asked[1] == [BROKEN]


def test_a_check_is_made_once_for_all_answers_that_rely_on_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = shop.serve("error")
    engine = gateway.engines["local"]
    texts: list[str] = []
    execute: Callable[..., ResultStream] = engine.execute

    def counted(query: object, *, timeout_s: float) -> ResultStream:
        texts.append(str(query))
        return execute(query, timeout_s=timeout_s)

    monkeypatch.setattr(engine, "execute", counted)
    for _ in range(3):
        ask(gateway, BY_NAME)
        ask(gateway, BY_NAME.replace("-revenue", "revenue"))
        ask(gateway, BY_AREA)

    checks = [text for text in texts if "broken" in text]
    assert (len(checks), len(texts)) == (2, 5)


def test_of_several_broken_promises_the_first_tells_of_the_others(shop: Shop) -> None:
    shop.write("customers", TWICE)
    shop.write("regions", TWO_REGIONS)

    with pytest.raises(PromiseBroken) as refused:
        ask(shop.serve("error"), BY_AREA)

    assert refused.value.message == BROKEN
    assert refused.value.detail == (
        "Values stand in several rows: 1 in all. The answer relies on 1 more promise that it "
        "breaks."
    )


@pytest.mark.parametrize("check_keys", ["warn", "error"])
def test_what_cannot_be_checked_is_refused_or_warned_of(
    shop: Shop, check_keys: CheckKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = shop.serve(check_keys)
    engine = gateway.engines["local"]
    execute: Callable[..., ResultStream] = engine.execute

    def slow(query: object, *, timeout_s: float) -> ResultStream:
        if "broken" in str(query):
            raise EngineTimedOut("the query ran past its deadline")
        return execute(query, timeout_s=timeout_s)

    monkeypatch.setattr(engine, "execute", slow)
    if check_keys == "error":
        with pytest.raises(EngineTimedOut):
            ask(gateway)
        return

    told = 'it is not known whether the data keeps key (customer_id) of model "customers"'
    assert ask(gateway) == ([("Ann", 10), ("Bob", 5)], [told])


TIMED = """version: 1
models:
  orders:
    table: orders
    key: customer_id
    time: day
    dimensions: {day: {expr: date '2024-01-05', type: time}}
    measures: {revenue: sum(amount)}
    joins:
      version: {to: customers, on: customer_id = customers.customer_id, valid: [since, until]}
      places: {to: regions, on: customer_id = regions.region_id}
  customers: {table: customers, key: [customer_id, since], dimensions: {name: }}
  regions: {table: regions, dimensions: {area: }}
"""
BY_VERSION = '{"metrics": ["revenue"], "dimensions": ["version.name"]}'
BY_PLACE = '{"metrics": ["revenue"], "dimensions": ["places.area"], "order_by": ["places.area"]}'


def versions(*until: date | None) -> pa.Table:
    """One customer's versions, each from its day of January on until a day of its own."""
    count = len(until)
    since = [date(2024, 1, number + 1) for number in range(count)]
    names = [f"Ann {number}" for number in range(count)]
    return pa.table(
        {
            "customer_id": [1] * count,
            "name": names,
            "region_id": [1] * count,
            "since": since,
            "until": pa.array(until, pa.date32()),
        }
    )


def test_versions_that_overlap_are_refused_where_one_is_met(shop: Shop) -> None:
    (shop.folder / "models" / "all.yml").write_text(TIMED)
    shop.write("customers", versions(date(2024, 1, 2), None))
    gateway = shop.serve("error")
    apart = ask(gateway, BY_VERSION)
    shop.write("customers", versions(None, None))

    assert sorted(apart[0], key=str) == [("Ann 1", 10), (None, 5)]
    with pytest.raises(PromiseBroken, match=r"spans \(since, until\) of \(customer_id\)"):
        ask(gateway, BY_VERSION)
    assert ask(gateway, TOTAL) == ([(15,)], [])


def test_rows_that_are_counted_once_by_a_broken_key_are_refused(shop: Shop) -> None:
    (shop.folder / "models" / "all.yml").write_text(TIMED)
    shop.write("customers", versions(None))
    gateway = shop.serve("error")
    shop.write("regions", pa.table({"region_id": [1, 1, 2], "area": ["North", "South", "South"]}))
    once = ask(gateway, BY_PLACE)
    shop.write("orders", pa.table({"customer_id": [1, 1], "amount": pa.array([5, 5], pa.int64())}))

    assert once == ([("North", 10), ("South", 15)], [])
    with pytest.raises(PromiseBroken, match=r'key \(customer_id\) of model "orders"'):
        ask(gateway, BY_PLACE)


def test_a_header_holds_a_few_warnings_in_ascii() -> None:
    warned = Warned(tuple(PromiseBroken(f"é{'x' * 300}") for _ in range(9)))

    header = warned.header()

    assert header.isascii()
    assert (header.count("SL606"), len(header) < 2_000) == (8, True)
