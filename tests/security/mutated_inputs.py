"""Row S10: mutated bytes at the Flight port, in processes of their own, so that a crash is seen.

``python -m tests.security.mutated_inputs PART COUNT SEED`` is such a process, and prints what it
has seen as JSON. ``decoded`` gives most inputs to what reads them; ``served`` is a server, which is
sent the others; the controls believe what clients bind.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pyarrow as pa
from pyarrow import flight

from auth.principal import Principal
from gateway.compose import make_gateway
from gateway.errors import InternalError, UnsupportedCommand
from gateway.flight_sql import commands, parameters
from gateway.flight_sql import messages as m
from gateway.flight_sql.exchange import Exchange, FlightLimits
from gateway.flight_sql.running import Running
from gateway.flight_sql.wire import decode
from gateway.settings import Settings
from semantic_models.errors import ForebayError, MalformedDocument, TooLarge
from tests.security.doors import served
from tests.security.mutations import Kind, Sent, bomb, mutated, streams, whole, zeros
from tests.security.two_shops import A, written

SECONDS_MAX = 1.0
RSS_MAX = 256 * 2**20
HIDDEN = (b"salar", b"ssn", b"SECRET", b"t_wages")
"""What nobody here may be told."""
WHO = Principal("ann", frozenset({"analyst"}), (("regions", ("eu",)),))
SHARES: tuple[tuple[Kind, int], ...] = (
    ("descriptor", 4),
    ("ticket", 2),
    ("action", 3),
    ("parameters", 6),
)
FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pa.ArrowException,
)
"""What is no refusal."""
REFUSED_MAX = 0.98
SENT_EVERY = 25
"""One of so many inputs goes to the server."""


@dataclass
class Seen:
    """What one process has seen."""

    inputs: int = 0
    refused: int = 0
    leaks: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    rss_bytes: int = 0
    """How much more memory it has had than before the first input."""


def drawn(count: int, seed: str) -> Iterator[tuple[str, Sent]]:
    """Mutated inputs with what they can be asked for again by."""
    kinds = [kind for kind, share in SHARES for _ in range(share)]
    for number in range(count):
        again = f"{seed}:{number}"
        random = Random(again)
        yield again, mutated(random.choice(whole()[random.choice(kinds)]), random)


def told(seen: Seen, again: str, sent: Sent, ask: Callable[[Sent], bytes]) -> None:
    """Ask once; what is told may be a refusal of ours, or an answer without what is hidden."""
    seen.inputs += 1
    start = time.process_time()
    try:
        answer = ask(sent)
        found = [each for each in HIDDEN if each in answer]
        if found:
            seen.leaks.append(f"{again} {sent.kind} {sent.name}: {found[0]!r} is told")
    except ForebayError as error:
        seen.refused += 1
        if isinstance(error, InternalError):
            seen.wrong.append(f"{again} {sent.kind} {sent.name}: {error.detail}")
    except FAULTS as error:
        seen.wrong.append(f"{again} {sent.kind} {sent.name}: {type(error).__name__} {error}")
    spent_s = time.process_time() - start
    seen.slowest_s = max(seen.slowest_s, spent_s)
    if spent_s > SECONDS_MAX:
        seen.wrong.append(f"{again} {sent.kind} {sent.name}: took {spent_s:.1f} s")


class Decoding:
    """The exchange behind a Flight port, without the port."""

    def __init__(self, folder: Path) -> None:
        self._gateway = make_gateway(Settings(project=folder, types_folder=folder / "types"))
        limits = FlightLimits()
        self._running = Running(calls_max=4, streams_max=4, uploads_max=4, wait_s=1.0)
        self._exchange = Exchange(self._gateway, self._running, limits, version="0")

    def ask(self, sent: Sent) -> bytes:
        """What is told of an input, which has to be what is told of what it was read as."""
        match sent.kind:
            case "descriptor":
                return self._issued(commands.parse_command(sent.data))
            case "ticket":
                return self._fetched(commands.parse_ticket(sent.data))
            case "action":
                action = commands.parse_action(sent.name, sent.data)
                return b"\n".join(self._exchange.act(action, WHO))
            case "parameters":
                return bound(sent.data)

    def close(self) -> None:
        self._running.close(drain_s=0, stop_s=1)
        self._gateway.close()

    def _issued(self, command: commands.Command) -> bytes:
        issued = self._exchange.issue(command, b"", WHO)
        schema: bytes = issued.schema.serialize().to_pybytes()
        if issued.ticket:
            claim = commands.parse_ticket(issued.ticket)
            assert isinstance(claim, m.StatementTicket)
            self._exchange.redeem(claim, WHO)
        return schema

    def _fetched(self, claim: commands.Claim) -> bytes:
        if isinstance(claim, m.StatementTicket):
            return repr(self._exchange.redeem(claim, WHO)).encode()
        return repr(self._exchange.listing(claim, WHO).to_pylist()).encode()


def bound(data: bytes) -> bytes:
    """Bind a stream as the port does: pyarrow reads its schema, and we the rest of it."""
    try:
        reader = pa.ipc.open_stream(data)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise MalformedDocument("it is no Arrow stream") from error
    parameters.refuse_parameters(reader)
    return b"nothing is bound"


def decoding(count: int, seed: str) -> Seen:
    """Give inputs to what reads them, and tell what came of it."""
    with tempfile.TemporaryDirectory() as name:
        asked = Decoding(written(Path(name) / "shop", A))
        seen = Seen()
        for kinds in whole().values():
            for each in kinds:
                told(seen, "whole", each, asked.ask)
        told(seen, "bomb", Sent("parameters", bomb()), asked.ask)
        seen, before = Seen(wrong=seen.wrong, leaks=seen.leaks), peak_bytes()
        for again, each in drawn(count, seed):
            told(seen, again, each, asked.ask)
        told(seen, "bomb", Sent("parameters", bomb()), asked.ask)
        seen.rss_bytes = peak_bytes() - before
        asked.close()
    return seen


def peak_bytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def believed(upload: parameters.Upload) -> None:
    """What a server does that believes what it is sent: the control."""
    for batch in upload:
        assert isinstance(batch, pa.RecordBatch)
        batch.to_pylist()


def unpacked(upload: parameters.Upload) -> None:
    """The same, looking at nothing but how much there is."""
    sizes = [batch.nbytes for batch in upload if isinstance(batch, pa.RecordBatch)]
    raise TooLarge(f"there are {sum(sizes)} bytes")


def believing(count: int, seed: str) -> Seen:
    """Read what is bound, after one byte of it is another one."""
    parameters.refuse_parameters = believed
    seen, [many, *_] = Seen(), streams()
    for number in range(count):
        random = Random(f"{seed}:{number}")
        data = bytearray(many)
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        told(seen, "believed", Sent("parameters", bytes(data)), lambda each: bound(each.data))
    return seen


def unpacking(_: int, __: str) -> Seen:
    """Read a bomb."""
    parameters.refuse_parameters = unpacked
    made, seen = bomb(), Seen()
    subprocess.run([sys.executable, "-c", ""], check=True)
    before = psutil.Process().memory_info().rss
    told(seen, "bomb", Sent("parameters", made), lambda each: bound(each.data))
    seen.rss_bytes = peak_bytes() - before
    return seen


def serving(_: int, __: str) -> Seen:
    """Serve until told to stop, and tell where."""
    with tempfile.TemporaryDirectory() as name, served(Path(name) / "shop", A) as world:
        at = {"flight": world.server.flight_url, "key": world.keys["analyst_eu"]}
        sys.stdout.write(json.dumps(at) + "\n")
        sys.stdout.flush()
        sys.stdin.readline()
        before = peak_bytes()
        sys.stdin.readline()
        return Seen(rss_bytes=peak_bytes() - before)


PARTS = {each.__name__: each for each in (decoding, serving, believing, unpacking)}


def started(part: str, count: int, seed: str) -> subprocess.Popen[str]:
    """A process that does one part."""
    return subprocess.Popen(
        [sys.executable, "-m", __spec__.name, part, str(count), seed],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> Seen | None:
    """What a process has seen; None where it broke."""
    told_last, _ = process.communicate()
    lines = told_last.splitlines()
    return Seen(**json.loads(lines[-1])) if process.returncode == 0 and lines else None


def ask(count: int, seed: str) -> Seen:
    """Both parts and their controls; ``inputs`` are those of both together."""
    sent = count // SENT_EVERY
    in_process = started("decoding", count - sent, seed)
    seen = sent_to_a_server(sent, f"{seed}:sent")
    decoded = ended(in_process)
    if decoded is None:
        seen.wrong.append(f"what reads inputs broke, with exit code {in_process.returncode}")
        return seen
    seen.inputs += decoded.inputs
    seen.leaks += decoded.leaks
    seen.wrong += decoded.wrong
    for name, grown in (("decoding", decoded.rss_bytes), ("the server", seen.rss_bytes)):
        if grown > RSS_MAX:
            seen.wrong.append(f"{name} took {grown:,} bytes more")
    if seen.refused + decoded.refused > REFUSED_MAX * seen.inputs:
        seen.wrong.append("almost nothing is answered")
    seen.wrong += controls(seed)
    return seen


def controls(seed: str) -> list[str]:
    """What of the controls finds nothing."""
    broken = started("believing", 20_000, seed)
    found = [] if ended(broken) is None and broken.returncode < 0 else ["belief breaks nothing"]
    grown = ended(started("unpacking", 1, seed))
    if grown is None or grown.rss_bytes <= RSS_MAX:
        found.append("a bomb takes no memory")
    return found


def sent_to_a_server(count: int, seed: str) -> Seen:
    """Send inputs to a server in a process of its own."""
    process = started("serving", 0, seed)
    assert process.stdin is not None
    assert process.stdout is not None
    at, seen = json.loads(process.stdout.readline()), Seen()
    with flight.connect(at["flight"]) as client:
        for kinds in whole().values():
            for each in kinds:
                told(seen, "whole", each, Client(client, at["key"]).ask)
        process.stdin.write("measure\n")
        process.stdin.flush()
        seen = Seen(leaks=seen.leaks, wrong=seen.wrong)
        for again, each in drawn(count, seed):
            told(seen, again, each, Client(client, at["key"]).ask)
        is_alive = process.poll() is None
    last = ended(process) if is_alive else None
    if last is None:
        seen.wrong.append(f"the server broke, with exit code {process.returncode}")
    else:
        seen.rss_bytes = last.rss_bytes
    return seen


@dataclass(frozen=True)
class Client:
    """Whoever sends inputs to a port."""

    client: flight.FlightClient
    key: str

    @property
    def options(self) -> flight.FlightCallOptions:
        """Those of every call."""
        return flight.FlightCallOptions(headers=self.headers, timeout=60)

    @property
    def headers(self) -> Any:
        """Who asks."""
        return [(b"authorization", f"Bearer {self.key}".encode())]

    def ask(self, sent: Sent) -> bytes:
        """What is told of an input; a refusal is one of ours or a fault."""
        try:
            return self._asked(sent)
        except pa.ArrowException as error:
            if "[SL900]" in str(error) or not CODED.search(str(error)):
                raise
            raise UnsupportedCommand(str(error)) from error

    def _asked(self, sent: Sent) -> bytes:
        match sent.kind:
            case "descriptor":
                asked = flight.FlightDescriptor.for_command(sent.data)
                info = self.client.get_flight_info(asked, self.options)
                rows = [self._rows(each.ticket) for each in info.endpoints]
                return b"".join((info.schema.serialize().to_pybytes(), *rows))
            case "ticket":
                return self._rows(flight.Ticket(sent.data))
            case "action":
                action = flight.Action(sent.name, sent.data)
                found = self.client.do_action(action, self.options)
                return b"".join(each.body.to_pybytes() for each in found)
            case "parameters":
                return self._bound()

    def _rows(self, ticket: flight.Ticket) -> bytes:
        return repr(self.client.do_get(ticket, self.options).read_all().to_pylist()).encode()

    def _bound(self) -> bytes:
        """A bomb, since whatever else a stream holds is made anew by this client."""
        body = commands.pack(m.CREATE_PREPARED_STATEMENT, m.CreatePreparedStatement(TEXT))
        action = flight.Action("CreatePreparedStatement", body)
        [result] = self.client.do_action(action, self.options)
        statement = decode(m.PREPARED_STATEMENT, decode(m.PACKED, result.body.to_pybytes()).value)
        handle = m.PreparedStatementQuery(statement.prepared_statement_handle)
        where = flight.FlightDescriptor.for_command(
            commands.pack(m.PREPARED_STATEMENT_QUERY, handle)
        )
        packed = pa.ipc.IpcWriteOptions(compression="zstd")
        options = flight.FlightCallOptions(headers=self.headers, timeout=60, write_options=packed)
        writer, _ = self.client.do_put(where, zeros().schema, options)
        with writer:
            writer.write_batch(zeros())
        return b"nothing is bound"


TEXT = "SELECT n FROM orders"
CODED = re.compile(r"\[(SL\d{3}|E\w+)\]")


def main(part: str, count: str, seed: str) -> None:
    """Do one part, and print what it has seen."""
    sys.stdout.write(json.dumps(vars(PARTS[part](int(count), seed))) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
