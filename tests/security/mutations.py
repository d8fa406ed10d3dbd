"""Bytes that clients may send to the Flight port, and what becomes of them on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any, Literal

import pyarrow as pa

from gateway.flight_sql import commands
from gateway.flight_sql import messages as m
from gateway.flight_sql.wire import Message, encode

Kind = Literal["descriptor", "ticket", "action", "parameters"]
LEN = 2
VARINTS = (b"\x00", b"\x01", b"\x7f", b"\xff\x7f", b"\xff\xff\xff\xff\x0f", b"\xff" * 9 + b"\x01")
"""Lengths that are not the length, up to one of 64 bits."""


@dataclass(frozen=True)
class Sent:
    """One thing that is sent."""

    kind: Kind
    data: bytes
    name: str = ""
    """Of an action."""


TEXTS = (
    "SELECT revenue FROM orders",
    "SELECT status, n FROM orders WHERE status = 'paid' ORDER BY status LIMIT 3",
    "SELECT * FROM customers",
    '{"metrics": ["revenue"], "dimensions": ["customer.region"]}',
    '{"fields": ["status"], "from": "orders", "where": ["order_id > 0 or status in (\'a\')"]}',
    '{"metrics": ["n"], "where": [{"field": "status", "op": "=", "value": "paid"}], "limit": 5}',
)
LISTED: tuple[tuple[Message[Any], object], ...] = (
    (m.GET_CATALOGS, m.GetCatalogs()),
    (m.GET_DB_SCHEMAS, m.GetDbSchemas("shop", "%")),
    (m.GET_TABLES, m.GetTables("shop", "%", "order%", ("TABLE", "VIEW"), include_schema=True)),
    (m.GET_TABLE_TYPES, m.GetTableTypes()),
    (m.GET_PRIMARY_KEYS, m.GetPrimaryKeys("shop", "models", "orders")),
    (m.GET_IMPORTED_KEYS, m.GetImportedKeys(table="orders")),
    (m.GET_EXPORTED_KEYS, m.GetExportedKeys(table="customers")),
    (m.GET_SQL_INFO, m.GetSqlInfo((0, 1, 500, 546))),
    (m.GET_XDBC_TYPE_INFO, m.GetXdbcTypeInfo(4)),
)


@cache
def whole() -> Mapping[Kind, tuple[Sent, ...]]:
    """Inputs as clients send them, before anything happens to them."""
    listed = [commands.pack(kind, value) for kind, value in LISTED]
    asked = [commands.pack(m.STATEMENT_QUERY, m.StatementQuery(text)) for text in TEXTS]
    handle = b"0123456789abcdef0123456789abcdef"
    of_handle = commands.pack(m.PREPARED_STATEMENT_QUERY, m.PreparedStatementQuery(handle))
    claim = commands.pack(m.STATEMENT_TICKET, m.StatementTicket(handle))
    return {
        "descriptor": tuple(Sent("descriptor", each) for each in (*asked, *listed, of_handle)),
        "ticket": tuple(Sent("ticket", each) for each in (*listed, claim)),
        "action": tuple(_actions(handle)),
        "parameters": tuple(Sent("parameters", each) for each in streams()),
    }


def _actions(handle: bytes) -> Iterator[Sent]:
    for text in TEXTS:
        body = commands.pack(m.CREATE_PREPARED_STATEMENT, m.CreatePreparedStatement(text))
        yield Sent("action", body, "CreatePreparedStatement")
    close = commands.pack(m.CLOSE_PREPARED_STATEMENT, m.ClosePreparedStatement(handle))
    yield Sent("action", close, "ClosePreparedStatement")
    claim = commands.pack(m.STATEMENT_TICKET, m.StatementTicket(handle))
    info = m.Info(endpoint=(m.Endpoint(ticket=m.Ticket(claim)),))
    yield Sent("action", encode(m.CANCEL_FLIGHT_INFO, m.CancelFlightInfo(info)), "CancelFlightInfo")
    yield Sent(
        "action", commands.pack(m.CANCEL_QUERY, m.CancelQuery(encode(m.INFO, info))), "CancelQuery"
    )
    option = m.Option("catalog", m.OptionValue(string_value="shop"))
    body = encode(m.SET_SESSION_OPTIONS, m.SetSessionOptions((option,)))
    yield Sent("action", body, "SetSessionOptions")


@cache
def streams() -> tuple[bytes, ...]:
    """Parameters as Arrow streams, of every type that a client may bind."""
    many = pa.table({"a": [f"text {number}" for number in range(150)], "b": list(range(150))})
    few = pa.table(
        {
            "s": ["x", None],
            "f": [1.5, 2.5],
            "d": [Decimal("1.50"), None],
            "t": [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None],
            "y": [dt.date(2024, 1, 1), None],
            "o": [True, False],
            "l": [[1, 2], []],
            "n": [{"k": "v"}, None],
        }
    )
    words = pa.table({"w": pa.array(["a", "b", "a"]).dictionary_encode()})
    return (*(streamed(each) for each in (many, few, words, pa.table({}))), streamed(few, "zstd"))


def streamed(table: pa.Table, compression: Literal["zstd"] | None = None) -> bytes:
    """A table as an Arrow stream."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


