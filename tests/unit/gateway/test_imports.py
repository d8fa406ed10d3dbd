"""Folders of other formats as projects that answer."""

from __future__ import annotations

from pathlib import Path

import duckdb
import orjson
import pytest

from auth.principal import ANONYMOUS
from gateway.compose import make_gateway
from gateway.imports import read_foreign, write_project
from gateway.settings import Settings
from semantic_models.errors import MalformedDocument

MODELS = """
models:
  - name: orders
    semantic_model: true
    agg_time_dimension: ordered_on
    columns:
      - {name: order_id, entity: {type: primary, name: order}}
      - {name: customer_id, entity: {type: foreign, name: customer}}
      - {name: ordered_on, granularity: day, dimension: time}
      - {name: status, dimension: categorical}
    metrics:
      - {name: revenue, type: simple, agg: sum, expr: amount}
      - {name: paid, type: simple, agg: sum, expr: amount, fill_nulls_with: 0,
         filter: "{{ Dimension('order__status') }} = 'paid'"}
      - {name: paid_share, type: ratio, numerator: paid, denominator: revenue}
      - {name: so_far, type: cumulative, input_metric: revenue}
  - name: customers
    semantic_model: true
    columns:
      - {name: id, entity: {type: primary, name: customer}}
      - {name: region, dimension: categorical}
"""

SAVED = """
saved_queries:
  - name: paid_by_region
    query_params:
      metrics: [revenue, paid, paid_share]
      group_by: [customer__region]
      order_by: [customer__region]
"""

TABLES = """
create table customers as select * from (values (1, 'EU'), (2, 'US')) as t(id, region);
create table orders as select * from (values
  (1, 1, date '2024-01-01', 'paid', 10.0), (2, 1, date '2024-01-02', 'open', 30.0),
  (3, 2, date '2024-01-02', 'open', 5.0)) as t(order_id, customer_id, ordered_on, status, amount)
"""


def dbt_project(folder: Path) -> Path:
    (folder / "shop" / "semantics").mkdir(parents=True)
    (folder / "target").mkdir()
    (folder / "dbt_project.yml").write_text("name: shop\nmodel-paths: [shop]\n")
    (folder / "shop" / "models.yml").write_text(MODELS)
    (folder / "shop" / "semantics" / "saved.yml").write_text(SAVED)
    (folder / "target" / "semantic_manifest.json").write_text('{"metrics": [{"name": "old"}]}')
    (folder / "profiles.yml").write_text("password: {{ env_var('x') }}\n")
    return folder


def test_a_dbt_project_becomes_one_that_answers(tmp_path: Path) -> None:
    imported = read_foreign("dbt", dbt_project(tmp_path / "dbt"))
    place = tmp_path / "project"
    written = [path.name for path in write_project(place, imported, overwrite=False)]
    with duckdb.connect(str(place / "data.duckdb")) as connection:
        connection.execute(TABLES)
    gateway = make_gateway(Settings(project=place, types_folder=tmp_path / "types"))

    question = {"saved_query": "paid_by_region"}
    stream = gateway.fetch(gateway.prepare(orjson.dumps(question), ANONYMOUS)).stream
    rows = [row for batch in stream for row in batch.to_pylist()]
    stream.close()

    assert imported.losses == ()
    assert written == [
        *("forebay.yml", "orders.yml", "customers.yml", "metrics.yml", "saved_queries.yml"),
    ]
    assert [[float(each) for each in list(row.values())[1:]] for row in rows] == [
        [40.0, 10.0, 0.25],
        [5.0, 0.0, 0.0],
    ]


def test_a_folder_beside_no_project_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "models.yaml").write_text(MODELS)
    (tmp_path / "saved.json").write_text(orjson.dumps({"saved_queries": []}).decode())

    assert set(read_foreign("dbt", tmp_path).files) == {
        *("models/orders.yml", "models/customers.yml", "models/metrics.yml"),
    }


def test_what_is_no_yaml_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text("a: {{ b }}: c")

    with pytest.raises(MalformedDocument, match=r'"a\.yml" is neither YAML nor JSON'):
        read_foreign("dbt", file)
