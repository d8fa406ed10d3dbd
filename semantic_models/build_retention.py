"""Retention: how many of a cohort are active again."""

from __future__ import annotations

from dataclasses import replace

from semantic_models.bind import Binder
from semantic_models.build_readings import span_of
from semantic_models.errors import NotSupported, TimeRequired, WrongType
from semantic_models.model import Grain, MeasureUse, Metric
from semantic_models.spec import MetricSpec, Scalar


def retention_inputs(
    spec: MetricSpec, active: Metric, own_time: str | None, binder: Binder
) -> tuple[MeasureUse, MeasureUse]:
    """Who of a cohort is active again, and the whole cohort; both by the time of the cohort.

    Raises:
        NotSupported: what is active is no measure.
        TimeRequired: the measure has no metric time.
        WrongType: a key is missing, or has no meaning.
    """
    assert spec.retention is not None, "the metric is a retention"
    cohort, after = spec.cohort, spec.after
    if cohort is None or after is None:
        raise WrongType(
            f'retention "{spec.name.text}" needs "cohort" and "after"',
            hint="Write for example {retention: active_users, cohort: first_seen_on, "
            "after: 7 days}.",
            position=spec.retention.position(),
        )
    use = active.inputs[0]
    if not active.is_measure or not isinstance(use, MeasureUse) or not use.reading.is_plain:
        raise NotSupported(
            f'metric "{active.name}" is no measure, nor one that is filtered',
            hint="Name a measure that counts who is active, such as count(distinct user_id).",
            position=spec.retention.position(),
        )
    if own_time is None:
        raise TimeRequired(
            f'retention "{spec.name.text}" is of a measure without metric time',
            hint=f'Write `time:` in model "{use.model}".',
            position=spec.retention.position(),
        )
    known = _placed(f"{cohort.text} is not null", cohort)
    of_cohort = (*use.filters, binder.predicate(use.model, known))
    again = _placed(_again(spec, own_time, cohort.text, after), after)
    active_again = (*use.filters, binder.predicate(use.model, again))
    timed = replace(use, time=cohort.text)
    return replace(timed, filters=active_again), replace(timed, filters=of_cohort)


def _again(spec: MetricSpec, time: str, cohort: str, after: Scalar) -> str:
    """The predicate on rows that are active again; from days on, days are compared."""
    span = span_of(after, {})
    assert isinstance(span.grain, Grain), "no calendar is given"
    interval = f"interval '{span.count} {span.grain}'"
    if spec.on is not None:
        if spec.on.text != span.grain:
            raise WrongType(
                f'"{spec.on.text}" is not the unit of "after"',
                hint=f"Write {span.grain}, or leave it out.",
                position=spec.on.position(),
            )
        return f"{time}.{span.grain} = {cohort}.{span.grain} + {interval}"
    if span.grain.is_finer_than(Grain.DAY):
        return f"{time} > {cohort} and {time} <= {cohort} + {interval}"
    return f"{time}.day > {cohort}.day and {time}.day <= {cohort}.day + {interval}"


def _placed(text: str, at: Scalar) -> Scalar:
    """A predicate that stands where a key does."""
    place = at.position()
    return Scalar(text, text, place.source, ((place.line, place.column),), (place.excerpt,))
