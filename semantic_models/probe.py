"""Plans that compute nothing but types: what an engine is asked about a project's expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.catalog import Catalog
from semantic_models.give_types import MEASURE
from semantic_models.make_plan import make_plan
from semantic_models.model import GRAINS, Dimension, Expr, Grain, Measure, Model
from semantic_models.parameters import values_of
from semantic_models.plan import Aggregate, Output, Plan
from semantic_models.plan_rows import conjunction, joined_rows
from semantic_models.query import Asked, Query, TimeRange
from semantic_models.resolve import resolve
from semantic_models.resolve_branch import BranchResolver
from semantic_models.resolve_filters import Clock
from semantic_models.resolve_names import METRIC_TIME
from semantic_models.resolved import Branch
from semantic_models.spec import JoinSpec, ModelSpec, Scalar
from semantic_models.types import STRING
from semantic_models.windows import WindowColumns

_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_NO_CLOCK = Clock(_NO_TIME, "UTC")


@dataclass(frozen=True, slots=True)
class Condition:
    """A predicate on rows of one model, wherever its author wrote it."""

    name: str
    expr: Expr


Member = Dimension | Measure
Probed = Member | Condition


def members(model: Model) -> dict[str, Member]:
    """The members of a model under the names by which their types are told."""
    measures = {MEASURE + name: each for name, each in model.measures.items()}
    return {**model.dimensions, **measures}


def conditions(catalog: Catalog, spec: ModelSpec) -> dict[str, Condition]:
    """Every predicate on a model's rows, each place once, under names that no member has."""
    found: dict[Scalar, Condition] = {}
    for each in _conditions(catalog, spec):
        assert each.expr.origin is not None, "an author wrote it"
        found.setdefault(each.expr.origin, each)
    return {f"condition:{number}": each for number, each in enumerate(found.values())}


def _conditions(catalog: Catalog, spec: ModelSpec) -> Iterator[Condition]:
    model = catalog.models[spec.name.text]
    if model.where is not None:
        yield Condition("where", model.where)
    for segment in model.segments.values():
        yield Condition(segment.name, segment.expr)
    for measure in model.measures.values():
        if measure.where is not None:
            yield Condition(f"{measure.name}.where", measure.where)
    for metric in catalog.metrics.values():
        for use in metric.measures:
            for each in use.filters if use.model == model.name else ():
                yield Condition(f"{metric.name}.where", each)
    for join in (each for each in spec.joins if each.name.text in model.joins):
        yield Condition(f"{join.name.text}.on", _on(catalog, model, join))


def _on(catalog: Catalog, model: Model, spec: JoinSpec) -> Expr:
    """The condition of a join, as a predicate on the rows of its source."""
    path = (spec.name.text,)
    pairs = [
        Expr(exp.EQ(this=column(left), expression=column(right, path)))
        for left, right in model.joins[spec.name.text].columns
    ]
    origin = spec.on or next(iter(spec.columns), spec.name)
    join_ = model.joins[spec.name.text]
    return Expr(conjunction([*pairs, *join_.conditions]), (path,), origin)


def unfiltered(catalog: Catalog) -> Catalog:
    """The catalog without the `where` of its models, which are asked about like any predicate.

    Left in, one that an engine refuses would make every member of its model look broken.
    """
    models = {name: replace(each, where=None) for name, each in catalog.models.items()}
    return replace(catalog, models=models)


def probe(catalog: Catalog, model: Model, asked: Mapping[str, Probed]) -> Plan:
    """A plan whose columns are the values of ``asked``; their types are what is wanted."""
    resolver = BranchResolver(catalog, model, None, _NO_CLOCK, probes=True)
    windows = WindowColumns()
    for each in asked.values():
        resolver.walk_paths(each.expr.paths)
    outputs = {name: Output(name, windows.read(each.expr), STRING) for name, each in asked.items()}
    rows = joined_rows(
        Branch(
            home=model,
            time=None,
            keys=(),
            measures=(),
            filters=(),
            existences=(),
            steps=resolver.walked(),
            windows=windows.outputs(),
        )
    )
    keys = tuple(o for name, o in outputs.items() if not _is_aggregated(asked[name]))
    measures = tuple(o for name, o in outputs.items() if _is_aggregated(asked[name]))
    root = Aggregate(rows, keys, measures)
    values = values_of({}, catalog.parameters)
    return Plan(root, (*keys, *measures), "UTC", model.engine, parameters=values)


def _is_aggregated(probed: Probed) -> bool:
    return isinstance(probed, Measure) and not probed.is_windowed


def probe_metrics(catalog: Catalog, names: Sequence[str]) -> Plan:
    """The plan of a question for metrics alone, as anybody may ask it.

    Raises:
        ModelError: it has no safe answer, whoever asks.
    """
    looks_back = any(catalog.metric(name).looks_back for name in names)
    times = (_time_of(catalog, names),) if looks_back else ()
    ranks = filter(None, (catalog.metric(name).ranked for name in names))
    within = (name for each in ranks for name in each.within)
    grouped = dict.fromkeys(map(Asked, (*times, *within)))
    query = Query(
        metrics=tuple(map(Asked, names)),
        dimensions=tuple(grouped),
        time=TimeRange(zone=_NO_CLOCK.zone),
    )
    return make_plan(resolve(query, catalog, now=_NO_TIME))


def _time_of(catalog: Catalog, names: Sequence[str]) -> str:
    """Metric time at a grain that no step of the metrics leads out of."""
    uses = (use for name in names for use in catalog.metric(name).measures)
    steps = (shift.back for use in uses for shift in use.reading.shifts)
    grains = [step.grain for step in steps if step is not None and isinstance(step.grain, Grain)]
    finest = min(grains, key=GRAINS.__getitem__, default=Grain.DAY)
    return f"{METRIC_TIME}.{finest}" if finest.is_finer_than(Grain.DAY) else METRIC_TIME
