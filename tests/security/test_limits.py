"""What one principal may take, through both doors of a real server: each limit is met just below
it and refused beyond it, and what one has used up is nothing to another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pytest
from pyarrow import flight

from gateway.compose import serving
from gateway.flight_sql import commands
from gateway.flight_sql import messages as m
from gateway.identity.auth_settings import KeyFiles
from gateway.identity.identify import Failures
from gateway.identity.key_store import Asked, KeyStore, make_pepper
from gateway.settings import Settings
from tests.security.doors import Doors, World, decode_prepared, doors, statement

pytestmark = pytest.mark.timeout(120)
ROOT = """\
version: 1
name: shop
engines: {local: {type: duckdb, files: {many: many.parquet, some: some.parquet}}}
auth: {state: .forebay/keys.json, pepper: .forebay/pepper}
limits: {per_second: 100000, burst: 100000}
"""
MODELS = """\
version: 1
models:
  many: {table: many, key: id, dimensions: {id: }, measures: {n: count(*)}}
  slow:
    sql: SELECT max(sin(a.id * b.id)) AS id FROM some AS a CROSS JOIN some AS b
    dimensions: {id: }
    measures: {greatest: max(id)}
"""
LIMITS = {
    "few": "running: 1, queued: 1",
    "rare": "per_second: 1, burst: 3",
    "small": "rows: 10, text_bytes: 60, depth: 3",
    "narrow": "body_bytes: 110",
    "light": "bytes: 100",
    "forgetful": "handles: 2",
    "brief": "seconds: 1",
}
ONE = '{"metrics": ["n"]}'
SLOW = '{"metrics": ["greatest"]}'


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server with a key of two principals of each role, and of one with no role."""
    folder = tmp_path_factory.mktemp("limits") / "shop"
    with limited(folder) as made:
        yield made


@contextmanager
def limited(folder: Path) -> Iterator[World]:
    for each in ("models", "policies", ".forebay"):
        (folder / each).mkdir(parents=True)
    (folder / "forebay.yml").write_text(ROOT)
    (folder / "models" / "shop.yml").write_text(MODELS)
    written = [f"  {role}: {{limits: {{{text}}}, for: [{role}]}}" for role, text in LIMITS.items()]
    every = "version: 1\npolicies:\n  all: {grant: {models: all}}\n"
    (folder / "policies" / "shop.yml").write_text(every + "\n".join(written) + "\n")
    with duckdb.connect() as connection:
        for name, rows in (("many", 4_000_000), ("some", 30_000)):
            path = folder / f"{name}.parquet"
            connection.execute(f"COPY (SELECT range AS id FROM range({rows})) TO '{path}'")
    pepper = folder / ".forebay" / "pepper"
    make_pepper(pepper)
    store = KeyStore(KeyFiles(state=folder / ".forebay" / "keys.json", pepper=pepper))
    named = {f"{role}{number}": role for role in LIMITS for number in (1, 2, 3)}
    keys = {
        name: store.create(Asked(name=name, roles=frozenset({role}))).text
        for name, role in {**named, "free": "free"}.items()
    }
    settings = Settings(
        project=folder,
        http_port=0,
        flight_port=0,
        reload_s=0,
        types_folder=folder / "types",
    )
    with serving(settings) as server:
        yield World(server, folder, keys)


