"""Real servers over one small project in two worlds, which differ only in what nobody may see who
asks here: rows of one region, the values of masked and hidden columns, and a model no grant is of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import httpx
from pyarrow import flight

from gateway.compose import Server, serving
from gateway.flight_sql import commands
from gateway.flight_sql import messages as m
from gateway.flight_sql.wire import Message, decode
from gateway.identity.auth_settings import KeyFiles
from gateway.identity.key_store import Asked, KeyStore, make_pepper
from gateway.settings import Settings

ROOT = """\
version: 1
name: shop
engines: {{local: {{type: duckdb, files: {{{files}}}}}}}
attributes: {{regions: {{type: string, list: true}}, level: integer}}
limits: {{per_second: 1000000, burst: 1000000}}
auth:
  state: .forebay/keys.json
  pepper: .forebay/pepper
{more}"""
MODELS = """\
version: 1
models:
  orders:
    table: t_orders
    key: order_no
    time: placed_at
    dimensions: {{order_id: order_no, status: , note: , placed_at: {{type: time}}}}
    measures: {{revenue: sum(amount_cents), n: count(*), margin: sum(amount_cents - {cost})}}
    segments: {{is_paid: status = 'paid'}}
    joins: {{customer: {{to: customers, on: cust_no = customer.cust_no}}}}
  customers:
    table: t_customers
    key: cust_no
    dimensions:
      customer_id: cust_no
      name:
      email:
      region:
      {hidden}: ssn_no
      geo: {{hierarchy: [region, name]}}
      private: {{hierarchy: [region, {hidden}]}}
  {model}:
    table: t_wages
    key: cust_no
    dimensions: {{person: cust_no}}
    measures: {{{measure}: sum(paid), n: count(*)}}
    joins: {{customer: {{to: customers, on: cust_no = customer.cust_no}}}}
metrics:
  average: revenue / n_of_orders
  n_of_orders: orders.n
  {metric}: {measure} / orders.revenue
saved_queries:
  by_region: {{metrics: [revenue], dimensions: [customer.region]}}
  by_wage: {{metrics: [{measure}]}}
"""
POLICIES = """\
version: 1
policies:
  staff: {{grant: {{models: [orders, customers]}}, for: [analyst, support, officer]}}
  board: {{grant: {{metrics: [revenue], dimensions: [customer.region]}}, for: [board]}}
  some: {{grant: {{members: [orders.status, orders.n]}}, for: [reader]}}
  all: {{grant: {{models: all}}, for: [admin]}}
  by_region:
    on: orders
    rows: customer.region in (principal.regions)
    unless: [admin]
    otherwise: all
  of_region: {{on: customers, rows: region in (principal.regions), unless: [admin], otherwise: all}}
  mail: {{on: customers, mask: {{email: "'x'"}}, unless: [admin]}}
  secrets: {{on: customers, hide: [{hidden}], unless: [admin]}}
  costs: {{on: orders, hide: [margin], unless: [admin]}}
"""
CUSTOMERS = "(1,'Ann','eu'),(2,'Bob','us'),(3,'Cid','eu'),(4,'Dee','us')"
ORDERS = "(10,1,'paid',150,'7'),(20,2,'open',250,'8'),(30,3,'paid',350,'9'),(40,4,'open',450,'1')"


@dataclass(frozen=True)
class Hidden:
    """What a world has that may not be seen."""

    model: str
    measure: str
    metric: str
    dimension: str
    salt: int
    customers: str
    orders: str
    cost: int


A = Hidden(
    "salaries",
    "salary_sum",
    "salary_share",
    "ssn",
    1,
    "(5,'SECRET0','jp')",
    "(50,5,'held',99999,'SECRET1'),(60,5,'held',1,'SECRET2')",
    7,
)
B = Hidden(
    "wages", "wage_sum", "wage_share", "tax_id", 2, "(6,'Zoe','jp')", "(70,6,'gone',5,'3')", 9
)


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
    "of_a_level": Who(("support",), _EU, (), {"level": 3}),
}
"""Those who may see none of what the worlds differ in."""
ADMIN = Who(("admin",), _BOTH, ("sql:read",))


@contextmanager
def served(folder: Path, hidden: Hidden, more: str = "") -> Iterator[World]:
    """A server over one world, with keys of all principals and of one who may see everything."""
    written(folder, hidden, more)
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


def written(folder: Path, hidden: Hidden, more: str = "") -> Path:
    """The project of a world."""
    names = {
        "hidden": hidden.dimension,
        "model": hidden.model,
        "measure": hidden.measure,
        "metric": hidden.metric,
        "cost": hidden.cost,
    }
    tables = {
        "t_customers": f"select c as cust_no, name, name || '@{hidden.salt}' as email, region, "
        f"c * 1000 + {hidden.salt} as ssn_no "
        f"from (values {CUSTOMERS},{hidden.customers}) t(c, name, region)",
        "t_orders": "select o as order_no, c as cust_no, status, a as amount_cents, note, "
        "date '2024-01-01' + o as placed_at "
        f"from (values {ORDERS},{hidden.orders}) t(o, c, status, a, note)",
        "t_wages": f"select c as cust_no, c * {hidden.salt} as paid from range(1, 4) t(c)",
    }
    for each in ("models", "policies", "data", ".forebay"):
        (folder / each).mkdir(parents=True)
    files = ", ".join(f"{name}: data/{name}.parquet" for name in tables)
    (folder / "forebay.yml").write_text(ROOT.format(files=files, more=more))
    (folder / "models" / "shop.yml").write_text(MODELS.format(**names))
    (folder / "policies" / "shop.yml").write_text(POLICIES.format(**names))
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, text in tables.items():
            path = folder / "data" / f"{name}.parquet"
            connection.execute(f"copy ({text}) to '{path}'")
    return folder


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

    def get(self, path: str, accept: str = "application/json", **params: str) -> bytes:
        """A whole response over HTTP: status, headers and body."""
        response = self.http.get(path, params=params, headers={"accept": accept})
        told = [
            (name.lower(), masked(value))
            for name, value in response.headers.raw
            if name.lower() not in (b"date", b"content-length")
        ]
        return repr((response.status_code, told, masked(response.content))).encode()

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
            return schema + masked(story.encode()) + repr(table.to_pylist()).encode()

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
        httpx.Client(base_url=world.server.http_url, headers={"authorization": bearer}) as http,
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
