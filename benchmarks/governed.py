"""What policies cost: questions of those who see a hundredth of the rows, or all but that.

The floor of policies alone is SQL by hand, and that of a barrier the same text without it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path

import duckdb
import orjson

from auth.principal import Principal
from benchmarks.compiling import recall
from benchmarks.figure import Figure, fastest_ms
from gateway.compose import make_gateway
from gateway.pipeline import Gateway
from gateway.settings import Settings

ROWS = 5_000_000
FILES = {
    "forebay.yml": """version: 1
name: shop
engines: {local: {type: duckdb, path: shop.duckdb}}
attributes: {tenant: string}
""",
    "models/orders.yml": """version: 1
models:
  orders:
    table: orders
    key: order_id
    dimensions: {order_id: , status: , placed_on: {type: time}, number: cast(code as integer)}
    measures: {revenue: sum(amount)}
""",
    "policies/orders.yml": """version: 1
policies:
  all: {grant: {models: all}}
  own: {on: orders, rows: tenant = principal.tenant, for: few}
  others: {on: orders, rows: tenant <> principal.tenant, for: most}
""",
}
TABLE = f"""create table orders as select
  i as order_id, 't' || (i * 7919) % 100 as tenant, 's' || i % 5 as status,
  date '2020-01-01' + (i // {ROWS // 1000})::integer as placed_on, (i % 9973)::varchar as code,
  (i % 1000)::double as amount
from range({ROWS}) t(i)"""
BY_STATUS = {"metrics": ["revenue"], "dimensions": ["status"]}
CANNOT_FAIL: dict[str, list[str]] = {
    "all": [],
    "range": ["placed_on >= '2021-01-01'", "placed_on < '2021-01-11'"],
    "point": [f"order_id = {ROWS // 2}"],
}
"""Predicates beside the policy, by what they leave of the rows."""
MAY_FAIL = "number >= 5000"
HAND = """select status as "status", sum(amount) as "revenue" from orders
where tenant {} 't7'{} group by 1"""
SEEN = {"few": "=", "most": "<>"}
"""How a role's tenant is compared with its own."""
ASKERS = {role: Principal("ann", frozenset({role}), (("tenant", "t7"),)) for role in SEEN}
BARRIER = " OFFSET 0"


def governed() -> Iterator[Figure]:
    """``governed_memo``, ``governed_…`` without and ``barrier_…`` with a barrier."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in FILES.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text)
        with duckdb.connect(str(folder / "shop.duckdb")) as connection:
            connection.execute(TABLE)
        gateway = make_gateway(Settings(project=folder, types_folder=folder / "types"))
        try:
            yield _memo(gateway)
            asked = list(product(ASKERS, CANNOT_FAIL))
            plain = [_text(gateway, role, CANNOT_FAIL[kind]) for role, kind in asked]
            kept = [_text(gateway, role, [*CANNOT_FAIL[kind], MAY_FAIL]) for role, kind in asked]
        finally:
            gateway.close()
        with duckdb.connect(str(folder / "shop.duckdb"), read_only=True) as connection:
            for (role, kind), text, behind in zip(asked, plain, kept, strict=True):
                more = "".join(f" and {each}" for each in CANNOT_FAIL[kind])
                hand = HAND.format(SEEN[role], more)
                yield _beside(connection, f"governed_{role}_{kind}", text, hand)
                assert BARRIER in behind, "what may fail stands above a barrier"
                bare = behind.replace(BARRIER, "")
                yield _beside(connection, f"barrier_{role}_{kind}", behind, bare)


def _memo(gateway: Gateway) -> Figure:
    document = orjson.dumps(BY_STATUS)
    prepared = partial(gateway.prepare, document, ASKERS["few"])
    value, floor = fastest_ms(prepared, recall(document), repeats=500)
    return Figure("governed_memo", value * 1000, floor * 1000, "µs", "lower")


def _text(gateway: Gateway, role: str, predicates: list[str]) -> str:
    document = orjson.dumps({**BY_STATUS, "where": predicates})
    return gateway.prepare(document, ASKERS[role]).physical.text


def _beside(connection: duckdb.DuckDBPyConnection, name: str, text: str, floor: str) -> Figure:
    def run(sql: str) -> list[tuple[object, ...]]:
        return connection.execute(sql).fetchall()

    if sorted(run(text), key=str) != sorted(run(floor), key=str):
        raise AssertionError(f"{name}: the floor has another answer\n{text}\n{floor}")
    value, beside = fastest_ms(partial(run, text), partial(run, floor), rounds=15, repeats=1)
    return Figure(name, value, beside, "ms", "lower")
