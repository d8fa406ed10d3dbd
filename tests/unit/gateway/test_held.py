"""What is held for principals: so much for each, and so much in all."""

from __future__ import annotations

from gateway.held import Held


def held(count_max: int = 9) -> Held[str, int]:
    return Held(count_max=count_max)


def known(things: Held[str, int], *keys: str) -> list[bool]:
    return [things.get(each) is not None for each in keys]


def test_whoever_has_as_many_as_they_may_loses_their_own_oldest() -> None:
    things = held()
    things.put("b", 0, "bob")
    for key in ("1", "2", "3"):
        things.put(key, 0, "ada", 2)

    assert known(things, "b", "1", "2", "3") == [True, False, True, True]


def test_one_that_is_used_stays_longest() -> None:
    things = held()
    for key in ("1", "2"):
        things.put(key, 0, "ada", 2)
    things.get("1")
    things.put("3", 0, "ada", 2)

    assert known(things, "1", "2", "3") == [True, False, True]


def test_where_there_are_too_many_whoever_has_most_loses_one() -> None:
    things = held(count_max=4)
    for key in ("1", "2", "3"):
        things.put(key, 0, "ada")
    for key in ("b", "c", "d"):
        things.put(key, 0, "bob")

    assert known(things, "1", "2", "3", "b", "c", "d") == [False, True, True, False, True, True]
    assert len(things) == 4


def test_nothing_is_left_of_what_is_gone() -> None:
    things = held()
    things.put("1", 7, "ada")

    assert (things.pop("1"), things.pop("1"), len(things)) == (7, None, 0)
