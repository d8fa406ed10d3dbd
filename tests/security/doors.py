"""Real servers over the small shop in its worlds, and both doors of them for each principal."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pyarrow import flight

from gateway.compose import Server, serving
from gateway.flight_sql import commands
from gateway.flight_sql import messages as m
from gateway.flight_sql.wire import Message, decode
from gateway.identity.auth_settings import KeyFiles
from gateway.identity.key_store import Asked, KeyStore, make_pepper
from gateway.settings import Settings
from tests.security.two_shops import A, B, Hidden, written


@dataclass
class World:
    """A server, and the key of each principal by name."""

    server: Server
    folder: Path
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Who:
    """What a key is made for."""

    roles: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    more: Mapping[str, object] = field(default_factory=dict)


_EU, _US, _BOTH = ("eu",), ("us",), ("eu", "us")
PRINCIPALS: Mapping[str, Who] = {
    **{
        f"{role}_{'_'.join(regions)}": Who((role,), regions)
        for role in ("analyst", "support", "officer", "board", "reader")
        for regions in (_EU, _US, _BOTH)
    },
    "reads_sql": Who(("analyst",), _EU, ("sql:read",)),
    "reads_sql_too": Who(("reader",), _BOTH, ("sql:read", "more")),
    "two_roles": Who(("analyst", "board"), _US),
    "of_no_region": Who(("analyst",)),
    "of_another": Who(("analyst",), ("mars",)),
    "of_no_role": Who((), _EU),
    "council_eu_us": Who(("council",), _BOTH),
    "of_a_level": Who(("support",), _EU, (), {"level": 3}),
}
"""Those who may see none of what the worlds differ in."""
ADMIN = Who(("admin",), _BOTH, ("sql:read",))


@contextmanager
def served(folder: Path, hidden: Hidden, more: str = "") -> Iterator[World]:
    """A server over one world, with keys of all principals and of one who may see everything."""
    with serving_of(written(folder, hidden, more)) as world:
        yield world


@contextmanager
def serving_of(folder: Path) -> Iterator[World]:
    """A server over a world that is written."""
    state = folder / ".forebay" / "keys.json"
    make_pepper(folder / ".forebay" / "pepper")
    store = KeyStore(KeyFiles(state=state, pepper=folder / ".forebay" / "pepper"))
    everybody = {**PRINCIPALS, "admin": ADMIN}
    keys = {name: _key(store, name, who) for name, who in everybody.items()}
    settings = Settings(
        project=folder,
        http_port=0,
        flight_port=0,
        reload_s=0,
        types_folder=folder / "types",
        checks_folder=folder / "checks",
        check_keys="warn",
    )
    with serving(settings) as server:
        yield World(server, folder, keys)


def _key(store: KeyStore, name: str, who: Who) -> str:
    attributes: dict[str, object] = {"regions": list(who.regions)} if who.regions else {}
    asked = Asked(
        name=name,
        roles=frozenset(who.roles),
        scopes=frozenset(who.scopes),
        attributes={**attributes, **who.more},
    )
    return store.create(asked).text


MASKED = (
    (re.compile(rb"[0-9a-f]{8}-[0-9a-f]+"), b"ID"),
    (re.compile(rb"refusal:[0-9a-f]{16}"), b"REFUSAL"),
    (re.compile(rb"(under (the id )?)[0-9a-f]{12,16}"), b"ERROR"),
    (re.compile(rb'"(stages)":\{[^}]*\}'), b"STAGES"),
)
"""What is another in each answer: ids, error ids and times."""


def masked(told: bytes) -> bytes:
    """A text without ids and times."""
    for pattern, word in MASKED:
        told = pattern.sub(word, told)
    return told


@dataclass
class Doors:
    """Both doors of a world for one principal; what they answer, as bytes."""

    http: httpx.Client
    client: flight.FlightClient
    options: flight.FlightCallOptions
    in_order: bool = True
    """Whether rows are told in the order in which they came; none is promised but what is asked."""

    def get(self, path: str, accept: str = "application/json", **params: str) -> bytes:
        """A whole response over HTTP: status, headers and body."""
        return self.told(self.http.get(path, params=params, headers={"accept": accept}))

    def told(self, response: httpx.Response) -> bytes:
        """All of a response, without ids and times."""
        told = [
            (name.lower(), masked(value))
            for name, value in response.headers.raw
            if name.lower() not in (b"date", b"content-length")
        ]
        body = masked(response.content)
        if not self.in_order:
            lines = body.replace(b'],"meta"', b'\n],"meta"').split(b"\n")
            body = b"\n".join(sorted(each.rstrip(b",") for each in lines))
        return repr((response.status_code, told, body)).encode()

    def asks(self, question: str, accept: str = "application/json") -> bytes:
        """An answer over HTTP."""
        return self.get("/api/v1/query", accept, q=question)

    def fetches(self, text: str) -> bytes:
        """An answer over Flight: the schema that is promised, and all rows with what is told."""

        def call() -> bytes:
            info = self.client.get_flight_info(statement(text), self.options)
            table = self.client.do_get(info.endpoints[0].ticket, self.options).read_all()
            story = json.dumps({str(k): str(v) for k, v in (table.schema.metadata or {}).items()})
            schema = info.schema.serialize().to_pybytes()
            rows = table.to_pylist() if self.in_order else sorted(map(repr, table.to_pylist()))
            return schema + masked(story.encode()) + repr(rows).encode()

        return _told(call)

    def prepares(self, text: str) -> bytes:
        """The schemas that a prepared statement is told with."""
        return _told(lambda: decode_prepared(self.prepared(text)).dataset_schema)

    def prepared(self, text: str) -> bytes:
        """What the making of a prepared statement answers."""
        body = commands.pack(m.CREATE_PREPARED_STATEMENT, m.CreatePreparedStatement(text))
        action = flight.Action("CreatePreparedStatement", body)
        [result] = self.client.do_action(action, self.options)
        return bytes(result.body.to_pybytes())

    def lists(self, kind: Message[Any], value: object) -> bytes:
        """A listing over Flight."""
        ticket = flight.Ticket(commands.pack(kind, value))
        return _told(
            lambda: repr(self.client.do_get(ticket, self.options).read_all().to_pylist()).encode()
        )

    def flights(self) -> bytes:
        """Every model over Flight, with its schema."""
        return _told(
            lambda: repr(
                [
                    (each.descriptor.path, each.schema.serialize().to_pybytes())
                    for each in self.client.list_flights(options=self.options)
                ]
            ).encode()
        )


T = TypeVar("T")
TOO_OFTEN = 429
TIMEOUT_S = 60
PAUSE_S = 0.1


def asked_again(ask: Callable[[], T], is_too_often: Callable[[T], bool]) -> T:
    """What is answered once it is not asked too often: bad credentials are looked at so many times
    a second.
    """
    told = ask()
    while is_too_often(told):
        time.sleep(PAUSE_S)
        told = ask()
    return told


def statement(text: str) -> flight.FlightDescriptor:
    """What asks for a statement."""
    packed = commands.pack(m.STATEMENT_QUERY, m.StatementQuery(text))
    return flight.FlightDescriptor.for_command(packed)


def decode_prepared(answer: bytes) -> m.PreparedStatement:
    """A prepared statement as it is told."""
    return decode(m.PREPARED_STATEMENT, decode(m.PACKED, answer).value)


def _told(call: Callable[[], bytes]) -> bytes:
    try:
        return call()
    except (flight.FlightError, OSError, ValueError) as error:
        return masked(f"{type(error).__name__} {error}".encode())


@contextmanager
def doors(world: World, name: str) -> Iterator[Doors]:
    """The doors of a world for one principal."""
    with doors_with(world, world.keys[name]) as made:
        yield made


@contextmanager
def doors_with(world: World, secret: str) -> Iterator[Doors]:
    """The doors of a world for whoever has a key or a token."""
    bearer = f"Bearer {secret}"
    pairs: list[Any] = [(b"authorization", bearer.encode())]
    with (
        httpx.Client(
            base_url=world.server.http_url, headers={"authorization": bearer}, timeout=TIMEOUT_S
        ) as http,
        flight.connect(world.server.flight_url) as client,
    ):
        yield Doors(http, client, flight.FlightCallOptions(headers=pairs))


Look = Callable[[Doors], bytes]


def looks(questions: Iterator[str]) -> dict[str, Look]:
    """Everything that somebody may look at through both doors, and the answers to questions."""
    found: dict[str, Look] = {
        path: partial(_get, path)
        for path in ("/", "/api/v1/catalog", "/openapi.json", "/readyz", "/nothing")
    }
    listings: tuple[tuple[Message[Any], object], ...] = (
        (m.GET_CATALOGS, m.GetCatalogs()),
        (m.GET_TABLES, m.GetTables(include_schema=True)),
        (m.GET_SQL_INFO, m.GetSqlInfo()),
        *((m.GET_PRIMARY_KEYS, m.GetPrimaryKeys(table=each)) for each in _TABLES),
        *((m.GET_IMPORTED_KEYS, m.GetImportedKeys(table=each)) for each in _TABLES),
        *((m.GET_EXPORTED_KEYS, m.GetExportedKeys(table=each)) for each in _TABLES),
    )
    for kind, value in listings:
        found[repr(value)] = partial(_lists, kind, value)
    found["flights"] = Doors.flights
    for question in questions:
        found[f"http {question}"] = partial(_asks, question)
        found[f"compiled {question}"] = partial(_compiles, question)
        if not question.startswith("{"):
            found[f"flight {question}"] = partial(_fetches, question)
            found[f"prepared {question}"] = partial(_prepares, question)
    return found


_TABLES = ("orders", "customers", A.model, B.model)


def _get(path: str, of: Doors) -> bytes:
    return of.get(path)


def _lists(kind: Message[Any], value: object, of: Doors) -> bytes:
    return of.lists(kind, value)


def _asks(question: str, of: Doors) -> bytes:
    return of.asks(question)


def _compiles(question: str, of: Doors) -> bytes:
    return of.get("/api/v1/compile", q=question)


def _fetches(question: str, of: Doors) -> bytes:
    return of.fetches(question)


def _prepares(question: str, of: Doors) -> bytes:
    return of.prepares(question)
