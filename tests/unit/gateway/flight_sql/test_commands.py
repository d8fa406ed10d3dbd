"""Bytes of clients to commands, tickets and actions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UnsupportedCommand
from gateway.flight_sql import commands
from gateway.flight_sql import messages as m
from gateway.flight_sql.wire import Message, encode
from semantic_models.errors import ForebayError, MalformedDocument, TooLarge

COMMANDS: list[tuple[Message[Any], commands.Command]] = [
    (m.GET_CATALOGS, m.GetCatalogs()),
    (m.GET_DB_SCHEMAS, m.GetDbSchemas("demo", "mod%")),
    (m.GET_TABLES, m.GetTables("demo", "models", "f%", ("TABLE",), include_schema=True)),
    (m.GET_TABLE_TYPES, m.GetTableTypes()),
    (m.GET_PRIMARY_KEYS, m.GetPrimaryKeys("demo", "models", "flights")),
    (m.GET_EXPORTED_KEYS, m.GetExportedKeys(None, None, "flights")),
    (m.GET_IMPORTED_KEYS, m.GetImportedKeys("", "", "flights")),
    (m.GET_CROSS_REFERENCE, m.GetCrossReference("a", "b", "c", "d", "e", "f")),
    (m.GET_SQL_INFO, m.GetSqlInfo((0, 8, 576))),
    (m.GET_XDBC_TYPE_INFO, m.GetXdbcTypeInfo(-5)),
    (m.STATEMENT_QUERY, m.StatementQuery("SELECT n FROM flights", b"t")),
    (m.PREPARED_STATEMENT_QUERY, m.PreparedStatementQuery(b"handle")),
]


@pytest.mark.parametrize(("message", "command"), COMMANDS, ids=lambda each: type(each).__name__)
def test_a_command_is_read_by_the_name_of_its_type(
    message: Message[Any], command: commands.Command
) -> None:
    assert commands.parse_command(commands.pack(message, command)) == command


def test_every_command_on_offer_is_tried_above() -> None:
    assert {message.name for message, _ in COMMANDS} == set(commands.COMMANDS)


def test_what_the_go_client_writes_is_read() -> None:
    written = bytes.fromhex(
        "0a3f747970652e676f6f676c65617069732e636f6d2f6172726f772e666c696768742e70726f746f636f6c2e"
        "73716c2e436f6d6d616e6447657453716c496e666f12030a0108"
    )

    assert commands.parse_command(written) == m.GetSqlInfo((8,))


@pytest.mark.parametrize(
    "name",
    [
        "CommandStatementUpdate",
        "CommandPreparedStatementUpdate",
        "CommandStatementIngest",
        "CommandStatementSubstraitPlan",
    ],
)
def test_what_changes_data_is_refused_by_its_name(name: str) -> None:
    packed = encode(m.PACKED, m.Packed(commands.TYPE_URL + name, b""))

    with pytest.raises(UnsupportedCommand) as refusal:
        commands.parse_command(packed)

    assert refusal.value.message == f'command "{name}" is not offered'


def test_a_ticket_is_a_claim_or_the_command_of_a_listing() -> None:
    claim = m.StatementTicket(b"handle")
    tickets = [
        commands.pack(m.STATEMENT_TICKET, claim),
        commands.pack(m.GET_CATALOGS, m.GetCatalogs()),
    ]

    assert [commands.parse_ticket(each) for each in tickets] == [claim, m.GetCatalogs()]


def test_a_question_is_no_ticket() -> None:
    with pytest.raises(UnsupportedCommand):
        commands.parse_ticket(commands.pack(m.STATEMENT_QUERY, m.StatementQuery("SELECT 1")))


def test_actions_of_flight_sql_are_packed_and_those_of_flight_are_not() -> None:
    close = m.ClosePreparedStatement(b"handle")
    options = m.SetSessionOptions((m.Option("catalog", m.OptionValue(string_value="demo")),))
    packed = commands.pack(m.CLOSE_PREPARED_STATEMENT, close)
    plain = encode(m.SET_SESSION_OPTIONS, options)

    found = [
        commands.parse_action("ClosePreparedStatement", packed),
        commands.parse_action("SetSessionOptions", plain),
    ]

    assert found == [close, options]


@pytest.mark.parametrize("name", ["BeginSavepoint", "RenewFlightEndpoint", "", "nope\n" * 50])
def test_an_unknown_action_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedCommand):
        commands.parse_action(name, b"")


def test_a_body_of_another_action_is_refused() -> None:
    with pytest.raises(UnsupportedCommand):
        commands.parse_action(
            "ClosePreparedStatement", commands.pack(m.BEGIN_TRANSACTION, m.BeginTransaction())
        )


def test_more_bytes_than_any_command_needs_are_refused_unread() -> None:
    with pytest.raises(TooLarge):
        commands.parse_command(b"\xff" * (commands.COMMAND_BYTES_MAX + 1))


def test_text_that_is_no_message_is_refused() -> None:
    with pytest.raises(MalformedDocument):
        commands.parse_command(b"SELECT n FROM flights")


@given(st.binary(max_size=100), st.sampled_from(sorted(commands.COMMANDS)))
def test_a_hostile_body_of_a_command_is_read_or_refused_with_a_code(data: bytes, name: str) -> None:
    packed = encode(m.PACKED, m.Packed(commands.TYPE_URL + name, data))

    assert outcome(commands.parse_command, packed) in (commands.COMMANDS[name].make, "SL105")


@given(st.binary(max_size=100))
def test_hostile_bytes_are_refused_with_a_code(data: bytes) -> None:
    found = {
        outcome(commands.parse_command, data),
        outcome(commands.parse_ticket, data),
        outcome(partial(commands.parse_action, "CancelQuery"), data),
    }

    assert found <= {"SL105", "SL708"}


@given(st.binary(max_size=100))
def test_hostile_bytes_in_place_of_an_info_are_read_or_refused_with_a_code(data: bytes) -> None:
    assert outcome(commands.parse_info, data) in (m.Info, "SL105")


def outcome(read: Callable[[bytes], object], data: bytes) -> object:
    """The class of what is read, or the code of the refusal."""
    try:
        return type(read(data))
    except ForebayError as refusal:
        return refusal.code


def test_an_info_that_comes_back_is_read_for_its_tickets() -> None:
    info = m.Info((m.Endpoint(m.Ticket(b"one")), m.Endpoint(m.Ticket(b"two"))))

    assert commands.parse_info(encode(m.INFO, info)) == info
