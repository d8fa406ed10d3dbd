"""What may not be seen changes no answer, and the harness finds faults that would let it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import auth.govern
from auth.governed_scan import governed_scan
from auth.rights import RelationRights
from semantic_models.plan import Governed, Scan
from tests.security.three_worlds import leaks

Made = Callable[..., Governed]


@pytest.mark.parametrize("number", range(8))
def test_answers_are_those_of_a_world_without_what_is_hidden(number: int) -> None:
    asked, found = leaks(f"test:{number}")

    assert asked
    assert found == []


@pytest.mark.parametrize("number", range(8, 12))
def test_barriers_and_what_stands_below_them_change_no_answer(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth.govern, "needs_barrier", lambda _: True)

    assert leaks(f"test:{number}")[1] == []


def _all_rows(scan: Scan, rights: RelationRights, *others: Any) -> Governed:
    return governed_scan(scan, RelationRights(masks=rights.masks), *others)


def _raw(scan: Scan, rights: RelationRights, *others: Any) -> Governed:
    return governed_scan(scan, replace(rights, masks={}), *others)


def _one_filter(scan: Scan, rights: RelationRights, *others: Any) -> Governed:
    return governed_scan(scan, replace(rights, filters=rights.filters[:1]), *others)


@pytest.mark.parametrize("fault", [_all_rows, _raw, _one_filter])
def test_a_scan_that_shows_too_much_is_found(fault: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth.govern, "governed_scan", fault)

    assert any(leaks(f"test:{number}")[1] for number in range(8))
