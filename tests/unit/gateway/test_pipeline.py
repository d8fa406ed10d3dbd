"""Questions are settled once a minute, answers are kept while their data is the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auth.principal import ANONYMOUS, Principal
from cache.fingerprint import CacheKey
from cache.store import MemoryStore
from gateway.engines.duckdb import DuckDBEngine
from gateway.engines.duckdb_open import DuckDBSettings
from gateway.execution import Execution
from gateway.pipeline import Answer, Gateway
from gateway.settings import Settings
from gateway.snapshot import Snapshot
from semantic_models.errors import MalformedDocument
from tests.unit.gateway.flight_sql.world import ENGINE, flights_catalog

QUESTION = '{"metrics": ["n"]}'
BY_CARRIER = '{"metrics": ["n"], "dimensions": ["carrier"], "order_by": ["carrier"]}'
NOON_S = 1_700_000_040.0
TWO_BYTES = 38_000
"""What two settled questions weigh, and three do not."""


@dataclass
class World:
    """A gateway over one Parquet file, and the clock it reads."""

    folder: Path
    now_s: float = NOON_S

    def __post_init__(self) -> None:
        self.write_flights(2)
        files = {"flights": "flights.parquet"}
        self.engine = DuckDBEngine(DuckDBSettings(name=ENGINE, folder=self.folder, files=files))
        settings = Settings(project=self.folder, memo_bytes_max=TWO_BYTES, proofs_max=2)
        self.gateway = Gateway(
            Snapshot(flights_catalog()),
            {ENGINE: self.engine},
            Execution(MemoryStore(2**20), settings.execution),
            settings,
            now=lambda: self.now_s,
        )

    def write_flights(self, count: int) -> None:
        """Put a file of so many flights in the place of the one before."""
        carriers = ["AA"] * count
        beside = self.folder / "beside.parquet"
        pq.write_table(pa.table({"id": range(count), "carrier": carriers}), beside)
        beside.replace(self.folder / "flights.parquet")

    def ask(self, text: str = QUESTION) -> tuple[Answer, list[dict[str, object]]]:
        answer = self.gateway.fetch(self.gateway.prepare(text, ANONYMOUS))
        return answer, [row for batch in answer.stream for row in batch.to_pylist()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.gateway.close()


def test_a_question_is_settled_once_a_minute(world: World) -> None:
    settled = world.gateway.prepare(QUESTION, ANONYMOUS)
    kept = world.gateway.prepared_kept(QUESTION, ANONYMOUS)
    within = world.gateway.prepare(QUESTION, ANONYMOUS), kept
    world.now_s += 60

    assert [each is settled for each in within] == [True, True]
    assert world.gateway.prepared_kept(QUESTION, ANONYMOUS) is None
    assert world.gateway.prepare(QUESTION, ANONYMOUS) is not settled


def test_the_first_and_the_last_second_are_of_one_minute(world: World) -> None:
    world.now_s = 60.0
    first = world.gateway.prepare(QUESTION, ANONYMOUS)
    world.now_s = 119.9

    assert world.gateway.prepared_kept(QUESTION, ANONYMOUS) is first


def test_a_settled_question_is_one_principals_and_one_snapshots(world: World) -> None:
    settled = world.gateway.prepare(QUESTION, Principal("ada"))

    found = [world.gateway.prepared_kept(QUESTION, Principal(name)) for name in ("ada", "bob")]
    world.gateway.snapshot = Snapshot(replace(flights_catalog(), version="2"))
    found.append(world.gateway.prepared_kept(QUESTION, Principal("ada")))

    assert [each is settled for each in found] == [True, False, False]
    assert found[1:] == [None, None]


def test_the_question_settled_first_is_forgotten_first(world: World) -> None:
    texts = [QUESTION + " " * spaces for spaces in range(3)]
    for text in texts:
        world.gateway.prepare(text, ANONYMOUS)

    kept = [world.gateway.prepared_kept(text, ANONYMOUS) is not None for text in texts]

    assert kept == [False, True, True]


def test_a_refused_question_is_not_settled(world: World) -> None:
    with pytest.raises(MalformedDocument):
        world.gateway.prepare("{", ANONYMOUS)

    assert world.gateway.prepared_kept("{", ANONYMOUS) is None


def test_an_answer_is_kept_under_the_name_of_its_plan_engine_and_data(world: World) -> None:
    first, rows = world.ask()

    kept = world.gateway.kept(first.prepared)

    version = world.engine.data_version(["flights"])
    key = CacheKey(first.prepared.fingerprint, world.engine.identity, version)
    assert kept is not None
    assert (first.cache, kept.cache, first.key, kept.key) == ("miss", "hit", key, key)
    assert [row for batch in kept.stream for row in batch.to_pylist()] == rows == [{"n": 2}]


def test_the_request_after_new_data_gets_the_new_answer(world: World) -> None:
    before, _ = world.ask()

    world.write_flights(3)

    assert world.gateway.kept(before.prepared) is None
    assert world.ask()[1] == [{"n": 3}]


def test_stages_are_those_of_the_request_itself_where_nothing_ran(world: World) -> None:
    first, _ = world.ask()
    kept = world.gateway.kept(first.prepared)

    ran = ["parse", "resolve", "plan", "govern", "generate", "look_up", "execute"]
    assert kept is not None
    assert (list(first.stages), list(kept.stages)) == (ran, ["look_up"])


def test_each_answer_has_an_id_under_which_its_proof_is_told(world: World) -> None:
    counted, _ = world.ask()
    by_carrier, _ = world.ask(BY_CARRIER)
    kept = world.gateway.kept(by_carrier.prepared)

    assert kept is not None
    ids = [each.query_id for each in (counted, by_carrier, kept)]
    assert len({each.rpartition("-")[2] for each in ids}) == 3
    proofs = [world.gateway.proof_of(each, ANONYMOUS) for each in (*ids, "unknown")]
    assert proofs == [None, by_carrier.prepared.proof, by_carrier.prepared.proof, None]
    assert by_carrier.prepared.proof != counted.prepared.proof


def test_no_two_answers_share_an_id_whatever_thread_they_are_found_in(world: World) -> None:
    prepared = world.ask()[0].prepared
    ids: list[str] = []

    def find_many() -> None:
        found = [world.gateway.kept(prepared) for _ in range(200)]
        ids.extend(each.query_id for each in found if each is not None)

    threads = [threading.Thread(target=find_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(ids), len(set(ids))) == (800, 800)
