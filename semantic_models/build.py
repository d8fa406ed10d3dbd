"""A project's spec to its catalog, every fault at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b

from semantic_models.bind import Binder, Bound
from semantic_models.build_bridges import build_bridges
from semantic_models.build_joins import build_joins
from semantic_models.build_metrics import MetricBuilder, of_measure, standard_grain
from semantic_models.build_parameters import build_parameters
from semantic_models.build_readings import NamedTimes
from semantic_models.build_relations import (
    build_calendars,
    build_shifts,
    build_spines,
    engine_of,
    known_engine,
    relation_of,
)
from semantic_models.catalog import Catalog
from semantic_models.check_scopes import check_scopes
from semantic_models.checks import CHECKS, CHECKS_OF_MODELS, unknown
from semantic_models.errors import (
    EmptyProject,
    ForebayError,
    MalformedSql,
    NameCollision,
    NotSupported,
    UnaggregatedFinerGrain,
    WrongType,
)
from semantic_models.faults import Faults, Place
from semantic_models.kept_build import (
    NOTHING,
    AsMetrics,
    Built,
    Columns,
    KeptBuild,
    joined_alike,
    same_models,
    standing_metrics,
    standing_models,
)
from semantic_models.model import (
    Dimension,
    Expr,
    Grain,
    Hierarchy,
    Join,
    Measure,
    Metric,
    Model,
    OneTime,
    Segment,
    Table,
)
from semantic_models.saved_queries import build_saved_queries
from semantic_models.spec import (
    DimensionSpec,
    HierarchySpec,
    MeasureSpec,
    MetricSpec,
    ModelSpec,
    ProjectSpec,
    Scalar,
    SegmentSpec,
)
from semantic_models.windows import check_window_rows

NO_COLUMNS: Columns = {}


def build(
    spec: ProjectSpec, columns: Columns = NO_COLUMNS, kept: KeptBuild | None = None
) -> tuple[Catalog | None, tuple[ForebayError, ...]]:
    """Resolve every name of a project against the physical columns that are known.

    ``columns`` is what engines told before, by model. Models without columns are built all the
    same; their columns are taken on trust. A catalog comes back only without faults. What
    ``kept`` holds is not built again unless something that it reads has changed.
    """
    faults = Faults()
    catalog, built = _build(spec, columns, faults, kept.built if kept else NOTHING)
    if kept is not None and faults.is_clean:
        kept.built = built
    return (None if faults.found else catalog), faults.in_order()


def build_what_stands(spec: ProjectSpec, columns: Columns, faults: Faults) -> Catalog:
    """All that can be built beside faults: to look for more of them, never to be served."""
    return _build(spec, columns, faults, NOTHING)[0]


def _build(
    spec: ProjectSpec, columns: Columns, faults: Faults, before: Built
) -> tuple[Catalog, Built]:
    if not spec.models and not faults.found:
        hint = "Write one below the models folder."
        faults.add(EmptyProject("the project has no models", hint=hint))
    specs = _by_name(spec.models, faults)
    parameters, calendars = build_parameters(spec, faults), build_calendars(spec, faults)
    named_times = NamedTimes(calendars, build_shifts(spec))
    now = Built(
        beside=(spec.engines, spec.default_engine, parameters, named_times),
        specs=specs,
        columns=columns,
    )
    if spec.default_engine is not None:
        faults.attempt(partial(known_engine, spec.default_engine, spec, faults))
    now = _with_joins(spec, now, before, faults)
    binder = Binder(specs, now.joins, columns, faults, now.bridges, parameters)
    now = _with_models(spec, now, before, binder)
    builder = MetricBuilder(_metric_specs(spec), now.models, binder, named_times, faults)
    if now.models:
        now = _with_metrics(now, before, builder)
    catalog = Catalog(
        name=spec.name.text,
        version=_version(now.models, spec),
        models=now.models,
        metrics=_by_names(now),
        shared_names={
            bare: tuple(every) for bare, every in now.bare_names.items() if len(every) > 1
        },
        time_zone=spec.time_zone.text if spec.time_zone else "UTC",
        spines=build_spines(spec, faults),
        calendars=calendars,
        shifts=named_times.shifts,
        parameters=parameters,
        saved_queries=build_saved_queries(spec.saved_queries, faults),
    )
    check_scopes(spec.metrics, catalog, faults)
    return catalog, now


def _with_joins(spec: ProjectSpec, now: Built, before: Built, faults: Faults) -> Built:
    """Check names, and build joins; beside faults nothing stands that was built before."""
    same = same_models(now, before) if faults.is_clean else frozenset()
    alike = joined_alike(now, same)
    broken = [each for check in CHECKS for each in check(spec, now.specs)]
    for name in now.specs.keys() - alike:
        broken += (each for check in CHECKS_OF_MODELS for each in check(now.specs[name], now.specs))
    for fault, place in broken:
        faults.add(fault, *([place] if place else ()))
    known = {name: before.joins[name] for name in alike} if faults.is_clean else {}
    joins = build_joins(now.specs, now.columns, faults, known)
    return replace(now, joins=joins, bridges=build_bridges(now.specs, joins, faults))


def _with_models(spec: ProjectSpec, now: Built, before: Built, binder: Binder) -> Built:
    same = same_models(now, before) if binder.faults.is_clean else frozenset()
    standing = standing_models(now, before, same)
    reads, models = binder.reads, {}
    for name, each in now.specs.items():
        place = ("model", name)
        if name in standing:
            models[name], reads.of[place] = before.models[name], before.reads[place]
        else:
            with reads.noted_for(place):
                models[name] = _model(each, spec, binder)
    return replace(now, models=models, reads=reads.of)


def _metric_specs(spec: ProjectSpec) -> dict[str, MetricSpec]:
    measures = {each.name.text for model in spec.models for each in model.measures}
    return {each.name.text: each for each in spec.metrics if each.name.text not in measures}


def _with_metrics(now: Built, before: Built, builder: MetricBuilder) -> Built:
    faults, reads = builder.faults, builder.reads
    now = replace(now, metric_specs=builder.specs, bare_names=builder.bare_names)
    models = {name for name, each in now.models.items() if each is before.models.get(name)}
    measures = {
        name: before.measures[name] if name in models else _as_metrics(each)
        for name, each in now.models.items()
    }
    for name in standing_metrics(now, before, models) if faults.is_clean else ():
        builder.built[name] = before.metrics[name]
        reads.of["metric", name] = before.reads["metric", name]
    metrics: dict[str, Metric] = {}
    for name in builder.specs:
        made = faults.attempt(partial(builder.metric, name), ("metrics", name))
        if made is not None:
            metrics[name] = made
    return replace(now, measures=measures, metrics=metrics, reads=reads.of)


def _by_names(now: Built) -> dict[str, Metric]:
    """Measures by both names, the bare one where it is theirs alone, and metrics between them."""
    metrics: dict[str, Metric] = {}
    for its in now.measures.values():
        metrics.update(its.qualified)
    metrics.update(now.metrics)
    for its in now.measures.values():
        for bare, each in its.bare.items():
            if bare not in metrics and len(now.bare_names[bare]) == 1:
                metrics[bare] = each
    return metrics


def _as_metrics(model: Model) -> AsMetrics:
    measures = model.measures.values()
    return AsMetrics(
        {(name := f"{model.name}.{each.name}"): of_measure(each, name) for each in measures},
        {each.name: of_measure(each, each.name) for each in measures},
    )


def _by_name(models: Sequence[ModelSpec], faults: Faults) -> dict[str, ModelSpec]:
    """The first model of each name; what only the others have is lost."""
    specs: dict[str, ModelSpec] = {}
    for each in models:
        first = specs.setdefault(each.name.text, each)
        if first is not each:
            at = first.name.position()
            fault = NameCollision(
                f'model "{each.name.text}" is declared twice',
                detail=f"The first stands at {at.source}:{at.line}.",
                hint="Rename one of them.",
                position=each.name.position(),
            )
            faults.add(fault, *(_members_of(each) - _members_of(first)))
    return specs


def _members_of(spec: ModelSpec) -> set[Place]:
    name = spec.name.text
    places: set[Place] = {("members", name, each.name.text) for each in spec.dimensions}
    places |= {("members", name, each.name.text) for each in spec.segments}
    places |= {("joins", name, each.name.text) for each in spec.joins}
    places |= {("metrics", each.name.text) for each in spec.measures}
    return places | {("metrics", f"{name}.{each.name.text}") for each in spec.measures}


def _model(spec: ModelSpec, project: ProjectSpec, binder: Binder) -> Model:
    name, faults = spec.name.text, binder.faults
    dimensions = [
        faults.attempt(partial(_dimension, name, each, binder))  # Who reads it tells the same.
        for each in spec.dimensions
    ]
    measures = [
        faults.attempt(
            partial(_measure, spec, each, binder),
            ("metrics", each.name.text),
            ("metrics", f"{name}.{each.name.text}"),
        )
        for each in spec.measures
    ]
    segments = [faults.attempt(partial(_segment, name, each, binder)) for each in spec.segments]
    where = faults.attempt(partial(_where, name, spec.where, binder)) if spec.where else None
    relation = faults.attempt(partial(relation_of, spec, faults), ("relation", name))
    engine = faults.attempt(partial(engine_of, spec, project, faults), ("engine", name))
    return Model(
        name=name,
        relation=relation or Table(("",)),
        engine=engine or "",
        key=tuple(each.text for each in spec.key),
        unique=tuple(tuple(each.text for each in key) for key in spec.unique),
        partition=spec.partition.text if spec.partition else "",
        time=_time(spec, faults),
        where=where,
        dimensions={each.name: each for each in dimensions if each},
        hierarchies={each.name.text: _hierarchy(each) for each in spec.hierarchies},
        measures={each.name: each for each in measures if each},
        joins=binder.joins.get(name, {}),
        bridges=binder.bridges.get(name, {}),
        segments={each.name: each for each in segments if each},
        columns=binder.columns.get(name),
        about=spec.about,
        key_origins={
            tuple(each.text for each in key): key[0] for key in (*spec.unique, spec.key) if key
        },
    )


def _hierarchy(spec: HierarchySpec) -> Hierarchy:
    levels = tuple(each.text for each in spec.levels)
    return Hierarchy(name=spec.name.text, levels=levels, about=spec.about)


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
    binder.faults.refuse_named("members", model, spec.name.text)
    return Segment(name=spec.name.text, expr=expr, about=spec.about)


def _dimension(model: str, spec: DimensionSpec, binder: Binder) -> Dimension:
    faults = binder.faults
    before = len(faults.found)
    expr = faults.attempt(partial(_grouped, model, spec, binder))
    faults.refuse_named("members", model, spec.name.text)
    grain = faults.attempt(partial(_grain, spec))
    faults.refuse_since(before)
    assert expr is not None, "without it there is a fault"
    return Dimension(name=spec.name.text, expr=expr, grain=grain, about=spec.about)


def _grouped(model: str, spec: DimensionSpec, binder: Binder) -> Expr:
    expr = binder.dimension(model, spec)
    _refuse_finer(binder, model, expr.paths, spec.expr or spec.name)
    check_window_rows(expr, spec.expr or spec.name)
    return expr


def _grain(spec: DimensionSpec) -> Grain | None:
    if spec.grain is None:
        return Grain.DAY if _is_time(spec) else None
    if not _is_time(spec):
        raise WrongType(
            f'dimension "{spec.name.text}" has a grain but is not of type time',
            hint="Write type: time beside it.",
            position=spec.grain.position(),
        )
    return standard_grain(spec.grain)


def _measure(spec: ModelSpec, measure: MeasureSpec, binder: Binder) -> Measure:
    model, faults = spec.name.text, binder.faults
    before = len(faults.found)
    bound = faults.attempt(partial(_aggregate, model, measure.expr, binder))
    where = None
    if measure.where is not None:
        where = faults.attempt(partial(binder.predicate, model, measure.where))
    if measure.time is not None:
        faults.attempt(partial(_check_time, spec, measure.time, faults))
    one_time = faults.attempt(partial(_one_time, spec, measure, binder))
    faults.refuse_since(before)
    faults.refuse_named("metrics", f"{model}.{measure.name.text}")
    assert bound is not None, "without it there is a fault"
    time = measure.time or spec.time
    return Measure(
        name=measure.name.text,
        model=model,
        expr=bound.expr,
        where=where,
        time=time.text if time else None,
        one_time=one_time,
        is_windowed=not bound.forms.has_aggregate,
        about=measure.about,
    )


def _one_time(spec: ModelSpec, measure: MeasureSpec, binder: Binder) -> OneTime | None:
    """The first or last time whose rows alone count, if its author says so."""
    written = measure.first_by or measure.last_by
    if written is None:
        if measure.per:
            raise WrongType(
                '"per" has nothing to work on',
                hint='Write "first_by" or "last_by" beside it.',
                position=measure.per[0].position(),
            )
        return None
    if measure.first_by is not None and measure.last_by is not None:
        raise WrongType(
            f'measure "{measure.name.text}" counts the first time and the last',
            hint="Keep one of the two.",
            position=measure.last_by.position(),
        )
    time = _check_time(spec, written, binder.faults)
    by = binder.expression(spec.name.text, written)
    per = tuple(binder.expression(spec.name.text, each) for each in measure.per)
    for each, text in zip(per, measure.per, strict=True):
        _refuse_fan_out(binder, spec.name.text, each.paths, text)
    return OneTime(time, by, measure.last_by is not None, per)


def _aggregate(model: str, text: Scalar, binder: Binder) -> Bound:
    bound = binder.measure(model, text)
    _refuse_fan_out(binder, model, bound.expr.paths, text)
    check_window_rows(bound.expr, text)
    return bound


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


def _time(spec: ModelSpec, faults: Faults) -> str | None:
    if spec.time is None:
        return None
    return faults.attempt(partial(_check_time, spec, spec.time, faults))


def _check_time(spec: ModelSpec, time: Scalar, faults: Faults) -> str:
    faults.refuse_named("members", spec.name.text, time.text)
    dimension = next((each for each in spec.dimensions if each.name.text == time.text), None)
    if dimension is None:
        faults.refuse_lost("members", spec.name.text, time.text)
        known = [each.name.text for each in spec.dimensions if _is_time(each)]
        model = spec.name.text
        raise unknown("time dimension", time.text, known, "Time dimensions", model).at(
            time.position()
        )
    if not _is_time(dimension):
        raise WrongType(
            f'dimension "{time.text}" is not a time dimension',
            hint="Write type: time in its definition.",
            position=time.position(),
        )
    return time.text


def _is_time(spec: DimensionSpec) -> bool:
    return spec.type is not None and spec.type.text == "time"


def _version(models: Mapping[str, Model], spec: ProjectSpec) -> str:
    parts = (spec.digest, repr([(each.name, each.columns) for each in models.values()]))
    return blake2b("\x00".join(parts).encode(), digest_size=12).hexdigest()
