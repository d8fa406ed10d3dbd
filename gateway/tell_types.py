"""What engines say of a project's columns and members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from auth.govern import govern
from auth.principal import Principal
from dialects.errors import UnsupportedFeature
from dialects.generate import generate
from dialects.types import arrow_schema
from gateway.engines.base import Engine
from gateway.engines.conform import conversion
from gateway.errors import EngineError, EngineGone
from semantic_models.build_relations import engine_of, relation_of
from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError, TypeMismatch
from semantic_models.faults import Faults
from semantic_models.model import Model
from semantic_models.probe import (
    Probed,
    conditions,
    members,
    probe,
    probe_metrics,
    unfiltered,
)
from semantic_models.spec import ModelSpec, ProjectSpec, Scalar
from semantic_models.tables_read import tables_read
from semantic_models.types import BOOLEAN, LogicalType

Types = Mapping[str, LogicalType | None]
LOADER = Principal("loader")
"""Who asks for types: forebay itself; no row is read."""


def tell_columns(
    spec: ProjectSpec, engines: Mapping[str, Engine], faults: Faults
) -> dict[str, Types]:
    """The physical columns of each model; what an engine refuses becomes a fault."""
    told: dict[str, Types] = {}
    for model in spec.models:
        try:
            found = _columns(model, spec, engines, faults)
        except EngineGone:
            raise
        except ForebayError as error:
            faults.add(error)
        else:
            told.setdefault(model.name.text, found)
    return told


def _columns(
    model: ModelSpec, spec: ProjectSpec, engines: Mapping[str, Engine], faults: Faults
) -> Types:
    name = engine_of(model, spec, faults)
    faults.refuse_lost("engines", name)
    relation = relation_of(model, faults)
    for table in tables_read(relation):
        faults.refuse_lost("tables", name, table.lower())
    try:
        return engines[name].describe(relation)
    except EngineError as error:
        raise error.at((model.table or model.sql or model.name).position()) from None


def tell_members(
    specs: Iterable[ModelSpec],
    catalog: Catalog,
    engines: Mapping[str, Engine],
    faults: list[ForebayError],
) -> dict[str, Types]:
    """The types of the members of some models, by one DESCRIBE a model.

    It holds every predicate and join of the model as well, so that what an engine cannot compute
    is a fault of the project and not the surprise of whoever asks first.
    """
    told: dict[str, Types] = {}
    bare = unfiltered(catalog)
    for each in specs:
        model = bare.models[each.name.text]
        asker = _Asker(bare, model, engines[model.engine], faults)
        predicates = conditions(catalog, each)
        types = asker.types({**members(model), **predicates})
        asker.check_truth(predicates, types)
        told[model.name] = {name: type_ for name, type_ in types.items() if name not in predicates}
    return told


@dataclass(frozen=True, slots=True)
class _Asker:
    """Asks one engine about the expressions of one model."""

    catalog: Catalog
    model: Model
    engine: Engine
    faults: list[ForebayError]

    def types(self, asked: Mapping[str, Probed]) -> Types:
        """The type of each expression; one that the engine cannot compute becomes a fault."""
        if not asked:
            return {}
        plan = govern(probe(self.catalog, self.model, asked), LOADER)
        try:
            return self.engine.describe_query(generate(plan, self.engine.dialect).text)
        except EngineGone:
            raise
        except (EngineError, UnsupportedFeature):
            if len(asked) > 1:
                return self._one_by_one(asked)
        (refused,) = asked.values()
        self._refuse(
            refused,
            f'engine "{self.engine.name}" cannot compute {self._place(refused)}',
            "Compare the types of its columns with what its functions take, or cast one side.",
        )
        return {}

    def _one_by_one(self, asked: Mapping[str, Probed]) -> Types:
        told: dict[str, LogicalType | None] = {}
        for name, each in asked.items():
            told.update(self.types({name: each}))
        return told

    def check_truth(self, predicates: Mapping[str, Probed], types: Types) -> None:
        """Refuse predicates that are neither true nor false."""
        for name, each in predicates.items():
            if name in types and types[name] != BOOLEAN:
                self._refuse(
                    each,
                    f"{self._place(each)} is neither true nor false",
                    "Compare with a column or a value.",
                )

    def _place(self, refused: Probed) -> str:
        return f'"{refused.name}" of model "{self.model.name}"'

    def _refuse(self, refused: Probed, message: str, hint: str) -> None:
        origin = refused.expr.origin
        at = origin.position() if origin else None
        self.faults.append(TypeMismatch(message, hint=hint, position=at))


def tell_metrics(
    places: Mapping[str, Scalar],
    catalog: Catalog,
    engines: Mapping[str, Engine],
    faults: list[ForebayError],
) -> None:
    """Let engines see every measure and metric as a question for it would be; no row is read.

    Why one has no answer, whoever asks, becomes a fault; what is made of it has none of its own.
    ``places`` are their names and where each is written, measures first.
    """
    broken: set[tuple[str, str]] = set()
    for names in _by_homes(catalog, places):
        if _refusal(catalog, engines, names) is None:
            continue
        for name in names:
            uses = {(use.model, use.measure) for use in catalog.metric(name).measures}
            error = None if uses & broken else _refusal(catalog, engines, [name])
            if error is not None:
                faults.append(_fault_of(name, places[name], error))
                broken |= uses if "." in name else set()


def metric_places(spec: ProjectSpec) -> dict[str, Scalar]:
    """What authors wrote of each measure, then of each metric."""
    measures = {
        f"{model.name.text}.{each.name.text}": each.where or each.expr
        for model in spec.models
        for each in model.measures
    }
    metrics = {each.name.text: each.expr or each.where or each.name for each in spec.metrics}
    return {**measures, **metrics}


def _by_homes(catalog: Catalog, names: Iterable[str]) -> Iterable[list[str]]:
    """Names that one question may hold: over the same models, so that it does not grow large."""
    found: dict[tuple[frozenset[str], bool], list[str]] = {}
    for name in names:
        metric = catalog.metric(name)
        homes = frozenset(use.model for use in metric.measures)
        found.setdefault((homes, metric.looks_back), []).append(name)
    return found.values()


def _refusal(
    catalog: Catalog, engines: Mapping[str, Engine], names: Sequence[str]
) -> ForebayError | None:
    """Why a question for these metrics alone has no answer, if it has none."""
    try:
        plan = probe_metrics(catalog, names)
        engine = engines[plan.engine]
        physical = generate(govern(plan, LOADER), engine.dialect)
        told = engine.describe_query(physical.text)
        given = [(name, type_) for name, type_ in told.items() if type_ is not None]
        conversion(arrow_schema(tuple(given)), arrow_schema(physical.columns), engine.name)
    except EngineGone:
        raise
    except ForebayError as error:
        return error
    return None


def _fault_of(name: str, place: Scalar, error: ForebayError) -> ForebayError:
    at = place.position()
    if isinstance(error, EngineError):
        return TypeMismatch(
            f'no engine can compute metric "{name}"',
            hint="Compare the types of its measures with what its formula computes.",
            position=at,
        )
    error.position = at  # It stood in a question that nobody wrote.
    return error
