"""The Flight SQL port: a thin shell of pyarrow's Flight server around the exchange."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata as distribution
from threading import Thread

import pyarrow as pa
from pyarrow import flight

from auth.errors import GroupsOnly
from auth.principal import Principal
from gateway.admission import Asker, Share
from gateway.audited import Answering
from gateway.errors import UnsupportedCommand
from gateway.flight_sql import commands
from gateway.flight_sql import messages as m
from gateway.flight_sql.batches import sliced
from gateway.flight_sql.errors import Untraced
from gateway.flight_sql.exchange import Exchange, FlightLimits
from gateway.flight_sql.failures import told_to_clients
from gateway.flight_sql.identifying import (
    IDENTITY,
    Identifying,
    IdentifyingByCertificate,
    LeaveToMiddleware,
    principal_of,
)
from gateway.flight_sql.metadata import visible_models
from gateway.flight_sql.parameters import refuse_parameters
from gateway.flight_sql.running import Batches, Running
from gateway.identity.identify import Identity
from gateway.identity.tls import TlsFiles
from gateway.pipeline import Answer
from gateway.role_limits import check_body
from semantic_models.errors import EmptyRows, SettingRejected

log = logging.getLogger(__name__)

STOP_S = 3.0
"""How long what was interrupted may take to end."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    tls: TlsFiles | None = None
    by_certificate: bool = False
    """Whether whoever connects shows a certificate of the CA in ``tls``, which proves them."""

    @property
    def url(self) -> str:
        """The address in the form that clients take."""
        scheme = "grpc+tls" if self.tls else "grpc"
        return f"{scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Serving:
    """What calls are answered with."""

    gateway: Answering
    exchange: Exchange
    running: Running
    identity: Identity


class FlightSqlServer:
    """The gateway over Arrow Flight SQL, listening from the moment it is made."""

    def __init__(
        self,
        gateway: Answering,
        identity: Identity,
        at: Listening | None = None,
        *,
        limits: FlightLimits | None = None,
    ) -> None:
        limits = limits or FlightLimits()
        self._at = at or Listening()
        self._is_drained = True
        self._running = Running(
            calls_max=limits.calls_max,
            streams_max=limits.streams_max,
            uploads_max=limits.uploads_max,
            wait_s=limits.wait_s,
        )
        exchange = Exchange(gateway, self._running, limits, version=_version())
        self._serving = Serving(gateway, exchange, self._running, identity)
        self._calls = self._listen(self._at)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._calls.port)

    @property
    def url(self) -> str:
        """The address in the form that ADBC takes."""
        return replace(self._at, port=self.port).url

    def close(self, *, drain_s: float = 10.0) -> bool:
        """Take no more calls, let answers finish for a while, then stop what is left.

        False where a client still holds on to an answer that it does not read. pyarrow waits for
        such a one for ever, here in a thread of its own and again when the interpreter ends: the
        process then has to leave by ``os._exit``.
        """
        self._running.close(drain_s=drain_s, stop_s=STOP_S)
        return _shut_down(self._calls) and self._is_drained

    def use(self, tls: TlsFiles, *, drain_s: float = 10.0) -> None:
        """Listen with another certificate; answers under way have a while to end.

        The port is closed for a moment, in which clients connect again; handles stay good.

        Raises:
            SettingRejected: the port is not free again in time.
        """
        tls = tls if self._at.by_certificate else tls.own
        if tls == self._at.tls:
            return
        at = replace(self._at, port=self.port, tls=tls)
        before, begun = self._calls, self._running.begun()
        stopper = Thread(target=before.shutdown, name="flight-shutdown", daemon=True)
        stopper.start()

        def drain() -> None:
            stopper.join(timeout=drain_s)
            if stopper.is_alive():
                self._running.stop(begun)
                self._is_drained = _shut_down(before) and self._is_drained

        Thread(target=drain, name="flight-drain", daemon=True).start()
        self._calls = _calls_when_free(at, self._serving)
        self._at = at

    def _listen(self, at: Listening) -> Calls:
        try:
            return _calls_at(at, self._serving)
        except SettingRejected:
            self._running.close(drain_s=0, stop_s=STOP_S)
            raise


