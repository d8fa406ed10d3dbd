"""Whether an engine keeps rows that nobody may see from what is computed; else it serves none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import NoReturn

from auth.barrier_probes import SEEN, barrier_probes
from dialects.dialect import Dialect
from dialects.generate import generate
from dialects.physical import PhysicalQuery
from gateway.engines.base import Engine, ResultStream
from gateway.errors import BarrierLeaks, EngineError
from semantic_models.derived import Derived
from semantic_models.model import Relation
from semantic_models.types import LogicalType

TIMEOUT_S = 10.0


def leaks(engine: Engine) -> bool:
    """Whether an engine fails, or counts otherwise, where hidden rows are harmful.

    An engine that cannot be asked has not shown that it leaks nothing.
    """
    try:
        queries = (generate(each, engine.dialect) for each in barrier_probes(engine.name))
        return any(_count(engine, each) != SEEN for each in queries)
    except EngineError:
        return True


def _count(engine: Engine, query: PhysicalQuery) -> int:
    with closing(engine.execute(query, timeout_s=TIMEOUT_S)) as stream:
        counts = [each for batch in stream for each in batch.column(0).to_pylist()]
    return counts[0] if len(counts) == 1 and isinstance(counts[0], int) else 0


def behind_barriers(engines: Mapping[str, Engine]) -> dict[str, Engine]:
    """The same engines, where those that leak answer nothing."""
    return {name: Leaking(each) if leaks(each) else each for name, each in engines.items()}


def refuse_leaking(engines: Mapping[str, Engine]) -> None:
    """Refuse policies over engines that leak.

    Raises:
        BarrierLeaks: an engine does.
    """
    for each in behind_barriers(engines).values():
        if isinstance(each, Leaking):
            each.refuse()


class Leaking:
    """An engine that would tell of hidden rows, and so tells nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name: str = engine.name
        self.dialect: Dialect = engine.dialect

    def refuse(self) -> NoReturn:
        """Raise why nothing is answered."""
        raise BarrierLeaks(
            f'engine "{self.name}" lets errors tell of rows that policies hide',
            detail="It failed the self-test that every engine takes when policies are loaded.",
            hint="Use a version of the engine that this release was tested with.",
        )

    @property
    def identity(self) -> str:
        """What the engine is."""
        return self._engine.identity

    def data_version(self, relations: Sequence[str]) -> str:
        """The version of its data."""
        return self._engine.data_version(relations)

    def execute(self, query: PhysicalQuery, *, timeout_s: float) -> ResultStream:
        """Refuse every query."""
        self.refuse()

    def describe(self, relation: Relation) -> Mapping[str, LogicalType | None]:
        """Columns of a relation, which tell of no row."""
        return self._engine.describe(relation)

    def describe_query(self, text: str) -> Mapping[str, LogicalType | None]:
        """Columns of a SELECT, which is not run."""
        return self._engine.describe_query(text)

    def derived(self) -> Sequence[Derived]:
        """The views and macros of its data."""
        return self._engine.derived()

    def check(self) -> None:
        """Refuse, so that readiness tells why."""
        self.refuse()

    def close(self) -> None:
        """Let go of the data."""
        self._engine.close()
