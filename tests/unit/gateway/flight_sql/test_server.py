"""The port, asked by a plain Flight client over loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import flight

from gateway.flight_sql import commands
from gateway.flight_sql import messages as m
from gateway.flight_sql.exchange import FlightLimits
from gateway.flight_sql.server import FlightSqlServer, Listening
from gateway.flight_sql.wire import decode
from gateway.pipeline import Gateway
from semantic_models.errors import SettingRejected
from tests.support.identities import EVERYBODY
from tests.unit.gateway.flight_sql.world import flights_gateway

ROWS = 200_000
COUNT = "SELECT airline.title, n FROM flights ORDER BY airline.title"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with flights_gateway(Path(tmp_path_factory.mktemp("project")), rows=ROWS) as made:
        yield made


@pytest.fixture(scope="module")
def server(gateway: Gateway) -> Iterator[FlightSqlServer]:
    made = FlightSqlServer(gateway, EVERYBODY)
    yield made
    made.close(drain_s=0)


@pytest.fixture
def client(server: FlightSqlServer) -> Iterator[flight.FlightClient]:
    with flight.connect(server.url) as made:
        yield made


def descriptor(text: str) -> flight.FlightDescriptor:
    packed = commands.pack(m.STATEMENT_QUERY, m.StatementQuery(text))
    return flight.FlightDescriptor.for_command(packed)


def ticket_of(client: flight.FlightClient, text: str) -> flight.Ticket:
    return client.get_flight_info(descriptor(text)).endpoints[0].ticket


def prepared(client: flight.FlightClient, text: str) -> flight.FlightDescriptor:
    body = commands.pack(m.CREATE_PREPARED_STATEMENT, m.CreatePreparedStatement(text))
    [result] = client.do_action(flight.Action("CreatePreparedStatement", body))
    packed = decode(m.PACKED, result.body.to_pybytes())
    statement = decode(m.PREPARED_STATEMENT, packed.value)
    command = m.PreparedStatementQuery(statement.prepared_statement_handle)
    return flight.FlightDescriptor.for_command(commands.pack(m.PREPARED_STATEMENT_QUERY, command))


def drain(reader: flight.FlightStreamReader) -> None:
    while True:
        reader.read_chunk()


def put(client: flight.FlightClient, where: flight.FlightDescriptor, data: pa.Table) -> None:
    writer, _ = client.do_put(where, data.schema)
    with writer:
        writer.write_table(data)


def test_a_question_is_answered_and_told_how(client: flight.FlightClient) -> None:
    once = "SELECT airline.title, n FROM flights WHERE id < 10 ORDER BY airline.title"
    info = client.get_flight_info(descriptor(once))
    answer = client.do_get(info.endpoints[0].ticket).read_all()
    again = client.do_get(ticket_of(client, once)).read_all()
    story, second = (
        json.loads((each.schema.metadata or {})[b"forebay"]) for each in (answer, again)
    )

    assert answer.to_pylist() == [
        {"airline__title": "One", "n": 5},
        {"airline__title": "Zero", "n": 5},
    ]
    assert (answer.schema == info.schema, again == answer) == (True, True)
    assert (story["cache"], second["cache"]) == ("miss", "hit")
    assert story["query_id"] != second["query_id"]


def test_rows_arrive_whole(client: flight.FlightClient) -> None:
    rows = client.do_get(ticket_of(client, "SELECT id FROM flights")).read_all()

    assert rows.sort_by("id") == pa.table({"id": range(ROWS)})


def test_a_path_asks_for_the_rows_of_a_model(client: flight.FlightClient) -> None:
    info = client.get_flight_info(flight.FlightDescriptor.for_path("models", "countries"))

    assert client.do_get(info.endpoints[0].ticket).read_all().to_pylist() == [{"code": "US"}]


def test_every_model_is_a_flight(client: flight.FlightClient) -> None:
    listed = [(info.descriptor.path, info.schema.names) for info in client.list_flights()]

    assert listed == [
        ([b"carriers"], ["code", "title", "country"]),
        ([b"countries"], ["code"]),
        ([b"flights"], ["id", "carrier", "at"]),
    ]


def test_a_listing_is_fetched(client: flight.FlightClient) -> None:
    packed = commands.pack(m.GET_TABLES, m.GetTables())
    info = client.get_flight_info(flight.FlightDescriptor.for_command(packed))
    listed = client.do_get(info.endpoints[0].ticket).read_all()

    assert listed["table_name"].to_pylist() == ["carriers", "countries", "flights"]


def test_a_schema_is_told_without_running(client: flight.FlightClient) -> None:
    told = client.get_schema(descriptor(COUNT)).schema  # type: ignore[attr-defined]

    assert told.names == ["airline__title", "n"]


def test_actions_are_listed(client: flight.FlightClient) -> None:
    assert [each.type for each in client.list_actions()] == list(commands.ACTIONS)


def test_a_handshake_gives_a_token(client: flight.FlightClient) -> None:
    name, token = map(str, client.authenticate_basic_token("ada", "secret"))

    assert name == "b'authorization'"
    assert token.startswith("b'Bearer forebay-session-")


def test_no_parameters_may_be_bound(client: flight.FlightClient) -> None:
    where = prepared(client, COUNT)
    put(client, where, pa.table({}))

    assert client.get_flight_info(where).schema.names == ["airline__title", "n"]


BROKEN = pa.Array.from_buffers(
    pa.string(),
    1,
    [None, pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"\xff\xfe")],
)


@pytest.mark.parametrize(
    "column", [pa.array([1]), pa.array([], pa.int64()), BROKEN], ids=["one", "no rows", "broken"]
)
def test_parameters_are_refused(client: flight.FlightClient, column: pa.Array[Any]) -> None:
    where = prepared(client, COUNT)

    with pytest.raises(flight.FlightServerError, match="parameters are not offered"):
        put(client, where, pa.table({"a": column}))


def test_data_for_a_question_is_refused(client: flight.FlightClient) -> None:
    with pytest.raises(flight.FlightServerError, match="SL708"):
        put(client, descriptor(COUNT), pa.table({"a": [1]}))


UNPACKED = flight.FlightDescriptor.for_command(b"SELECT 1")
NO_PATH = flight.FlightDescriptor.for_path("nowhere")


@pytest.mark.parametrize(
    ("where", "code"),
    [
        (UNPACKED, "SL105"),
        (flight.FlightDescriptor.for_command(b""), "SL708"),
        (NO_PATH, "E_NAME_NOT_FOUND"),
        (flight.FlightDescriptor.for_path('x" UNION SELECT "'), "E_NAME_NOT_FOUND"),
        (descriptor("SELECT 1; SELECT 2"), "SL104"),
        (descriptor("SELECT n FROM flights\0"), "SL104"),
        (descriptor(""), "SL104"),
    ],
)
def test_a_wrong_question_is_refused_with_a_code_and_no_traceback(
    client: flight.FlightClient, where: flight.FlightDescriptor, code: str
) -> None:
    told = []
    for ask in (client.get_flight_info, client.get_schema):
        with pytest.raises(pa.ArrowException) as raised:
            ask(where)
        told.append(str(raised.value))

    assert [(code in each, "Traceback" in each, ".py" in each) for each in told] == [
        (True, False, False)
    ] * 2


def test_programs_find_the_parts_of_an_error(client: flight.FlightClient) -> None:
    with pytest.raises(flight.FlightServerError) as raised:
        client.get_flight_info(descriptor("SELECT n FROM flihgts"))

    assert json.loads(raised.value.extra_info)["code"] == "E_NAME_NOT_FOUND"


@pytest.mark.parametrize("ticket", [b"", b"junk", b"\x0a\x01x"])
def test_a_ticket_of_nobody_is_refused(client: flight.FlightClient, ticket: bytes) -> None:
    with pytest.raises(flight.FlightServerError, match=r"\[SL\d{3}\]"):
        client.do_get(flight.Ticket(ticket)).read_all()


def test_a_ticket_is_good_for_one_fetch(client: flight.FlightClient) -> None:
    ticket = ticket_of(client, COUNT)
    client.do_get(ticket).read_all()

    with pytest.raises(flight.FlightServerError, match="SL707"):
        client.do_get(ticket).read_all()


def test_an_unknown_action_and_an_exchange_are_refused(client: flight.FlightClient) -> None:
    with pytest.raises(flight.FlightServerError, match="SL708"):
        list(client.do_action(flight.Action("Nope", b"")))
    writer, reader = client.do_exchange(UNPACKED)
    with pytest.raises(flight.FlightServerError, match="SL708"), writer:
        reader.read_all()


def test_a_failure_half_way_arrives_as_an_error(tmp_path: Path) -> None:
    with flights_gateway(tmp_path, rows=3_000_000) as large:
        server = FlightSqlServer(large, EVERYBODY)
        client = flight.connect(server.url)
        reader = client.do_get(ticket_of(client, "SELECT id, carrier, at FROM flights"))
        reader.read_chunk()
        server.close(drain_s=0)
        with pytest.raises(flight.FlightUnavailableError, match="SL710"):
            drain(reader)
        client.close()


def test_a_client_that_leaves_frees_its_place(tmp_path: Path) -> None:
    with flights_gateway(tmp_path, rows=3_000_000) as large:
        server = FlightSqlServer(large, EVERYBODY, limits=FlightLimits(streams_max=1))
        client = flight.connect(server.url)
        reader = client.do_get(ticket_of(client, "SELECT id, carrier, at FROM flights"))
        reader.read_chunk()
        reader.cancel()
        answer = client.do_get(ticket_of(client, "SELECT n FROM flights")).read_all()
        client.close()
        server.close(drain_s=0)

    assert answer.to_pylist() == [{"n": 3_000_000}]


def test_a_port_that_is_taken_is_refused(gateway: Gateway, server: FlightSqlServer) -> None:
    with pytest.raises(SettingRejected) as refusal:
        FlightSqlServer(gateway, EVERYBODY, Listening(port=server.port))

    assert str(server.port) in refusal.value.message


def test_a_port_is_free_again_after_closing(gateway: Gateway) -> None:
    first = FlightSqlServer(gateway, EVERYBODY)
    is_free = first.close(drain_s=0)
    second = FlightSqlServer(gateway, EVERYBODY, Listening(port=first.port))
    same = second.port == first.port
    second.close(drain_s=0)

    assert (is_free, same) == (True, True)


def _end_of(upload: Any) -> object:
    """What the server tells of an upload when it ends it."""
    return upload.read()


def test_uploads_that_never_end_keep_no_question_waiting(gateway: Gateway) -> None:
    limits = FlightLimits(calls_max=2, uploads_max=1, wait_s=0.1)
    server = FlightSqlServer(gateway, EVERYBODY, limits=limits)
    with flight.connect(server.url) as client:
        where = prepared(client, COUNT)
        uploads = [client.do_put(where, pa.schema([])) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            ends = {pool.submit(_end_of, reader): writer for writer, reader in uploads}
            refused = list(islice(as_completed(ends), 3))
            rows = client.do_get(ticket_of(client, COUNT)).read_all().num_rows
            with pytest.raises(flight.FlightServerError, match="too many of your uploads"):
                put(client, where, pa.table({}))
            (waiting,) = ends.keys() - set(refused)
            ends[waiting].done_writing()
        told = []
        for each in refused:
            with pytest.raises(flight.FlightServerError) as error:
                ends[each].close()
            told.append("SL713" in str(error.value))

    assert (rows > 0, told) == (True, [True] * 3)
    server.close(drain_s=0)
