"""A project's spec to its catalog, every fault at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import TypeVar

from sqlglot import exp

from semantic_models.bind import Binder, Columns
from semantic_models.build_joins import build_joins, names_of_keys
from semantic_models.build_metrics import MetricBuilder
from semantic_models.catalog import Catalog
from semantic_models.checks import CHECKS, unknown
from semantic_models.errors import (
    EmptyProject,
    ForebayError,
    MalformedSql,
    NameCollision,
    NotSupported,
    UnaggregatedFinerGrain,
    WrongType,
)
from semantic_models.expressions import parse_one
from semantic_models.join_paths import Joins
from semantic_models.model import (
    Dimension,
    Expr,
    Grain,
    Join,
    Measure,
    Metric,
    Model,
    Relation,
    Segment,
    Select,
    Table,
)
from semantic_models.parse_spec import ROOT_NAME
from semantic_models.spec import (
    DimensionSpec,
    MeasureSpec,
    ModelSpec,
    ProjectSpec,
    Scalar,
    SegmentSpec,
)

T = TypeVar("T")
NO_COLUMNS: Columns = {}


@dataclass
class Faults:
    """Collects what goes wrong, so that one fault does not hide the next."""

    found: list[ForebayError] = field(default_factory=list)
    broken: dict[str, ForebayError] = field(default_factory=dict)
    """The faults of measures, by ``model.measure``: what names one has no fault of its own."""

    def attempt(self, work: Callable[[], T], measure: str = "") -> T | None:
        """The work's result, or None and one fault more."""
        try:
            return work()
        except ForebayError as error:
            self.found.append(error)
            if measure:
                self.broken[measure] = error
            return None

    def in_order(self) -> tuple[ForebayError, ...]:
        """Each fault once, by file and line, those of forebay.yml first."""
        told: dict[tuple[object, ...], ForebayError] = {}
        for error in self.found:
            told.setdefault((error.code, error.message, error.position), error)
        return tuple(sorted(told.values(), key=_place))


def _place(error: ForebayError) -> tuple[bool, str, int, int]:
    at = error.position
    return (at.source != ROOT_NAME, at.source, at.line, at.column) if at else (False, "", 0, 0)


def build(
    spec: ProjectSpec, columns: Columns = NO_COLUMNS
) -> tuple[Catalog | None, tuple[ForebayError, ...]]:
    """Resolve every name of a project against the physical columns that are known.

    Pure: ``columns`` is what engines told before, by model. Models without columns are built all
    the same; their columns are taken on trust. A catalog comes back only without faults.
    """
    catalog, faults = build_what_stands(spec, columns)
    return (None if faults else catalog), faults


def build_what_stands(
    spec: ProjectSpec, columns: Columns = NO_COLUMNS
) -> tuple[Catalog | None, tuple[ForebayError, ...]]:
    """As ``build``, but beside faults comes what has none: to look for more, never to be served."""
    faults = Faults()
    if not spec.models:
        faults.found.append(
            EmptyProject("the project has no models", hint="Write one below the models folder.")
        )
        return None, faults.in_order()
    specs = _by_name(spec.models, faults)
    for check in CHECKS:
        faults.found.extend(check(spec, specs))
    joins, broken = build_joins(specs, columns)
    faults.found.extend(broken.values())
    binder = Binder(specs, joins, columns, broken)
    models = {name: _model(each, spec, binder, joins, faults) for name, each in specs.items()}
    metrics, shared = _metrics(spec, models, binder, faults)
    catalog = Catalog(
        name=spec.name.text,
        version=_version(models, spec),
        models=models,
        metrics=metrics,
        shared_names=shared,
        time_zone=spec.time_zone.text if spec.time_zone else "UTC",
    )
    return catalog, faults.in_order()


def _by_name(models: Sequence[ModelSpec], faults: Faults) -> dict[str, ModelSpec]:
    specs: dict[str, ModelSpec] = {}
    for each in models:
        first = specs.setdefault(each.name.text, each)
        if first is not each:
            at = first.name.position()
            faults.found.append(
                NameCollision(
                    f'model "{each.name.text}" is declared twice',
                    detail=f"The first stands at {at.source}:{at.line}.",
                    hint="Rename one of them.",
                    position=each.name.position(),
                )
            )
    return specs


