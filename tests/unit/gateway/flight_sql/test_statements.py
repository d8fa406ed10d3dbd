"""What is held for clients, in number and in time."""

from __future__ import annotations

import pytest

from auth.principal import Principal
from gateway.errors import UnknownHandle
from gateway.flight_sql.statements import Handles, new_handle

ADA, BOB = Principal("ada"), Principal("bob")


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
    handle = held.hold("a question", ADA)

    assert [held.find(handle, ADA), held.find(handle, ADA)] == ["a question", "a question"]


def test_a_thing_is_taken_once() -> None:
    held = handles(Clock())
    handle = held.hold("a question", ADA)

    assert held.take(handle, ADA) == "a question"
    with pytest.raises(UnknownHandle) as refusal:
        held.take(handle, ADA)
    assert refusal.value.message == "the ticket does not exist"


def test_a_handle_is_nothing_to_another_principal() -> None:
    held = handles(Clock())
    handle = held.hold("a question", ADA)
    with pytest.raises(UnknownHandle) as unknown:
        held.take(b"nothing", BOB)

    for use in (held.find, held.take):
        with pytest.raises(UnknownHandle) as refusal:
            use(handle, BOB)
        assert vars(refusal.value) == vars(unknown.value)
    assert (held.drop(handle, BOB), held.find(handle, ADA)) == (False, "a question")


def test_a_handle_of_nobody_is_refused() -> None:
    with pytest.raises(UnknownHandle):
        handles(Clock()).find(b"\xffnothing", ADA)


def test_a_dropped_thing_is_gone() -> None:
    held = handles(Clock())
    handle = held.hold("a question", ADA)

    assert [held.drop(handle, ADA), held.drop(handle, ADA)] == [True, False]


def test_a_thing_is_gone_when_its_time_is_over() -> None:
    clock = Clock()
    held = handles(clock)
    handle = held.hold("a question", ADA)
    clock.now_s = 61

    with pytest.raises(UnknownHandle):
        held.find(handle, ADA)


def test_time_begins_anew_with_each_use() -> None:
    clock = Clock()
    held = handles(clock)
    handle = held.hold("a question", ADA)
    for clock.now_s in (50, 100):
        held.find(handle, ADA)
    clock.now_s = 155

    assert held.find(handle, ADA) == "a question"


def test_the_one_not_used_for_longest_makes_place() -> None:
    clock = Clock()
    held = handles(clock, count_max=2)
    first, second = held.hold("first", ADA), held.hold("second", ADA)
    held.find(first, ADA)
    third = held.hold("third", ADA)

    assert ([held.find(first, ADA), held.find(third, ADA)], len(held)) == (["first", "third"], 2)
    with pytest.raises(UnknownHandle):
        held.find(second, ADA)


def test_handles_differ_and_are_text() -> None:
    made = {new_handle() for _ in range(100)}

    assert (len(made), {len(each.decode()) for each in made}) == (100, {32})
