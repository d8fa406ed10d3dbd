"""Running prepared questions: from memory, behind an equal one that runs already, or anew."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cache.entry import Entry
from cache.fingerprint import CacheKey
from cache.store import MemoryStore
from dialects.physical import PhysicalQuery
from gateway.admission import SERVICE, Admission, Asker
from gateway.engines.base import Engine, ResultStream
from gateway.errors import EngineTimedOut, Overloaded, Stopping
from gateway.streams import Copy, Flight, KeptStream, Loss, Outcome, RunningStream
from semantic_models.errors import ForebayError

Found = Literal["hit", "miss"]
"""Whether an answer was kept, or is made by an engine now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionLimits:
    """What running questions may take."""

    running_max: int = 16
    """Queries that engines run at once; a stream counts until it is closed or at its end."""
    queued_max: int = 128
    """Queries that wait for a turn; more are refused, of whoever has most in the line."""
    waiting_max: int = 128
    """Questions that wait until an answer of the same principal has ended, of all together."""
    queue_s_max: float = 10.0
    """How long a query waits for a turn before it is refused."""
    entry_bytes_max: int = 64 * 2**20
    """The heaviest answer that is kept; as much may be held for each running query."""
    following_max: int = 256
    """Questions that wait for equal ones; more are refused."""
    follow_s_max: float = 10.0
    """How long a question waits for an equal one before it runs on its own."""
    stall_s_max: float = 1.0
    """How long it waits while the client of the equal one reads nothing."""

    @property
    def callers_max(self) -> int:
        """Questions that run or wait: with a thread for each, none keeps another from its turn."""
        return self.running_max + self.queued_max + self.waiting_max + self.following_max


@dataclass(frozen=True, slots=True)
class _Task:
    """One question to run, with its deadline."""

    engine: Engine
    query: PhysicalQuery
    key: CacheKey
    timeout_s: float
    deadline_s: float
    asker: Asker

    def remaining_s(self) -> float:
        remaining_s = self.deadline_s - time.monotonic()
        if remaining_s <= 0:
            raise EngineTimedOut(
                f"the query ran past its deadline of {self.timeout_s:.3g} s",
                detail="It was spent waiting for other queries.",
                hint="Ask for less, or raise the deadline.",
            )
        return remaining_s


