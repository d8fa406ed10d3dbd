"""Admission bounds what runs and what waits, and serves in the order of coming."""

from __future__ import annotations

import threading

import pytest

from gateway.admission import Admission, Asker, Share
from gateway.errors import Cancelled, Overloaded, QuotaExceeded
from semantic_models.errors import ForebayError

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

    assert refusal.value.detail == "The line is full."
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

    assert refusal.value.detail == "No turn came in time."
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


class Waiter:
    """Somebody who waits in a thread of their own, and may leave."""

    def __init__(self, admission: Admission, name: str, share: Share | None = None) -> None:
        self.is_gone = False
        self.refusal: ForebayError | None = None
        self.served = threading.Event()
        self._leave = threading.Event()
        self._asked = admission, Asker(name, self), share
        self._thread = threading.Thread(target=self._wait)
        self._thread.start()

    def is_cancelled(self) -> bool:
        return self.is_gone

    def end(self) -> None:
        self._leave.set()
        self._thread.join()

    def _wait(self) -> None:
        admission, asker, share = self._asked
        try:
            slot = admission.enter(asker, share, timeout_s=LONG_S)
        except ForebayError as refusal:
            self.refusal = refusal
            return
        self.served.set()
        self._leave.wait()
        slot.release()


def test_names_take_turns_however_many_wait_of_one() -> None:
    admission = Admission(running_max=1, queued_max=9)
    first = admission.enter(Asker("ada"), timeout_s=LONG_S)
    waiters: list[Waiter] = []
    for name in ("ada", "ada", "ada", "bob"):
        waiters.append(Waiter(admission, name))
        wait_for_queue(admission, len(waiters))

    first.release()
    waiters[0].end()
    waiters[3].served.wait(LONG_S)

    assert [each.served.is_set() for each in waiters] == [True, False, False, True]
    for each in (waiters[3], *waiters[1:3]):
        each.end()
    assert (admission.running, admission.queued) == (0, 0)


def test_whoever_has_most_in_a_full_line_loses_the_last_of_them() -> None:
    admission = Admission(running_max=1, queued_max=2)
    first = admission.enter(Asker("ada"), timeout_s=LONG_S)
    of_ada = []
    for number in (1, 2):
        of_ada.append(Waiter(admission, "ada"))
        wait_for_queue(admission, number)

    of_bob = Waiter(admission, "bob")
    of_ada[1].end()

    assert isinstance(of_ada[1].refusal, Overloaded)
    with pytest.raises(Overloaded):
        admission.enter(Asker("bob"), timeout_s=LONG_S)
    with pytest.raises(Overloaded):
        admission.enter(Asker("ada"), timeout_s=LONG_S)
    first.release()
    for each in (of_ada[0], of_bob):
        each.end()
        assert each.served.is_set()
    assert (admission.running, admission.queued) == (0, 0)


def test_nobody_has_more_than_their_share_and_keeps_nobody_from_theirs() -> None:
    admission, share = Admission(running_max=9, queued_max=9), Share(running=1, queued=1)
    first = admission.enter(Asker("ada"), share, timeout_s=LONG_S)
    waiter = Waiter(admission, "ada", share)
    wait_for_queue(admission, 1)

    with pytest.raises(QuotaExceeded) as refusal:
        admission.enter(Asker("ada"), share, timeout_s=LONG_S)
    admission.enter(Asker("bob"), share, timeout_s=LONG_S).release()

    told = "At most 1 run at once, and 1 wait; this one would be 2 that wait."
    assert refusal.value.detail == told
    assert not waiter.served.is_set()
    first.release()
    waiter.served.wait(LONG_S)
    waiter.end()
    assert (admission.running, admission.queued) == (0, 0)


def test_who_waits_too_long_for_their_own_is_told_so() -> None:
    admission, share = Admission(running_max=9, queued_max=9), Share(running=1, queued=1)
    slot = admission.enter(Asker("ada"), share, timeout_s=LONG_S)

    with pytest.raises(QuotaExceeded):
        admission.enter(Asker("ada"), share, timeout_s=SOON_S)

    slot.release()
    assert (admission.running, admission.queued) == (0, 0)


def test_whoever_leaves_the_line_is_not_in_it_any_more() -> None:
    admission = Admission(running_max=1, queued_max=1)
    slot = admission.enter(timeout_s=LONG_S)
    waiter = Waiter(admission, "ada")
    wait_for_queue(admission, 1)

    waiter.is_gone = True
    waiter.end()

    assert isinstance(waiter.refusal, Cancelled)
    assert admission.queued == 0
    slot.release()
    assert admission.running == 0


def test_a_slot_may_be_given_back_where_the_lock_is_held() -> None:
    """As garbage is collected, in whatever the thread is about then."""
    admission = Admission(running_max=1, queued_max=1)
    slot = admission.enter(timeout_s=LONG_S)

    with admission._locked():
        slot.release()

    assert admission.running == 0


def test_nothing_is_lost_where_many_come_leave_and_are_refused() -> None:
    admission, share = Admission(running_max=3, queued_max=4), Share(running=2, queued=2)
    seen: list[int] = []

    def come(number: int) -> None:
        for turn in range(200):
            try:
                slot = admission.enter(
                    Asker(f"{number % 3}"), share, timeout_s=0.0 if turn % 3 else 0.005
                )
            except (Overloaded, QuotaExceeded):
                continue
            seen.append(admission.running)
            slot.release()

    threads = [threading.Thread(target=come, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(seen) <= 3
    assert (admission.running, admission.queued) == (0, 0)
