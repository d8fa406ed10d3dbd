"""Bytes of Flight SQL to commands, tickets and actions, and results back to bytes.

What this server does not offer is refused by its name here, so that nothing after this module
meets a command that it cannot answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway.errors import UnsupportedCommand
from gateway.flight_sql import messages as m
from gateway.flight_sql.keys import KeysListing
from gateway.flight_sql.metadata import TablesListing
from gateway.flight_sql.wire import Message, decode, encode
from semantic_models.errors import TooLarge

T = TypeVar("T")

COMMAND_BYTES_MAX = 2 * 1024 * 1024
TYPE_URL = "type.googleapis.com/arrow.flight.protocol.sql."

Listing = TablesListing | KeysListing | m.GetSqlInfo | m.GetXdbcTypeInfo
"""Commands that are answered from the catalog alone."""

Command = Listing | m.StatementQuery | m.PreparedStatementQuery
"""What a descriptor may ask for."""

Claim = Listing | m.StatementTicket
"""What a ticket may stand for."""

Action = (
    m.CreatePreparedStatement
    | m.ClosePreparedStatement
    | m.BeginTransaction
    | m.EndTransaction
    | m.CancelQuery
    | m.CancelFlightInfo
    | m.SetSessionOptions
    | m.GetSessionOptions
    | m.CloseSession
)

LISTINGS: tuple[Message[Any], ...] = (
    m.GET_CATALOGS,
    m.GET_DB_SCHEMAS,
    m.GET_TABLES,
    m.GET_TABLE_TYPES,
    m.GET_PRIMARY_KEYS,
    m.GET_EXPORTED_KEYS,
    m.GET_IMPORTED_KEYS,
    m.GET_CROSS_REFERENCE,
    m.GET_SQL_INFO,
    m.GET_XDBC_TYPE_INFO,
)
COMMANDS = {each.name: each for each in (*LISTINGS, m.STATEMENT_QUERY, m.PREPARED_STATEMENT_QUERY)}
CLAIMS = {each.name: each for each in (*LISTINGS, m.STATEMENT_TICKET)}


@dataclass(frozen=True, slots=True)
class ActionKind:
    """A named action: its body, and what clients are told of it."""

    body: Message[Any]
    description: str
    packed: bool = True
    """Flight SQL wraps its bodies in Any; Flight's own actions do not."""


ACTIONS: Mapping[str, ActionKind] = {
    "CreatePreparedStatement": ActionKind(
        m.CREATE_PREPARED_STATEMENT, "Settles a question and tells the schema of its answer."
    ),
    "ClosePreparedStatement": ActionKind(m.CLOSE_PREPARED_STATEMENT, "Forgets a prepared one."),
    "BeginTransaction": ActionKind(m.BEGIN_TRANSACTION, "Accepted; means nothing to reads."),
    "EndTransaction": ActionKind(m.END_TRANSACTION, "Accepted; means nothing to reads."),
    "CancelQuery": ActionKind(m.CANCEL_QUERY, "Stops a query; CancelFlightInfo replaces it."),
    "CancelFlightInfo": ActionKind(m.CANCEL_FLIGHT_INFO, "Stops a query.", packed=False),
    "SetSessionOptions": ActionKind(
        m.SET_SESSION_OPTIONS, "Sets catalog and schema to the names they have.", packed=False
    ),
    "GetSessionOptions": ActionKind(
        m.GET_SESSION_OPTIONS, "Tells catalog and schema.", packed=False
    ),
    "CloseSession": ActionKind(m.CLOSE_SESSION, "Accepted; sessions hold nothing.", packed=False),
}


ENDING = ("ClosePreparedStatement", "EndTransaction", "CancelQuery", "CancelFlightInfo")
"""Those that free what is held, and are taken however often their principal has asked."""


def parse_command(data: bytes) -> Command:
    """Read what a descriptor asks for.

    Raises:
        MalformedDocument: the bytes are no command.
        TooLarge: they are more than any command needs.
        UnsupportedCommand: a command that this server does not offer.
    """
    command: Command = _unpack(data, COMMANDS, "command")
    return command


def parse_ticket(data: bytes) -> Claim:
    """Read what a ticket stands for; refuses as ``parse_command`` does."""
    claim: Claim = _unpack(data, CLAIMS, "ticket")
    return claim


def parse_action(name: str, body: bytes) -> Action:
    """Read what an action asks for; refuses as ``parse_command`` does."""
    kind = ACTIONS.get(name)
    if kind is None:
        raise _not_offered("action", name)
    action: Action
    if kind.packed:
        action = _unpack(body, {kind.body.name: kind.body}, "action")
    else:
        action = decode(kind.body, _bounded(body))
    return action


def parse_info(data: bytes) -> m.Info:
    """Read a FlightInfo that a client sends back."""
    return decode(m.INFO, _bounded(data))


def pack(message: Message[T], value: T) -> bytes:
    """Write a message with the name of its type, as Flight SQL sends them all."""
    packed = m.Packed(TYPE_URL + message.name, encode(message, value))
    return encode(m.PACKED, packed)


def _unpack(data: bytes, known: Mapping[str, Message[Any]], kind: str) -> Any:
    packed = decode(m.PACKED, _bounded(data))
    name = packed.type_url.removeprefix(TYPE_URL)
    if name not in known:
        raise _not_offered(kind, name)
    return decode(known[name], packed.value)


def _bounded(data: bytes) -> bytes:
    if len(data) > COMMAND_BYTES_MAX:
        raise TooLarge(
            f"the message has {len(data):,} bytes",
            detail=f"At most {COMMAND_BYTES_MAX:,} bytes are read.",
        )
    return data


def _not_offered(kind: str, name: str) -> UnsupportedCommand:
    return UnsupportedCommand(
        f'{kind} "{name[:100]}" is not offered',
        detail="This server answers questions; it takes no updates, data or Substrait plans.",
        hint="Ask with a SELECT over the models, or with a JSON query as the statement's text.",
    )