class Calls(flight.FlightServerBase):
    """The methods of the Flight service.

    The stubs of pyarrow name other types for some of them than the server takes; those are marked.
    """

    def __init__(self, at: Listening, serving: Serving) -> None:
        # With a handler, pyarrow tells its name for a client in place of the certificate's.
        handler = None if at.by_certificate else LeaveToMiddleware()
        factory = IdentifyingByCertificate if at.by_certificate else Identifying
        super().__init__(
            at.url,
            auth_handler=handler,
            tls_certificates=[(at.tls.certificate, at.tls.key)] if at.tls else None,
            verify_client=at.by_certificate,
            root_certificates=at.tls.client_ca if at.tls and at.by_certificate else None,
            middleware={IDENTITY: factory(serving.identity)},
        )
        self._gateway = serving.gateway
        self._exchange = serving.exchange
        self._running = serving.running

    def get_flight_info(
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor
    ) -> flight.FlightInfo:
        """Settle what is asked, and tell its schema and its ticket."""
        with told_to_clients(), self._call(context) as principal:
            data = descriptor.command or b""
            issued = self._exchange.issue(self._command(descriptor, principal), data, principal)
            endpoint = flight.FlightEndpoint(issued.ticket, [])
            return flight.FlightInfo(issued.schema, descriptor, [endpoint], -1, -1)

    def get_schema(  # type: ignore[override]
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor
    ) -> flight.SchemaResult:
        """Tell the schema of what is asked."""
        try:
            with told_to_clients(), self._call(context) as principal:
                command = self._command(descriptor, principal)
                return flight.SchemaResult(self._exchange.schema_of(command, principal))
        except flight.FlightError as error:
            raise Untraced(str(error)) from None

    def do_get(
        self, context: flight.ServerCallContext, ticket: flight.Ticket
    ) -> flight.FlightDataStream:
        """Stream what a ticket stands for."""
        with told_to_clients():
            principal = self._counted(context)
            check_body(len(ticket.ticket), self._gateway.limits_of(principal))
            claim = commands.parse_ticket(ticket.ticket)
            if isinstance(claim, m.StatementTicket):
                return self._answer(context, claim, principal)
            with self._running.call(Asker(principal.name, context)):
                table = self._exchange.listing(claim, principal)
                return _prebuilt(table.to_batches(), table.schema)

    def do_put(
        self,
        context: flight.ServerCallContext,
        descriptor: flight.FlightDescriptor,
        reader: flight.MetadataRecordBatchReader,
        writer: flight.FlightMetadataWriter,
    ) -> None:
        """Bind no parameters to a prepared statement; everything else that is put is refused."""
        with told_to_clients():
            principal = self._counted(context)
            with self._running.upload(Asker(principal.name, context)):
                match self._command(descriptor, principal):
                    case m.PreparedStatementQuery() as command:
                        handle = command.prepared_statement_handle
                        self._exchange.check_statement(handle, principal)
                        refuse_parameters(reader)
                    case _:
                        raise UnsupportedCommand(
                            "the command takes no data",
                            hint="Fetch it with GetFlightInfo and DoGet.",
                        )

    def do_action(  # type: ignore[override]
        self, context: flight.ServerCallContext, action: flight.Action
    ) -> list[flight.Result]:
        """Prepare, close, cancel and the like."""
        is_counted = action.type not in commands.ENDING
        with told_to_clients(), self._call(context, is_counted=is_counted) as principal:
            body = action.body
            check_body(body.size, self._gateway.limits_of(principal))
            asked = commands.parse_action(action.type, body.to_pybytes())
            return [flight.Result(each) for each in self._exchange.act(asked, principal)]

    def list_actions(  # type: ignore[override]
        self, context: flight.ServerCallContext
    ) -> list[flight.ActionType]:
        """The actions there are."""
        with told_to_clients():
            self._counted(context)
        return [
            flight.ActionType(name, kind.description) for name, kind in commands.ACTIONS.items()
        ]

    def list_flights(  # type: ignore[override]
        self, context: flight.ServerCallContext, criteria: bytes
    ) -> Iterator[flight.FlightInfo]:
        """The models, each as the path whose rows may be asked for."""
        with told_to_clients(), self._call(context) as principal:
            listed = self._with_rows(principal)
        return (
            flight.FlightInfo(schema, flight.FlightDescriptor.for_path(name), [], -1, -1)
            for name, schema in listed.items()
        )

    def do_exchange(self, context: flight.ServerCallContext, *_: object) -> None:
        """Refuse what Flight SQL does not use."""
        with told_to_clients():
            self._counted(context)
            raise UnsupportedCommand(
                "data exchange is not offered", hint="Ask with GetFlightInfo and DoGet."
            )

    def _with_rows(self, principal: Principal) -> dict[str, pa.Schema]:
        """The models whose rows a principal may ask for, with their schemas."""
        found = {}
        for name in visible_models(self._exchange.catalog_of(principal)):
            with contextlib.suppress(EmptyRows, GroupsOnly):
                found[name] = self._exchange.schema_of(_all_rows(name), principal)
        return found

    def _counted(self, context: flight.ServerCallContext) -> Principal:
        """Who makes a call, which counts among theirs."""
        principal = principal_of(context)
        self._gateway.count_request(principal)
        return principal

    @contextmanager
    def _call(
        self, context: flight.ServerCallContext, *, is_counted: bool = True
    ) -> Iterator[Principal]:
        """A place among the calls for whoever makes this one."""
        principal = self._counted(context) if is_counted else principal_of(context)
        with self._running.call(Asker(principal.name, context)):
            yield principal

    def _command(
        self, descriptor: flight.FlightDescriptor, principal: Principal
    ) -> commands.Command:
        check_body(len(descriptor.command or b""), self._gateway.limits_of(principal))
        return _command(descriptor)

    def _answer(
        self, context: flight.ServerCallContext, claim: m.StatementTicket, principal: Principal
    ) -> flight.FlightDataStream:
        """Kept answers leave without Python's lock; others batch by batch as they arrive."""
        prepared = self._exchange.redeem(claim, principal)
        schema = self._exchange.answer_schema(prepared)
        kept = self._gateway.kept(prepared)
        if kept is not None:
            return _prebuilt(list(kept.stream), _with_story(schema, kept))
        limits = prepared.limits
        answer, batches = self._running.open_stream(
            (claim.statement_handle, principal),
            Asker(principal.name, context),
            lambda caller: self._gateway.fetch(prepared, caller),
            Share(limits.running, limits.queued) if limits else None,
        )
        return flight.GeneratorStream(_with_story(schema, answer), _told(batches))


