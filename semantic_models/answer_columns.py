"""The columns of an answer: what each computes, and what having and order may name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from semantic_models.bind import column_expr
from semantic_models.errors import NameCollision, UnknownName, did_you_mean
from semantic_models.expressions import columns_in
from semantic_models.flags import with_flags
from semantic_models.model import (
    GRAINS,
    Expr,
)
from semantic_models.plan import Output, SortKey
from semantic_models.query import Asked, OrderBy, Query
from semantic_models.ranks import AskedMetric, AskedMetrics
from semantic_models.resolve_branch import asked_position
from semantic_models.resolve_filters import Clock, Computed, aggregate_filter, or_parameter
from semantic_models.resolve_names import Reached, parts_of
from semantic_models.resolved import (
    AnswerColumn,
    Branch,
    ResolvedQuery,
    Role,
)
from semantic_models.spec import Described
from semantic_models.top_members import or_other
from semantic_models.totals import flags_of
from semantic_models.types import Kind


def column_name(name: str, reached: Reached) -> str:
    """The default name of a dimension's column."""
    parts = parts_of(name)
    if reached.grain is not None and parts[-1] != reached.grain.value:
        parts = (*parts, reached.grain.value)
    return "__".join(parts)


def answered(
    query: Query,
    branches: tuple[Branch, ...],
    metrics: AskedMetrics,
    about: Mapping[str, Described],
    clock: Clock,
) -> ResolvedQuery:
    """The question with what is computed of its branches' columns, and in which order."""
    asked = metrics.shown
    keys = branches[0].keys
    computed = {key.name: Output(key.name, column_expr(key.name), key.type) for key in keys}
    for each in asked:
        if each.name in computed:
            raise NameCollision(
                f'the answer has two columns named "{each.name}"',
                hint='Ask for it once, or give one of them another name with "as".',
            )
        assert each.metric.type is not None, "a served catalog has its types"
        type_ = each.metric.type.shown_in(clock.zone)
        computed[each.name] = Output(each.name, Expr(each.formula), type_)
    known = _columns_by_name(query, keys, metrics)
    column_of = or_parameter(known.get, metrics.parameters)
    having = tuple(
        part for each in query.having for part in aggregate_filter(each, column_of, clock)
    )
    known = {**bare_times(keys, query.dimensions), **known}
    if query.top is not None and having:
        having = or_other(having, query)
    order = ordered(sort_key(each, known) for each in query.order_by)
    outputs = _in_order(query, keys, computed)
    made = ResolvedQuery(
        shape="aggregate",
        branches=branches,
        computed=outputs,
        windows=metrics.windows,
        having=having,
        order=order,
        limit=query.limit,
        offset=query.offset or 0,
        zone=clock.zone,
        engine=branches[0].home.engine,
        columns=_answer(outputs, asked, about),
    )
    return with_flags(made, metrics.flags) if metrics.flags else made


def ordered(keys: Iterable[SortKey]) -> tuple[SortKey, ...]:
    """The keys that tell rows apart: engines read some constants as places."""
    return tuple(each for each in keys if columns_in(each.expr.tree))


def _in_order(
    query: Query, keys: Sequence[Output], computed: Mapping[str, Output]
) -> tuple[Output, ...]:
    """The columns in the order in which they were asked."""
    if not query.columns:
        return tuple(computed.values())
    spelled = [each.alias or each.name.replace(".", "__") for each in query.dimensions]
    named = {name: key.name for name, key in zip(spelled, keys, strict=True)}
    return tuple(computed[named.get(name, name)] for name in query.columns)


Known = Mapping[str, Computed]


def _columns_by_name(
    query: Query,
    keys: Sequence[Output],
    metrics: AskedMetrics,
) -> Known:
    """What computes each name that having may use, in all its spellings."""
    known: dict[str, Computed] = {}
    for key, dimension in zip(keys, query.dimensions, strict=True):
        found = Computed(column_expr(key.name).tree, key.type.kind)
        for name in (key.name, dimension.name, key.name.replace("__", ".")):
            known.setdefault(name, found)
    shown = {each.name: _computed(each) for each in metrics.shown}
    every = (*metrics.shown, *metrics.hidden.values())
    hidden_too = {each.metric.name: _computed(each) for each in every}
    flags = (*metrics.flags, *(flags_of(keys) if query.totals else ()))
    known |= {each.name: Computed(each.expr.tree, Kind.BOOLEAN) for each in flags}
    return {**known, **hidden_too, **shown}


def _computed(asked: AskedMetric) -> Computed:
    kind = asked.metric.type.kind if asked.metric.type else None
    return Computed(asked.formula, kind, is_metric=True)


def bare_times(keys: Sequence[Output], dimensions: Sequence[Asked]) -> Known:
    """A time dimension without its grain, where the answer has it at one grain only.

    It is enough to order by, and not to compare with: 15 February is in no group of months.
    """
    grains: dict[str, list[Output]] = {}
    for key, dimension in zip(keys, dimensions, strict=True):
        *parts, last = parts_of(dimension.name)
        if last in GRAINS:
            grains.setdefault(".".join(parts), []).append(key)
    return {
        name: Computed(column_expr(found[0].name).tree, found[0].type.kind)
        for name, found in grains.items()
        if len(found) == 1
    }


def sort_key(order: OrderBy, known: Known) -> SortKey:
    """One key of the order; NULL is the high end unless the question says otherwise."""
    found = known.get(order.name) or known.get(order.name.replace("__", "."))
    if found is None:
        raise UnknownName(
            f'column of the answer "{order.name}" does not exist',
            hint=did_you_mean(order.name, known)
            or f"Order by a column of the answer ({', '.join(known)}), or group by a dimension to "
            "order by it.",
            position=asked_position(Asked(order.name, source=order.source)),
        )
    first = order.nulls == "first" if order.nulls else order.descending
    return SortKey(Expr(found.tree), order.descending, first)


def _answer(
    outputs: Sequence[Output],
    asked: Sequence[AskedMetric],
    keys: Mapping[str, Described],
) -> tuple[AnswerColumn, ...]:
    about = {**keys, **{each.name: each.metric.about for each in asked}}
    return tuple(
        answer_column(each, "dimension" if each.name in keys else "metric", about[each.name])
        for each in outputs
    )


def answer_column(output: Output, role: Role, about: Described) -> AnswerColumn:
    """A column of the answer with what its author says of it."""
    return AnswerColumn(
        name=output.name,
        role=role,
        type=output.type,
        label=about.label,
        description=about.description,
        format=about.format,
        unit=about.unit,
    )
