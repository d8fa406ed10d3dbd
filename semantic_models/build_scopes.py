"""Metrics over groups or rows of their own, as their authors write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from semantic_models.errors import WrongType, did_you_mean
from semantic_models.expressions import parse_expression
from semantic_models.model import Aggregate, Ranked, Scope
from semantic_models.spec import MetricSpec, Scalar, ScopeSpec

_GRAIN_WORDS = ("keep_only", "exclude", "include", "agg")
_FILTER_WORDS = ("keep", "drop", "add")
_AGGREGATES: Mapping[str, Aggregate] = {
    "avg": "avg",
    "sum": "sum",
    "min": "min",
    "max": "max",
    "count": "count",
}
ALL = "all"


def scope_of(spec: MetricSpec) -> Scope | None:
    """What a metric changes of its question; None where it changes nothing.

    Raises:
        WrongType: a word has no meaning, or two do not go together.
    """
    _check_words(spec.grain, "grain", _GRAIN_WORDS)
    _check_words(spec.filter, "filter", _FILTER_WORDS)
    if spec.aggregate is not None:
        return _with_changes(_aggregated(spec, spec.aggregate), spec)
    if spec.per:
        raise WrongType(
            '"per" has nothing to work on',
            hint="Write avg, sum, min, max or count beside it.",
            position=spec.per[0].position(),
        )
    if not spec.grain.parts and not spec.filter.parts:
        return None
    include, agg = spec.grain.part("include"), spec.grain.part("agg")
    if bool(include) != bool(agg):
        lone = (include or agg or (spec.name,))[0]
        raise WrongType(
            f'metric "{spec.name.text}" has one of "include" and "agg" without the other',
            hint="Write for example {include: [customer.region], agg: avg}.",
            position=lone.position(),
        )
    aggregate = _aggregate(agg[0]) if agg else None
    return _with_changes(Scope(per=_texts(include) or (), aggregate=aggregate), spec)


def _with_changes(scope: Scope, spec: MetricSpec) -> Scope:
    """The same with the groups and predicates that a metric keeps and leaves out."""
    drop = spec.filter.part("drop") or ()
    drops_all = any(each.text == ALL for each in drop)
    return replace(
        scope,
        keep_only=_texts(spec.grain.part("keep_only")),
        exclude=_texts(spec.grain.part("exclude")) or (),
        keep_filters=() if drops_all else _texts(spec.filter.part("keep")),
        drop_filters=_texts(drop) or (),
        add_filters=_predicates(spec.filter.part("add") or ()),
        origins=(*spec.per, *_origins(spec)),
    )


def ranked_of(spec: MetricSpec) -> Ranked | None:
    """How a metric ranks another one, if it does."""
    if spec.rank is None:
        if spec.order is not None:
            raise WrongType(
                '"order" has nothing to work on',
                hint='Write "rank" beside it.',
                position=spec.order.position(),
            )
        return None
    order = spec.order.text if spec.order is not None else "desc"
    if order not in ("asc", "desc"):
        assert spec.order is not None, "the default is known"
        raise WrongType(
            f'"{order}" is no value of "order"',
            hint="Write asc or desc.",
            position=spec.order.position(),
        )
    within = tuple(each.text for each in spec.within)
    return Ranked(spec.rank.text, within, descending=order == "desc", origins=spec.within)


def _aggregated(spec: MetricSpec, written: tuple[str, Scalar]) -> Scope:
    function, text = written
    if not spec.per:
        raise WrongType(
            f'metric "{spec.name.text}" aggregates a metric and does not say per what',
            hint='Write "per", such as per: customer_id, beside it.',
            position=text.position(),
        )
    for word, _ in spec.grain.parts:
        if word.text in ("include", "agg"):
            raise WrongType(
                f'metric "{spec.name.text}" has "{word.text}" beside "{function}" and "per"',
                hint='Name all that it is computed for under "per".',
                position=word.position(),
            )
    is_alone = not spec.grain.parts and not spec.filter.parts
    per = _texts(spec.per) or ()
    return Scope(per=per, aggregate=_AGGREGATES[function], makes_groups=is_alone)


def _aggregate(written: Scalar) -> Aggregate:
    if written.text not in _AGGREGATES:
        raise WrongType(
            f'"{written.text}" is no value of "agg"',
            hint=f"Write one of {', '.join(_AGGREGATES)}.",
            position=written.position(),
        )
    return _AGGREGATES[written.text]


def _check_words(spec: ScopeSpec, key: str, words: tuple[str, ...]) -> None:
    for word, _ in spec.parts:
        if word.text not in words:
            raise WrongType(
                f'"{word.text}" means nothing under "{key}"',
                hint=did_you_mean(word.text, words) or f"Write {', '.join(words)}.",
                position=word.position(),
            )


def _origins(spec: MetricSpec) -> tuple[Scalar, ...]:
    parts = (*spec.grain.parts, *spec.filter.parts)
    return tuple(each for _, values in parts for each in values)


def _texts(written: tuple[Scalar, ...] | None) -> tuple[str, ...] | None:
    return None if written is None else tuple(each.text for each in written)


def _predicates(written: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    for each in written:
        parse_expression(each.text, each.position)
    return written
