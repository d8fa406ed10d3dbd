"""What one principal is given to come back with is nothing to every other one, on both doors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from pyarrow import flight

from gateway.flight_sql import commands
from gateway.flight_sql import messages as m
from tests.security.doors import PRINCIPALS, Doors, World, decode_prepared, doors, masked, statement

pytestmark = pytest.mark.timeout(600)
ASKED = {
    "board": '{"metrics": ["revenue"]}',
    "council": '{"metrics": ["revenue"]}',
    "reader": "SELECT n FROM orders",
}
NO_ID, NO_HANDLE = "00000000-0", b"0" * 32
OWNERS = tuple(each for each in PRINCIPALS if each != "of_no_role")


@dataclass(frozen=True)
class Held:
    """What one answer leaves in a client's hands."""

    query_id: str
    ticket: bytes
    statement: bytes
    info: bytes


@pytest.fixture(scope="module")
def opened(alone: World) -> Iterator[dict[str, Doors]]:
    """The doors of every principal."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(doors(alone, name)) for name in PRINCIPALS}


def held_by(name: str, of: Doors) -> Held:
    text = ASKED.get(name.partition("_")[0], "SELECT n FROM orders")
    answer = of.http.get("/api/v1/query", params={"q": text})
    assert answer.status_code == 200, answer.text
    info = of.client.get_flight_info(statement(text), of.options)
    return Held(
        answer.headers["forebay-query-id"],
        info.endpoints[0].ticket.ticket,
        decode_prepared(of.prepared(text)).prepared_statement_handle,
        info.serialize(),
    )


NOTHING = Held(
    NO_ID,
    commands.pack(m.STATEMENT_TICKET, m.StatementTicket(NO_HANDLE)),
    NO_HANDLE,
    b"",
)


def proof_of(held: Held, of: Doors) -> tuple[int, bytes]:
    response = of.http.get(f"/api/v1/queries/{held.query_id}/proof")
    return response.status_code, masked(response.content)


def rows_of(held: Held, of: Doors) -> str:
    try:
        return str(of.client.do_get(flight.Ticket(held.ticket), of.options).read_all())
    except flight.FlightError as error:
        return f"{type(error).__name__} {error}"


def info_of(held: Held, of: Doors) -> str:
    command = m.PreparedStatementQuery(held.statement)
    packed = commands.pack(m.PREPARED_STATEMENT_QUERY, command)
    try:
        asked = flight.FlightDescriptor.for_command(packed)
        return str(of.client.get_flight_info(asked, of.options).schema)
    except flight.FlightError as error:
        return f"{type(error).__name__} {error}"


def try_to_end(held: Held, of: Doors) -> list[bytes]:
    """Close a statement and cancel an answer; what the latter is answered."""
    close = commands.pack(m.CLOSE_PREPARED_STATEMENT, m.ClosePreparedStatement(held.statement))
    list(of.client.do_action(flight.Action("ClosePreparedStatement", close), of.options))
    cancel = commands.pack(m.CANCEL_QUERY, m.CancelQuery(held.info))
    found = of.client.do_action(flight.Action("CancelQuery", cancel), of.options)
    return [each.body.to_pybytes() for each in found]


USES = (proof_of, rows_of, info_of)


def test_what_is_given_to_one_is_nothing_to_all_others(opened: dict[str, Doors]) -> None:
    held = {name: held_by(name, opened[name]) for name in OWNERS}
    nothing = {name: [use(NOTHING, of) for use in USES] for name, of in opened.items()}

    tried = [
        (owner, name, [use(held[owner], of) for use in USES] == nothing[name])
        for owner in OWNERS
        for name, of in opened.items()
        if name != owner
    ]

    assert len(tried) >= 20 * 20
    assert [each for each in tried if not each[2]] == []
    assert len({repr(each) for each in nothing.values()}) == 1
    told = next(iter(nothing.values()))
    assert told[0][0] == 404
    assert all("SL707" in str(each) for each in told)


def test_nobody_ends_what_others_hold(opened: dict[str, Doors]) -> None:
    held = held_by("analyst_eu", opened["analyst_eu"])

    answers = {tuple(try_to_end(held, of)) for name, of in opened.items() if name != "analyst_eu"}

    assert len(answers) == 1
    assert "SL707" not in info_of(held, opened["analyst_eu"])
    assert "SL707" not in rows_of(held, opened["analyst_eu"])


def test_whoever_holds_them_is_answered(opened: dict[str, Doors]) -> None:
    """The negative control: the same uses of their own are answered, as they would be of all."""
    for name in OWNERS:
        own = held_by(name, opened[name])
        told = [use(own, opened[name]) for use in USES]

        assert told[0][0] == 200
        assert not any("SL707" in str(each) for each in told)
