"""Totals: the same question for each shorter prefix of its dimensions, beside its groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from sqlglot import exp

from semantic_models.bind import column_expr
from semantic_models.errors import NameCollision, NotSupported, TimeRequired
from semantic_models.model import Expr
from semantic_models.plan import Output
from semantic_models.query import Query
from semantic_models.resolved import AnswerColumn, ResolvedQuery
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


def check_new(flags: Sequence[Output], resolved: ResolvedQuery) -> None:
    """Refuse further columns of an answer that are named as one that is asked for."""
    taken = {each.name for each in resolved.columns}
    for flag in flags:
        if flag.name in taken:
            raise NameCollision(
                f'the answer has two columns named "{flag.name}"',
                hint="Give the one that is asked for another name.",
            )


def with_totals(resolved: ResolvedQuery, levels: Iterable[ResolvedQuery]) -> ResolvedQuery:
    """The question with its totals.

    Raises:
        NotSupported: a metric looks at other times, which a total does not tell apart.
        NameCollision: a column is named as one that tells totals.
    """
    flags = flags_of(resolved.branches[0].keys)
    check_new(flags, resolved)
    try:
        totals = tuple(levels)
    except TimeRequired as error:
        raise NotSupported(
            "totals stand beside a metric that looks at other times",
            detail=error.message,
            hint="Leave totals out, or ask for that metric in a question of its own.",
        ) from None
    told = (AnswerColumn(name=each.name, role="dimension", type=each.type) for each in flags)
    return replace(
        resolved,
        totals=totals,
        computed=(*resolved.computed, *flags),
        columns=(*resolved.columns, *told),
    )
