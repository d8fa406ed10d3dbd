"""What principals are given to come back with, and the names that they know, used by all others.

An answer to somebody else's is that to what never was, at both doors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pyarrow import flight

from auth.principal import Principal
from gateway import pipeline
from gateway.flight_sql import commands
from gateway.flight_sql import messages as m
from gateway.flight_sql.statements import Handles
from gateway.identity.identify import Identity
from gateway.pipeline import Gateway
from tests.security.doors import (
    PRINCIPALS,
    TOO_OFTEN,
    Doors,
    World,
    asked_again,
    decode_prepared,
    doors,
    masked,
    served,
    statement,
)
from tests.security.two_shops import A

ASKED = {
    "board": '{"metrics": ["revenue"]}',
    "council": '{"metrics": ["revenue"]}',
    "reader": "SELECT n FROM orders",
}
NO_ID, NO_HANDLE = "00000000-0", b"0" * 32
NO_SESSION = "forebay-session-" + "0" * 43
OWNERS = tuple(each for each in PRINCIPALS if each != "of_no_role")


@dataclass(frozen=True)
class Held:
    """What one answer leaves in a client's hands, and a token in its place."""

    query_id: str
    ticket: bytes
    statement: bytes
    info: bytes
    session: str


NOTHING = Held(
    NO_ID,
    commands.pack(m.STATEMENT_TICKET, m.StatementTicket(NO_HANDLE)),
    NO_HANDLE,
    b"",
    NO_SESSION,
)


@contextmanager
def opened(world: World) -> Iterator[dict[str, Doors]]:
    """The doors of every principal."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(doors(world, name)) for name in PRINCIPALS}


def held_by(world: World, name: str, of: Doors) -> Held:
    """What somebody holds who has asked at both doors."""
    text = ASKED.get(name.partition("_")[0], "SELECT n FROM orders")
    answer = of.http.get("/api/v1/query", params={"q": text})
    assert answer.status_code == 200, answer.text
    info = of.client.get_flight_info(statement(text), of.options)
    _, bearer = of.client.authenticate_basic_token("token", world.keys[name])
    return Held(
        answer.headers["forebay-query-id"],
        info.endpoints[0].ticket.ticket,
        decode_prepared(of.prepared(text)).prepared_statement_handle,
        info.serialize(),
        str(bearer).partition("Bearer ")[2].rstrip("'"),
    )


def _over_flight(call: Callable[[], object]) -> str:
    try:
        return str(call())
    except flight.FlightError as error:
        return masked(f"{type(error).__name__} {error}".encode()).decode()


def proof_of(held: Held, of: Doors) -> str:
    """The proof of an answer."""
    response = of.http.get(f"/api/v1/queries/{held.query_id}/proof")
    return f"{response.status_code} {masked(response.content).decode()}"


def rows_of(held: Held, of: Doors) -> str:
    """What a ticket stands for."""
    ticket = flight.Ticket(held.ticket)
    return _over_flight(lambda: of.client.do_get(ticket, of.options).read_all())


def info_of(held: Held, of: Doors) -> str:
    """The schema of a prepared statement."""
    command = m.PreparedStatementQuery(held.statement)
    packed = commands.pack(m.PREPARED_STATEMENT_QUERY, command)
    asked = flight.FlightDescriptor.for_command(packed)
    return _over_flight(lambda: of.client.get_flight_info(asked, of.options).schema)


def beside_http(held: Held, of: Doors) -> str:
    """A question with one's own key and the token of a session beside it."""
    own = of.http.headers["authorization"]
    headers = [("authorization", own), ("authorization", f"Bearer {held.session}")]
    response = asked_again(
        lambda: of.http.get("/api/v1/catalog", headers=headers),
        lambda told: told.status_code == TOO_OFTEN,
    )
    return f"{response.status_code} {masked(response.content).decode()}"


def beside_flight(held: Held, of: Doors) -> str:
    """The same over Flight."""
    own = str(of.http.headers["authorization"])
    # The stubs say texts, and pyarrow takes bytes.
    pairs: list[Any] = [
        (b"authorization", own.encode()),
        (b"authorization", f"Bearer {held.session}".encode()),
    ]
    options = flight.FlightCallOptions(headers=pairs)

    def listed() -> str:
        return _over_flight(
            lambda: [each.descriptor.path for each in of.client.list_flights(options=options)]
        )

    return asked_again(listed, lambda told: "SL713" in told)


