"""Small data for engines, written to a folder of the test."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dialects.physical import PhysicalQuery
from gateway.engines.base import ResultStream
from gateway.engines.duckdb_open import DuckDBSettings
from semantic_models.types import INT64, LogicalType

FLIGHTS = pa.table(
    {
        "carrier": pa.array(["AA", "UA", "UA", None]),
        "distance": pa.array([100, 250, 400, 50], pa.int64()),
    }
)

ENDLESS = "SELECT count(*) AS n FROM range(1000000000000)"
"""Works for hours towards its first batch."""

LONG = "SELECT range AS n FROM range(1000000000)"
"""Gives batches at once and for minutes."""


def write_flights(folder: Path, name: str = "flights.parquet") -> Path:
    pq.write_table(FLIGHTS, folder / name)
    return folder / name


def flights_in(folder: Path) -> DuckDBSettings:
    """Settings of an engine over the flights, which are written first."""
    write_flights(folder)
    return DuckDBSettings(name="files", folder=folder, files={"flights": "flights.parquet"})


def numbers(text: str, *, name: str = "n", logical: LogicalType = INT64) -> PhysicalQuery:
    """A query that promises one column."""
    return PhysicalQuery(text, "duckdb", "files", ((name, logical),), ("flights",))


TOTAL = numbers("SELECT sum(distance) AS n FROM flights")


def rows_of(stream: ResultStream) -> list[dict[str, object]]:
    return pa.Table.from_batches(list(stream), stream.schema).to_pylist()
