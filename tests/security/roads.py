"""Ask whatever may be asked through both doors of real servers in three worlds.

Two of them differ only in what may not be seen: any byte of an answer that differs tells of it. The
third has nothing else, picked out by hand: answers are those that are given there.

A world is served and asked in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import httpx
import orjson
import pytest

import auth.govern
from gateway.snapshot import Snapshot
from tests.security.doors import PRINCIPALS, Doors, doors, serving_of
from tests.security.figures import Figures
from tests.security.hostile_texts import Asked, texts
from tests.security.ordinary_questions import FOR_FEW, FOR_STAFF
from tests.security.shop_questions import documents
from tests.security.three_worlds import FAULTS
from tests.security.two_shops import A, B, written, written_by_hand

PROCESSES = 2
ANSWERED_SHARE = 0.5
"""How many structured questions are answered at least, to whoever sees most."""
CONTROLLED, CONTROLLED_BY = 20, ("analyst_eu", "reader_eu", "council_eu_us")
STAFF = tuple(
    name
    for name, who in PRINCIPALS.items()
    if {"analyst", "support", "officer"} & {*who.roles} and len(who.roles) == 1
)
FEW = tuple(name for name, who in PRINCIPALS.items() if "council" in who.roles)
SEES_MOST = "analyst_eu_us"


@dataclass(frozen=True)
class Seen:
    """What one principal was told of one question."""

    http: bytes = b""
    flight: bytes = b""
    rows: bytes = b""
    """Columns and rows in an order of their own, or the refusal."""
    code: str = ""
    """Of the refusal, over HTTP."""
    is_answered: bool = False
    """Whether any door answered."""


Weakening = Callable[[pytest.MonkeyPatch], None]
"""What takes a guard away."""
Told = Sequence[Mapping[str, Seen]]
"""By the number of the question, and by principal."""


@dataclass(frozen=True)
class Visit:
    """A world, and who asks what there."""

    write: Callable[[Path], Path]
    """The world's project, into a folder."""
    look: Callable[[Doors, str], Seen]
    texts: tuple[str, ...]
    names: tuple[str, ...] = tuple(PRINCIPALS)
    weaken: Weakening | None = None
    """What takes a guard away, once the server has found its engine sound."""


def _both_worlds(asked: Sequence[str]) -> list[Visit]:
    return [Visit(each, look, tuple(asked)) for each in (_write_a, _write_b)]


def _weakened(asked: Sequence[str], weaken: Weakening) -> list[Visit]:
    return [replace(each, names=CONTROLLED_BY, weaken=weaken) for each in _both_worlds(asked)]


def _write_a(folder: Path) -> Path:
    return written(folder, A)


def _write_b(folder: Path) -> Path:
    return written(folder, B)


@dataclass(frozen=True)
class ByHand:
    """What writes the world of those who see some regions."""

    regions: tuple[str, ...]

    def __call__(self, folder: Path) -> Path:
        return written_by_hand(folder, self.regions)


def _by_hand(asked: Sequence[str]) -> list[Visit]:
    of_regions: dict[tuple[str, ...], list[str]] = {}
    for name, who in PRINCIPALS.items():
        of_regions.setdefault(who.regions, []).append(name)
    return [
        Visit(ByHand(regions), look_at_rows, tuple(asked), tuple(names))
        for regions, names in of_regions.items()
    ]


