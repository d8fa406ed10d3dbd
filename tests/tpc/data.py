"""The data of a benchmark, made by DuckDB's extensions, and the SQL that is its reference."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.suites.rows import Row

_LAST_LIMIT = re.compile(r"\blimit\s+\d+\s*;?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Benchmark:
    """One of TPC's, as its extension makes it."""

    name: str
    title: str
    generator: str
    scale: float
    """The scale factor at which the suite is asked."""
    queries: int


TPCH = Benchmark("tpch", "TPC-H", "dbgen", 0.1, 22)
TPCDS = Benchmark("tpcds", "TPC-DS", "dsdgen", 0.01, 99)
BENCHMARKS = (TPCH, TPCDS)


@dataclass(frozen=True)
class Reference:
    """The benchmark's own queries over its data."""

    connection: duckdb.DuckDBPyConnection
    texts: dict[int, str]

    def answer(self, number: int, *, has_limit: bool) -> tuple[tuple[str, ...], list[Row]]:
        """Names of columns and rows of a query, with its last LIMIT or without."""
        text = self.texts[number]
        cursor = self.connection.execute(text if has_limit else _LAST_LIMIT.sub("", text))
        return tuple(each[0] for each in cursor.description or ()), cursor.fetchall()


def generate(benchmark: Benchmark, path: Path, scale: float) -> None:
    """Write the benchmark's tables into a new database file."""
    with _with_extension(benchmark, path.parent) as connection:
        connection.execute(f"attach '{_quoted(path)}' as made; use made")
        connection.execute(f"call {benchmark.generator}(sf={scale})")


def reference(benchmark: Benchmark, path: Path) -> Reference:
    """The reference over a file that was made; its connection is the caller's to close."""
    connection = _with_extension(benchmark, path.parent)
    told = connection.execute(f"select query_nr, query from {benchmark.name}_queries()").fetchall()
    connection.execute(f"attach '{_quoted(path)}' as made (read_only); use made")
    return Reference(connection, dict(told))


def _with_extension(benchmark: Benchmark, folder: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory with the extension that a package of the locked version brings."""
    package = importlib.util.find_spec(f"duckdb_extension_{benchmark.name}")
    assert package is not None, f"duckdb-extension-{benchmark.name} is not installed"
    assert package.origin is not None
    file = next(Path(package.origin).parent.rglob(f"{benchmark.name}.duckdb_extension"))
    connection = duckdb.connect(config={"extension_directory": str(folder / "extensions")})
    (platform,) = connection.execute("pragma platform").fetchall()[0]
    place = folder / "extensions" / f"v{duckdb.__version__}" / platform / file.name
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        place.symlink_to(file)
    connection.execute(f"load {benchmark.name}")
    return connection


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
