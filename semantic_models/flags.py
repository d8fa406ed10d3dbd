"""Columns that tell of each row what it is: a total, a period that is cut short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from semantic_models.errors import NameCollision
from semantic_models.plan import Output
from semantic_models.resolved import AnswerColumn, ResolvedQuery


def with_flags(resolved: ResolvedQuery, flags: Sequence[Output]) -> ResolvedQuery:
    """The question with further columns behind those that are asked for.

    Raises:
        NameCollision: one that is asked for has the name of a further one.
    """
    taken = {each.name for each in resolved.columns}
    for flag in flags:
        if flag.name in taken:
            raise NameCollision(
                f'the answer has two columns named "{flag.name}"',
                hint="Give the one that is asked for another name.",
            )
    told = (AnswerColumn(name=each.name, role="dimension", type=each.type) for each in flags)
    return replace(
        resolved,
        computed=(*resolved.computed, *flags),
        columns=(*resolved.columns, *told),
    )
