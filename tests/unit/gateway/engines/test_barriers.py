"""An engine that would tell of hidden rows answers nothing under policies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dialects.duckdb import DUCKDB
from dialects.physical import PhysicalQuery
from gateway.engines.barriers import Leaking, behind_barriers, leaks, refuse_leaking
from gateway.engines.base import ResultStream
from gateway.engines.duckdb import DuckDBEngine
from gateway.engines.duckdb_open import DuckDBSettings
from gateway.errors import BarrierLeaks, EngineGone
from tests.security.error_oracle import beside_the_question


class BesideTheQuestion:
    """An engine that computes policies and questions in one WHERE."""

    def __init__(self, engine: DuckDBEngine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def execute(self, query: PhysicalQuery, *, timeout_s: float) -> ResultStream:
        text = beside_the_question(query.text, DUCKDB)
        return self._engine.execute(replace(query, text=text), timeout_s=timeout_s)


class Gone(BesideTheQuestion):
    """An engine that cannot be asked."""

    def execute(self, query: PhysicalQuery, *, timeout_s: float) -> ResultStream:
        raise EngineGone("the data is gone")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    settings = DuckDBSettings(name="local", folder=tmp_path, path="data.duckdb", read_only=False)
    duckdb.connect(str(tmp_path / "data.duckdb")).close()
    opened = DuckDBEngine(settings)
    yield opened
    opened.close()


def test_the_projects_engine_leaks_nothing(engine: DuckDBEngine) -> None:
    assert not leaks(engine)
    assert behind_barriers({"local": engine}) == {"local": engine}
    refuse_leaking({"local": engine})


@pytest.mark.parametrize("leaking", [BesideTheQuestion, Gone])
def test_an_engine_that_leaks_or_cannot_be_asked_is_found(
    leaking: type[BesideTheQuestion], engine: DuckDBEngine
) -> None:
    assert leaks(leaking(engine))


def test_what_leaks_answers_nothing_and_readiness_tells_why(engine: DuckDBEngine) -> None:
    found = behind_barriers({"local": BesideTheQuestion(engine)})["local"]

    assert isinstance(found, Leaking)
    query = PhysicalQuery("SELECT 1 AS n", "duckdb", "local", (), ())
    with pytest.raises(BarrierLeaks, match="rows that policies hide"):
        found.execute(query, timeout_s=1.0)
    with pytest.raises(BarrierLeaks, match="rows that policies hide"):
        found.check()
    with pytest.raises(BarrierLeaks):
        refuse_leaking({"local": BesideTheQuestion(engine)})