@pytest.fixture
def door(world: World) -> Iterator[Callable[[str], Doors]]:
    """The doors of whoever is named."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(doors(world, name))


def code(response: httpx.Response) -> tuple[int, str]:
    document = response.json() if response.status_code != 200 else {}
    return response.status_code, document.get("code", "")


def asks(of: Doors, text: str) -> httpx.Response:
    return of.http.get("/api/v1/query", params={"q": text}, timeout=60)


def fetches(of: Doors, text: str) -> pa.Table:
    info = of.client.get_flight_info(statement(text), of.options)
    return of.client.do_get(info.endpoints[0].ticket, of.options).read_all()


def test_a_request_too_soon_is_refused_and_told_when_to_come(door: Callable[[str], Doors]) -> None:
    ada, bob = door("rare1"), door("rare2")

    answers = [asks(ada, ONE) for _ in range(4)]

    assert [each.status_code for each in answers[:3]] == [200, 200, 200]
    assert code(answers[3]) == (429, "SL713")
    assert answers[3].headers["retry-after"] == "1"
    told = answers[3].json()
    assert told["message"] == "too many requests of yours came"
    assert "At most 1 a second may, and 3 at once" in told["detail"]
    assert told["hint"]
    assert asks(bob, ONE).status_code == 200
    time.sleep(1.1)
    assert asks(ada, ONE).status_code == 200


def test_both_doors_count_alike_and_what_ends_something_is_taken(
    door: Callable[[str], Doors],
) -> None:
    of = door("rare3")
    closing = commands.pack(m.CLOSE_PREPARED_STATEMENT, m.ClosePreparedStatement(b"x"))

    answers = [asks(of, ONE).status_code, len(fetches(of, ONE))]
    with pytest.raises(flight.FlightServerError, match="SL713"):
        fetches(of, ONE)
    for _ in range(4):
        list(of.client.do_action(flight.Action("ClosePreparedStatement", closing), of.options))

    assert answers == [200, 1]


@contextmanager
def held_over_http(of: Doors) -> Iterator[None]:
    """An answer that is not read on."""
    with of.http.stream("GET", "/api/v1/query", params={"q": many()}, timeout=60) as response:
        assert response.status_code == 200
        yield


@contextmanager
def held_over_flight(of: Doors) -> Iterator[None]:
    """The same, over Flight."""
    info = of.client.get_flight_info(statement(many()), of.options)
    reader = of.client.do_get(info.endpoints[0].ticket, of.options)
    reader.read_chunk()
    yield
    reader.cancel()


def told_by_http(of: Doors) -> str:
    return "{} {}".format(*code(asks(of, small())))


def told_by_flight(of: Doors) -> str:
    try:
        return f"200 {fetches(of, small()).num_rows // 5}"
    except flight.FlightError as error:
        return f"{type(error).__name__} {error}"


NEVER_ASKED = count(1)


def many() -> str:
    """A question of more rows than are sent before they are read."""
    return f'{{"fields": ["id"], "from": "many", "offset": {next(NEVER_ASKED)}}}'


def small() -> str:
    """A question whose answer is not in memory."""
    return f'{{"fields": ["id"], "from": "many", "limit": 5, "offset": {next(NEVER_ASKED)}}}'


DOORS = [(held_over_http, told_by_http), (held_over_flight, told_by_flight)]


@pytest.mark.parametrize(("hold", "ask"), DOORS, ids=["http", "flight"])
def test_so_many_run_and_so_many_wait(
    world: World, hold: Callable[..., Any], ask: Callable[[Doors], str]
) -> None:
    with ExitStack() as stack:
        own = [stack.enter_context(doors(world, "few1")) for _ in range(3)]
        other = stack.enter_context(doors(world, "few2"))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        with hold(own[0]):
            waiting = pool.submit(ask, own[1])
            wait_until(lambda: waits(world) == 1)
            beyond = ask(own[2])
            of_another = ask(other)
            is_done = waiting.done()

        assert "SL713" in beyond
        assert of_another.startswith("200")
        assert not is_done
        assert waiting.result(timeout=60).startswith("200")
    wait_until(lambda: (waits(world), runs(world)) == (0, 0))


def test_whoever_leaves_the_line_gives_their_place_back(world: World) -> None:
    with ExitStack() as stack:
        own = [stack.enter_context(doors(world, "few3")) for _ in range(3)]
        pool = stack.enter_context(ThreadPoolExecutor(1))
        with held_over_http(own[0]):
            with pytest.raises(httpx.ReadTimeout):
                own[1].http.get("/api/v1/query", params={"q": small()}, timeout=0.3)
            wait_until(lambda: waits(world) == 0)
            waiting = pool.submit(told_by_flight, own[2])
            wait_until(lambda: waits(world) == 1)

        assert waiting.result(timeout=60).startswith("200")
    wait_until(lambda: (waits(world), runs(world)) == (0, 0))


def waits(world: World) -> object:
    return places(world).queued + streams(world).queued


def runs(world: World) -> object:
    execution = world.server.gateway.execution
    return places(world).running + streams(world).running + execution._admission.running


def places(world: World) -> Any:
    return world.server.gateway._limits._places


def streams(world: World) -> Any:
    return world.server.flight._running._places["streams"]


def wait_until(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until_s, "it does not come to that"
        time.sleep(0.01)


def test_questions_and_bodies_are_as_long_and_as_deep_as_they_may_be(
    door: Callable[[str], Doors],
) -> None:
    small, narrow, free = door("small1"), door("narrow1"), door("free")
    text = ONE.ljust(60)
    deep = '{"metrics":["n"],"params":{"a":[[]]}}'

    def posts(of: Doors, body: str) -> tuple[int, str]:
        headers = {"content-type": "application/json"}
        return code(of.http.post("/api/v1/query", content=body, headers=headers))

    assert posts(small, text) == (200, "")
    assert code(asks(small, '{"metrics": ["n"], "where": ["id > 1", "id > 2", "id > 3"]}')) == (
        200,
        "",
    )
    longer = '{"metrics": ["n"], "where": ["id > 1", "id > 2", "id > 34"]}'.replace("34", "345")
    assert [posts(small, longer)[1], posts(free, longer)[1]] == ["SL106", ""]
    assert [code(asks(small, longer)), code(asks(free, longer))] == [(413, "SL106"), (200, "")]
    assert [posts(narrow, ONE.ljust(110))[0], posts(narrow, ONE.ljust(111))[0]] == [200, 413]
    assert "deeper than 3" in asks(small, deep).json()["detail"]
    assert "deeper" not in asks(free, deep).json()["detail"]


def test_over_flight_too(door: Callable[[str], Doors]) -> None:
    small, narrow, free = door("small1"), door("narrow1"), door("free")
    longer = '{"metrics": ["n"], "where": ["id > 1", "id > 2", "id > 3456"]}'
    deep = '{"metrics":["n"],"params":{"a":[[]]}}'

    def told(of: Doors, text: str) -> str:
        try:
            return f"{fetches(of, text).num_rows} rows"
        except (flight.FlightError, pa.ArrowInvalid) as error:
            return str(error)

    assert [told(small, ONE), told(free, longer)] == ["1 rows", "1 rows"]
    assert [told(narrow, ONE), told(small, ONE.ljust(60))] == ["1 rows", "1 rows"]
    assert "the command is larger than you may send" in told(narrow, longer)
    assert "the question is longer than you may ask" in told(small, longer)
    assert "deeper than 3" in told(small, deep)
    assert "deeper" not in told(free, deep)


@pytest.mark.parametrize(("name", "more"), [("small2", 11), ("light1", 20)])
def test_answers_are_as_large_as_they_may_be(
    door: Callable[[str], Doors], name: str, more: int
) -> None:
    of, free = door(name), door("free")
    fits, beyond = (f"SELECT id FROM many LIMIT {rows}" for rows in (10, more))

    assert [code(asks(of, each)) for each in (fits, beyond)] == [(200, ""), (422, "SL604")]
    assert asks(free, beyond).status_code == 200
    assert len(fetches(of, fits)) == 10
    with pytest.raises(flight.FlightServerError, match="SL604"):
        fetches(of, beyond)


def test_a_question_runs_no_longer_than_it_may(door: Callable[[str], Doors]) -> None:
    brief = door("brief1")

    assert code(asks(brief, SLOW)) == (504, "SL602")
    with pytest.raises(flight.FlightTimedOutError, match="SL602"):
        fetches(brief, SLOW)
    assert asks(brief, ONE).status_code == 200


def prepares(of: Doors) -> bytes:
    return decode_prepared(of.prepared("SELECT n FROM many")).prepared_statement_handle


def is_known(of: Doors, handle: bytes) -> bool:
    command = commands.pack(m.PREPARED_STATEMENT_QUERY, m.PreparedStatementQuery(handle))
    try:
        of.client.get_schema(flight.FlightDescriptor.for_command(command), of.options)
    except pa.ArrowException as error:
        return "SL707" not in str(error)
    return True


def test_a_principal_loses_the_oldest_of_its_own_handles_alone(
    door: Callable[[str], Doors],
) -> None:
    ada, bob = door("forgetful1"), door("forgetful2")
    of_bob = prepares(bob)
    of_ada = [prepares(ada) for _ in range(3)]

    assert [is_known(ada, each) for each in of_ada] == [False, True, True]
    assert is_known(bob, of_bob)


def test_tickets_and_proofs_are_held_likewise(door: Callable[[str], Doors]) -> None:
    ada, bob = door("forgetful1"), door("forgetful2")

    def ticket(of: Doors) -> flight.Ticket:
        return of.client.get_flight_info(statement(ONE), of.options).endpoints[0].ticket

    of_bob, of_ada = ticket(bob), [ticket(ada) for _ in range(3)]
    with pytest.raises(flight.FlightServerError, match="SL707"):
        ada.client.do_get(of_ada[0], ada.options)
    read = [ada.client.do_get(each, ada.options).read_all() for each in of_ada[1:]]
    assert [len(each) for each in read] == [1, 1]
    assert len(bob.client.do_get(of_bob, bob.options).read_all()) == 1

    kept = asks(bob, ONE).headers["forebay-proof-url"]
    own = [asks(ada, ONE).headers["forebay-proof-url"] for _ in range(3)]
    assert [ada.http.get(each).status_code for each in own] == [404, 200, 200]
    assert bob.http.get(kept).status_code == 200


@pytest.fixture
def two_failures(world: World) -> Iterator[None]:
    """Nobody has failed yet, and two failures a minute are let be."""
    identity = world.server.identity
    before, identity.failures = identity.failures, Failures()
    identity.failures.per_second, identity.failures.burst = 2 / 60, 2
    yield
    identity.failures = before


def told_over_http(world: World, secret: str) -> tuple[int, str]:
    headers = {"authorization": f"Bearer {secret}"}
    url = f"{world.server.http_url}/api/v1/query"
    return code(httpx.get(url, params={"q": ONE}, headers=headers))


def told_over_flight(world: World, secret: str) -> str:
    pairs: list[Any] = [(b"authorization", f"Bearer {secret}".encode())]
    options = flight.FlightCallOptions(headers=pairs)
    with flight.connect(world.server.flight_url) as client:
        try:
            return str(client.do_get(flight.Ticket(CATALOGS), options).read_all().num_rows)
        except flight.FlightError as error:
            return str(error)


@pytest.mark.usefixtures("two_failures")
def test_wrong_credentials_are_looked_at_so_often(world: World) -> None:
    """Those that were good before still are."""
    good = world.keys["free"]
    before = (told_over_http(world, good), told_over_flight(world, good))

    wrong = [told_over_http(world, f"wrong{number}") for number in range(3)]

    assert wrong == [(401, "SL401"), (401, "SL401"), (429, "SL713")]
    assert told_over_http(world, world.keys["brief3"]) == (429, "SL713")
    assert "SL713" in told_over_flight(world, world.keys["brief3"])
    assert (told_over_http(world, good), told_over_flight(world, good)) == before
    assert before == ((200, ""), "1")


@pytest.mark.usefixtures("two_failures")
def test_over_flight_they_are_counted_by_the_same_address(world: World) -> None:
    wrong = [told_over_flight(world, f"wrong{number}") for number in range(3)]

    assert ["SL401" in each for each in wrong] == [True, True, False]
    assert "SL713" in wrong[2]
    assert told_over_http(world, "wrong") == (429, "SL713")
    world.server.identity.failures = Failures()
    assert told_over_flight(world, world.keys["light3"]) == "1"


CATALOGS = commands.pack(m.GET_CATALOGS, m.GetCatalogs())


def test_an_id_of_an_answer_tells_nothing_of_how_many_there_were(
    door: Callable[[str], Doors],
) -> None:
    ids = {asks(door("free"), ONE).headers["forebay-query-id"] for _ in range(5)}
    numbers = sorted(int(each.partition("-")[2], 16) for each in ids)

    assert len(ids) == 5
    assert all(after - before > 1_000 for before, after in pairwise(numbers))
