"""Metric times of several homes that meet: all dates, all civil times or all instants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from semantic_models.intrinsics import cast, instant
from semantic_models.model import Expr
from semantic_models.plan import Output
from semantic_models.query import Query
from semantic_models.resolve_names import is_metric_time
from semantic_models.resolved import Branch, NestedGroups, ResolvedQuery
from semantic_models.types import Kind, LogicalType

_WIDTHS = (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ)


def same_times(
    branches: Sequence[Branch], nested: Sequence[NestedGroups], query: Query, zone: str
) -> tuple[tuple[Branch, ...], tuple[NestedGroups, ...]]:
    """The same with one type for each metric time that is grouped by."""
    branches, nested = tuple(branches), tuple(nested)
    for key, asked in zip(branches[0].keys, query.dimensions, strict=True):
        if not is_metric_time(asked.name):
            continue
        told = [*(each.keys for each in branches), *(each.keys for each in nested)]
        types = {each.type for keys in told for each in keys if each.name == key.name}
        if len(types) > 1:
            kind = max((each.kind for each in types), key=_WIDTHS.index)
            precision = max(each.precision for each in types)
            of_instants = zone if kind is Kind.TIMESTAMP_TZ else ""
            wide = Output(key.name, key.expr, LogicalType(kind, precision, zone=of_instants))
            branches = tuple(_widened_branch(each, wide) for each in branches)
            nested = tuple(_widened_groups(each, wide) for each in nested)
    return branches, nested


def _widened_branch(branch: Branch, wide: Output) -> Branch:
    return replace(branch, keys=_widened(branch.keys, wide))


def _widened_groups(nested: NestedGroups, wide: Output) -> NestedGroups:
    inner = _widened_query(nested.inner, wide)
    return replace(nested, inner=inner, keys=_typed(nested.keys, wide))


def _widened_query(resolved: ResolvedQuery, wide: Output) -> ResolvedQuery:
    """A question within another one, told with the other's times."""
    filling = resolved.filling
    if filling is not None:
        filling = replace(filling, keys=_widened(filling.keys, wide))
    return replace(
        resolved,
        branches=tuple(_widened_branch(each, wide) for each in resolved.branches),
        nested=tuple(_widened_groups(each, wide) for each in resolved.nested),
        filling=filling,
        computed=_typed(resolved.computed, wide),
    )


def _typed(outputs: tuple[Output, ...], wide: Output) -> tuple[Output, ...]:
    """Columns that are made of the widened one."""
    return tuple(
        Output(each.name, each.expr, wide.type) if each.name == wide.name else each
        for each in outputs
    )


def _widened(keys: tuple[Output, ...], wide: Output) -> tuple[Output, ...]:
    return tuple(_cast(each, wide.type) if each.name == wide.name else each for each in keys)


def _cast(key: Output, type_: LogicalType) -> Output:
    tree = key.expr.tree
    if key.type.kind is not type_.kind:
        tree = cast(tree.copy(), "TIMESTAMP")
        tree = instant(tree) if type_.kind is Kind.TIMESTAMP_TZ else tree
    return Output(key.name, Expr(tree, key.expr.paths), type_)
