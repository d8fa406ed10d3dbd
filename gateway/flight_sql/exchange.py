"""What Flight SQL's commands, tickets and actions mean, over one gateway and without a socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa

from auth.decide import decide
from auth.principal import Principal
from gateway.audited import Answering
from gateway.errors import UnknownHandle
from gateway.flight_sql import commands, keys, metadata
from gateway.flight_sql import messages as m
from gateway.flight_sql.running import Running
from gateway.flight_sql.sql_info import InfoValue, sql_info, sql_info_table
from gateway.flight_sql.sql_types import Place, column_metadata, xdbc_type_info
from gateway.flight_sql.statements import Handles, new_handle
from gateway.flight_sql.wire import encode
from gateway.pipeline import Prepared
from semantic_models.catalog import Catalog
from semantic_models.resolved import AnswerColumn

NO_PARAMETERS = pa.schema([])
CANCELLED, NOT_CANCELLABLE = 1, 3
CLOSED = 1
UNKNOWN_OPTION, REFUSED_VALUE = 1, 2


@dataclass(frozen=True, slots=True)
class Issued:
    """The schema of an answer, and the ticket that fetches it."""

    schema: pa.Schema
    ticket: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightLimits:
    """How much is done and held for Flight clients at once."""

    calls_max: int = 32
    streams_max: int = 16
    uploads_max: int = 4
    wait_s: float = 10.0
    """How long a call waits for a place before it is refused."""
    statements_max: int = 4_000
    statement_idle_s: float = 1_800.0
    tickets_max: int = 4_000
    ticket_idle_s: float = 300.0


class Exchange:
    """One server's side of every conversation."""

    def __init__(
        self, gateway: Answering, running: Running, limits: FlightLimits, *, version: str
    ) -> None:
        self._gateway = gateway
        self._running = running
        self._statements: Handles[str] = Handles(
            "prepared statement", count_max=limits.statements_max, idle_s=limits.statement_idle_s
        )
        self._tickets: Handles[tuple[str, Prepared]] = Handles(
            "ticket", count_max=limits.tickets_max, idle_s=limits.ticket_idle_s
        )
        self._info: Mapping[int, InfoValue] = sql_info(
            version=version,
            statement_idle_s=limits.statement_idle_s,
            text_bytes_max=gateway.settings.text_bytes_max,
        )

    def catalog_of(self, principal: Principal) -> Catalog:
        """What whoever asks may know of."""
        snapshot = self._gateway.snapshot
        return snapshot.visible_to(decide(snapshot.policies, principal))

    def schema_of(self, command: commands.Command, principal: Principal) -> pa.Schema:
        """The schema of what a command would give. Runs nothing."""
        match command:
            case m.StatementQuery() | m.PreparedStatementQuery():
                return self.answer_schema(self._settled(command, principal))
            case _:
                return self.listing(command, principal).schema

    def issue(self, command: commands.Command, data: bytes, principal: Principal) -> Issued:
        """Settle a command, and give out the ticket that fetches it. Runs nothing yet.

        A listing's ticket is its own command in ``data``; a question's is good for one fetch.
        """
        match command:
            case m.StatementQuery() | m.PreparedStatementQuery():
                # Read first: a ticket may be told to be too old, and never to be new.
                version = self._gateway.snapshot.policies.version
                prepared = self._settled(command, principal)
                own_max = prepared.limits.handles if prepared.limits else None
                handle = self._tickets.hold((version, prepared), principal, own_max)
                claim = m.StatementTicket(handle)
                ticket = commands.pack(m.STATEMENT_TICKET, claim)
                return Issued(self.answer_schema(prepared), ticket)
            case _:
                return Issued(self.listing(command, principal).schema, data)

    def redeem(self, claim: m.StatementTicket, principal: Principal) -> Prepared:
        """The settled question that a ticket stands for; a second time there is none.

        Nor is there one once policies have changed: what it was settled by may be more than is
        allowed now.
        """
        version, prepared = self._tickets.take(claim.statement_handle, principal)
        if version != self._gateway.snapshot.policies.version:
            raise UnknownHandle.of("ticket")
        return prepared

    def listing(self, command: commands.Listing, principal: Principal) -> pa.Table:
        """What a command lists of the catalog or of this server."""
        match command:
            case m.GetSqlInfo():
                return sql_info_table(self._info, command.info)
            case m.GetXdbcTypeInfo():
                return xdbc_type_info(command.data_type)
            case m.GetCatalogs() | m.GetDbSchemas() | m.GetTables() | m.GetTableTypes():
                return metadata.tables_listing(self.catalog_of(principal), command)
            case _:
                return keys.keys_table(self.catalog_of(principal), command)

    def act(self, action: commands.Action, principal: Principal) -> tuple[bytes, ...]:
        """Do what an action asks for, and give its results."""
        match action:
            case m.CreatePreparedStatement():
                return (self._prepare(action.query, principal),)
            case m.ClosePreparedStatement():
                self._statements.drop(action.prepared_statement_handle, principal)
                return ()
            case m.BeginTransaction():
                return (commands.pack(m.TRANSACTION, m.Transaction(new_handle())),)
            case m.EndTransaction():
                return ()
            case m.CancelQuery() | m.CancelFlightInfo():
                return (self._cancel(action, principal),)
            case m.SetSessionOptions() | m.GetSessionOptions() | m.CloseSession():
                return (self._session_action(action),)

    def check_statement(self, handle: bytes, principal: Principal) -> None:
        """Raise UnknownHandle unless a prepared statement is open."""
        self._statements.find(handle, principal)

    def answer_schema(self, prepared: Prepared) -> pa.Schema:
        """The promised schema, each field with its SQL type and description."""
        place = Place(self._catalog_name, metadata.DB_SCHEMA)
        return _described(prepared.schema, prepared.columns, place)

    @property
    def _catalog_name(self) -> str:
        return self._gateway.snapshot.catalog.name

    def _settled(
        self, command: m.StatementQuery | m.PreparedStatementQuery, principal: Principal
    ) -> Prepared:
        if isinstance(command, m.StatementQuery):
            text = command.query
        else:
            text = self._statements.find(command.prepared_statement_handle, principal)
        return self._gateway.prepare(text, principal)

    def _prepare(self, text: str, principal: Principal) -> bytes:
        """Check a question, and keep its text: each time it is asked it has its own ``now``."""
        prepared = self._gateway.prepare(text, principal)
        schema = self.answer_schema(prepared)
        own_max = prepared.limits.handles if prepared.limits else None
        statement = m.PreparedStatement(
            prepared_statement_handle=self._statements.hold(text, principal, own_max),
            dataset_schema=schema.serialize().to_pybytes(),
            parameter_schema=NO_PARAMETERS.serialize().to_pybytes(),
        )
        return commands.pack(m.PREPARED_STATEMENT, statement)

    def _cancel(self, action: m.CancelQuery | m.CancelFlightInfo, principal: Principal) -> bytes:
        if isinstance(action, m.CancelFlightInfo):
            return encode(m.CANCEL_FLIGHT_INFO_RESULT, self._stop(action.info, principal))
        outcome = self._stop(commands.parse_info(action.info), principal)
        return commands.pack(m.CANCEL_QUERY_RESULT, outcome)

    def _stop(self, info: m.Info, principal: Principal) -> m.Outcome:
        claims = [commands.parse_ticket(each.ticket.ticket) for each in info.endpoint]
        stopped = [
            self._tickets.drop(claim.statement_handle, principal)
            or self._running.cancel((claim.statement_handle, principal))
            for claim in claims
            if isinstance(claim, m.StatementTicket)
        ]
        return m.Outcome(CANCELLED if any(stopped) else NOT_CANCELLABLE)

    def _session_action(
        self, action: m.SetSessionOptions | m.GetSessionOptions | m.CloseSession
    ) -> bytes:
        match action:
            case m.SetSessionOptions():
                return self._set_options(action)
            case m.GetSessionOptions():
                return self._options()
            case m.CloseSession():
                return encode(m.CLOSE_SESSION_RESULT, m.Outcome(CLOSED))

    def _session(self) -> dict[str, str]:
        return {"catalog": self._catalog_name, "schema": metadata.DB_SCHEMA}

    def _options(self) -> bytes:
        options = [
            m.Option(name, m.OptionValue(string_value=value))
            for name, value in self._session().items()
        ]
        return encode(m.SESSION_OPTIONS, m.SessionOptions(tuple(options)))

    def _set_options(self, action: m.SetSessionOptions) -> bytes:
        """Accept the names that catalog and schema have anyway: there is one of each."""
        session = self._session()
        refused = [
            m.RefusedOption(
                each.key,
                m.OptionError(REFUSED_VALUE if each.key in session else UNKNOWN_OPTION),
            )
            for each in action.session_options
            if each.value not in _accepted(session.get(each.key))
        ]
        return encode(m.REFUSED_OPTIONS, m.RefusedOptions(tuple(refused)))


@lru_cache(maxsize=1_024)
def _described(schema: pa.Schema, columns: tuple[AnswerColumn, ...], place: Place) -> pa.Schema:
    """Made once for each question: it costs a tenth of a call otherwise."""
    fields = [
        pa.field(
            field.name,
            field.type,
            metadata=column_metadata(column.type, column.description, place),
        )
        for field, column in zip(schema, columns, strict=True)
    ]
    return pa.schema(fields)


def _accepted(value: str | None) -> tuple[m.OptionValue, ...]:
    """The values an option takes: its own, or none at all."""
    return () if value is None else (m.OptionValue(string_value=value), m.OptionValue())