def _shut_down(calls: Calls) -> bool:
    """Whether a server could be ended: nobody holds an answer of it that they do not read."""
    stopper = Thread(target=calls.shutdown, name="flight-shutdown", daemon=True)
    stopper.start()
    stopper.join(timeout=STOP_S)
    if stopper.is_alive():
        log.warning("flight clients hold answers that they do not read")
    return not stopper.is_alive()


def _calls_at(at: Listening, serving: Serving) -> Calls:
    try:
        return Calls(at, serving)
    except (pa.ArrowException, OSError) as error:
        raise SettingRejected(
            f'address "{at.url}" cannot be listened on',
            hint="Another process may have the port; name another one, or 0 for any.",
        ) from error


def _calls_when_free(at: Listening, serving: Serving) -> Calls:
    """A server at a port that another one is about to leave."""
    until_s = time.monotonic() + STOP_S
    while True:
        try:
            return _calls_at(at, serving)
        except SettingRejected:
            if time.monotonic() >= until_s:
                raise
            time.sleep(0.05)


def _version() -> str:
    try:
        return distribution.version("forebay")
    except distribution.PackageNotFoundError:
        return "0"


def _command(descriptor: flight.FlightDescriptor) -> commands.Command:
    """What a descriptor asks for; the path of a model asks for its rows."""
    if descriptor.descriptor_type == flight.DescriptorType.PATH and descriptor.path:
        return _all_rows(descriptor.path[-1].decode(errors="replace"))
    return commands.parse_command(descriptor.command or b"")


def _all_rows(model: str) -> m.StatementQuery:
    return m.StatementQuery('SELECT * FROM "{}"'.format(model.replace('"', '""')))


def _prebuilt(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> flight.RecordBatchStream:
    pieces = [piece for batch in batches for piece in sliced(batch)]
    return flight.RecordBatchStream(pa.Table.from_batches(pieces, schema))


def _told(batches: Batches) -> Iterator[pa.RecordBatch]:
    with told_to_clients():
        yield from batches


def _with_story(schema: pa.Schema, answer: Answer) -> pa.Schema:
    """The schema, telling how the answer came about."""
    story = {
        "query_id": answer.query_id,
        "cache": answer.cache,
        "warnings": answer.warned.documents(),
    }
    return schema.with_metadata({"forebay": json.dumps(story)})
