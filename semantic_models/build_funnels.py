"""Funnels: which conversions follow which rows of a base, as their authors write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sqlglot import exp

from semantic_models.bind import Binder
from semantic_models.build_readings import span_of
from semantic_models.errors import NotSupported, TimeRequired, WrongType, did_you_mean
from semantic_models.model import Expr, Funnel, MeasureUse, Metric, Model
from semantic_models.spec import MetricSpec, Scalar

Named = Callable[[Scalar], Metric]
"""From a written name to the metric or measure of that name."""

_PARTS = ("base", "converted")
_SHOWN = ("rate", "count", "value")


def funnel_inputs(
    spec: MetricSpec, named: Named, models: Mapping[str, Model], binder: Binder
) -> tuple[MeasureUse, ...]:
    """The conversions of a funnel, and its base where they are shown as a rate of it.

    Raises:
        WrongType: it does not say what converts to what, or not in words that are known.
        TimeRequired: a side has no time.
        NotSupported: a side is not one measure of all rows.
    """
    parts = _parts(spec)
    base = _one_measure(named(parts["base"]), parts["base"])
    converted = _one_measure(named(parts["converted"]), parts["converted"])
    _check_side(base, models, parts["base"])
    _check_side(converted, models, parts["converted"])
    shown = spec.show.text if spec.show is not None else "rate"
    if shown not in _SHOWN:
        assert spec.show is not None, "the default is shown"
        raise WrongType(
            f'"{shown}" is no value of "show" of a funnel',
            hint=f"Write one of {', '.join(_SHOWN)}.",
            position=spec.show.position(),
        )
    funnel = Funnel(
        base=base,
        equal=tuple(_equal(spec, base, converted, binder)),
        within=span_of(spec.within[0], {}) if spec.within else None,
        counts_rows=shown == "count",
    )
    conversions = MeasureUse(converted.model, converted.measure, converted.filters, funnel=funnel)
    return (conversions, base) if shown == "rate" else (conversions,)


def _parts(spec: MetricSpec) -> dict[str, Scalar]:
    parts = {key.text: text for key, text in spec.funnel}
    for key, _ in spec.funnel:
        if key.text not in _PARTS:
            raise WrongType(
                f'"{key.text}" is no part of a funnel',
                hint=did_you_mean(key.text, _PARTS) or "Its parts are base and converted.",
                position=key.position(),
            )
    for part in _PARTS:
        if part not in parts:
            raise WrongType(
                f'funnel "{spec.name.text}" needs "{part}"',
                hint="Write {base: visits, converted: buys}.",
                position=spec.name.position(),
            )
    if not spec.by:
        raise WrongType(
            f'funnel "{spec.name.text}" needs "by"',
            hint="Write the column that tells who converts, such as user_id.",
            position=spec.name.position(),
        )
    return parts


def _one_measure(metric: Metric, at: Scalar) -> MeasureUse:
    use = metric.inputs[0]
    if not isinstance(use, MeasureUse) or not _is_plain(metric, use):
        raise NotSupported(
            f'"{at.text}" in a funnel is not one measure',
            hint="Name a measure, or a metric that only filters one.",
            position=at.position(),
        )
    return use


def _check_side(use: MeasureUse, models: Mapping[str, Model], at: Scalar) -> None:
    measure = models[use.model].measures[use.measure]
    if measure.time is None:
        raise TimeRequired(
            f'measure "{use.measure}" of a funnel has no metric time',
            hint=f'Write `time:` in model "{use.model}".',
            position=at.position(),
        )
    if measure.one_time is not None:
        raise NotSupported(
            f'measure "{use.measure}" of a funnel counts rows of one time only',
            hint="Name a measure without first_by and last_by: each of its rows is followed.",
            position=at.position(),
        )


def _is_plain(metric: Metric, use: MeasureUse) -> bool:
    is_bare = use.reading.is_plain and use.funnel is None and not use.asked
    return metric.is_measure and is_bare


def _equal(
    spec: MetricSpec, base: MeasureUse, converted: MeasureUse, binder: Binder
) -> Iterator[tuple[Expr, Expr]]:
    pairs = (*((each, each) for each in spec.by), *spec.holding)
    for left, right in pairs:
        sides = binder.expression(base.model, left), binder.expression(converted.model, right)
        for side, text in zip(sides, (left, right), strict=True):
            if side.paths or side.tree.find(exp.AggFunc):
                raise NotSupported(
                    f'"{text.text}" of a funnel is not of its own model',
                    hint="Write a column or a dimension that reads no join.",
                    position=text.position(),
                )
        yield sides
