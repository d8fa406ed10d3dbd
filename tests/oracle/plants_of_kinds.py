"""Bugs of what only further questions ask, as they are planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlglot import exp

from dialects import lower
from semantic_models import (
    build_readings,
    calendar_ends,
    make_plan,
    resolve_branch,
    resolve_filters,
)
from semantic_models.model import Grain, Shift, Span
from semantic_models.plan import LogicalPlan
from semantic_models.query import Existing
from semantic_models.resolve_filters import RowFilter
from semantic_models.resolved import Filling
from tests.oracle import generate_kinds


def find_some_in_place_of_none(patch: pytest.MonkeyPatch) -> None:
    """What asks that no row exists is read as asking that one does."""
    patch.setattr(generate_kinds, "KINDS", (generate_kinds.EXISTENCE,))
    _read_as(patch, lambda each: replace(each, existing=each.existing and Existing.SOME))


def find_one_row_for_all(patch: pytest.MonkeyPatch) -> None:
    """Rows that are asked for one by one must be the same row."""
    patch.setattr(generate_kinds, "KINDS", (generate_kinds.EXISTENCE,))
    _read_as(
        patch, lambda each: replace(each, existing=None) if each.existing is Existing.SOME else each
    )


def fill_up_thinly(patch: pytest.MonkeyPatch) -> None:
    """Times without rows are told once, and not for each tuple of what else is grouped."""
    patch.setattr(generate_kinds, "KINDS", (generate_kinds.DENSE,))
    right = make_plan._filled

    def wrong(plan: LogicalPlan, filling: Filling) -> LogicalPlan:
        return right(plan, replace(filling, others=()))

    patch.setattr(make_plan, "_filled", wrong)


def go_a_period_too_far(patch: pytest.MonkeyPatch) -> None:
    """Steps of a calendar lead one period further back than they say."""
    patch.setattr(generate_kinds, "KINDS", (generate_kinds.CALENDARS,))
    right = calendar_ends._ends
    patch.setattr(calendar_ends, "_ends", lambda back: right(replace(back, count=back.count + 1)))


def compare_with_the_day_before(patch: pytest.MonkeyPatch) -> None:
    """A shift that a calendar names leads to the day before, whatever its table says."""
    patch.setattr(generate_kinds, "KINDS", (generate_kinds.CALENDARS,))
    day_before = Shift(back=Span(1, Grain.DAY))
    right = build_readings._offset

    def wrong(*args: Any, **kwargs: Any) -> Shift:
        found = right(*args, **kwargs)
        return found if found.named is None else day_before

    patch.setattr(build_readings, "_offset", wrong)


def correlate_with_itself(patch: pytest.MonkeyPatch) -> None:
    """The second value of a pair is taken for the first."""
    patch.setattr(generate_kinds, "KINDS", (generate_kinds.PAIRS,))
    right = lower.Lowering._spelled

    def wrong(self: lower.Lowering, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Corr | exp.CovarSamp | exp.CovarPop):
            node.set("expression", node.this.copy())
        return right(self, node)

    patch.setattr(lower.Lowering, "_spelled", wrong)


def _read_as(patch: pytest.MonkeyPatch, changed: Callable[[RowFilter], RowFilter]) -> None:
    right = resolve_filters.row_filters

    def wrong(*args: Any) -> list[RowFilter]:
        return [changed(each) for each in right(*args)]

    patch.setattr(resolve_branch, "row_filters", wrong)


PLANTS = [
    *(find_some_in_place_of_none, find_one_row_for_all, fill_up_thinly),
    *(go_a_period_too_far, compare_with_the_day_before),
    correlate_with_itself,
]
