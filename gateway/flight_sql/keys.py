"""Keys of models as the keys of tables, wherever their columns are columns that may be selected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import exp

from gateway.flight_sql import schemas
from gateway.flight_sql.messages import (
    GetCrossReference,
    GetExportedKeys,
    GetImportedKeys,
    GetPrimaryKeys,
)
from gateway.flight_sql.metadata import DB_SCHEMA, rows_table, visible_models
from gateway.flight_sql.patterns import exactly
from semantic_models.catalog import Catalog
from semantic_models.model import Model

KeysListing = GetPrimaryKeys | GetExportedKeys | GetImportedKeys | GetCrossReference

NO_ACTION = 3


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One column of a join: the "one" side's is the primary key's."""

    pk_table: str
    pk_column: str
    fk_table: str
    fk_column: str
    sequence: int
    name: str


def keys_table(catalog: Catalog, asked: KeysListing) -> pa.Table:
    """The keys that a command asks for."""
    match asked:
        case GetPrimaryKeys():
            return primary_keys_table(catalog, asked)
        case GetExportedKeys():
            return exported_keys_table(catalog, asked)
        case GetImportedKeys():
            return imported_keys_table(catalog, asked)
        case GetCrossReference():
            return cross_reference_table(catalog, asked)


def primary_keys_table(catalog: Catalog, asked: GetPrimaryKeys) -> pa.Table:
    """The key of one model, in the order it was declared."""
    rows: list[tuple[object, ...]] = []
    if _is_here(catalog, asked.catalog, asked.db_schema) and asked.table in visible_models(catalog):
        rows = [
            (catalog.name, DB_SCHEMA, asked.table, column, None, sequence)
            for sequence, column in enumerate(_key_columns(catalog.models[asked.table]), start=1)
        ]
    return rows_table(rows, schemas.PRIMARY_KEYS)


def exported_keys_table(catalog: Catalog, asked: GetExportedKeys) -> pa.Table:
    """The joins that lead to a model."""
    here = _is_here(catalog, asked.catalog, asked.db_schema)
    return _foreign_keys_table(
        catalog,
        lambda key: here and key.pk_table == asked.table,
        lambda key: (key.fk_table, key.name, key.sequence),
    )


def imported_keys_table(catalog: Catalog, asked: GetImportedKeys) -> pa.Table:
    """The joins that leave a model."""
    here = _is_here(catalog, asked.catalog, asked.db_schema)
    return _foreign_keys_table(
        catalog, lambda key: here and key.fk_table == asked.table, _by_target
    )


def cross_reference_table(catalog: Catalog, asked: GetCrossReference) -> pa.Table:
    """The joins from one model to another."""
    here = _is_here(catalog, asked.pk_catalog, asked.pk_db_schema) and _is_here(
        catalog, asked.fk_catalog, asked.fk_db_schema
    )
    wanted = (asked.pk_table, asked.fk_table)
    return _foreign_keys_table(
        catalog, lambda key: here and (key.pk_table, key.fk_table) == wanted, _by_target
    )


def _is_here(catalog: Catalog, catalog_name: str | None, db_schema: str | None) -> bool:
    return exactly(catalog_name)(catalog.name) and exactly(db_schema)(DB_SCHEMA)


def _by_target(key: ForeignKey) -> tuple[str, str, int]:
    return (key.pk_table, key.name, key.sequence)


def _foreign_keys_table(
    catalog: Catalog,
    wanted: Callable[[ForeignKey], bool],
    order: Callable[[ForeignKey], tuple[str, str, int]],
) -> pa.Table:
    place = (catalog.name, DB_SCHEMA)
    rows = [
        (
            *(*place, key.pk_table, key.pk_column),
            *(*place, key.fk_table, key.fk_column),
            *(key.sequence, key.name, None, NO_ACTION, NO_ACTION),
        )
        for key in sorted(filter(wanted, _foreign_keys(catalog)), key=order)
    ]
    return rows_table(rows, schemas.FOREIGN_KEYS)


def _foreign_keys(catalog: Catalog) -> Iterator[ForeignKey]:
    """Every column of every join whose columns may all be selected on both sides."""
    names = {name: _selectable(catalog.models[name]) for name in visible_models(catalog)}
    joins = (join for name in names for join in catalog.models[name].joins.values())
    for join in joins:
        sources, targets = names[join.source], names.get(join.target, {})
        is_selectable = all(left in sources and right in targets for left, right in join.columns)
        if not join.cardinality.keeps_rows or not is_selectable:
            continue
        for sequence, (left, right) in enumerate(join.columns, start=1):
            yield ForeignKey(
                join.target, targets[right], join.source, sources[left], sequence, join.name
            )


def _key_columns(model: Model) -> tuple[str, ...]:
    names = _selectable(model)
    if not all(column in names for column in model.key):
        return ()
    return tuple(names[column] for column in model.key)


def _selectable(model: Model) -> Mapping[str, str]:
    """The dimension that shows each physical column as it is."""
    return {
        dimension.expr.tree.name: dimension.name
        for dimension in reversed(list(model.dimensions.values()))
        if isinstance(dimension.expr.tree, exp.Column)
        and not dimension.expr.tree.table
        and not dimension.about.hidden
    }
