"""Projects in memory: models as YAML text, rows in DuckDB, and questions answered end to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any

import duckdb

from auth.decide import decide
from auth.govern import govern
from auth.policy import PolicySet
from auth.principal import ANONYMOUS, Principal
from auth.rights import EVERYTHING, Rights
from auth.visible import visible
from dialects.dialect import Dialect
from dialects.duckdb import DUCKDB
from dialects.generate import generate
from dialects.physical import PhysicalQuery
from dialects.types import parse_duckdb_type
from semantic_models.build import build
from semantic_models.build_relations import relation_of
from semantic_models.catalog import Catalog
from semantic_models.errors import FaultyProject, ForebayError
from semantic_models.give_types import give_types
from semantic_models.make_plan import make_plan
from semantic_models.model import ModelTypes, Relation, Select, Table
from semantic_models.parse_document import parse_object
from semantic_models.parse_spec import parse_project
from semantic_models.parse_sql import parse_sql
from semantic_models.probe import members, probe
from semantic_models.prove import Proof, prove
from semantic_models.query import Query
from semantic_models.resolve import resolve
from semantic_models.resolved import ResolvedQuery
from semantic_models.spec import ProjectSpec
from semantic_models.types import LogicalType
from tests.support import shop, shop_tables

NOW = datetime(2024, 11, 3, 17, 15, 30, tzinfo=UTC)
"""The clock of every question here: 12:15:30 in New York, on the day its clocks went back."""

Question = str | dict[str, Any]
"""SQL over semantic tables, or a document."""
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Answer:
    """Rows with the names and promised types of their columns."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[Row]
    given: tuple[str, ...]
    """The types that the engine gave, before they are cast to what is promised."""


@dataclass
class World:
    """A typed catalog and the rows that it describes."""

    catalog: Catalog
    connection: duckdb.DuckDBPyConnection
    now: datetime = NOW
    spec: ProjectSpec | None = field(default=None, repr=False)
    tables: str = field(default="", repr=False)
    principal: Principal = ANONYMOUS
    rights: Rights = EVERYTHING

    def seen_by(self, principal: Principal, policies: PolicySet) -> World:
        """The same as somebody sees it."""
        return replace(self, principal=principal, rights=decide(policies, principal))

    @cached_property
    def visible(self) -> Catalog:
        """The names that may be used."""
        return visible(self.catalog, self.rights)

    def parse(self, question: Question) -> Query:
        """The question as a Query, whichever front end it is written for."""
        if isinstance(question, dict):
            return parse_object(question)
        return parse_sql(question, self.visible)

    def resolve(self, question: Question) -> ResolvedQuery:
        """The question with every name looked up."""
        return resolve(self.parse(question), self.visible, now=self.now)

    def compile(self, question: Question, dialect: Dialect = DUCKDB) -> PhysicalQuery:
        """The question in an engine's SQL."""
        plan = make_plan(self.resolve(question))
        return generate(govern(plan, self.principal, self.rights), dialect)

    def prove(self, question: Question) -> Proof:
        """Why the answer is right."""
        resolved = self.resolve(question)
        return prove(resolved, make_plan(resolved))

    def answer(self, question: Question) -> Answer:
        """The answer that DuckDB gives."""
        query = self.compile(question)
        given = self.connection.execute(f"describe {query.text}").fetchall()
        return Answer(
            names=tuple(name for name, _ in query.columns),
            types=tuple(str(type_) for _, type_ in query.columns),
            rows=self.rows(query.text),
            given=tuple(str(_type_of(each[1], query)) for each in given),
        )

    def rows(self, sql: str) -> list[Row]:
        """What DuckDB answers to a text; asked once more where it broke, as the gateway does."""
        try:
            return self.connection.execute(sql).fetchall()
        except (duckdb.InternalException, duckdb.FatalException):
            self.connection = opened(self.tables)
            return self.connection.execute(sql).fetchall()

    def refusal(self, question: Question) -> ForebayError:
        """The refusal of a question that may not be answered."""
        try:
            self.compile(question)
        except ForebayError as error:
            return error
        raise AssertionError("the question was answered, not refused")


def _type_of(name: str, query: PhysicalQuery) -> LogicalType | None:
    """A type as DuckDB tells it; an instant's zone is the session's, so the promise's is told."""
    found = parse_duckdb_type(name)
    zones = [each.zone for _, each in query.columns if each.zone]
    if found is not None and name == "TIMESTAMP WITH TIME ZONE" and zones:
        return LogicalType(found.kind, found.precision, zone=zones[0])
    return found


def world(models: str, tables: str, *, root: str = shop.ROOT) -> World:
    """A world from models in YAML and rows in SQL.

    Raises:
        FaultyProject: with every fault that the models have.
    """
    spec = parsed(models, root=root)
    connection = opened(tables)
    columns = {
        each.name.text: _described(connection, _source(relation_of(each))) for each in spec.models
    }
    catalog, faults = build(spec, columns)
    if catalog is None:
        raise FaultyProject(faults)
    typed, faults = give_types(catalog, _types(catalog, connection, columns))
    if faults:
        raise FaultyProject(faults)
    return World(typed, connection, spec=spec, tables=tables)


def opened(tables: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set disabled_optimizers = 'compressed_materialization,common_subplan'")
    connection.execute(tables)
    return connection


def parsed(models: str, *, root: str = shop.ROOT) -> ProjectSpec:
    """The spec of a project with one file of models.

    Raises:
        FaultyProject: with every fault of its form.
    """
    spec, faults = parse_project({"forebay.yml": root, "models/all.yml": models})
    if spec is None or faults:
        raise FaultyProject(faults)
    return spec


def faults_of(models: str, columns: Mapping[str, Mapping[str, LogicalType]]) -> list[str]:
    """Code and message of every fault of a project whose models have these columns."""
    try:
        spec = parsed(models)
    except FaultyProject as error:
        return [f"{each.code} {each.message}" for each in error.faults]
    return [f"{each.code} {each.message}" for each in build(spec, columns)[1]]


@cache
def the_shop() -> World:
    """The shop; nobody writes to it."""
    return world(shop.MODELS, shop_tables.TABLES)


def _source(relation: Relation) -> str:
    match relation:
        case Table(parts):
            return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
        case Select(tree):
            return f"({tree.sql('duckdb')})"


def _described(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, LogicalType | None]:
    told = connection.execute(f"describe select * from {source}").fetchall()
    return {each[0]: parse_duckdb_type(each[1]) for each in told}


def _types(
    catalog: Catalog,
    connection: duckdb.DuckDBPyConnection,
    columns: Mapping[str, Mapping[str, LogicalType | None]],
) -> dict[str, ModelTypes]:
    types = {}
    for name, model in catalog.models.items():
        plan = govern(probe(catalog, model, members(model)), ANONYMOUS)
        told = connection.execute(f"describe {generate(plan, DUCKDB).text}").fetchall()
        given = {each[0]: parse_duckdb_type(each[1]) for each in told}
        types[name] = ModelTypes(columns[name], given)
    return types