def try_to_end(held: Held, of: Doors) -> list[bytes]:
    """Close a statement and cancel an answer; what the latter is answered."""
    close = commands.pack(m.CLOSE_PREPARED_STATEMENT, m.ClosePreparedStatement(held.statement))
    list(of.client.do_action(flight.Action("ClosePreparedStatement", close), of.options))
    cancel = commands.pack(m.CANCEL_QUERY, m.CancelQuery(held.info))
    found = of.client.do_action(flight.Action("CancelQuery", cancel), of.options)
    return [each.body.to_pybytes() for each in found]


Use = Callable[[Held, Doors], str]
USES: Mapping[str, Use] = {
    "proof": proof_of,
    "ticket": rows_of,
    "statement": info_of,
    "session at HTTP": beside_http,
    "session at Flight": beside_flight,
}


def uses_of_others(world: World, use: Use, owners: tuple[str, ...] = OWNERS) -> Iterator[str]:
    """Each use of what another principal holds; a name, and a mark where it is not refused."""
    with opened(world) as every:
        held = {name: held_by(world, name, every[name]) for name in owners}
        for name, of in every.items():
            nothing = use(NOTHING, of)
            for owner in (each for each in owners if each != name):
                mark = "" if use(held[owner], of) == nothing else "! "
                yield f"{mark}{name} of {owner}"


def ends_of_others(world: World, owners: tuple[str, ...] = OWNERS) -> Iterator[str]:
    """Each try to end what another principal holds, marked where its owner cannot use it then."""
    with opened(world) as every:
        for owner in owners:
            held = held_by(world, owner, every[owner])
            told = [try_to_end(held, of) for name, of in every.items() if name != owner]
            own = info_of(held, every[owner]) + rows_of(held, every[owner])
            is_ended = "SL707" in own or any(each != told[0] for each in told)
            yield from (f"{'! ' if is_ended else ''}{owner} is ended" for _ in told)


Names = frozenset[str]
QUESTIONS = (
    '{{"metrics": ["{0}"]}}',
    '{{"dimensions": ["{0}"]}}',
    '{{"metrics": ["n"], "where": ["{0} is not null"]}}',
    '{{"saved_query": "{0}"}}',
    "SELECT {0} FROM orders",
    "SELECT * FROM {0}",
)
_HINT = re.compile(r'Perhaps \\*"([^"\\]*)\\*" is meant\.|List the names with `forebay ls`\.')


def names_seen(of: Doors) -> Names:
    """Every name in somebody's catalog, and each member behind its model too."""
    catalog = json.loads(of.http.get("/api/v1/catalog").content)
    metrics = [each["name"] for each in catalog["metrics"]]
    found = {*metrics, *(each["name"] for each in catalog["saved_queries"])}
    for model in catalog["models"]:
        # Metrics that are measures have both of their names.
        found |= {f"{model['name']}.{each}" for each in metrics}
        members = [
            each["name"]
            for key in ("dimensions", "measures", "segments", "joins", "hierarchies")
            for each in model.get(key, ())
        ]
        found |= {model["name"], *members, *(f"{model['name']}.{each}" for each in members)}
    return frozenset(found)


def _without(told: str, names: Sequence[str], seen: Names) -> str:
    """An answer without the names that were asked for, and without hints of one's own names."""

    def hint(found: re.Match[str]) -> str:
        return "HINT" if seen.issuperset((found[1] or "").split(".")) or not found[1] else found[0]

    told = _HINT.sub(hint, told)
    for each in (*names, *(name.rpartition(".")[2] for name in names)):
        told = re.sub(rf'(?<="){re.escape(each)}(?=\\*"(?!:))', "NAME", told)
    return told


def _asked(question: str, name: str, of: Doors) -> str:
    told = of.asks(question.format(name)).decode()
    fetched = b"" if question.startswith("{") else of.fetches(question.format(name))
    return told + fetched.decode(errors="backslashreplace")


