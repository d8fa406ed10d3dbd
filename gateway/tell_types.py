"""What engines say of a project's columns and members."""

from __future__ import annotations

from collections.abc import Mapping

from auth.govern import govern
from auth.principal import Principal
from dialects.generate import generate
from gateway.engines.base import Engine
from gateway.errors import EngineError, EngineGone
from semantic_models.build import relation_of
from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError, TypeMismatch
from semantic_models.model import Model
from semantic_models.probe import Member, members, probe
from semantic_models.spec import ModelSpec, ProjectSpec
from semantic_models.types import LogicalType

Types = Mapping[str, LogicalType | None]
LOADER = Principal("loader")
"""Who asks for types: forebay itself; no row is read."""


def tell_columns(
    spec: ProjectSpec, engines: Mapping[str, Engine], faults: list[ForebayError]
) -> dict[str, Types]:
    """The physical columns of each model; what an engine refuses becomes a fault."""
    told: dict[str, Types] = {}
    for model in spec.models:
        try:
            told[model.name.text] = _engine(model, spec, engines).describe(relation_of(model))
        except EngineGone:
            raise
        except EngineError as error:
            faults.append(error.at((model.table or model.sql or model.name).position()))
    return told


def _engine(model: ModelSpec, spec: ProjectSpec, engines: Mapping[str, Engine]) -> Engine:
    written = model.engine or spec.default_engine
    return engines[written.text] if written else next(iter(engines.values()))


def tell_members(
    catalog: Catalog, engines: Mapping[str, Engine], faults: list[ForebayError]
) -> dict[str, Types]:
    """The types of each model's members, by one DESCRIBE a model."""
    return {
        name: _members(catalog, model, engines[model.engine], faults)
        for name, model in catalog.models.items()
    }


def _members(catalog: Catalog, model: Model, engine: Engine, faults: list[ForebayError]) -> Types:
    asked = members(model)
    if not asked:
        return {}
    try:
        return _describe(catalog, model, engine, asked)
    except EngineGone:
        raise
    except EngineError:
        return _one_by_one(catalog, model, engine, faults)


def _describe(catalog: Catalog, model: Model, engine: Engine, asked: dict[str, Member]) -> Types:
    plan = govern(probe(catalog, model, asked), LOADER)
    return engine.describe_query(generate(plan, engine.dialect).text)


def _one_by_one(
    catalog: Catalog, model: Model, engine: Engine, faults: list[ForebayError]
) -> Types:
    """Find the members that the engine cannot compute; each becomes a fault at its place."""
    told: dict[str, LogicalType | None] = {}
    for name, member in members(model).items():
        try:
            told.update(_describe(catalog, model, engine, {name: member}))
        except EngineError:
            origin = member.expr.origin
            faults.append(
                TypeMismatch(
                    f'engine "{engine.name}" cannot compute "{member.name}" of model '
                    f'"{model.name}"',
                    hint="Compare the types of its columns with what its functions take.",
                    position=origin.position() if origin else None,
                )
            )
    return told
