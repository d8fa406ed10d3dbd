"""The catalog as tables: models are tables, and what may be asked of them is their columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pyarrow as pa

from dialects.types import arrow_type
from gateway.flight_sql import schemas
from gateway.flight_sql.messages import GetCatalogs, GetDbSchemas, GetTables, GetTableTypes
from gateway.flight_sql.patterns import like
from gateway.flight_sql.sql_types import Place, column_metadata
from semantic_models.catalog import Catalog
from semantic_models.model import Metric, Model, Path
from semantic_models.spec import Described
from semantic_models.types import Kind, LogicalType

TablesListing = GetCatalogs | GetDbSchemas | GetTables | GetTableTypes

DB_SCHEMA = "models"
TABLE_TYPE = "TABLE"
JOINS_MAX = 3
"""How many joins away the dimensions listed beside a model's own may be."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """Something that may be selected from a model."""

    name: str
    type: LogicalType
    role: Literal["dimension", "metric"]
    description: str = ""


def table_columns(catalog: Catalog, model_name: str) -> tuple[TableColumn, ...]:
    """A model's own dimensions, those it reaches without repeating a row, and its metrics.

    A member whose type no engine has told is left out, since it cannot be asked for either. Where
    two members would have one name, the nearer one has it.
    """
    home = catalog.model(model_name)
    columns: dict[str, TableColumn] = {}
    for column in (*_dimension_columns(catalog, home), *_metric_columns(catalog, home)):
        columns.setdefault(column.name, column)
    return tuple(columns.values())


def table_schema(catalog: Catalog, model_name: str) -> pa.Schema:
    """A model's columns as Arrow fields that carry their descriptions and SQL types."""
    place = Place(catalog.name, DB_SCHEMA, model_name)
    return pa.schema(
        [
            pa.field(
                column.name,
                arrow_type(column.type),
                metadata=column_metadata(column.type, column.description, place),
            )
            for column in table_columns(catalog, model_name)
        ]
    )


def tables_listing(catalog: Catalog, asked: TablesListing) -> pa.Table:
    """The catalogs, schemas, tables or kinds of table that a command asks for."""
    match asked:
        case GetCatalogs():
            return catalogs_table(catalog)
        case GetDbSchemas():
            return db_schemas_table(catalog, asked)
        case GetTables():
            return tables_table(catalog, asked)
        case GetTableTypes():
            return table_types_table()


def catalogs_table(catalog: Catalog) -> pa.Table:
    """The one catalog: the project."""
    return pa.table({"catalog_name": [catalog.name]}, schema=schemas.CATALOGS)


def db_schemas_table(catalog: Catalog, asked: GetDbSchemas) -> pa.Table:
    """The one schema, where its names match."""
    matches = _place_matches(catalog, asked.catalog, asked.db_schema_filter_pattern)
    rows = [(catalog.name, DB_SCHEMA)] if matches else []
    return rows_table(rows, schemas.DB_SCHEMAS)


def tables_table(catalog: Catalog, asked: GetTables) -> pa.Table:
    """The models whose names match, with their columns where those are asked for."""
    matches = like(asked.table_name_filter_pattern)
    wanted = _place_matches(catalog, asked.catalog, asked.db_schema_filter_pattern) and (
        not asked.table_types or TABLE_TYPE in asked.table_types
    )
    names = [name for name in visible_models(catalog) if wanted and matches(name)]
    rows: list[tuple[object, ...]] = [(catalog.name, DB_SCHEMA, name, TABLE_TYPE) for name in names]
    if not asked.include_schema:
        return rows_table(rows, schemas.TABLES)
    encoded = [table_schema(catalog, name).serialize().to_pybytes() for name in names]
    with_schema = [(*row, schema) for row, schema in zip(rows, encoded, strict=True)]
    return rows_table(with_schema, schemas.TABLES_WITH_SCHEMA)


def table_types_table() -> pa.Table:
    """The one kind of table."""
    return pa.table({"table_type": [TABLE_TYPE]}, schema=schemas.TABLE_TYPES)


def visible_models(catalog: Catalog) -> tuple[str, ...]:
    """Names of the models that are listed, in order."""
    return tuple(sorted(name for name, model in catalog.models.items() if not model.about.hidden))


def rows_table(rows: Sequence[Sequence[object]], schema: pa.Schema) -> pa.Table:
    """Rows as a table of exactly that schema."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [
        pa.array(list(column), field.type) for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _place_matches(catalog: Catalog, catalog_name: str | None, db_schema: str | None) -> bool:
    """Both are patterns: some clients send a pattern for the catalog, where a name is promised."""
    return like(catalog_name)(catalog.name) and like(db_schema)(DB_SCHEMA)


def _dimension_columns(catalog: Catalog, home: Model) -> Iterator[TableColumn]:
    for path, model in _reached(catalog, home):
        for dimension in model.dimensions.values():
            if column := _column(
                catalog, "__".join((*path, dimension.name)), dimension.type, dimension.about
            ):
                yield column


def _reached(catalog: Catalog, home: Model) -> Iterator[tuple[Path, Model]]:
    """The model and those it reaches by joins that keep its rows, the nearest first."""
    reached: list[tuple[Path, tuple[str, ...]]] = [((), (home.name,))]
    for path, passed in reached:
        model = catalog.models[passed[-1]]
        yield path, model
        if len(path) < JOINS_MAX:
            reached.extend(
                ((*path, join.name), (*passed, join.target))
                for join in model.joins.values()
                if join.cardinality.keeps_rows and join.target not in passed
            )


def _metric_columns(catalog: Catalog, home: Model) -> Iterator[TableColumn]:
    for name, metric in catalog.metrics.items():
        told_apart = name.startswith(f"{home.name}.") and metric.name in catalog.shared_names
        if ("." not in name or told_apart) and _is_of(metric, home):
            spelling = name.replace(".", "__")
            if column := _column(catalog, spelling, metric.type, metric.about, role="metric"):
                yield column


def _is_of(metric: Metric, home: Model) -> bool:
    return {use.home for use in metric.inputs} == {home.name}


def _column(
    catalog: Catalog,
    name: str,
    type: LogicalType | None,
    about: Described,
    role: Literal["dimension", "metric"] = "dimension",
) -> TableColumn | None:
    if type is None or about.hidden:
        return None
    if type.kind is Kind.TIMESTAMP_TZ and not type.zone:
        type = replace(type, zone=catalog.time_zone)
    return TableColumn(name, type, role, about.description)
