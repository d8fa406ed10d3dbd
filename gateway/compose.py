"""Settings to a running server: the only place that builds concrete objects."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import uvicorn

from cache.store import MemoryStore
from gateway.audit_log import AuditLog
from gateway.audited import Answering, Audited
from gateway.errors import InternalError
from gateway.execution import Execution
from gateway.flight_sql.server import FlightSqlServer, Listening
from gateway.http_api.app import Application, create_app
from gateway.http_api.ports import Limits
from gateway.http_api.protocol import protocol_with
from gateway.identity.client_contexts import HttpTls
from gateway.identity.identify import Identity
from gateway.identity.open_identity import open_identity
from gateway.identity.renew_tls import Renewer
from gateway.identity.tls import TlsFiles, check_host_allowed, is_loopback
from gateway.logs import log_served
from gateway.open_tls import open_tls, tls_paths
from gateway.pipeline import Gateway
from gateway.project import Project, load_project
from gateway.reload import Reloader, looks_of
from gateway.settings import Settings
from semantic_models.errors import SettingRejected

START_S = 15.0
DRAIN_S = 5.0
SPARE_THREADS = 16
"""For what neither runs nor waits: questions that are settled, refused, or read from memory."""


def make_gateway(settings: Settings) -> Gateway:
    """Load a project and put its gateway together; nothing listens yet.

    Raises:
        FaultyProject, ProjectError, EngineError: the project cannot be served.
    """
    return gateway_of(load_project(settings.project, types_folder=settings.types_folder), settings)


def gateway_of(project: Project, settings: Settings) -> Gateway:
    """The gateway of a project that is loaded; it closes its engines."""
    execution = Execution(MemoryStore(settings.cache_bytes_max), settings.execution)
    return Gateway(project.snapshot, project.engines, execution, settings)


@dataclass
class Server:
    """A gateway that listens on both ports, until it is closed."""

    gateway: Gateway
    app: Application
    http: uvicorn.Server
    http_port: int
    flight: FlightSqlServer
    thread: threading.Thread
    identity: Identity
    flight_mtls: FlightSqlServer | None = None
    """None where Flight clients prove themselves by no certificates."""
    reloader: Reloader | None = None
    """None where changes of the project's files are not looked for."""
    renewer: Renewer | None = None
    """None where there is no certificate, or changes of it are not looked for."""
    audit: AuditLog | None = None
    is_drained: bool = True
    """False when, after closing, a Flight client still holds an answer that it does not read."""

    @property
    def http_url(self) -> str:
        """The address of the HTTP interface."""
        scheme = "https" if self.gateway.settings.tls_cert else "http"
        return f"{scheme}://{_spelled(self.gateway.settings.host)}:{self.http_port}"

    @property
    def flight_url(self) -> str:
        """The address of the Flight SQL interface, as ADBC takes it."""
        return self.flight.url

    @property
    def flight_mtls_url(self) -> str:
        """The same for clients that show a certificate; empty where there is no such interface."""
        return self.flight_mtls.url if self.flight_mtls else ""

    def close(self) -> None:
        """Be ready no more, take no more questions, let answers finish for a while, stop the rest.

        For ``grace_s`` questions are still taken, so that whoever sends them sees it in time.
        """
        self.app.is_stopping.set()
        for each in (self.reloader, self.renewer):
            if each is not None:
                each.close()
        time.sleep(self.gateway.settings.grace_s)
        self.http.should_exit = True
        self.is_drained = _closed(self.flight, self.flight_mtls)
        self.thread.join(timeout=DRAIN_S)
        self.gateway.close()
        if self.audit is not None:
            self.audit.close()
        self.identity.close()
        if self.thread.is_alive():
            self.http.force_exit = True
            self.thread.join(timeout=DRAIN_S)


def start(settings: Settings) -> Server:
    """Serve a project from threads of their own; returns when both ports answer.

    Raises:
        SettingRejected: a port is taken, or whoever asks could not prove who they are in safety.
        FaultyProject, ProjectError, EngineError: the project cannot be served.
    """
    paths = tls_paths(settings)
    check_host_allowed(settings.host, anonymous=settings.anonymous, has_tls=paths is not None)
    with contextlib.ExitStack() as undo:
        listener = undo.enter_context(_listen(settings))
        _refuse_taken_flight_ports(settings)
        looks = looks_of(settings.project)
        project = load_project(settings.project, types_folder=settings.types_folder)
        gateway = gateway_of(project, settings)
        undo.callback(gateway.close)
        tls = open_tls(paths, project.auth.certificates, settings)
        audit = _audit(settings, undo)
        identity = open_identity(
            project.auth,
            lambda: gateway.snapshot.policies.attributes,
            anonymous=settings.anonymous,
        )
        undo.callback(identity.close)
        answering = _behind("flight", gateway, audit)
        flight, flight_mtls = _flight(answering, identity, tls, undo)
        app, http, thread = _http(_behind("http", gateway, audit), identity, listener, tls)
        undo.pop_all()
    reloader = Reloader(gateway, project, looks) if settings.reload_s else None
    if reloader is not None:
        reloader.start()
    return Server(
        gateway,
        app,
        http,
        listener.getsockname()[1],
        flight,
        thread,
        identity,
        flight_mtls,
        reloader,
        _renewer(settings, tls, (flight, flight_mtls)),
        audit,
    )


