"""Files of one name have one schema, when they are opened and whenever they change."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import parse_one

from gateway.engines.duckdb import DuckDBEngine
from gateway.engines.duckdb_open import DuckDBSettings
from gateway.engines.file_schemas import FileSchemas, Unlike
from gateway.errors import DataAltered, EngineFailed, EngineGone
from semantic_models.errors import Position, SettingRejected
from semantic_models.model import Select, Table
from semantic_models.parse_spec import parse_project
from semantic_models.spec import Scalar
from semantic_models.types import INT64, STRING
from tests.unit.gateway.engines.data import numbers, rows_of

USUAL = pa.table({"id": pa.array([1], pa.int64()), "name": ["a"]})
ALIKE = (
    USUAL,
    USUAL.select(["name", "id"]),
    USUAL.rename_columns(["ID", "Name"]),
    USUAL.cast(pa.schema((pa.field("id", pa.int64(), nullable=False), USUAL.schema.field(1)))),
    pa.table({"id": pa.array([1], pa.int64()), "name": pa.array(["a"]).dictionary_encode()}),
)
UNLIKE = (
    (pa.table({"id": [1.5], "name": ["a"]}), 'has column "id" as DOUBLE, the others as BIGINT'),
    (
        pa.table({"id": pa.array([1], pa.int32()), "name": ["a"]}),
        'has column "id" as INTEGER, the others as BIGINT',
    ),
    (USUAL.select(["name"]), 'has no column "id"'),
    (
        USUAL.append_column("more", pa.array([1])),
        'has a column "more" which the others lack',
    ),
    (
        pa.table({"id": [1], "name": [[1]]}),
        'has column "name" as BIGINT[], the others as VARCHAR',
    ),
)
HINT = (
    "Files of one name are one table: write the file with the columns and types of the others, "
    "or give it a name of its own."
)


def settings(folder: Path, **files: str) -> DuckDBSettings:
    return DuckDBSettings(name="local", folder=folder, files=files or {"orders": "data/*.parquet"})


def write(folder: Path, *tables: pa.Table) -> None:
    """Put files a, b, c … in the folder of the data."""
    (folder / "data").mkdir(exist_ok=True)
    for letter, table in zip("abcdefgh", tables, strict=False):
        pq.write_table(table, folder / "beside")
        (folder / "beside").replace(folder / "data" / f"{letter}.parquet")


def test_files_of_one_schema_are_read_together_by_name(tmp_path: Path) -> None:
    write(tmp_path, *ALIKE)

    engine = DuckDBEngine(settings(tmp_path))
    query = numbers("SELECT count(*) AS n FROM orders WHERE id = 1 AND name = 'a'")
    rows = rows_of(engine.execute(query, timeout_s=30))
    described = engine.describe(Table(("orders",)))
    engine.close()

    assert (rows, described) == ([{"n": len(ALIKE)}], {"id": INT64, "name": STRING})


@pytest.mark.parametrize(("odd", "how"), UNLIKE)
@pytest.mark.parametrize("place", [0, 2])
def test_an_odd_file_is_refused_when_the_data_is_opened(
    place: int, odd: pa.Table, how: str, tmp_path: Path
) -> None:
    tables = [USUAL, USUAL]
    tables.insert(place, odd)
    write(tmp_path, *tables)

    with pytest.raises(SettingRejected) as refusal:
        DuckDBEngine(settings(tmp_path))

    assert (refusal.value.message, refusal.value.detail, refusal.value.hint) == (
        f'file "data/{"abc"[place]}.parquet" of "orders" {how}',
        "It is the value of engines.local.files.orders in forebay.yml.",
        HINT,
    )


def test_an_odd_file_is_refused_at_its_place_in_the_project(tmp_path: Path) -> None:
    write(tmp_path, USUAL, UNLIKE[0][0])
    line = "engines: {local: {type: duckdb, files: {orders: data/*.parquet}}}"
    spec, _ = parse_project(
        {
            "forebay.yml": f"version: 1\nname: shop\n{line}\n".encode(),
            "models/all.yml": b"version: 1\nmodels: {orders: {table: orders}}\n",
        }
    )
    assert spec is not None
    written: dict[str, Scalar] = {"files.orders": spec.engines[0].files[0][1]}
    placed = DuckDBSettings(
        name="local", folder=tmp_path, files={"orders": "data/*.parquet"}, written=written
    )

    with pytest.raises(SettingRejected) as refusal:
        DuckDBEngine(placed)

    column = line.index("data/") + 1
    assert refusal.value.position == Position("forebay.yml", 3, column, 14, line)


@pytest.mark.parametrize(("odd", "how"), UNLIKE)
@pytest.mark.parametrize(
    "relation", [Table(("orders",)), Table(("main", "Orders")), "select id from orders"]
)
def test_a_file_that_became_odd_is_refused_until_it_is_like_the_others(
    relation: Table | str, odd: pa.Table, how: str, tmp_path: Path
) -> None:
    asked = Select(parse_one(relation)) if isinstance(relation, str) else relation
    write(tmp_path, USUAL, USUAL, USUAL)
    engine = DuckDBEngine(settings(tmp_path))
    before = engine.describe(asked)

    write(tmp_path, USUAL, odd)
    with pytest.raises(DataAltered) as refusal:
        engine.describe(asked)
    write(tmp_path, USUAL, USUAL)
    after = engine.describe(asked)
    engine.close()

    assert refusal.value.message == f'file "data/b.parquet" of "orders" {how}'
    assert (refusal.value.hint, after) == (HINT, before)


def test_a_relation_over_other_files_is_described_on(tmp_path: Path) -> None:
    write(tmp_path, USUAL, USUAL)
    pq.write_table(USUAL, tmp_path / "users.parquet")
    engine = DuckDBEngine(settings(tmp_path, orders="data/*.parquet", users="users.parquet"))

    write(tmp_path, USUAL, UNLIKE[0][0])
    described = engine.describe(Table(("users",)))
    engine.close()

    assert described == {"id": INT64, "name": STRING}


def test_columns_of_folders_are_no_columns_of_files(tmp_path: Path) -> None:
    for year in ("2013", "unknown"):
        (tmp_path / f"year={year}").mkdir()
        pq.write_table(USUAL, tmp_path / f"year={year}" / "a.parquet")

    engine = DuckDBEngine(settings(tmp_path, orders="*/*.parquet"))
    described = engine.describe(Table(("orders",)))
    engine.close()

    assert described == {"id": INT64, "name": STRING, "year": STRING}


def test_a_later_file_that_is_not_parquet_is_refused_when_the_data_is_opened(
    tmp_path: Path,
) -> None:
    write(tmp_path, USUAL)
    (tmp_path / "data" / "b.parquet").write_text("no")

    with pytest.raises(SettingRejected) as refusal:
        DuckDBEngine(settings(tmp_path))

    assert refusal.value.message == ('"data/*.parquet" of engine "local" cannot be read as Parquet')


def test_a_file_that_is_gone_or_broken_later_is_told_as_such(tmp_path: Path) -> None:
    write(tmp_path, USUAL, USUAL)
    engine = DuckDBEngine(settings(tmp_path))

    (tmp_path / "data" / "b.parquet").write_text("no")
    with pytest.raises(EngineFailed) as broken:
        engine.describe(Table(("orders",)))
    (tmp_path / "data" / "b.parquet").unlink()
    with pytest.raises(EngineGone) as gone:
        engine.describe(Table(("orders",)))
    engine.close()

    assert broken.value.message == 'engine "local" failed at the query'
    assert gone.value.message == 'data of engine "local" is no longer there'


def test_a_file_is_asked_anew_when_its_stamp_changed(tmp_path: Path) -> None:
    write(tmp_path, USUAL, USUAL)
    paths = [str(tmp_path / "data" / name) for name in ("a.parquet", "b.parquet")]
    schemas = FileSchemas()
    with duckdb.connect() as connection:
        first = schemas.unlike(connection, paths)
        write(tmp_path, USUAL, UNLIKE[0][0])
        changed = schemas.unlike(connection, paths)
    kept = os.stat(paths[1])
    with duckdb.connect() as closed:
        pass

    assert (first, changed) == (None, Unlike(paths[1], "id", "DOUBLE", "BIGINT"))
    assert schemas.unlike(closed, paths) == changed  # Not asked again while nothing changed.
    assert os.stat(paths[1]).st_mtime_ns == kept.st_mtime_ns


def test_a_file_outside_of_the_project_is_told_by_its_last_name(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    write(tmp_path, USUAL, UNLIKE[0][0])

    with pytest.raises(SettingRejected) as refusal:
        DuckDBEngine(settings(tmp_path / "project", orders="../data/*.parquet"))

    assert refusal.value.message.startswith('file "b.parquet" of "orders" ')
