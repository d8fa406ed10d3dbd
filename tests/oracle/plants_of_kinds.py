"""Bugs of what only further questions ask, as they are planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from semantic_models import make_plan, resolve_branch, resolve_filters
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


def _read_as(patch: pytest.MonkeyPatch, changed: Callable[[RowFilter], RowFilter]) -> None:
    right = resolve_filters.row_filters

    def wrong(*args: Any) -> list[RowFilter]:
        return [changed(each) for each in right(*args)]

    patch.setattr(resolve_branch, "row_filters", wrong)


PLANTS = [find_some_in_place_of_none, find_one_row_for_all, fill_up_thinly]
