"""What a question is compared with: itself, so long ago."""

from __future__ import annotations

from dataclasses import replace

from tests.oracle.calendars import is_of_calendar, span_with
from tests.oracle.evaluate_metrics import Metrics
from tests.oracle.language import Metric, Parts, Question, Value, names_in
from tests.oracle.leaves import Leaf, Scoped
from tests.oracle.paths import Refused
from tests.oracle.readings import is_time, is_timed
from tests.oracle.rows import Rows, find_at
from tests.oracle.times import after


def with_earlier(now: Metrics) -> tuple[Rows, Question]:
    """The question, grouped by metric time, with each metric of so long ago beside them."""
    question, project = now.question, now.project
    made = {
        f"{name.replace('.', '__')}__{suffix(step)}": Metric(
            "", of=name, reading=(("offset", step),), default_grain=_default_grain(now, name)
        )
        for step in question.compare
        for name in question.metrics
    }
    if not all(_is_grouped(now, leaf) for leaf in now.leaves):
        raise Refused("E_NOT_SUPPORTED")
    if not all(_is_grouped(now, leaf) for leaf in now.every_leaf()):
        raise Refused("OPEN")  # a scope without the times that the question groups by
    if any(leaf.measure.edge for leaf in now.every_leaf()) or now.rank_metrics():
        raise Refused("OPEN")
    names = [name for predicate in question.where for name in names_in(predicate)]
    if any(_is_made_of_time(now, leaf, name) for leaf in now.every_leaf() for name in names):
        raise Refused("OPEN")
    if any(_is_within_times(now, each) for each in now.scoped):
        raise Refused("OPEN")
    metrics = {name: replace(each, name=name) for name, each in made.items()}
    rows = Rows(replace(project, metrics=project.metrics | metrics), now.rows.zone, question.params)
    rows.ask = now.rows.ask
    return rows, replace(question, metrics=(*question.metrics, *metrics))


def suffix(step: str) -> str:
    """What the columns of another time end with."""
    return step.replace(".", "__") if "." in step else f"{step.replace(' ', '_')}_ago"


def _default_grain(now: Metrics, name: str) -> str | None:
    metric = now.project.metrics.get(name)
    return None if metric is None else metric.default_grain


def _is_within_times(now: Metrics, scoped: Scoped) -> bool:
    """Whether a metric is grouped by metric time besides what the question groups by."""
    names = [tuple(each.split(".")) for each in (*scoped.scope.per, *scoped.scope.include)]
    return any(
        is_time(now.rows, leaf.home, leaf.time(now.project), name)
        or name == (leaf.time(now.project),)
        for leaf in now.scoped[scoped]
        for name in names
    )


def _is_grouped(now: Metrics, leaf: Leaf) -> bool:
    """Whether the question groups by the metric time of a leaf."""
    groups = [column[leaf] for column in now.columns if leaf in column]
    return is_timed(now.project, leaf, groups)


def earlier_question(now: Metrics, step: str) -> Question:
    """The question over its time range of so long ago."""
    question = now.question
    if any(_is_grouped(now, leaf) for leaf in now.every_leaf()):
        raise Refused("E_NOT_SUPPORTED")
    if now.range is None or "." in step:
        raise Refused("E_TIME_REQUIRED")
    for leaf in now.every_leaf():
        time = leaf.time(now.project)
        names = [name for predicate in question.where for name in names_in(predicate)]
        if any(is_time(now.rows, leaf.home, time, name) for name in names):
            raise Refused("E_NOT_SUPPORTED")
        if any(_is_made_of_time(now, leaf, name) for name in names):
            raise Refused("OPEN")
    return replace(question, compare=(), having=(), order_by=(), ago=step)


def _is_made_of_time(now: Metrics, leaf: Leaf, parts: Parts) -> bool:
    """Whether a member is computed from the metric time of its rows."""
    found = find_at(now.project, leaf.home, parts, leaf.time(now.project))
    expr = found.dimension.expr
    return expr is not None and (leaf.time(now.project),) in names_in(expr)


def is_cut(now: Metrics, place: int, value: Value) -> bool:
    """Whether the range cuts the period of a group short."""
    grain, range_ = now.filled().grains[place], now.range
    if value is None or range_ is None or grain is None:
        return False
    if is_of_calendar(now.project, grain):
        begun, last = span_with(now.project, grain, value)
        started, ended = begun, after(last, "day")
    else:
        started = now.rows.civil(value)
        ended = after(started, grain)
    return (range_.start is not None and started < range_.start < ended) or (
        range_.end is not None and started < range_.end < ended
    )
