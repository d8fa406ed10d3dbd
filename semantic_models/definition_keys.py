"""What a definition says under each of its keys, as values that compare and texts that people read.

The keys are those of the YAML where an author writes one; what is built of several is told as
it is computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from semantic_models.model import (
    PLAIN,
    Bridge,
    Dimension,
    Expr,
    Funnel,
    Hierarchy,
    Join,
    Measure,
    MeasureUse,
    Metric,
    Model,
    Nested,
    OneTime,
    Parameter,
    Reading,
    Scope,
    Segment,
    Select,
    Spine,
    Table,
)
from semantic_models.parse_document import parse_object
from semantic_models.prove import text_of
from semantic_models.query import (
    Asked,
    Comparison,
    Filter,
    OrderBy,
    Predicate,
    Query,
    SavedQuery,
    TimeRange,
    Top,
)
from semantic_models.record import record
from semantic_models.spec import ProjectTestSpec, Scalar

Valued = Model | Dimension | Measure | Join | Bridge | Segment | Spine | Metric | Parameter
Member = Valued | Hierarchy | SavedQuery | ProjectTestSpec
Definition = Mapping[str, object]
"""What a member means, by its keys."""

_NO_USE = MeasureUse("", "")


@record()
class Whole:
    """What compares and has no text, since other keys tell of it."""

    parts: tuple[object, ...]


def definition_of(member: Member) -> Definition:
    """What a member means, by its keys; one that says nothing is None or empty."""
    match member:
        case Hierarchy():
            return {"levels": ", ".join(member.levels)}
        case SavedQuery():
            return _of_query(member.query)
        case ProjectTestSpec():
            return {**_of_query(parse_object(member.question.document)), **_expected(member)}
        case _:
            return _of_valued(member)


def _of_valued(member: Valued) -> Definition:
    match member:
        case Model():
            return _of_model(member)
        case Dimension():
            return {"expr": member.expr, "grain": member.grain}
        case Measure():
            times = {} if member.one_time is None else _of_one_time(member.one_time)
            return {"expr": member.expr, "where": member.where, "time": member.time, **times}
        case Segment():
            return {"expr": member.expr}
        case Join():
            return _of_join(member)
        case Bridge():
            return {"to": member.target, "through": member.through}
        case Spine():
            return {"table": member.table, "column": member.column, "engine": member.engine}
        case Parameter():
            allowed = tuple(map(str, member.allowed))
            return {"type": member.type_name, "default": member.default, "allowed": allowed}
        case Metric():
            return _of_metric(member)


def _of_model(model: Model) -> Definition:
    relation = model.relation
    return {
        "table": relation if isinstance(relation, Table) else None,
        "sql": relation if isinstance(relation, Select) else None,
        "engine": model.engine,
        "key": model.key,
        "unique": model.unique,
        "partition": model.partition,
        "time": model.time,
        "where": model.where,
    }


def _of_one_time(one_time: OneTime) -> Definition:
    key = "last_by" if one_time.last else "first_by"
    by = text_of(one_time.by)
    told = one_time.name if by == one_time.name else f"{one_time.name} ({by})"
    return {key: told, "per": one_time.per}


def _of_join(join: Join) -> Definition:
    pairs = tuple(f"{left} = {join.target}.{right}" for left, right in join.columns)
    return {
        "to": join.target,
        "on": (*pairs, *join.conditions),
        "cardinality": join.cardinality,
        "valid": join.valid,
        "at": join.at,
    }


# Metrics: what they are made of, then what each input adds to it.


def _of_metric(metric: Metric) -> Definition:
    names = {f"i{number}": called(use) for number, use in enumerate(metric.inputs)}
    ranked = metric.ranked
    told: dict[str, object] = {"formula": text_of(metric.formula, names)}
    for name, use in zip(names.values(), metric.inputs, strict=True):
        of = f" of {name}" if len(metric.inputs) > 1 else ""
        for key, value in _of_input(use):
            told[_unlike(f"{key}{of}", told)] = value
    return {
        **told,
        "default_grain": metric.grain,
        "spine": metric.spine,
        "rank": ranked and ranked.of,
        "within": ranked and ranked.within,
        "order": ranked and ("desc" if ranked.descending else "asc"),
        "inputs": Whole(tuple(map(_placeless, metric.inputs))),
    }


def _unlike(key: str, told: Mapping[str, object]) -> str:
    """A key that is not told yet: one measure may be an input more than once."""
    number = 2
    named = key
    while named in told:
        named, number = f"{key} ({number})", number + 1
    return named


def called(use: MeasureUse | Nested) -> str:
    """What an input is called by."""
    return use.metric.name.rstrip(":") if isinstance(use, Nested) else f"{use.model}.{use.measure}"


def _of_input(use: MeasureUse | Nested) -> Iterator[tuple[str, object]]:
    if isinstance(use, Nested):
        yield from _of_scope(use.scope)
        yield from ((key, value) for key, value in _of_metric(use.metric).items() if value)
        return
    yield "where", (*use.filters, *(each.text for each in use.asked))
    yield "time", use.time
    if use.reading is not PLAIN:
        yield from _of_reading(use.reading)
    if use.funnel is not None:
        yield from _of_funnel(use.funnel)
    yield "params", tuple(f"{name} = {value}" for name, value in use.parameters)


def _of_reading(reading: Reading) -> Iterator[tuple[str, object]]:
    shifts = reading.shifts
    yield "offset", tuple(str(each.back or each.named) for each in shifts if not each.start_of)
    yield "offset_to", tuple(str(each.start_of) for each in shifts if each.start_of)
    yield "shift", "rows" if any(each.by_rows for each in shifts) else ""
    window = reading.window
    if window is None:
        return
    if window.trailing is not None:
        yield "trailing", str(window.trailing)
    elif window.to_date is not None:
        yield "to_date", str(window.to_date)
    else:
        yield "cumulative", "all"
    yield "regrain", window.regrain


def _of_funnel(funnel: Funnel) -> Iterator[tuple[str, object]]:
    yield "base", called(funnel.base)
    yield from ((f"{key} of base", value) for key, value in _of_input(funnel.base))
    yield "by", tuple(_pair(text_of(one), text_of(other)) for one, other in funnel.equal)
    yield "within", "" if funnel.within is None else str(funnel.within)
    yield "counts", "rows" if funnel.counts_rows else "values"


def _pair(one: str, other: str) -> str:
    return one if one == other else f"{one} = {other}"


def _of_scope(scope: Scope) -> Iterator[tuple[str, object]]:
    yield "agg", scope.aggregate
    yield "per", scope.per
    yield "grain.keep_only", None if scope.keep_only is None else f"[{', '.join(scope.keep_only)}]"
    yield "grain.exclude", scope.exclude
    keep = scope.keep_filters
    yield "filter.keep", None if keep is None else f"[{', '.join(keep)}]"
    yield "filter.drop", scope.drop_filters
    yield "filter.add", tuple(each.text for each in scope.add_filters)


def _placeless(use: MeasureUse | Nested) -> tuple[object, ...]:
    """An input without the places at which its texts stand."""
    if isinstance(use, Nested):
        added = tuple(each.text for each in use.scope.add_filters)
        scope = replace(use.scope, add_filters=(), origins=())
        return (tuple(_of_metric(use.metric).items()), scope, added)
    funnel = use.funnel
    base = () if funnel is None else (_placeless(funnel.base), replace(funnel, base=_NO_USE))
    asked = tuple(each.text for each in use.asked)
    return (replace(use, asked=(), funnel=None), asked, base)


# Questions.


def _of_query(query: Query) -> dict[str, object]:
    return {
        "saved_query": query.saved_query,
        "metrics": tuple(map(_asked, query.metrics)),
        "dimensions": tuple(map(_asked, query.dimensions)),
        "fields": "*" if query.all_fields else tuple(map(_asked, query.fields)),
        "from": query.model,
        "where": tuple(map(_predicate, query.where)),
        "having": tuple(map(_predicate, query.having)),
        "order_by": tuple(map(_ordered, query.order_by)),
        "limit": query.limit,
        "offset": query.offset,
        **_of_range(query.time),
        "distinct": query.distinct,
        "fill": "dense" if query.is_dense else query.fill,
        "totals": query.totals,
        "top": None if query.top is None else _top(query.top),
        "compare": query.compare,
        "params": tuple(f"{name} = {value}" for name, value in query.parameters),
    }


def _of_range(time: TimeRange) -> dict[str, object]:
    return {
        "time.on": time.on,
        "time.from": time.start,
        "time.to": time.end,
        "time.last": time.last,
        "time.zone": time.zone,
    }


def _asked(asked: Asked) -> str:
    return f"{asked.name} as {asked.alias}" if asked.alias else asked.name


def _predicate(filter_: Filter) -> str:
    match filter_:
        case Predicate():
            return filter_.text
        case Comparison():
            values = ", ".join(map(repr, filter_.values))
            return f"{filter_.name} {filter_.operator} {values}".rstrip()


def _ordered(order: OrderBy) -> str:
    nulls = f" nulls {order.nulls}" if order.nulls else ""
    return f"{'-' if order.descending else ''}{order.name}{nulls}"


def _top(top: Top) -> str:
    on = f" on {top.on}" if top.on else ""
    return f"{top.count} by {top.by}{on}{' and others' if top.other else ''}"


def _expected(test: ProjectTestSpec) -> Definition:
    rows = None if test.rows is None else f"[{', '.join(map(_row, test.rows))}]"
    return {"expect": rows, "expect_error": None if test.error is None else test.error.text}


def _row(cells: Sequence[Scalar]) -> str:
    return f"[{', '.join(each.text for each in cells)}]"


# As people read it.


def text(part: object) -> str:
    """A part of a definition; empty where it is nothing, or has no short text."""
    match part:
        case None | () | "":
            return ""
        case Expr():
            return text_of(part)
        case Table(parts):
            return ".".join(parts)
        case Select(tree):
            return tree.sql("duckdb")
        case bool():
            return str(part).lower()
        case str() | int() | float() | Decimal():
            return str(part)
        case tuple() if all(isinstance(each, tuple) for each in part):
            return ", ".join(f"[{text(each)}]" for each in part if text(each))
        case tuple():
            return ", ".join(filter(None, map(text, part)))
        case _:
            return ""
