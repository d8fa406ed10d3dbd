"""Answers that were made whole of one version of the data, although it may change at any time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import NamedTuple

import pyarrow as pa

from gateway.engines.base import ResultStream
from gateway.errors import Cancelled, DataAltered, EngineFailed, EngineGone, EngineRestarted
from semantic_models.errors import ForebayError


class Started(NamedTuple):
    """A query under way, and how to tell whether its data is still what it was before."""

    stream: ResultStream
    is_unchanged: Callable[[], bool]
    """Raises EngineGone where the data is not there."""


class OneVersionStream:
    """A stream that ends well only where the data is the same after it as it was before.

    The first batch is held back until it is known whether another follows. An answer of one batch,
    as most are, is so read to its end before any of it is given away, and where the data changed
    or the engine broke it is read once more. What was given away cannot be taken back: a longer
    answer is refused.
    """

    def __init__(self, started: Started, start_again: Callable[[], Started]) -> None:
        self._started = started
        self._start_again = start_again
        self._batches: Iterator[pa.RecordBatch] | None = None
        self._refusal: ForebayError | None = None
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def schema(self) -> pa.Schema:
        """The promised schema; every batch has exactly this one."""
        return self._started.stream.schema

    def __iter__(self) -> OneVersionStream:
        return self

    def __next__(self) -> pa.RecordBatch:
        if self._refusal is not None:
            raise self._refusal
        try:
            if self._batches is None:
                self._batches = self._begun()
            return next(self._batches)
        except ForebayError as refusal:
            self._refusal = refusal
            raise

    def close(self) -> None:
        """Free the engine, and stop the query if it still runs."""
        with self._lock:
            self._is_closed = True
            stream = self._started.stream
        stream.close()

    def _begun(self) -> Iterator[pa.RecordBatch]:
        try:
            return _begun(self._started)
        except (DataAltered, EngineRestarted):
            return _begun(self._restarted())

    def _restarted(self) -> Started:
        self._started.stream.close()
        started = self._start_again()
        with self._lock:
            self._started = started
            is_closed = self._is_closed
        if is_closed:
            started.stream.close()
            raise Cancelled("the query was cancelled before its end")
        return started


def _begun(started: Started) -> Iterator[pa.RecordBatch]:
    """The batches, of which the first two are read already."""
    batches = _of_one_version(started)
    return chain(list(islice(batches, 2)), batches)


def _of_one_version(started: Started) -> Iterator[pa.RecordBatch]:
    try:
        yield from started.stream
    except (EngineFailed, EngineGone) as error:
        # Data that changes fails in many ways; that it changed is what explains them.
        if _has_changed(started):
            raise _changed() from error
        raise
    if not started.is_unchanged():
        raise _changed()


def _has_changed(started: Started) -> bool:
    try:
        return not started.is_unchanged()
    except EngineGone:
        return False


def _changed() -> DataAltered:
    return DataAltered(
        "the data changed while it was read",
        detail="What was read may be of two versions, and is no answer.",
        hint="Ask again. Whoever writes the data should put whole files in place by renaming them.",
    )