@cache
def bomb() -> bytes:
    """A stream of some kilobytes that says it has half a gigabyte."""
    return streamed(pa.Table.from_batches([zeros()]), "zstd")


@cache
def zeros() -> pa.RecordBatch:
    """Half a gigabyte of zeros, of which there are 64 MiB."""
    size = 2**26
    column = pa.Array.from_buffers(pa.int64(), size // 8, [None, pa.py_buffer(bytes(size))])
    return pa.record_batch({f"c{number}": column for number in range(8)})


def flipped(data: bytes, random: Random) -> bytes:
    """One to eight bytes are others."""
    out = bytearray(data)
    for _ in range(random.randint(1, 8)):
        at = random.randrange(len(out))
        out[at] ^= random.choice((1 << random.randrange(8), random.randint(1, 255)))
    return bytes(out)


def truncated(data: bytes, random: Random) -> bytes:
    """The end is missing."""
    return data[: random.randrange(len(data))]


def spliced(data: bytes, random: Random) -> bytes:
    """A part stands elsewhere once more, or is missing."""
    start, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
    at = random.randrange(len(data) + 1)
    if random.random() < 0.5:
        return data[:start] + data[end:]
    return data[:at] + data[start:end] + data[at:]


def wrong_length(data: bytes, random: Random) -> bytes:
    """A length of the protobuf, however deep it stands, is another one."""
    places = list(_lengths(data, 0, len(data)))
    if not places:
        return flipped(data, random)
    start, end, _ = random.choice(places)
    return data[:start] + random.choice(VARINTS) + data[end:]


def within(data: bytes, random: Random) -> bytes:
    """The content of one field, however deep it stands, is another one, and lengths are right."""
    fields = [place for place in _lengths(data, 0, len(data), is_flat=True) if place[2] > place[1]]
    if not fields:
        return random.choice((flipped, spliced))(data, random) if data else data
    start, content, end = fields[-1] if random.random() < 0.7 else random.choice(fields)
    changed = within(data[content:end], random)
    return data[:start] + written_as_varint(len(changed)) + changed + data[end:]


def written_as_varint(value: int) -> bytes:
    """A number as protobuf writes it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


MUTATIONS: tuple[Callable[[bytes, Random], bytes], ...] = (
    within,
    within,
    within,
    flipped,
    truncated,
    spliced,
    wrong_length,
)


def mutated(sent: Sent, random: Random) -> Sent:
    """The same with something wrong, once or twice."""
    data = sent.data
    for _ in range(random.choice((1, 1, 1, 2))):
        data = random.choice(MUTATIONS)(data, random) if data else data
    return Sent(sent.kind, data, sent.name)


def _lengths(
    data: bytes, start: int, end: int, *, is_flat: bool = False
) -> Iterator[tuple[int, int, int]]:
    """Where lengths of fields stand, their contents and ends, as far as there is a message."""
    at = start
    while at < end:
        tag, at = _varint(data, at, end)
        if tag is None:
            return
        place = at
        size, at = _varint(data, at, end)
        if size is None or (tag & 7 == LEN and size > end - at) or tag & 7 not in (0, LEN):
            return
        if tag & 7 == LEN:
            yield place, at, at + size
            if not is_flat:
                yield from _lengths(data, at, at + size)
            at += size


def _varint(data: bytes, at: int, end: int) -> tuple[int | None, int]:
    value = 0
    for index in range(min(10, end - at)):
        value |= (data[at + index] & 0x7F) << 7 * index
        if data[at + index] < 0x80:
            return value, at + index + 1
    return None, at
