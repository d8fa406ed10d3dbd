"""What may not be seen changes no answer, and the harness finds faults that would let it."""

from __future__ import annotations

import pytest

import auth.govern
from tests.security.three_worlds import FAULTS, is_found, leaks


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


@pytest.mark.parametrize("fault", FAULTS)
def test_a_scan_that_shows_too_much_is_found(fault: str) -> None:
    assert is_found(fault, [f"test:{number}" for number in range(8)])
