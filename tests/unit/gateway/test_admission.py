"""Admission bounds what runs and what waits, and serves in the order of coming."""

from __future__ import annotations

import threading

import pytest

from gateway.admission import Admission
from gateway.errors import Overloaded

SOON_S = 0.05
LONG_S = 30.0


def wait_for_queue(admission: Admission, length: int) -> None:
    while admission.queued < length:
        pass


def test_more_than_may_run_are_refused_where_nobody_may_wait() -> None:
    admission = Admission(running_max=1, queued_max=0)
    admission.enter(timeout_s=LONG_S)

    with pytest.raises(Overloaded) as refusal:
        admission.enter(timeout_s=LONG_S)

    assert refusal.value.detail == "1 queries run, and 0 wait already."
    assert refusal.value.hint == "Ask again in a few seconds."
    assert (admission.running, admission.queued) == (1, 0)


def test_a_released_slot_is_free_and_is_released_once() -> None:
    admission = Admission(running_max=1, queued_max=0)
    slot = admission.enter(timeout_s=LONG_S)

    slot.release()
    slot.release()

    assert admission.running == 0


def test_who_waits_too_long_is_refused_and_leaves_the_line() -> None:
    admission = Admission(running_max=1, queued_max=1)
    admission.enter(timeout_s=LONG_S)

    with pytest.raises(Overloaded) as refusal:
        admission.enter(timeout_s=SOON_S)

    assert refusal.value.detail == "1 queries run, and no turn came within 0.05 s."
    assert (admission.running, admission.queued) == (1, 0)


def test_turns_come_in_the_order_of_coming() -> None:
    admission = Admission(running_max=1, queued_max=3)
    first = admission.enter(timeout_s=LONG_S)
    served: list[int] = []

    def wait(number: int) -> None:
        slot = admission.enter(timeout_s=LONG_S)
        served.append(number)
        slot.release()

    waiting = [threading.Thread(target=wait, args=(number,)) for number in range(3)]
    for number, thread in enumerate(waiting):
        thread.start()
        wait_for_queue(admission, number + 1)
    first.release()
    for thread in waiting:
        thread.join()

    assert served == [0, 1, 2]
    assert (admission.running, admission.queued) == (0, 0)