def visited(visit: Visit) -> Told:
    """Serve a world and ask there, one question after the other."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="forebay-roads-")))
        world = stack.enter_context(serving_of(visit.write(folder / "shop")))
        made = {
            name: replace(stack.enter_context(doors(world, name)), in_order=False)
            for name in visit.names
        }
        if visit.weaken is not None:
            visit.weaken(stack.enter_context(pytest.MonkeyPatch.context()))
        return [{name: visit.look(of, text) for name, of in made.items()} for text in visit.texts]


def look(of: Doors, text: str) -> Seen:
    """Ask at both doors."""
    response = of.http.get("/api/v1/query", params={"q": text})
    told = of.fetches(text)
    seen = _rows_of(response)
    return replace(
        seen,
        http=_digest(of.told(response)),
        flight=_digest(told),
        is_answered=seen.is_answered or not told.startswith(b"Flight"),
    )


def look_at_rows(of: Doors, text: str) -> Seen:
    """Ask at one door."""
    return _rows_of(of.http.get("/api/v1/query", params={"q": text}))


def _rows_of(response: httpx.Response) -> Seen:
    document = orjson.loads(response.content)
    if response.status_code == 200:
        rows = repr((document["columns"], sorted(map(repr, document["data"]))))
        return Seen(rows=_digest(rows.encode()), is_answered=True)
    told = repr([document.get(each) for each in ("code", "message", "hint")])
    return Seen(rows=_digest(told.encode("utf-8", "backslashreplace")), code=document["code"])


def _digest(told: bytes) -> bytes:
    return blake2b(told, digest_size=12).digest()


def inputs(seed: str, count: int) -> Sequence[Asked]:
    """Half of them texts, half structured questions."""
    found = texts(seed, -(-count // 2))
    return [*found, *(Asked(each) for each in islice(documents(seed), count - len(found)))]


def _ordinary(seed: str, count: int) -> Sequence[str]:
    """Every ordinary question, or as large a part of them as it is of all that may be asked."""
    found = [*FOR_STAFF, *FOR_FEW]
    return Random(seed).sample(found, min(len(found), count // 8 + 1))


def ask(count: int, seed: str) -> Figures:
    """Ask so many questions, and ordinary ones beside, as every principal in every world."""
    asked = inputs(seed, count)
    ordinary = _ordinary(seed, count)
    every = [*(each.text for each in asked), *ordinary]
    controlled = [*(each.text for each in asked[:CONTROLLED]), *FOR_STAFF[:CONTROLLED]]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), max_tasks_per_child=1) as workers:
        here, there = _begun(workers, _both_worlds(every))
        wanted = _begun(workers, _by_hand(every))
        controls = {
            weaken.__name__: _begun(workers, _weakened(controlled, weaken)) for weaken in WEAKENED
        }
        told = here.result()
        leaks = [*differences(every, told, there.result())]
        by_hand = _merged([each.result() for each in wanted])
        wrong = [
            *_not_by_hand(every, told, by_hand),
            *_answered(asked, told),
            *_refused(ordinary, told[len(asked) :]),
            *_seldom_answered(asked, told),
            *_dead(controlled, controls),
        ]
    return Figures(len(every), tuple(leaks), tuple(wrong))


def _begun(workers: ProcessPoolExecutor, visits: Sequence[Visit]) -> list[Future[Told]]:
    return [workers.submit(visited, each) for each in visits]


def _merged(told: Sequence[Told]) -> Told:
    return [
        {name: seen for each in some for name, seen in each.items()}
        for some in zip(*told, strict=True)
    ]


def differences(asked: Sequence[str], here: Told, there: Told) -> Iterator[str]:
    """Questions whose answers are not the same bytes in both worlds."""
    for text, one, other in zip(asked, here, there, strict=True):
        for name, seen in one.items():
            found = other[name]
            if (seen.http, seen.flight) != (found.http, found.flight):
                door = "HTTP" if seen.http != found.http else "Flight"
                yield f"{name} over {door}: {text!r}"


def _not_by_hand(asked: Sequence[str], told: Told, wanted: Told) -> Iterator[str]:
    for text, one, other in zip(asked, told, wanted, strict=True):
        for name, seen in one.items():
            if seen.rows != other[name].rows:
                codes = f"{seen.code or 'answered'}, by hand {other[name].code or 'answered'}"
                yield f"{name} is not told what is there by hand ({codes}): {text!r}"


def _answered(asked: Sequence[Asked], told: Told) -> Iterator[str]:
    hostile = [
        (each.text, seen) for each, seen in zip(asked, told, strict=False) if each.is_hostile
    ]
    for text, seen in hostile:
        yield from (f"{name} is answered: {text!r}" for name in seen if seen[name].is_answered)


def _refused(ordinary: Sequence[str], told: Told) -> Iterator[str]:
    for text, seen in zip(ordinary, told, strict=True):
        for name in FEW if text in FOR_FEW else STAFF:
            if not seen[name].is_answered or seen[name].code:
                yield f"{name} is refused {seen[name].code}: {text!r}"


def _seldom_answered(asked: Sequence[Asked], told: Told) -> Iterator[str]:
    first = -(-len(asked) // 2)
    answered = sum(each[SEES_MOST].is_answered for each in told[first : len(asked)])
    share = answered / max(1, len(asked) - first)
    if share < ANSWERED_SHARE:
        yield f"only {share:.0%} of the structured questions are answered"


def _dead(asked: Sequence[str], controls: Mapping[str, Sequence[Future[Told]]]) -> Iterator[str]:
    for name, (here, there) in controls.items():
        if not any(differences(asked, here.result(), there.result())):
            yield f"with {name} nothing leaks"


def all_rows(patched: pytest.MonkeyPatch) -> None:
    """Leave filters out of scans."""
    patched.setattr(auth.govern, "governed_scan", FAULTS["every row"])


def raw_values(patched: pytest.MonkeyPatch) -> None:
    """Leave masks out of scans."""
    patched.setattr(auth.govern, "governed_scan", FAULTS["no mask"])


def all_names(patched: pytest.MonkeyPatch) -> None:
    """Let everybody name everything."""
    patched.setattr(Snapshot, "visible_to", lambda self, _: self.catalog)


WEAKENED: tuple[Weakening, ...] = (all_rows, raw_values, all_names)
