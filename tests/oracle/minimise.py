"""The smallest case that still shows a difference, printed as a case of the corpus."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import duckdb

from semantic_models.errors import ForebayError
from tests.oracle.compare import Difference, compare, world_of
from tests.oracle.language import (
    Aggregate,
    Calendar,
    Call,
    Dimension,
    Existing,
    Expr,
    Metric,
    Model,
    Project,
    Question,
    Scope,
)
from tests.oracle.spell import document_of, models_of, tables_of

ONCE: tuple[tuple[str, Any], ...] = (
    ("limit", None),
    ("offset", None),
    ("on", None),
    ("start", None),
    ("end", None),
    ("last", None),
    ("zone", None),
    ("is_dense", False),
    ("fill", False),
    ("totals", False),
    ("top", None),
    ("params", ()),
)
LISTS = ("metrics", "dimensions", "fields", "where", "having", "order_by", "compare")
MEMBERS = ("measures", "dimensions", "joins")


def minimise(difference: Difference) -> Difference:
    """Take away whatever the difference does not need."""
    before = None
    while before != difference:
        before = difference
        for stage in STAGES:
            difference = _through(stage, difference)
    return difference


def _through(stage: Stage, difference: Difference) -> Difference:
    """The smallest difference that one kind of taking away leads to."""
    smaller: Difference | None = difference
    while smaller is not None:
        difference = smaller
        smaller = next(_smaller(stage, difference), None)
    return difference


def _smaller(stage: Stage, difference: Difference) -> Iterator[Difference]:
    for project, question in stage(difference.project, difference.question):
        found = _again(project, question)
        if found is not None and _alike(found, difference):
            yield found


def _alike(one: Difference, other: Difference) -> bool:
    return (one.reason, one.given.code[:20], one.wanted.code) == (
        other.reason,
        other.given.code[:20],
        other.wanted.code,
    )


def _again(project: Project, question: Question) -> Difference | None:
    try:
        return compare(world_of(project), project, question).difference
    except (ForebayError, duckdb.Error, LookupError, AssertionError, ValueError, TypeError):
        return None  # what was taken away was needed


def _questions(question: Question) -> Iterator[Question]:
    for key in LISTS:
        if key == "order_by" and (question.limit is not None or question.offset is not None):
            continue  # without an order any rows may be shown
        for place in range(len(getattr(question, key))):
            smaller = question.without(key, place)
            if smaller.metrics or smaller.dimensions or smaller.fields:
                yield smaller
    for key, value in ONCE:
        if getattr(question, key) != value:
            yield replace(question, **{key: value})
    for key in ("where", "having"):
        entries = getattr(question, key)
        for place, each in enumerate(entries):
            for part in _parts(each):
                changed: dict[str, Any] = {key: (*entries[:place], part, *entries[place + 1 :])}
                yield replace(question, **changed)


def _parts(expr: Expr) -> tuple[Expr, ...]:
    if isinstance(expr, Existing):
        return tuple(replace(expr, predicate=each) for each in _parts(expr.predicate))
    return expr.args if isinstance(expr, Call) and expr.op in ("and", "or", "not") else ()


def _without_models(project: Project) -> Iterator[Project]:
    for name in project.models:
        yield replace(project, models={k: v for k, v in project.models.items() if k != name})


def _without_metrics(project: Project) -> Iterator[Project]:
    if project.metrics:
        yield replace(project, metrics={})
    for name in project.metrics:
        yield replace(project, metrics={k: v for k, v in project.metrics.items() if k != name})


def _simpler_metrics(project: Project) -> Iterator[Project]:
    for metric in project.metrics.values():
        for simpler in (*_metrics(metric), *_scopes(metric)):
            yield replace(project, metrics={**project.metrics, metric.name: simpler})
    if project.zone != "UTC":
        yield replace(project, zone="UTC")
    for name, calendar in project.calendars.items():
        for fewer in _fewer_days(calendar):
            yield replace(project, calendars={**project.calendars, name: fewer})
        kept = {key: each for key, each in project.calendars.items() if key != name}
        yield replace(project, calendars=kept)
    for name in project.parameters:
        given = {key: each for key, each in project.parameters.items() if key != name}
        yield replace(project, parameters=given)


def _fewer_days(calendar: Calendar) -> Iterator[Calendar]:
    """The calendar less days at either end, so that the others follow one another as before."""
    days = list(calendar.days.items())
    half = len(days) // 2
    cut = (days[:half], days[half:]) if half else ()
    for kept in (*cut, days[1:], days[:-1]):
        if len(kept) < len(days):
            yield replace(calendar, days=dict(kept))


def _metrics(metric: Metric) -> Iterator[Metric]:
    if metric.where is not None:
        for part in _parts(metric.where):
            yield replace(metric, where=part)
    if metric.of is not None and metric.where is not None and metric.reading:
        yield replace(metric, where=None)
    if metric.show != "value":
        yield replace(metric, show="value")
    yield from _followed(metric)
    if metric.default_grain is not None or metric.params:
        yield replace(metric, default_grain=None, params=())
    if len(metric.reading) > 1:
        yield replace(metric, reading=metric.reading[:1])
    if isinstance(metric.expr, Call):
        for each in metric.expr.args:
            yield replace(metric, expr=each)


def _followed(metric: Metric) -> Iterator[Metric]:
    funnel, cohort = metric.funnel, metric.cohort
    if cohort is not None and cohort.on is not None:
        yield replace(metric, cohort=replace(cohort, on=None))
    if funnel is None:
        return
    for smaller in (
        replace(funnel, within=None),
        replace(funnel, holding=()),
        replace(funnel, by=funnel.by[:1]),
        replace(funnel, show="count"),
    ):
        if smaller != funnel:
            yield replace(metric, funnel=smaller)


def _scopes(metric: Metric) -> Iterator[Metric]:
    if metric.spine or metric.fill is not None:
        yield replace(metric, spine=False, fill=None)
    if metric.scope is None:
        return
    scope = metric.scope
    for smaller in (
        replace(scope, include=()),
        replace(scope, exclude=()),
        replace(scope, add=()),
        replace(scope, drop=()),
    ):
        if smaller not in (scope, Scope()):
            yield replace(metric, scope=smaller)


def _fewer_rows(model: Model) -> Iterator[Model]:
    if model.rows:
        yield replace(model, rows=[])
    if len(model.rows) > 3:
        yield replace(model, rows=model.rows[: len(model.rows) // 2])
        yield replace(model, rows=model.rows[len(model.rows) // 2 :])
    for place in range(len(model.rows)):
        yield replace(model, rows=model.rows[:place] + model.rows[place + 1 :])


def _fewer_members(model: Model) -> Iterator[Model]:
    for key in MEMBERS:
        members = getattr(model, key)
        for name in members:
            kept: dict[str, Any] = {key: {k: v for k, v in members.items() if k != name}}
            yield replace(model, **kept)
    if model.where is not None:
        yield replace(model, where=None)
    if model.time is not None:
        yield replace(model, time=None)


def _fewer_columns(model: Model) -> Iterator[Model]:
    for name in model.columns if len(model.columns) > 1 else ():
        rows = [{k: v for k, v in row.items() if k != name} for row in model.rows]
        columns = {k: v for k, v in model.columns.items() if k != name}
        yield replace(model, columns=columns, rows=rows)


def _simpler(model: Model) -> Iterator[Model]:
    for measure in model.measures.values():
        for simpler in (
            replace(measure, where=None),
            replace(measure, time=None),
            replace(measure, per=()),
            replace(measure, edge=None, per=()),
            replace(measure, expr=Aggregate("count", None)),
        ):
            if simpler != measure:
                yield replace(model, measures={**model.measures, measure.name: simpler})
        if isinstance(measure.expr, Aggregate) and measure.expr.where is not None:
            bare = replace(measure, expr=replace(measure.expr, where=None))
            yield replace(model, measures={**model.measures, measure.name: bare})
    yield from _joins(model)
    for dimension in model.dimensions.values():
        if dimension.expr is not None and dimension.name in model.columns:
            plain = Dimension(dimension.name)
            yield replace(model, dimensions={**model.dimensions, dimension.name: plain})


def _joins(model: Model) -> Iterator[Model]:
    """With joins that ask for less, and without a partition."""
    for join in model.joins.values():
        for simpler in (
            replace(join, at=None),
            replace(join, valid=None, at=None),
            *(
                replace(join, conditions=join.conditions[:place] + join.conditions[place + 1 :])
                for place in range(len(join.conditions))
            ),
        ):
            if simpler != join:
                yield replace(model, joins={**model.joins, join.name: simpler})
    if model.partition is not None:
        yield replace(model, partition=None)


Stage = Callable[[Project, Question], Iterator[tuple[Project, Question]]]


def _of_question(project: Project, question: Question) -> Iterator[tuple[Project, Question]]:
    return ((project, each) for each in _questions(question))


def _of_projects(make: Callable[[Project], Iterator[Project]]) -> Stage:
    return lambda project, question: ((each, question) for each in make(project))


def _of_models(make: Callable[[Model], Iterator[Model]]) -> Stage:
    return lambda project, question: (
        (replace(project, models={**project.models, model.name: smaller}), question)
        for model in project.models.values()
        for smaller in make(model)
    )


STAGES = (
    _of_question,
    _of_projects(_without_metrics),
    _of_projects(_without_models),
    _of_models(_fewer_rows),
    _of_models(_fewer_members),
    _of_projects(_without_models),
    _of_projects(_simpler_metrics),
    _of_models(_simpler),
    _of_models(_fewer_columns),
)


def told(difference: Difference) -> str:
    """The difference as a case, behind its models and tables."""
    return "\n".join(
        [
            "-- models",
            models_of(difference.project),
            "-- tables",
            tables_of(difference.project),
            "",
            f"The two differ in {difference.reason}.",
            "",
            "-- query",
            json.dumps(document_of(difference.question)),
            "",
            "-- given",
            str(difference.given),
            "",
            "-- wanted",
            str(difference.wanted),
        ]
    )
