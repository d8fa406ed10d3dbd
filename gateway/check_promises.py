"""What data breaks of what models declare, as engines count it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

from auth.govern import govern
from auth.principal import Principal
from dialects.generate import generate
from gateway.engines.base import Engine
from semantic_models.catalog import Catalog
from semantic_models.promises import Promise, promises

CHECKER = Principal("checker")
"""Who counts: forebay itself; no value of a row is told."""
CHECK_S_MAX = 600.0


@dataclass(frozen=True, slots=True)
class Checked:
    """A promise, and how often data breaks it."""

    promise: Promise
    count: int

    @property
    def text(self) -> str:
        """What is broken, in one line."""
        told = self.promise
        return f"{told.name}: {told.what} is broken: {told.breach}, {self.count:,} in all"


def check_promises(catalog: Catalog, engines: Mapping[str, Engine]) -> Iterator[Checked]:
    """Each promise with its count, one query each.

    Raises:
        EngineError: the data cannot be asked.
    """
    for promise in promises(catalog):
        engine = engines[promise.plan.engine]
        query = generate(govern(promise.plan, CHECKER), engine.dialect)
        with closing(engine.execute(query, timeout_s=CHECK_S_MAX)) as stream:
            counts = [each for batch in stream for each in batch.column(0).to_pylist()]
        (count,) = counts
        assert count is not None, "COUNT is never NULL"
        yield Checked(promise, int(count))
