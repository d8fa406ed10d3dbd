"""The port to whatever runs SQL: an engine, and the batches still arriving from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import pyarrow as pa

from dialects.dialect import Dialect
from dialects.physical import PhysicalQuery
from semantic_models.derived import Derived
from semantic_models.model import Relation
from semantic_models.types import LogicalType


class ResultStream(Protocol):
    """Record batches that are still arriving; the schema is known before the first.

    Iterating raises a ForebayError of gateway.errors where the engine fails half way: an answer
    that stops short never looks complete.
    """

    @property
    def schema(self) -> pa.Schema:
        """The promised schema; every batch has exactly this one."""
        ...

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...

    def close(self) -> None:
        """Free the cursor, and stop the query if it still runs.

        Safe to call twice, and from any thread.
        """


class Engine(Protocol):
    """What holds data and runs SQL over it. Safe to use from several threads."""

    @property
    def name(self) -> str:
        """Its name in the project."""
        ...

    @property
    def dialect(self) -> Dialect:
        """How its SQL differs."""
        ...

    @property
    def identity(self) -> str:
        """Kind, version and place of the data: part of every cache key."""
        ...

    def data_version(self, relations: Sequence[str]) -> str:
        """A token that differs whenever the data of those relations may differ."""
        ...

    def execute(self, query: PhysicalQuery, *, timeout_s: float) -> ResultStream:
        """Start a query; batches arrive as the stream is read.

        What follows may be raised here, or where the stream is read.

        Raises:
            EngineGone: the data is no longer there.
            EngineFailed: the engine refused or broke; its own text goes to the log only.
            EngineTimedOut: the deadline passed.
        """
        ...

    def describe(self, relation: Relation) -> Mapping[str, LogicalType | None]:
        """Columns of a relation in order; None for a type that is no kind of ours."""
        ...

    def describe_query(self, text: str) -> Mapping[str, LogicalType | None]:
        """Columns of a SELECT in this engine's SQL, without running it."""
        ...

    def derived(self) -> Sequence[Derived]:
        """The views and macros of the data, and what each of them reads."""
        ...

    def check(self) -> None:
        """Raise EngineGone or EngineFailed unless the data is there and the engine answers."""
        ...

    def close(self) -> None:
        """Stop what runs and let go of the data."""