def _asks_of(hidden: str, name: str, of: Doors, seen: Names) -> Iterator[str]:
    """Two questions of a name that somebody does not see, marked where it is told."""
    model, dot, member = hidden.rpartition(".")
    invented = (model if model in seen else "q" * len(model)) + dot + "q" * len(member)
    for question in Random(f"{name} {hidden}").sample(QUESTIONS, 2):
        told, other = (
            _without(_asked(question, each, of), (hidden, invented), seen)
            for each in (hidden, invented)
        )
        yield f"{'' if told == other else '! '}{name}: {question.format(hidden)}"


def names_of_others(world: World, owners: tuple[str, ...] = OWNERS) -> Iterator[str]:
    """Each name that another principal sees and somebody does not, marked where it is told."""
    with opened(world) as every:
        seen = {name: names_seen(of) for name, of in every.items()}
        known = frozenset().union(*(seen[each] for each in owners))
        for name, of in every.items():
            for hidden in sorted(known - seen[name]):
                yield from _asks_of(hidden, name, of, seen[name])


@contextmanager
def alone() -> Iterator[World]:
    """A server of its own."""
    with TemporaryDirectory() as folder, served(Path(folder) / "shop", A) as world:
        yield world


def _no_owners(patch: pytest.MonkeyPatch) -> None:
    """Forget whom handles and proofs were given to."""
    nobody = Principal("nobody")
    for name in ("find", "take", "drop"):
        method = getattr(Handles, name)
        patch.setattr(
            Handles, name, lambda self, handle, _, method=method: method(self, handle, nobody)
        )
    hold = Handles.hold
    patch.setattr(Handles, "hold", lambda self, thing, *_: hold(self, thing, nobody))

    def proof_of(self: Gateway, query_id: str, _: Principal) -> object:
        found = self._proofs.get(query_id)
        return None if found is None else found.proof

    patch.setattr(Gateway, "proof_of", proof_of)


def _last_header(patch: pytest.MonkeyPatch) -> None:
    """Believe the last header where there are several."""
    identify = Identity.identify

    def last(self: Identity, credentials: Any, *others: Any, **options: Any) -> Principal:
        return identify(self, credentials[-1:], *others, **options)

    patch.setattr(Identity, "identify", last)


def _all_visible(patch: pytest.MonkeyPatch) -> None:
    """Let everybody ask with every name, whatever the catalog tells."""
    prepared = pipeline._prepared

    def of_all(question: Any, snapshot: Any, dialects: Any, seen: Any) -> Any:
        return prepared(question, snapshot, dialects, seen._replace(catalog=snapshot.catalog))

    patch.setattr(pipeline, "_prepared", of_all)


Tried = Callable[[World, tuple[str, ...]], Iterator[str]]
_FEW = ("analyst_eu", "reader_us")


def _uses(use: Use) -> Tried:
    return partial(_of_use, use)


def _of_use(use: Use, world: World, owners: tuple[str, ...]) -> Iterator[str]:
    return uses_of_others(world, use, owners)


TRIED: Mapping[str, tuple[Tried, Callable[[pytest.MonkeyPatch], None]]] = {
    **{
        name: (_uses(use), _last_header if name.startswith("session") else _no_owners)
        for name, use in USES.items()
    },
    "end": (ends_of_others, _no_owners),
    "name": (names_of_others, _all_visible),
}
"""What is tried, and what has to be left out of the product for it to succeed."""


def ask_others(count: int) -> tuple[int, list[str], list[str]]:
    """How many uses of others' things were tried, which were answered, and dead controls."""
    inputs, leaks = 0, list[str]()
    for name, (tried, _) in TRIED.items():
        with alone() as world:
            told = [f"{name}: {each}" for each in tried(world, OWNERS[: max(2, count)])]
        inputs += len(told)
        leaks += [each for each in told if "! " in each]
    return inputs, leaks, [f"{each} needs no owner" for each in dead_controls()]


def dead_controls() -> list[str]:
    """What others' things are refused for, whatever is left out of the product."""
    dead = []
    for name, (tried, leave_out) in TRIED.items():
        with alone() as world, pytest.MonkeyPatch.context() as patch:
            leave_out(patch)
            if not any(each.startswith("! ") for each in tried(world, _FEW)):
                dead.append(name)
    return dead
