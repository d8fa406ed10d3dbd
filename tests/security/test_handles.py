"""What one principal is given to come back with is nothing to every other one, on both doors."""

from __future__ import annotations

import pytest

from tests.security.doors import PRINCIPALS, World
from tests.security.handles import (
    NOTHING,
    OWNERS,
    TRIED,
    USES,
    dead_controls,
    held_by,
    opened,
)

pytestmark = pytest.mark.timeout(600)
UNKNOWN = {
    "proof": "404",
    "ticket": "SL707",
    "statement": "SL707",
    "session at HTTP": "401",
    "session at Flight": "SL401",
}


@pytest.mark.parametrize("name", TRIED)
def test_what_is_one_principals_is_nothing_to_all_others(alone: World, name: str) -> None:
    tried, _ = TRIED[name]
    told = list(tried(alone, OWNERS))

    assert [each for each in told if each.startswith("! ")] == []
    assert len(told) >= 20 * 20


def test_what_never_was_is_told_alike_to_all(alone: World) -> None:
    with opened(alone) as every:
        told = {name: {use(NOTHING, of) for of in every.values()} for name, use in USES.items()}

    assert {name: len(each) for name, each in told.items()} == dict.fromkeys(USES, 1)
    assert all(UNKNOWN[name] in str(each) for name, each in told.items())


def test_whoever_holds_them_is_answered(alone: World) -> None:
    """The negative control: the same uses of their own are answered, as they would be of all."""
    with opened(alone) as every:
        for name in OWNERS:
            own = held_by(alone, name, every[name])
            told = [USES[each](own, every[name]) for each in ("proof", "ticket", "statement")]

            assert told[0].startswith("200")
            assert not any("SL707" in each for each in told)


@pytest.mark.slow
def test_each_use_succeeds_where_nobody_looks_for_its_owner() -> None:
    assert (len(PRINCIPALS) >= 20, dead_controls()) == (True, [])
