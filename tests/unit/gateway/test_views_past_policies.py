"""Views and macros of a database file that would show a table past its policies."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from auth.principal import Principal
from gateway.compose import make_gateway
from gateway.errors import PromiseBroken
from gateway.pipeline import Gateway
from gateway.settings import Settings
from semantic_models.errors import FaultyProject

ROOT = "version: 1\nname: shop\nengines: {local: {type: duckdb, path: data.duckdb}}\n"
MODEL = "version: 1\nmodels:\n  all_of_it: {%s, dimensions: {region: }, measures: {n: count(*)}}\n"
ORDERS = "  orders: {table: orders, dimensions: {region: }}\n"
POLICIES = """version: 1
policies:
  all: {grant: {models: all}}
  eu: {on: {table: orders}, rows: region = 'EU'}
"""
TABLE = "create table orders as from (values (1, 'EU'), (2, 'US'), (3, 'US')) t(id, region)"
OTHER = "create table free as select 1 as id, 'EU' as region"
COUNT = '{"metrics": ["n"]}'
ANN = Principal("ann", frozenset())


def _write(folder: Path, *statements: str) -> None:
    beside = folder / "beside"
    with duckdb.connect(str(beside)) as connection:
        for each in (TABLE, OTHER, *statements):
            connection.execute(each)
    beside.replace(folder / "data.duckdb")


def _started(folder: Path, relation: str, *statements: str, policies: str = POLICIES) -> Gateway:
    for name in ("models", "policies"):
        (folder / name).mkdir()
    (folder / "forebay.yml").write_text(ROOT)
    (folder / "models" / "all.yml").write_text(MODEL % relation + ORDERS)
    (folder / "policies" / "all.yml").write_text(policies)
    _write(folder, *statements)
    return make_gateway(Settings(project=folder))


def _count(gateway: Gateway) -> int:
    stream = gateway.fetch(gateway.prepare(COUNT, ANN)).stream
    [row] = [row for batch in stream for row in batch.to_pylist()]
    return int(row["n"])


VIEW = "create view shown as select * from orders"
READS = 'which reads table "orders", which has policies'


@pytest.mark.parametrize(
    ("relation", "statements", "message"),
    [
        ("table: shown", [VIEW], f'model "all_of_it" reads view "data.main.shown", {READS}'),
        ("table: main.SHOWN", [VIEW], f'model "all_of_it" reads view "data.main.shown", {READS}'),
        (
            "table: above",
            [VIEW, "create view above as select * from (with x as (from shown) from x)"],
            f'model "all_of_it" reads view "data.main.above", {READS}',
        ),
        (
            "table: shown",
            ["create view shown as select * from free where exists (from main.orders)"],
            f'model "all_of_it" reads view "data.main.shown", {READS}',
        ),
        (
            "table: shown",
            ["create view shown as select * from query_table('orders')"],
            'model "all_of_it" reads view "data.main.shown", which may read tables that have '
            "policies",
        ),
        (
            'sql: "select id, region from shown"',
            [VIEW],
            f'model "all_of_it" reads view "data.main.shown", {READS}',
        ),
        (
            'sql: "select latest(id) as id, region from free"',
            ["create macro latest(x) as (select max(region) from orders)"],
            f'model "all_of_it" reads macro "data.main.latest", {READS}',
        ),
        (
            "table: shown",
            [
                "create macro latest(x) as (select max(region) from orders)",
                "create view shown as select latest(id) as region from free",
            ],
            f'model "all_of_it" reads view "data.main.shown", {READS}',
        ),
        (
            "table: free",
            ["create macro lower(x) as (select max(region) from orders)"],
            f'engine "local" has a macro in place of function "lower", {READS}',
        ),
    ],
)
def test_what_reads_a_table_past_its_policies_is_refused(
    relation: str, statements: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(FaultyProject) as refusal:
        _started(tmp_path, relation, *statements)

    assert [each.message for each in refusal.value.faults] == [message]


@pytest.mark.parametrize(
    ("relation", "statements", "count"),
    [
        ("table: shown", ["create view shown as select * from free"], 1),
        ('sql: "select id, region from orders"', [VIEW], 1),
        ("table: free", [VIEW, "create macro twice(x) as 2 * x"], 1),
    ],
)
def test_what_reads_none_is_served(
    relation: str, statements: list[str], count: int, tmp_path: Path
) -> None:
    gateway = _started(tmp_path, relation, *statements)

    assert _count(gateway) == count
    gateway.close()


def test_a_policy_on_the_view_itself_holds_for_what_it_shows(tmp_path: Path) -> None:
    policies = POLICIES.replace("table: orders", "table: shown")
    gateway = _started(tmp_path, "table: shown", VIEW, policies=policies)

    assert _count(gateway) == 1
    gateway.close()


def test_without_policies_on_tables_views_are_tables_as_others(tmp_path: Path) -> None:
    policies = "version: 1\npolicies:\n  all: {grant: {models: all}}\n"
    gateway = _started(tmp_path, "table: shown", VIEW, policies=policies)

    assert _count(gateway) == 3
    gateway.close()


def test_a_view_that_comes_to_read_a_table_past_its_policies_is_refused(tmp_path: Path) -> None:
    gateway = _started(tmp_path, "table: shown", "create view shown as select * from free")
    before = _count(gateway)

    _write(tmp_path, VIEW)
    with pytest.raises(PromiseBroken) as refusal:
        _count(gateway)
    _write(tmp_path, "create view shown as select * from free")
    after = _count(gateway)
    gateway.close()

    assert (before, after) == (1, 1)
    assert "orders" not in refusal.value.message + refusal.value.detail
