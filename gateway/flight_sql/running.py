"""The calls and streams under way: how many there may be, and how each is stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Condition, Event, Thread

import pyarrow as pa

from gateway.admission import Admission, Asker, Caller, Share, Slot
from gateway.errors import Cancelled, Stopping
from gateway.flight_sql.batches import sliced
from gateway.pipeline import Answer
from semantic_models.errors import ForebayError

log = logging.getLogger(__name__)

Batches = Generator[pa.RecordBatch, None, None]

STARTED = pa.RecordBatch.from_arrays([], names=[])
"""What a generator of batches gives first, for nobody to read."""

POLL_S = 0.1
"""How long a client may be gone before its query is told."""

WAITING_MAX = 1_000
"""Calls that wait for a place."""

OF_ONE = 2
"""Every so many uploads at most are of one principal."""


class WhileOpen:
    """A caller that is gone once the server stops."""

    def __init__(self, caller: Caller, closing: Event) -> None:
        self._caller = caller
        self._closing = closing

    def is_cancelled(self) -> bool:
        """Whether nobody waits any more, or is to be told an answer."""
        return self._closing.is_set() or self._caller.is_cancelled()


@dataclass(eq=False, slots=True)
class Run:
    """One stream under way, and who reads it."""

    claimed: Hashable
    """Its ticket, and whose that is."""
    caller: Caller
    answer: Answer
    stopped_by: ForebayError | None = None
    """Why it was stopped from outside: what it gave is then no whole answer."""

    def stop(self, reason: ForebayError) -> None:
        """End the query; whoever reads it is told the reason."""
        self.stopped_by = self.stopped_by or reason
        self.answer.stream.close()


class Running:
    """Every call and stream under way."""

    def __init__(
        self, *, calls_max: int, streams_max: int, uploads_max: int, wait_s: float
    ) -> None:
        places = {"calls": calls_max, "streams": streams_max, "uploads": uploads_max}
        self._places = {
            kind: Admission(running_max=count, queued_max=WAITING_MAX, noun=kind)
            for kind, count in places.items()
        }
        self._upload_share = Share(max(1, uploads_max // OF_ONE), WAITING_MAX)
        self._wait_s = wait_s
        self._runs: set[Run] = set()
        self._changed = Condition()
        self._closing = Event()
        self._watch = Thread(target=self._stop_abandoned, name="flight-watch", daemon=True)
        self._watch.start()

    def upload(self, asker: Asker) -> AbstractContextManager[None]:
        """A place among the calls that bring data; refuses as ``call`` does.

        pyarrow reads without a deadline, so that a client may hold such a place as long as it
        likes. It keeps it from its own other uploads, and nobody from all of them.
        """
        return self._place("uploads", asker, self._upload_share)

    def call(self, asker: Asker) -> AbstractContextManager[None]:
        """A place among the calls, for as long as one is handled.

        Raises:
            Overloaded, QuotaExceeded: no place became free in time.
            Stopping: the server stops.
            Cancelled: the caller left while it waited.
        """
        return self._place("calls", asker)

    def open_stream(
        self,
        claimed: Hashable,
        asker: Asker,
        start: Callable[[Caller], Answer],
        share: Share | None = None,
    ) -> tuple[Answer, Batches]:
        """Start a query once there is a place; refuses as ``call`` does.

        The batches fit a Flight message. Whoever closes their generator, or drops it, stops the
        query and frees its place.
        """
        slot = self._enter("streams", asker, share)
        try:
            with self._told_of_the_end():
                run = Run(claimed, asker.caller, start(WhileOpen(asker.caller, self._closing)))
        except BaseException:
            self._leave(slot)
            raise
        with self._changed:
            self._runs.add(run)
        batches = self._batches(run, slot)
        # A generator that was never started ends without running its finally.
        next(batches)
        return run.answer, batches

    def cancel(self, claimed: Hashable) -> bool:
        """Stop the stream of a principal's ticket, and tell whether one was running."""
        with self._changed:
            found = [run for run in self._runs if run.claimed == claimed]
        for run in found:
            run.stop(Cancelled("the query was cancelled"))
        return bool(found)

    def close(self, *, drain_s: float, stop_s: float) -> None:
        """Take nothing new, let what runs finish, then stop what is left."""
        self._closing.set()
        if not self._wait_until_idle(drain_s):
            self.stop(self.begun())
            self._wait_until_idle(stop_s)
        self._watch.join(timeout=stop_s)

    def begun(self) -> frozenset[Run]:
        """The streams that are under way now."""
        with self._changed:
            return frozenset(self._runs)

    def stop(self, runs: frozenset[Run]) -> None:
        """Stop those of some streams that are under way still."""
        for run in self.begun() & runs:
            _stop(run, Stopping.now())

    @contextmanager
    def _place(self, kind: str, asker: Asker, share: Share | None = None) -> Iterator[None]:
        slot = self._enter(kind, asker, share)
        try:
            yield
        finally:
            self._leave(slot)

    def _enter(self, kind: str, asker: Asker, share: Share | None) -> Slot:
        waiting = Asker(asker.name, WhileOpen(asker.caller, self._closing))
        with self._told_of_the_end():
            slot = self._places[kind].enter(waiting, share, timeout_s=self._wait_s)
        if self._closing.is_set():
            self._leave(slot)
            raise Stopping.now()
        return slot

    def _leave(self, slot: Slot) -> None:
        slot.release()
        with self._changed:
            self._changed.notify_all()

    @contextmanager
    def _told_of_the_end(self) -> Iterator[None]:
        """Tell those whom nothing else stopped that the server stops."""
        try:
            yield
        except Cancelled:
            if self._closing.is_set():
                raise Stopping.now() from None
            raise

    def _batches(self, run: Run, slot: Slot) -> Batches:
        try:
            yield STARTED
            for batch in run.answer.stream:
                yield from sliced(batch)
            if run.stopped_by is not None:
                raise run.stopped_by
        except ForebayError as error:
            raise run.stopped_by or error from None
        finally:
            # Out of the watch first: it may not look at a caller whose call has ended.
            with self._changed:
                self._runs.discard(run)
            try:
                run.answer.stream.close()
            finally:
                self._leave(slot)

    def _stop_abandoned(self) -> None:
        while not self._closing.wait(POLL_S):
            with self._changed:
                abandoned = [run for run in self._runs if run.caller.is_cancelled()]
            for run in abandoned:
                _stop(run, Cancelled("nobody waits for the query any more"))

    def _wait_until_idle(self, wait_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(
                lambda: not any(each.running for each in self._places.values()), timeout=wait_s
            )


def _stop(run: Run, reason: ForebayError) -> None:
    """Stop one run, and go on to the next whatever becomes of it."""
    try:
        run.stop(reason)
    except Exception:
        log.exception("a stream did not close")
