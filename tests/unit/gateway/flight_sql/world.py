"""A small project over a real engine: flights, their carriers, and carriers' countries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from cache.fingerprint import CacheKey
from cache.store import MemoryStore
from dialects.physical import PhysicalQuery
from gateway.engines.duckdb import DuckDBEngine
from gateway.engines.duckdb_open import DuckDBSettings
from gateway.execution import Execution
from gateway.identity.identify import DEMO
from gateway.pipeline import (
    Answer,
    Gateway,
    Prepared,
    Proven,
)
from gateway.settings import Settings
from gateway.snapshot import Snapshot
from semantic_models import bind
from semantic_models.catalog import Catalog
from semantic_models.model import (
    Cardinality,
    Dimension,
    Expr,
    Join,
    Measure,
    MeasureUse,
    Metric,
    Model,
    Table,
)
from semantic_models.spec import Described
from semantic_models.types import INT64, STRING, TIMESTAMP_TZ, LogicalType

ENGINE = "local"


def column(name: str) -> Expr:
    """The physical column of that name."""
    return Expr(bind.column(name))


def dimension(
    name: str, type: LogicalType | None = STRING, *, shows: str = "", hidden: bool = False
) -> Dimension:
    """A dimension that shows a column as it is, by default the one of its own name."""
    about = Described(description=f"The {name}", hidden=hidden)
    return Dimension(name=name, expr=column(shows or name), type=type, about=about)


def join(name: str, source: str, target: str, columns: tuple[str, str]) -> Join:
    """An N:1 join over one pair of columns."""
    return Join(
        name=name,
        source=source,
        target=target,
        columns=(columns,),
        cardinality=Cardinality.MANY_TO_ONE,
        key=(columns[1],),
    )


def model(
    name: str, *dimensions: Dimension, joins: tuple[Join, ...] = (), key: tuple[str, ...] = ()
) -> Model:
    """A model over the table of its own name."""
    return Model(
        name=name,
        relation=Table((name,)),
        engine=ENGINE,
        key=key,
        dimensions={each.name: each for each in dimensions},
        joins={each.name: each for each in joins},
    )


def flights_catalog() -> Catalog:
    """Three models in a row of N:1 joins, the first with a measure."""
    count = exp.Count(this=exp.Star())
    measure = Measure(name="n", model="flights", expr=Expr(count), type=INT64)
    flights = model(
        "flights",
        dimension("id", INT64),
        dimension("carrier"),
        dimension("at", TIMESTAMP_TZ),
        joins=(join("airline", "flights", "carriers", ("carrier", "code")),),
        key=("id",),
    )
    carriers = model(
        "carriers",
        dimension("code"),
        dimension("title"),
        dimension("country"),
        joins=(join("home", "carriers", "countries", ("country", "code")),),
        key=("code",),
    )
    countries = model("countries", dimension("code"), key=("code",))
    metric = Metric(
        name="n",
        formula=column("i0"),
        inputs=(MeasureUse("flights", "n"),),
        type=INT64,
        about=Described(description="How many flights"),
    )
    flights = replace(flights, measures={measure.name: measure})
    return Catalog(
        name="demo",
        version="1",
        models={each.name: each for each in (flights, carriers, countries)},
        metrics={"n": metric, "flights.n": metric},
        time_zone="America/New_York",
    )


@contextmanager
def flights_gateway(folder: Path, *, rows: int = 1_000) -> Iterator[Gateway]:
    """A gateway over those models in a database file."""
    path = folder / "flights.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE flights AS SELECT range AS id, 'A' || range % 2 AS carrier,"
            f" TIMESTAMPTZ '2013-01-01 00:00:00+00' AS at FROM range({rows})"
        )
        connection.execute(
            "CREATE TABLE carriers AS SELECT * FROM"
            " (VALUES ('A0', 'Zero', 'US'), ('A1', 'One', 'FR')) AS t(code, title, country)"
        )
        connection.execute("CREATE TABLE countries AS SELECT * FROM (VALUES ('US')) AS t(code)")
    engine = DuckDBEngine(DuckDBSettings(name=ENGINE, folder=folder, path=path.name))
    settings = Settings(project=folder)
    execution = Execution(MemoryStore(2**20), settings.execution)
    gateway = Gateway(Snapshot(flights_catalog()), {ENGINE: engine}, execution, settings)
    try:
        yield gateway
    finally:
        gateway.close()


@dataclass
class Batches:
    """A ResultStream over batches that are there already."""

    schema: pa.Schema
    batches: tuple[pa.RecordBatch, ...] = ()
    closed: int = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return iter(self.batches)

    def close(self) -> None:
        self.closed += 1


def answer_of(*batches: pa.RecordBatch) -> tuple[Answer, Batches]:
    """An answer that gives those batches, and its stream."""
    stream = Batches(batches[0].schema, batches)
    physical = PhysicalQuery("SELECT 1", "duckdb", ENGINE, (), ())
    prepared = Prepared(physical, "n", stream.schema, (), Proven(dict), {}, DEMO)
    return Answer("q-1", prepared, stream, "miss", CacheKey("n", "duckdb", "1"), {}), stream
