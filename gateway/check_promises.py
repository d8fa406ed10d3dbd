"""What data breaks of what models declare, counted once for each version of the data."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import orjson

from auth.govern import govern
from auth.principal import Principal
from cache.fingerprint import CacheKey, fingerprint
from dialects.dialect import Dialect
from dialects.generate import generate
from dialects.physical import PhysicalQuery
from gateway.engines.base import Engine, ResultStream
from gateway.errors import DataAltered, EngineTimedOut, PromiseBroken
from gateway.kept_types import cache_folder, write_whole
from semantic_models.catalog import Catalog
from semantic_models.promises import Promise, promises

CHECKER = Principal("checker")
"""Who counts: forebay itself; no value of a row is told."""
CHECK_S_MAX = 600.0
CHECKS_MAX = 10_000
"""How many counts are remembered; one that is forgotten is read from disk."""
TRIES = 2

Run = Callable[[Engine, PhysicalQuery, CacheKey, float], ResultStream]
"""Runs a count under its name and within so many seconds."""


@dataclass(frozen=True, slots=True)
class Check:
    """A promise, and the query that counts how often it is broken."""

    promise: Promise
    query: PhysicalQuery
    fingerprint: str
    """What is the same in the names of all its counts, whatever the data."""


def check_of(promise: Promise, dialect: Dialect) -> Check:
    """The check of a promise in an engine's SQL."""
    governed = govern(promise.plan, CHECKER)
    query = generate(governed, dialect)
    name = fingerprint(governed, sql=query.text, dialect_version=dialect.version)
    return Check(promise, query, name)


def broken(promise: Promise, count: int) -> PromiseBroken:
    """A broken promise as what it is to whoever asks."""
    return PromiseBroken(
        f"the data breaks {promise.what} of {promise.name}",
        detail=f"{promise.breach[0].upper()}{promise.breach[1:]}: {count:,} in all.",
        hint=promise.hint,
        position=promise.place.position() if promise.place else None,
    )


class Counts:
    """How often each promise is broken; in memory, and on disk until its data changes.

    Safe for many threads: a promise is counted by one of them, and the others wait.
    """

    def __init__(self, engines: Mapping[str, Engine], run: Run, folder: Path | None = None) -> None:
        self._engines = engines
        self._run = run
        self._folder = folder or cache_folder() / "checks"
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._counts: dict[str, tuple[str, int]] = {}
        """The version of the data and the count, by the check's fingerprint."""

    def count(self, check: Check, *, timeout_s: float) -> int:
        """How often the data as it is now breaks a promise.

        Raises:
            EngineError: the data cannot be asked, or not in time.
        """
        engine = self._engines[check.query.engine]
        with self._turn(check, timeout_s):
            for _ in range(TRIES):
                version = engine.data_version(check.query.relations)
                kept = self._kept(check, engine, version)
                if kept is not None:
                    return kept
                key = CacheKey(check.fingerprint, engine.identity, version)
                counted = _only_number(self._run(engine, check.query, key, timeout_s))
                if engine.data_version(check.query.relations) == version:
                    self._keep(check, engine, version, counted)
                    return counted
        raise DataAltered(
            "the data changed while it was checked",
            hint="Ask again. Whoever writes the data should put whole files in place by renaming "
            "them.",
        )

    @contextmanager
    def _turn(self, check: Check, timeout_s: float) -> Iterator[None]:
        with self._lock:
            if len(self._turns) >= CHECKS_MAX:
                self._turns.clear()
                self._counts.clear()
            turn = self._turns.setdefault(check.fingerprint, threading.Lock())
        if not turn.acquire(timeout=timeout_s):
            raise EngineTimedOut(
                f"{check.promise.what} of {check.promise.name} is being checked for long",
                hint="Ask again when it is done; a version of the data is checked once.",
            )
        try:
            yield
        finally:
            turn.release()

    def _kept(self, check: Check, engine: Engine, version: str) -> int | None:
        known = self._counts.get(check.fingerprint)
        if known is None:
            known = _read(self._path(check, engine))
        if known is None or known[0] != version:
            return None
        self._counts[check.fingerprint] = known
        return known[1]

    def _keep(self, check: Check, engine: Engine, version: str, count: int) -> None:
        self._counts[check.fingerprint] = version, count
        write_whole(self._path(check, engine), {"version": version, "count": count})

    def _path(self, check: Check, engine: Engine) -> Path:
        """The one file of a check over data of one place, whichever version it is."""
        asked = f"{check.fingerprint} {engine.identity}"
        return self._folder / f"{blake2b(asked.encode(), digest_size=16).hexdigest()}.json"


def check_promises(
    catalog: Catalog, engines: Mapping[str, Engine]
) -> Iterator[tuple[Promise, int]]:
    """Each promise of a catalog, and how often data breaks it.

    Raises:
        EngineError: the data cannot be asked.
    """
    counts = Counts(engines, _run_alone)
    for promise in promises(catalog):
        check = check_of(promise, engines[promise.plan.engine].dialect)
        yield promise, counts.count(check, timeout_s=CHECK_S_MAX)


def _run_alone(engine: Engine, query: PhysicalQuery, _: CacheKey, timeout_s: float) -> ResultStream:
    return engine.execute(query, timeout_s=timeout_s)


def _only_number(stream: ResultStream) -> int:
    with closing(stream):
        (count,) = (each for batch in stream for each in batch.column(0).to_pylist())
    assert count is not None, "COUNT is never NULL"
    return int(count)


def _read(path: Path) -> tuple[str, int] | None:
    """What is kept in a file; nothing where it cannot be read."""
    try:
        document = orjson.loads(path.read_bytes())
        return str(document["version"]), int(document["count"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
