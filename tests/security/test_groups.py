"""No answer shows a cell that is made of too little, and the harness finds faults that would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import auth.groups_only
import semantic_models.floors
import semantic_models.make_plan
import semantic_models.resolve_aggregate
from semantic_models.floors import floored
from semantic_models.plan import GroupFloor, LogicalPlan, Project
from semantic_models.ranks import AskedMetrics
from semantic_models.resolved import Branch
from tests.security.groups import ask_groups, ask_of_nothing

PROJECTS = 3


@pytest.mark.parametrize("number", range(PROJECTS))
def test_answers_are_those_by_hand_without_cells_of_few_rows(number: int) -> None:
    found = ask_groups(f"test:{number}", 2 + number % 2)

    assert found.answered
    assert found.cut
    assert found.differences == []


@pytest.mark.parametrize("number", range(PROJECTS))
def test_where_no_group_is_large_enough_answers_tell_of_no_row(number: int) -> None:
    answered, found = ask_of_nothing(f"test:{number}")

    assert found == []
    assert answered


def _one_less(groups: LogicalPlan, branch: Branch, floor: GroupFloor, *others: Any) -> LogicalPlan:
    return floored(groups, branch, replace(floor, least=floor.least - 1), *others)


def _groups_kept(*told: Any) -> LogicalPlan:
    made = floored(*told)
    assert isinstance(made, Project)
    filtered = made.input
    return replace(made, input=getattr(filtered, "input", filtered))


def _with_defaults(asked: AskedMetrics, _: GroupFloor | None) -> AskedMetrics:
    return asked


def test_a_default_in_place_of_a_cell_of_few_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic_models.resolve_aggregate, "of_told_cells", _with_defaults)

    assert any(ask_groups(f"test:{number}", 2).differences for number in range(PROJECTS))


@pytest.mark.parametrize("fault", [_one_less, _groups_kept])
def test_a_floor_that_tells_too_much_is_found(
    fault: Callable[..., LogicalPlan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(semantic_models.make_plan, "floored", fault)

    assert any(ask_groups(f"test:{number}", 2).differences for number in range(PROJECTS))


@pytest.mark.parametrize("rule", ["own_predicates", "_narrowing"])
def test_counts_of_other_rows_than_a_cell_is_made_of_are_found(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(semantic_models.floors, rule, lambda _: ())

    assert any(ask_groups(f"test:{number}", 2).differences for number in range(12))


def test_a_form_that_is_not_held_to_the_floor_tells_of_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auth.groups_only, "_refuse_what_is_not_held", lambda *_: None)

    assert any(ask_of_nothing(f"test:{number}")[1] for number in range(PROJECTS))
