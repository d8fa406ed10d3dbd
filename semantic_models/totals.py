"""Totals: the same question for each shorter prefix of its dimensions, beside its groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from sqlglot import exp

from semantic_models.bind import column_expr
from semantic_models.errors import NotSupported, TimeRequired, UnaggregatedFinerGrain
from semantic_models.flags import with_flags
from semantic_models.model import Expr
from semantic_models.plan import Output
from semantic_models.query import Query
from semantic_models.resolved import ResolvedQuery
from semantic_models.types import BOOLEAN


def shorter(query: Query, resolved: ResolvedQuery) -> Iterator[Query]:
    """The question at each shorter prefix of its dimensions, the longest first.

    Those that tell metric times apart are filled up where the question is.
    """
    filling = resolved.filling.keys if resolved.filling is not None else ()
    times = {each.name for each in filling}
    keys = resolved.branches[0].keys
    for count in reversed(range(len(query.dimensions))):
        kept = query.dimensions[:count]
        by_time = any(each.name in times for each in keys[:count])
        yield replace(
            query,
            dimensions=kept,
            columns=(),
            having=(),
            order_by=(),
            totals=False,
            fill=query.fill and by_time,
        )


def flags_of(keys: Sequence[Output]) -> tuple[Output, ...]:
    """The columns that tell for each key whether a row is a total over it."""
    return tuple(
        Output(name, column_expr(name), BOOLEAN) for name in (f"{key.name}__total" for key in keys)
    )


def told(keys: Sequence[Output], kept: Collection[str]) -> tuple[Output, ...]:
    """The same columns for rows that have some of the keys."""
    return tuple(
        Output(flag.name, Expr(exp.Boolean(this=key.name not in kept)), BOOLEAN)
        for key, flag in zip(keys, flags_of(keys), strict=True)
    )


def with_totals(resolved: ResolvedQuery, levels: Iterable[ResolvedQuery]) -> ResolvedQuery:
    """The question with its totals.

    Raises:
        NotSupported: a metric looks at other times, or ranks within a dimension, which a total
            does not tell apart.
        NameCollision: a column is named as one that tells totals.
    """
    flagged = with_flags(resolved, flags_of(resolved.branches[0].keys))
    try:
        totals = tuple(levels)
    except TimeRequired as error:
        raise NotSupported(
            "totals stand beside a metric that looks at other times",
            detail=error.message,
            hint="Leave totals out, or ask for that metric in a question of its own.",
        ) from None
    except UnaggregatedFinerGrain as error:
        raise NotSupported(
            "totals stand beside a rank within a dimension, which a total is over",
            detail=error.message,
            hint="Leave totals out, or ask for the rank in a question of its own.",
        ) from None
    return replace(flagged, totals=totals)