def _audit(settings: Settings, undo: contextlib.ExitStack) -> AuditLog | None:
    if settings.audit is None:
        return None
    audit = AuditLog(settings.audit)
    undo.callback(audit.close)
    return audit


def _behind(door: str, gateway: Gateway, audit: AuditLog | None) -> Answering:
    return gateway if audit is None else Audited(gateway, audit, door)


def _flight(
    gateway: Answering, identity: Identity, tls: HttpTls | None, undo: contextlib.ExitStack
) -> tuple[FlightSqlServer, FlightSqlServer | None]:
    """The port for keys and tokens, and the one for certificates where there is one."""
    settings = gateway.settings

    def listening(port: int, *, by_certificate: bool = False) -> FlightSqlServer:
        files = tls.files if tls else None
        if files is not None and not by_certificate:
            files = files.own
        at = Listening(settings.host, port, files, by_certificate)
        server = FlightSqlServer(gateway, identity, at)
        undo.callback(server.close, drain_s=0.0)
        return server

    by_keys = listening(settings.flight_port)
    if settings.flight_mtls_port is None:
        return by_keys, None
    return by_keys, listening(settings.flight_mtls_port, by_certificate=True)


def _closed(*ports: FlightSqlServer | None) -> bool:
    """Close some ports at once; whether nobody holds an answer that they do not read."""
    open_ports = [each for each in ports if each is not None]
    with ThreadPoolExecutor(len(open_ports)) as pool:
        return all(list(pool.map(lambda each: each.close(drain_s=DRAIN_S), open_ports)))


def _renewer(
    settings: Settings, tls: HttpTls | None, ports: Sequence[FlightSqlServer | None]
) -> Renewer | None:
    """What gives all ports new files of TLS, once they are in the place of the old ones."""
    if tls is None or not settings.reload_s:
        return None

    def use(files: TlsFiles) -> None:
        tls.use(files)
        for each in ports:
            if each is not None:
                each.use(files)

    renewer = Renewer(tls.paths, use, settings.reload_s)
    renewer.start()
    return renewer


def _bound(host: str, port: int) -> socket.socket:
    """A socket of its own: it fails where another server has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(2048)
    except OSError:
        bound.close()
        raise
    return bound


def _listen(settings: Settings) -> socket.socket:
    try:
        return _bound(settings.host, settings.http_port)
    except OSError as error:
        raise _taken("HTTP", settings.http_port, "--port") from error


def _taken(what: str, port: int, option: str) -> SettingRejected:
    return SettingRejected(
        f"the {what} port {port} is taken",
        hint=f"Name a free one with {option}, or 0 for any; another server may be running.",
    )


def _refuse_taken_flight_ports(settings: Settings) -> None:
    """gRPC itself shares a port with whoever else shares it, and writes to stderr otherwise."""
    ports = (
        (settings.flight_port, "--flight-port"),
        (settings.flight_mtls_port, "--flight-mtls-port"),
    )
    with contextlib.ExitStack() as held:
        for port, option in ports:
            if port is None:
                continue
            try:
                held.enter_context(_bound(settings.host, port))
            except OSError as error:
                raise _taken("Flight SQL", port, option) from error


def _http(
    gateway: Answering, identity: Identity, listener: socket.socket, tls: HttpTls | None
) -> tuple[Application, uvicorn.Server, threading.Thread]:
    settings = gateway.settings
    limits = Limits(
        question_bytes_max=settings.text_bytes_max,
        threads_max=settings.execution.callers_max + SPARE_THREADS,
    )
    app = create_app(
        gateway,
        identity=identity,
        limits=limits,
        observe=log_served,
        is_local=is_loopback(settings.host),
    )
    config = uvicorn.Config(
        app,
        http=protocol_with(limits),
        ws="none",
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(DRAIN_S),
        ssl_context_factory=(lambda *_: tls.context) if tls else None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True
    )
    thread.start()
    _wait_until_started(server, thread)
    return app, server, thread


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    for _ in range(int(START_S / 0.01)):
        if server.started:
            return
        thread.join(timeout=0.01)
        if not thread.is_alive():
            break
    raise InternalError("the HTTP server did not start")


def _spelled(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextlib.contextmanager
def serving(settings: Settings) -> Iterator[Server]:
    """A server for the length of a ``with`` block."""
    server = start(settings)
    try:
        yield server
    finally:
        server.close()


def wait_for_signal() -> None:
    """Return at Ctrl-C or SIGTERM; the next one ends the process at once."""
    stopped = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stopped.set())
    while not stopped.wait(timeout=1.0):
        pass
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda number, _: os._exit(128 + number))
