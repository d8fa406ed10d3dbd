"""Who asks over Flight SQL: with a real server, ADBC and a plain Flight client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from adbc_driver_flightsql import DatabaseOptions, dbapi
from pyarrow import flight

from gateway.flight_sql import commands
from gateway.flight_sql import messages as m
from gateway.flight_sql.wire import decode
from gateway.identity.key_store import Asked
from tests.protocol.identity.conftest import World
from tests.support.issuer import claims, token

TOTAL = "SELECT total FROM numbers"
AUTHORIZATION = DatabaseOptions.AUTHORIZATION_HEADER.value


def count(world: World, **options: str) -> object:
    """The answer that ADBC gets with some options of its connection."""
    with (
        dbapi.connect(world.server.flight_url, db_kwargs=options, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(TOTAL)
        return cursor.fetchone()


def test_a_key_or_a_token_is_a_password_of_token(world: World) -> None:
    passwords = (world.ada, token())

    answers = [count(world, username="token", password=each) for each in passwords]

    assert answers == [(7,), (7,)]


def test_a_key_or_a_token_is_a_bearer(world: World) -> None:
    answers = [count(world, **{AUTHORIZATION: f"Bearer {each}"}) for each in (world.ada, token())]

    assert answers == [(7,), (7,)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"username": "ada", "password": "lovelace"},
        {"username": "token", "password": "wrong"},
        {"username": "token", "password": ""},
        {AUTHORIZATION: "Bearer wrong"},
        {AUTHORIZATION: "Bearer anonymous"},
        {AUTHORIZATION: "Bearer " + token(claims(exp=7))},
    ],
    ids=["nothing", "name", "word", "empty", "bearer", "anonymous", "expired"],
)
def test_whoever_proves_nobody_is_told_the_same(world: World, options: dict[str, str]) -> None:
    with pytest.raises(dbapi.ProgrammingError) as refusal:
        count(world, **options)

    told = str(refusal.value)
    assert told.startswith("UNAUTHENTICATED: [FlightSQL] [SL401] the request does not prove who")
    assert "Traceback" not in told


@pytest.fixture
def client(world: World) -> Iterator[flight.FlightClient]:
    with flight.connect(world.server.flight_url) as made:
        yield made


def calls_of(*credentials: str) -> flight.FlightCallOptions:
    # The stubs say texts, and pyarrow takes bytes.
    headers: list[Any] = [(b"authorization", f"Bearer {each}".encode()) for each in credentials]
    return flight.FlightCallOptions(headers=headers)


def descriptor(text: str) -> flight.FlightDescriptor:
    packed = commands.pack(m.STATEMENT_QUERY, m.StatementQuery(text))
    return flight.FlightDescriptor.for_command(packed)


def ticket_of(client: flight.FlightClient, key: str) -> flight.Ticket:
    return client.get_flight_info(descriptor(TOTAL), calls_of(key)).endpoints[0].ticket


def statement_of(client: flight.FlightClient, key: str) -> bytes:
    body = commands.pack(m.CREATE_PREPARED_STATEMENT, m.CreatePreparedStatement(TOTAL))
    [result] = client.do_action(flight.Action("CreatePreparedStatement", body), calls_of(key))
    packed = decode(m.PACKED, result.body.to_pybytes())
    return decode(m.PREPARED_STATEMENT, packed.value).prepared_statement_handle


def prepared(handle: bytes) -> flight.FlightDescriptor:
    command = m.PreparedStatementQuery(handle)
    return flight.FlightDescriptor.for_command(commands.pack(m.PREPARED_STATEMENT_QUERY, command))


CALLS: dict[str, Callable[[flight.FlightClient, flight.FlightCallOptions], Any]] = {
    "GetFlightInfo": lambda client, options: client.get_flight_info(descriptor(TOTAL), options),
    "GetSchema": lambda client, options: client.get_schema(descriptor(TOTAL), options),
    "DoGet": lambda client, options: client.do_get(
        flight.Ticket(commands.pack(m.GET_CATALOGS, m.GetCatalogs())), options
    ).read_all(),
    "DoAction": lambda client, options: list(
        client.do_action(flight.Action("CloseSession", b""), options)
    ),
    "ListActions": lambda client, options: client.list_actions(options),
    "ListFlights": lambda client, options: list(client.list_flights(options=options)),
}


@pytest.mark.parametrize("name", CALLS)
def test_every_call_asks_who_asks(world: World, client: flight.FlightClient, name: str) -> None:
    CALLS[name](client, calls_of(world.ada))

    for options in (calls_of(), calls_of("wrong"), calls_of(world.ada, world.bob)):
        # The client has no error of its own for GetSchema.
        with pytest.raises((flight.FlightUnauthenticatedError, OSError)) as refusal:
            CALLS[name](client, options)
        told = str(refusal.value)
        assert told.startswith("[SL401] the request does not prove who asks.")
        assert ("Unauthenticated" in told, "Traceback" in told) == (True, False)


def test_a_handshake_gives_a_token_that_is_not_the_key(
    world: World, client: flight.FlightClient
) -> None:
    name, value = client.authenticate_basic_token("token", world.ada)
    options = flight.FlightCallOptions(headers=[(name, value)])
    info = client.get_flight_info(descriptor(TOTAL), options)

    assert client.do_get(info.endpoints[0].ticket, options).read_all().to_pylist() == [{"total": 7}]
    assert "Bearer forebay-session-" in str(value)


def test_a_session_ends_with_its_key(world: World, client: flight.FlightClient) -> None:
    made = world.keys.create(Asked(name="eve"))
    header = client.authenticate_basic_token("token", made.text)
    options = flight.FlightCallOptions(headers=[header])
    client.get_flight_info(descriptor(TOTAL), options)
    ticket = client.get_flight_info(descriptor(TOTAL), options).endpoints[0].ticket
    world.keys.revoke(made.id)

    for call in (
        lambda: client.get_flight_info(descriptor(TOTAL), options),
        lambda: client.do_get(ticket, options),
    ):
        with pytest.raises(flight.FlightUnauthenticatedError):
            call()


def refusal_of(call: Callable[[], object]) -> str:
    with pytest.raises(flight.FlightError) as refusal:
        call()
    return str(refusal.value)


def test_a_ticket_is_nothing_to_another_principal(
    world: World, client: flight.FlightClient
) -> None:
    ticket = ticket_of(client, world.ada)
    nothing = flight.Ticket(commands.pack(m.STATEMENT_TICKET, m.StatementTicket(b"0" * 32)))

    others = refusal_of(lambda: client.do_get(ticket, calls_of(world.bob)).read_all())
    unknown = refusal_of(lambda: client.do_get(nothing, calls_of(world.bob)).read_all())

    assert (others, "SL707" in others) == (unknown, True)
    assert client.do_get(ticket, calls_of(world.ada)).read_all().to_pylist() == [{"total": 7}]


def test_a_prepared_statement_is_nothing_to_another_principal(
    world: World, client: flight.FlightClient
) -> None:
    handle = statement_of(client, world.ada)
    bob = calls_of(world.bob)

    told = {
        refusal_of(partial(client.get_flight_info, prepared(each), bob))
        for each in (handle, b"0" * 32)
    }
    close = commands.pack(m.CLOSE_PREPARED_STATEMENT, m.ClosePreparedStatement(handle))
    list(client.do_action(flight.Action("ClosePreparedStatement", close), bob))

    assert (len(told), "SL707" in str(told)) == (1, True)
    assert client.get_flight_info(prepared(handle), calls_of(world.ada)).schema.names == ["total"]


def test_a_query_is_cancelled_by_whoever_asked_it_alone(
    world: World, client: flight.FlightClient
) -> None:
    info = client.get_flight_info(descriptor(TOTAL), calls_of(world.ada))
    packed = commands.pack(m.CANCEL_QUERY, m.CancelQuery(info.serialize()))
    action = flight.Action("CancelQuery", packed)

    told = [
        decode(m.CANCEL_QUERY_RESULT, decode(m.PACKED, result.body.to_pybytes()).value).status
        for key in (world.bob, world.ada)
        for result in client.do_action(action, calls_of(key))
    ]

    assert told == [3, 1]
