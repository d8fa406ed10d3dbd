"""What is held for clients, in number and in time."""

from __future__ import annotations

import pytest

from gateway.errors import UnknownHandle
from gateway.flight_sql.statements import Handles, new_handle


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def handles(clock: Clock, *, count_max: int = 10) -> Handles[str]:
    return Handles("ticket", count_max=count_max, idle_s=60, clock=clock)


def test_a_thing_is_found_as_often_as_it_is_asked_for() -> None:
    held = handles(Clock())
    handle = held.hold("a question")

    assert [held.find(handle), held.find(handle)] == ["a question", "a question"]


def test_a_thing_is_taken_once() -> None:
    held = handles(Clock())
    handle = held.hold("a question")

    assert held.take(handle) == "a question"
    with pytest.raises(UnknownHandle) as refusal:
        held.take(handle)
    assert refusal.value.message == "the ticket does not exist"


def test_a_handle_of_nobody_is_refused() -> None:
    with pytest.raises(UnknownHandle):
        handles(Clock()).find(b"\xffnothing")


def test_a_dropped_thing_is_gone() -> None:
    held = handles(Clock())
    handle = held.hold("a question")

    assert [held.drop(handle), held.drop(handle)] == [True, False]


def test_a_thing_is_gone_when_its_time_is_over() -> None:
    clock = Clock()
    held = handles(clock)
    handle = held.hold("a question")
    clock.now_s = 61

    with pytest.raises(UnknownHandle):
        held.find(handle)


def test_time_begins_anew_with_each_use() -> None:
    clock = Clock()
    held = handles(clock)
    handle = held.hold("a question")
    for clock.now_s in (50, 100):
        held.find(handle)
    clock.now_s = 155

    assert held.find(handle) == "a question"


def test_the_one_not_used_for_longest_makes_place() -> None:
    clock = Clock()
    held = handles(clock, count_max=2)
    first, second = held.hold("first"), held.hold("second")
    held.find(first)
    third = held.hold("third")

    assert ([held.find(first), held.find(third)], len(held)) == (["first", "third"], 2)
    with pytest.raises(UnknownHandle):
        held.find(second)


def test_handles_differ_and_are_text() -> None:
    made = {new_handle() for _ in range(100)}

    assert (len(made), {len(each.decode()) for each in made}) == (100, {32})