class Execution:
    """Answers questions, each at most once at a time, within limits. Safe for many threads."""

    def __init__(
        self,
        store: MemoryStore,
        limits: ExecutionLimits,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._limits = limits
        self._now = now
        # Reentrant: a stream that is collected as garbage ends itself wherever that happens to be.
        self._lock = threading.RLock()
        self._flights: dict[CacheKey, Flight] = {}
        self._running: weakref.WeakKeyDictionary[RunningStream, float] = weakref.WeakKeyDictionary()
        """What runs, and until when."""
        self._admission = Admission(running_max=limits.running_max, queued_max=limits.queued_max)
        self._following = 0
        self._closed = False

    def run(
        self,
        engine: Engine,
        query: PhysicalQuery,
        key: CacheKey,
        *,
        timeout_s: float,
        asker: Asker = SERVICE,
    ) -> tuple[ResultStream, Found]:
        """Answer from memory, or from the engine while memory takes a copy.

        The key names the answer, so equal questions run once: the others wait for the finished
        copy. Where none comes of it they run on their own, and none is stopped by another's end.

        Raises:
            Overloaded: too many queries run and wait.
            Cancelled: the asker left while it waited.
            EngineError: the engine cannot start, or the deadline passed while waiting.
        """
        started_s = time.monotonic()
        task = _Task(engine, query, key, timeout_s, started_s + timeout_s, asker)
        follow_until_s = started_s + min(timeout_s, self._limits.follow_s_max)
        while True:
            entry, flight, is_first = self._board(key)
            if entry is not None:
                return KeptStream(entry), "hit"
            if is_first:
                return self._lead(task, flight), "miss"
            outcome = self._follow(flight, follow_until_s, asker)
            if isinstance(outcome, Entry):
                return KeptStream(outcome), "hit"
            is_worth_following = outcome in (Loss.CANCELLED, Loss.LATE)
            if not is_worth_following or time.monotonic() >= follow_until_s:
                return self._start(task, None), "miss"
            self._leave(key, flight)

    def kept(self, key: CacheKey) -> KeptStream | None:
        """The answer from memory, if it is there. Never waits, so an event loop may ask."""
        with self._lock:
            entry = self._store.get(key)
        return None if entry is None else KeptStream(entry)

    @property
    def following(self) -> int:
        """How many questions wait for equal ones now."""
        return self._following

    def close(self) -> None:
        """Stop every query that runs, and run no other."""
        with self._lock:
            self._closed = True
            running = tuple(self._running)
        for stream in running:
            stream.stop(Stopping.now())

    def _board(self, key: CacheKey) -> tuple[Entry | None, Flight, bool]:
        """The kept answer; else the flight to wait for, or to lead where it is the first."""
        with self._lock:
            entry = self._store.get(key)
            flight = self._flights.get(key)
            if entry is not None or flight is not None:
                return entry, flight or Flight(), False
            flight = self._flights[key] = Flight()
            return None, flight, True

    def _follow(self, flight: Flight, until_s: float, asker: Asker) -> Outcome:
        """Wait for an equal question, as one of a bounded number that do."""
        with self._lock:
            if self._following >= self._limits.following_max:
                raise Overloaded(
                    "too many questions wait for equal ones", hint="Ask again in a few seconds."
                )
            self._following += 1
        try:
            stall_s_max, is_left = self._limits.stall_s_max, asker.caller.is_cancelled
            outcome = flight.wait(until_s=until_s, stall_s_max=stall_s_max, is_left=is_left)
            if outcome is Loss.LATE:
                asker.refuse_gone()
            return outcome
        finally:
            with self._lock:
                self._following -= 1

    def _leave(self, key: CacheKey, flight: Flight) -> None:
        """Let the next one lead, although this flight may still go on for its own client."""
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]

    def _lead(self, task: _Task, flight: Flight) -> RunningStream:
        def land(outcome: Outcome) -> None:
            is_named_right = not isinstance(outcome, Entry) or _is_of_its_data(task)
            self._land(task.key, flight, outcome if is_named_right else Loss.FAILED)

        copy = Copy(flight, bytes_max=self._limits.entry_bytes_max, land=land)
        try:
            return self._start(task, copy)
        except BaseException:
            copy.drop(Loss.FAILED)
            raise

    def _land(self, key: CacheKey, flight: Flight, outcome: Outcome) -> None:
        # One lock around all three, so that nobody finds neither the answer nor its flight.
        with self._lock:
            if not flight.land(outcome):
                return
            if isinstance(outcome, Entry):
                self._store.put(key, outcome)
            if self._flights.get(key) is flight:
                del self._flights[key]

    def _stop_overdue(self) -> None:
        """Take the turns back from clients that stopped reading.

        An engine ends a query at its deadline by itself, but nobody is told before reading on:
        whoever never does would keep a turn for ever.
        """
        with self._lock:
            now_s = time.monotonic()
            overdue = [each for each, until_s in self._running.items() if now_s >= until_s]
        for stream in overdue:
            stream.stop(_overdue())

    def _start(self, task: _Task, copy: Copy | None) -> RunningStream:
        self._stop_overdue()
        wait_s = min(task.remaining_s(), self._limits.queue_s_max)
        slot = self._admission.enter(task.asker, timeout_s=wait_s)
        try:
            self._refuse_when_closed()
            task.asker.refuse_gone()
            source = task.engine.execute(task.query, timeout_s=task.remaining_s())
        except BaseException:
            slot.release()
            raise
        stream = RunningStream(source, release=slot.release, copy=copy, now=self._now)
        with self._lock:
            self._running[stream] = task.deadline_s
            is_late = self._closed
        if is_late:
            stream.stop(Stopping.now())
        return stream

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Stopping.now()


def _overdue() -> EngineTimedOut:
    return EngineTimedOut(
        "the query ran past its deadline", detail="Its client did not read on in time."
    )


def _is_of_its_data(task: _Task) -> bool:
    """Whether the data is still what the answer's name says; it may change while one waits."""
    try:
        return task.engine.data_version(task.query.relations) == task.key.data_version
    except ForebayError:
        return False