def _model(
    spec: ModelSpec, project: ProjectSpec, binder: Binder, joins: Joins, faults: Faults
) -> Model:
    name = spec.name.text
    dimensions = {
        each.name.text: made
        for each in spec.dimensions
        if (made := faults.attempt(partial(_dimension, name, each, binder))) is not None
    }
    measures = {
        each.name.text: measure
        for each in spec.measures
        if (
            measure := faults.attempt(
                partial(_measure, spec, each, binder), f"{name}.{each.name.text}"
            )
        )
        is not None
    }
    segments = {
        each.name.text: segment
        for each in spec.segments
        if (segment := faults.attempt(partial(_segment, name, each, binder))) is not None
    }
    where = faults.attempt(partial(_where, name, spec.where, binder)) if spec.where else None
    relation = faults.attempt(lambda: relation_of(spec))
    return Model(
        name=name,
        relation=relation or Table(("",)),
        engine=_engine(spec, project, faults),
        key=names_of_keys(spec, binder.columns, faults.found),
        unique=tuple(tuple(each.text for each in key) for key in spec.unique),
        time=_time(spec, faults),
        where=where,
        dimensions=dimensions,
        measures=measures,
        joins=joins.get(name, {}),
        segments=segments,
        columns=binder.columns.get(name),
        about=spec.about,
    )


def _where(model: str, text: Scalar, binder: Binder) -> Expr:
    bound = binder.predicate(model, text)
    if bound.paths:
        raise NotSupported(
            f'the where of model "{model}" reads another model',
            hint="Use the model's own columns, or write the join in its `sql`.",
            position=text.position(),
        )
    return bound


def _segment(model: str, spec: SegmentSpec, binder: Binder) -> Segment:
    expr = binder.segment(model, spec)
    _refuse_finer(binder, model, expr.paths, spec.expr)
    return Segment(name=spec.name.text, expr=expr, about=spec.about)


def _dimension(model: str, spec: DimensionSpec, binder: Binder) -> Dimension:
    expr = binder.dimension(model, spec)
    _refuse_finer(binder, model, expr.paths, spec.expr or spec.name)
    is_time = _is_time(spec)
    if spec.grain is not None and not is_time:
        raise WrongType(
            f'dimension "{spec.name.text}" has a grain but is not of type time',
            hint="Write type: time beside it.",
            position=spec.grain.position(),
        )
    return Dimension(
        name=spec.name.text,
        expr=expr,
        grain=_grain(spec, binder.columns.get(model, {})) if is_time else None,
        about=spec.about,
    )


def _grain(spec: DimensionSpec, columns: Mapping[str, object]) -> Grain:
    if spec.grain is None:
        return Grain.DAY
    try:
        return Grain(spec.grain.text)
    except ValueError:
        raise WrongType(
            f'grain "{spec.grain.text}" is none of the standard grains',
            hint=f"Write one of {', '.join(Grain)}.",
            position=spec.grain.position(),
        ) from None


def _measure(spec: ModelSpec, measure: MeasureSpec, binder: Binder) -> Measure:
    model = spec.name.text
    expr = binder.measure(model, measure.expr)
    _refuse_fan_out(binder, model, expr.paths, measure.expr)
    where = binder.predicate(model, measure.where) if measure.where else None
    time = measure.time or spec.time
    if measure.time is not None:
        _check_time(spec, measure.time)
    return Measure(
        name=measure.name.text,
        model=model,
        expr=expr,
        where=where,
        time=time.text if time else None,
        about=measure.about,
    )


def _refuse_fan_out(
    binder: Binder, model: str, paths: Sequence[tuple[str, ...]], place: Scalar
) -> None:
    join = _first_to_many(binder, model, paths)
    if join is not None:
        raise MalformedSql(
            f'join "{join.name}" repeats the rows of model "{join.source}" inside a measure',
            hint=f'Declare the measure on model "{join.target}".',
            position=place.position(),
        )


def _refuse_finer(
    binder: Binder, model: str, paths: Sequence[tuple[str, ...]], place: Scalar
) -> None:
    join = _first_to_many(binder, model, paths)
    if join is not None:
        raise UnaggregatedFinerGrain(
            f'a row of model "{join.source}" meets several rows behind join "{join.name}"',
            hint=f'Aggregate them in a measure of model "{join.target}".',
            position=place.position(),
        )


