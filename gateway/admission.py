"""Who runs now, who waits, and who is sent away; nobody's many keep others from their turn."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from gateway.errors import Cancelled, Overloaded, QuotaExceeded

POLL_S = 0.1
"""How long a client may be gone before it leaves the line."""


class Caller(Protocol):
    """Whoever waits for an answer."""

    def is_cancelled(self) -> bool:
        """Whether nobody waits any more."""
        ...


class Patient:
    """A caller that waits for its answer, however long it takes."""

    def is_cancelled(self) -> bool:
        """It never leaves."""
        return False


PATIENT = Patient()


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf something runs or waits."""

    name: str = ""
    """Those of one name share their turns."""
    caller: Caller = PATIENT

    def refuse_gone(self) -> None:
        """Raise Cancelled where nobody waits any more."""
        if self.caller.is_cancelled():
            raise Cancelled("the client left before its query began")


SERVICE = Asker()
"""The gateway itself."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one asker may have of the places."""

    running: int
    queued: int


@dataclass(eq=False, slots=True)
class _Turn:
    """One that waits."""

    name: str
    share: Share | None
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when it is called, or sent away."""
    is_sent_away: bool = False


class Slot:
    """The right to run one query, until it is released."""

    def __init__(self, admission: Admission, name: str) -> None:
        self._admission = admission
        self._name = name
        self._lock = threading.Lock()
        self._held = True

    def release(self) -> None:
        """Let the next one run. Safe to call twice, from any thread."""
        with self._lock:
            held, self._held = self._held, False
        if held:
            self._admission.leave(self._name)


class Admission:
    """Bounds how many run at once and how many wait for that.

    Those of one name are called in the order of coming, and names take turns: whoever has one in
    the line waits for one of each other, not for all of them. Where the line is full, whoever has
    most in it loses the last of them.
    """

    def __init__(self, *, running_max: int, queued_max: int, noun: str = "queries") -> None:
        self._lock = threading.Lock()
        self._running_max = running_max
        self._queued_max = queued_max
        self._noun = noun
        self._running: Counter[str] = Counter()
        self._left: deque[str] = deque()
        """Names of slots that are given back, until somebody who has the lock sees to them."""
        self._lines: dict[str, deque[_Turn]] = {}
        """Those who wait by name; the first name is called next."""

    @property
    def running(self) -> int:
        """How many slots are held."""
        return self._running.total()

    @property
    def queued(self) -> int:
        """How many wait."""
        return sum(map(len, self._lines.values()))

    def enter(
        self, asker: Asker = SERVICE, share: Share | None = None, *, timeout_s: float
    ) -> Slot:
        """Take a slot, waiting in line for one.

        Raises:
            QuotaExceeded: the asker has its share of the line, or of the slots for too long.
            Overloaded: the line is full, or no slot came free in time.
            Cancelled: the asker left meanwhile.
        """
        turn = _Turn(asker.name, share)
        with self._locked():
            self._lines.setdefault(turn.name, deque()).append(turn)
            self._call_next()
            self._refuse_beyond_share(turn)
            if self.queued > self._queued_max:
                self._send_away(self._last_of_most(turn.name))
        try:
            self._wait(turn, asker, time.monotonic() + timeout_s)
        except BaseException:
            self._give_up(turn)
            raise
        return Slot(self, turn.name)

    def leave(self, name: str) -> None:
        """Give a slot back; called by the slot itself.

        It never waits for the lock: a query that is collected as garbage leaves wherever that
        happens to be, maybe where the lock is held.
        """
        self._left.append(name)
        self._settle()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        finally:
            self._settle()

    def _settle(self) -> None:
        """See to what was given back, unless somebody has the lock, who does it thereafter."""
        while self._left and self._lock.acquire(blocking=False):
            try:
                while self._left:
                    self._running -= Counter((self._left.popleft(),))
                self._call_next()
            finally:
                self._lock.release()

    def _call_next(self) -> None:
        """Call those for whom there is a slot, one of each name after the other."""
        while self.running < self._running_max:
            name = next((each for each in self._lines if self._may_run(each)), None)
            if name is None:
                return
            turn = self._lines[name][0]
            self._remove(turn)
            if name in self._lines:
                self._lines[name] = self._lines.pop(name)
            self._running[name] += 1
            turn.ended.set()

    def _may_run(self, name: str) -> bool:
        share = self._lines[name][0].share
        return share is None or self._running[name] < share.running

    def _refuse_beyond_share(self, turn: _Turn) -> None:
        share, line = turn.share, self._lines.get(turn.name, ())
        if turn in line and share is not None and len(line) > share.queued:
            self._remove(turn)
            raise QuotaExceeded(
                f"too many of your {self._noun} wait",
                detail=f"At most {share.running} run at once, and {share.queued} wait; "
                f"this one would be {len(line) + 1} that wait.",
                hint="Ask again when some of them have ended.",
            )

    def _last_of_most(self, newcomer: str) -> _Turn:
        """The last of the name that has most in the line; of equals, the one that just came."""
        return max(self._lines.values(), key=lambda line: (len(line), line[0].name == newcomer))[-1]

    def _send_away(self, turn: _Turn) -> None:
        self._remove(turn)
        turn.is_sent_away = True
        turn.ended.set()

    def _wait(self, turn: _Turn, asker: Asker, until_s: float) -> None:
        while not turn.ended.wait(max(0.0, min(POLL_S, until_s - time.monotonic()))):
            asker.refuse_gone()
            if time.monotonic() >= until_s:
                self._refuse_late(turn)
                return
        if turn.is_sent_away:
            raise self._overloaded("The line is full.")

    def _refuse_late(self, turn: _Turn) -> None:
        """Leave the line; not possible any more where the turn has come meanwhile."""
        with self._locked():
            if turn.ended.is_set():
                if turn.is_sent_away:
                    raise self._overloaded("The line is full.")
                return
            has_its_share = not self._may_run(turn.name)
        share = turn.share
        if has_its_share and share is not None:
            raise QuotaExceeded(
                f"too many of your {self._noun} are under way",
                detail=f"At most {share.running} do, and none of them ended in time.",
                hint="Ask again when one of them has ended.",
            )
        raise self._overloaded("No turn came in time.")

    def _give_up(self, turn: _Turn) -> None:
        """Leave the line, or give back the slot that came meanwhile."""
        with self._locked():
            if not turn.ended.is_set():
                self._remove(turn)
                self._call_next()
            elif not turn.is_sent_away:
                self._left.append(turn.name)

    def _remove(self, turn: _Turn) -> None:
        line = self._lines[turn.name]
        line.remove(turn)
        if not line:
            del self._lines[turn.name]

    def _overloaded(self, reason: str) -> Overloaded:
        return Overloaded(
            f"too many {self._noun} are under way",
            detail=reason,
            hint="Ask again in a few seconds.",
        )
