"""The watch looks at what runs until it has ended, and holds on to none of it."""

from __future__ import annotations

import gc
import threading
import weakref

from gateway.engines.deadlines import Watch


class Work:
    """Something that runs for a number of looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.is_over = threading.Event()

    @property
    def is_running(self) -> bool:
        return self.looks > 0

    def tick(self, now_s: float) -> bool:
        self.looks -= 1
        if self.looks == 0:
            self.is_over.set()
        return self.looks > 0

    def close(self) -> None:
        self.looks = 1


def test_work_is_looked_at_again_until_it_has_ended() -> None:
    watch = Watch()
    work = Work(looks=3)

    watch.add(work)

    assert work.is_over.wait(10)


def test_work_that_comes_after_a_rest_is_watched_too() -> None:
    watch = Watch()
    first, second = Work(looks=1), Work(looks=1)
    watch.add(first)
    first.is_over.wait(10)
    while watch.running():
        pass

    watch.add(second)

    assert second.is_over.wait(10)


def test_watched_work_is_told() -> None:
    watch = Watch()
    work = Work(looks=1_000_000)

    watch.add(work)

    assert watch.running() == (work,)
    work.close()


def test_work_that_nobody_holds_is_not_kept_alive() -> None:
    watch = Watch()
    work = Work(looks=1_000_000)
    reference = weakref.ref(work)
    watch.add(work)

    del work
    while reference() is not None:
        gc.collect()

    assert watch.running() == ()