def _first_to_many(binder: Binder, model: str, paths: Sequence[tuple[str, ...]]) -> Join | None:
    for path in paths:
        at = model
        for name in path:
            join = binder.ways.edges[at][name]
            if not join.cardinality.keeps_rows:
                return join
            at = join.target
    return None


def relation_of(spec: ModelSpec) -> Relation:
    """The table or SELECT that a model stands on."""
    if spec.table is not None:
        return Table(_table_parts(spec.table))
    assert spec.sql is not None, "the parser demands table or sql"
    select = parse_one(spec.sql.text, spec.sql.position)
    if not isinstance(select, exp.Query) or isinstance(select, exp.Subquery):
        raise MalformedSql(
            f'the sql of model "{spec.name.text}" is not a SELECT',
            hint="Write exactly one SELECT.",
            position=spec.sql.position(),
        )
    return Select(select, origin=spec.sql)


def _table_parts(table: Scalar) -> tuple[str, ...]:
    try:
        tree = parse_one(table.text, table.position)
    except MalformedSql:
        tree = exp.Null()
    parts = tuple(part.name for part in tree.parts) if isinstance(tree, exp.Column) else ()
    if not parts or len(parts) > 3 or "" in parts:
        raise WrongType(
            f'table "{table.text}" is not a name of one to three parts',
            hint="Write catalog.schema.table, or a SELECT under `sql`.",
            position=table.position(),
        )
    return parts


def _engine(spec: ModelSpec, project: ProjectSpec, faults: Faults) -> str:
    known = [each.name.text for each in project.engines]
    written = spec.engine or project.default_engine
    if written is None:
        if len(known) == 1:
            return known[0]
        missing = "default_engine" if known else "an engine under engines"
        faults.found.append(
            WrongType(
                f'model "{spec.name.text}" names no engine and the project has no default one',
                hint=f"Write {missing} in forebay.yml.",
                position=spec.name.position(),
            )
        )
        return ""
    if written.text not in known:
        error = unknown("engine", written.text, known, "Engines")
        faults.found.append(error.at(written.position()))
    return written.text


def _time(spec: ModelSpec, faults: Faults) -> str | None:
    if spec.time is None:
        return None
    time = spec.time
    faults.attempt(lambda: _check_time(spec, time))
    return time.text


def _check_time(spec: ModelSpec, time: Scalar) -> None:
    dimension = next((each for each in spec.dimensions if each.name.text == time.text), None)
    if dimension is None:
        known = [each.name.text for each in spec.dimensions if _is_time(each)]
        what = f'time dimension of model "{spec.name.text}"'
        raise unknown(what, time.text, known, "Time dimensions").at(time.position())
    if not _is_time(dimension):
        raise WrongType(
            f'dimension "{time.text}" is not a time dimension',
            hint="Write type: time in its definition.",
            position=time.position(),
        )


def _is_time(spec: DimensionSpec) -> bool:
    return spec.type is not None and spec.type.text == "time"


def _metrics(
    spec: ProjectSpec, models: Mapping[str, Model], binder: Binder, faults: Faults
) -> tuple[dict[str, Metric], dict[str, tuple[str, ...]]]:
    measures = {each.name.text for model in spec.models for each in model.measures}
    specs = {each.name.text: each for each in spec.metrics if each.name.text not in measures}
    builder = MetricBuilder(specs, models, binder, faults.broken)
    metrics: dict[str, Metric] = {}
    for name in builder.measures:
        metrics[name] = builder.of_measure(name)
    for each in specs:
        made = faults.attempt(partial(builder.metric, each))
        if made is not None:
            metrics[made.name] = made
    for bare, (qualified, *others) in builder.bare_names.items():
        if not others and bare not in metrics:
            metrics[bare] = builder.of_measure(qualified, bare)
    shared = {bare: tuple(all_) for bare, all_ in builder.bare_names.items() if len(all_) > 1}
    return metrics, shared


def _version(models: Mapping[str, Model], spec: ProjectSpec) -> str:
    parts = (repr(spec), repr([(each.name, each.columns) for each in models.values()]))
    return blake2b("\x00".join(parts).encode(), digest_size=12).hexdigest()
