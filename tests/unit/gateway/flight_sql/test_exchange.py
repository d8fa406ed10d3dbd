"""What commands, tickets and actions mean, over a real engine and without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from auth.principal import ANONYMOUS
from gateway.admission import Asker
from gateway.errors import UnknownHandle
from gateway.flight_sql import commands, schemas
from gateway.flight_sql import messages as m
from gateway.flight_sql.exchange import Exchange, FlightLimits
from gateway.flight_sql.running import Running
from gateway.flight_sql.wire import decode, encode
from gateway.pipeline import Gateway
from semantic_models.errors import UnknownName
from tests.unit.gateway.flight_sql.world import flights_gateway

COUNT = "SELECT airline.title, n FROM flights ORDER BY airline.title"


class Somebody:
    """A client that waits."""

    def is_cancelled(self) -> bool:
        return False


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with flights_gateway(Path(tmp_path_factory.mktemp("project"))) as made:
        yield made


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    made = Running(calls_max=4, streams_max=4, uploads_max=1, wait_s=0)
    yield made
    made.close(drain_s=0, stop_s=5)


@pytest.fixture(scope="module")
def exchange(gateway: Gateway, running: Running) -> Exchange:
    return Exchange(gateway, running, FlightLimits(), version="1.2.3")


def prepare(exchange: Exchange, text: str) -> m.PreparedStatement:
    [body] = exchange.act(m.CreatePreparedStatement(text), ANONYMOUS)
    return decode(m.PREPARED_STATEMENT, decode(m.PACKED, body).value)


def claim_of(ticket: bytes) -> m.StatementTicket:
    claim = commands.parse_ticket(ticket)
    assert isinstance(claim, m.StatementTicket)
    return claim


def rows(gateway: Gateway, exchange: Exchange, ticket: bytes) -> list[dict[str, object]]:
    with closing(gateway.fetch(exchange.redeem(claim_of(ticket), ANONYMOUS)).stream) as stream:
        return [row for batch in stream for row in batch.to_pylist()]


def test_a_question_has_the_schema_of_its_answer(exchange: Exchange) -> None:
    schema = exchange.schema_of(m.StatementQuery(COUNT), ANONYMOUS)

    assert (schema.names, schema.types) == (["airline__title", "n"], [pa.string(), pa.int64()])
    assert (schema.field("n").metadata or {})[b"ARROW:FLIGHT:SQL:REMARKS"] == b"How many flights"


def test_a_ticket_fetches_the_answer_once(gateway: Gateway, exchange: Exchange) -> None:
    issued = exchange.issue(m.StatementQuery(COUNT), b"", ANONYMOUS)

    assert rows(gateway, exchange, issued.ticket) == [
        {"airline__title": "One", "n": 500},
        {"airline__title": "Zero", "n": 500},
    ]
    with pytest.raises(UnknownHandle):
        exchange.redeem(claim_of(issued.ticket), ANONYMOUS)


def test_a_json_query_is_a_question_too(gateway: Gateway, exchange: Exchange) -> None:
    issued = exchange.issue(m.StatementQuery('{"metrics": ["n"]}'), b"", ANONYMOUS)

    assert rows(gateway, exchange, issued.ticket) == [{"n": 1_000}]


def test_a_prepared_question_is_asked_as_often_as_wanted(
    gateway: Gateway, exchange: Exchange
) -> None:
    statement = prepare(exchange, COUNT)
    command = m.PreparedStatementQuery(statement.prepared_statement_handle)
    tickets = [exchange.issue(command, b"", ANONYMOUS).ticket for _ in range(2)]

    assert tickets[0] != tickets[1]
    assert [len(rows(gateway, exchange, each)) for each in tickets] == [2, 2]


def test_a_prepared_question_tells_the_schemas_of_answer_and_parameters(
    exchange: Exchange,
) -> None:
    statement = prepare(exchange, COUNT)
    found = [
        pa.ipc.read_schema(pa.py_buffer(each))
        for each in (statement.dataset_schema, statement.parameter_schema)
    ]

    assert found == [exchange.schema_of(m.StatementQuery(COUNT), ANONYMOUS), pa.schema([])]


def test_a_closed_question_is_gone_and_closing_again_is_nothing(exchange: Exchange) -> None:
    handle = prepare(exchange, COUNT).prepared_statement_handle
    exchange.check_statement(handle, ANONYMOUS)
    closed = [exchange.act(m.ClosePreparedStatement(handle), ANONYMOUS) for _ in range(2)]

    assert closed == [(), ()]
    with pytest.raises(UnknownHandle):
        exchange.schema_of(m.PreparedStatementQuery(handle), ANONYMOUS)
    with pytest.raises(UnknownHandle):
        exchange.check_statement(handle, ANONYMOUS)


def test_a_wrong_question_is_refused_when_it_is_prepared(exchange: Exchange) -> None:
    with pytest.raises(UnknownName):
        exchange.act(m.CreatePreparedStatement("SELECT n FROM flihgts"), ANONYMOUS)


@pytest.mark.parametrize(
    ("command", "schema"),
    [
        (m.GetCatalogs(), schemas.CATALOGS),
        (m.GetDbSchemas(), schemas.DB_SCHEMAS),
        (m.GetTables(), schemas.TABLES),
        (m.GetTables(include_schema=True), schemas.TABLES_WITH_SCHEMA),
        (m.GetTableTypes(), schemas.TABLE_TYPES),
        (m.GetPrimaryKeys(table="flights"), schemas.PRIMARY_KEYS),
        (m.GetExportedKeys(table="flights"), schemas.FOREIGN_KEYS),
        (m.GetImportedKeys(table="flights"), schemas.FOREIGN_KEYS),
        (m.GetCrossReference(pk_table="a", fk_table="b"), schemas.FOREIGN_KEYS),
        (m.GetSqlInfo(), schemas.SQL_INFO),
        (m.GetXdbcTypeInfo(), schemas.XDBC_TYPE_INFO),
    ],
)
def test_a_listing_has_its_schema_and_is_its_own_ticket(
    exchange: Exchange, command: commands.Listing, schema: pa.Schema
) -> None:
    issued = exchange.issue(command, b"the command", ANONYMOUS)

    assert (issued.schema, issued.ticket) == (schema, b"the command")
    told = exchange.schema_of(command, ANONYMOUS), exchange.listing(command, ANONYMOUS).schema
    assert told == (schema, schema)


def test_the_server_tells_its_version(exchange: Exchange) -> None:
    listed = exchange.listing(m.GetSqlInfo((1, 100)), ANONYMOUS)

    assert [row["value"] for row in listed.to_pylist()] == ["1.2.3", 1_800_000]


def test_transactions_begin_and_end_and_mean_nothing(exchange: Exchange) -> None:
    [body] = exchange.act(m.BeginTransaction(), ANONYMOUS)
    begun = decode(m.TRANSACTION, decode(m.PACKED, body).value)

    assert len(begun.transaction_id) == 32
    assert exchange.act(m.EndTransaction(begun.transaction_id, 1), ANONYMOUS) == ()


def info(ticket: bytes) -> m.Info:
    return m.Info((m.Endpoint(m.Ticket(ticket)),))


def test_a_cancelled_ticket_is_gone(exchange: Exchange) -> None:
    ticket = exchange.issue(m.StatementQuery(COUNT), b"", ANONYMOUS).ticket
    outcomes = [exchange.act(m.CancelFlightInfo(info(ticket)), ANONYMOUS)[0] for _ in range(2)]

    assert [decode(m.CANCEL_FLIGHT_INFO_RESULT, each).status for each in outcomes] == [1, 3]
    with pytest.raises(UnknownHandle):
        exchange.redeem(claim_of(ticket), ANONYMOUS)


def test_a_running_query_is_cancelled_as_old_clients_say_it(
    gateway: Gateway, exchange: Exchange, running: Running
) -> None:
    ticket = exchange.issue(m.StatementQuery("SELECT id FROM flights"), b"", ANONYMOUS).ticket
    claim = claim_of(ticket)
    prepared = exchange.redeem(claim, ANONYMOUS)
    _, batches = running.open_stream(
        (claim.statement_handle, ANONYMOUS),
        Asker(caller=Somebody()),
        lambda caller: gateway.fetch(prepared, caller),
    )
    [body] = exchange.act(m.CancelQuery(encode(m.INFO, info(ticket))), ANONYMOUS)
    batches.close()

    assert decode(m.CANCEL_QUERY_RESULT, decode(m.PACKED, body).value).status == 1


def test_a_listing_cannot_be_cancelled(exchange: Exchange) -> None:
    ticket = commands.pack(m.GET_CATALOGS, m.GetCatalogs())
    [body] = exchange.act(m.CancelFlightInfo(info(ticket)), ANONYMOUS)

    assert decode(m.CANCEL_FLIGHT_INFO_RESULT, body).status == 3


def test_a_session_has_the_one_catalog_and_schema(exchange: Exchange) -> None:
    [body] = exchange.act(m.GetSessionOptions(), ANONYMOUS)
    options = decode(m.SESSION_OPTIONS, body).session_options

    assert {each.key: each.value.string_value for each in options} == {
        "catalog": "demo",
        "schema": "models",
    }


def test_only_options_as_they_are_can_be_set(exchange: Exchange) -> None:
    wanted = m.SetSessionOptions(
        (
            m.Option("catalog", m.OptionValue(string_value="demo")),
            m.Option("schema", m.OptionValue()),
            m.Option("schema", m.OptionValue(string_value="main")),
            m.Option("colour", m.OptionValue(int64_value=1)),
        )
    )
    [body] = exchange.act(wanted, ANONYMOUS)

    assert decode(m.REFUSED_OPTIONS, body).errors == (
        m.RefusedOption("schema", m.OptionError(2)),
        m.RefusedOption("colour", m.OptionError(1)),
    )


def test_a_session_ends(exchange: Exchange) -> None:
    [body] = exchange.act(m.CloseSession(), ANONYMOUS)

    assert decode(m.CLOSE_SESSION_RESULT, body).status == 1
