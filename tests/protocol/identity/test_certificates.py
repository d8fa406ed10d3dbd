"""Who asks by a client's certificate: real servers, httpx and Flight clients over TLS."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pyarrow as pa
import pytest
from cryptography import x509
from pyarrow import flight

from auth.principal import Principal
from gateway.audit_log import AuditSettings, lines_of
from gateway.compose import Server, serving
from gateway.identity.auth_settings import KeyFiles
from gateway.identity.key_store import Asked, KeyStore, make_pepper
from gateway.settings import Settings
from semantic_models.errors import SettingRejected
from tests.blackbox.processes import numbers
from tests.protocol.identity.test_flight_door import CALLS, TOTAL, descriptor
from tests.support.certificates import Ca, make_ca, write_certificate

AUTH = """\
attributes: {region: {type: string, list: true}, level: integer}
auth:
  state: .forebay/keys.json
  pepper: .forebay/pepper
  certificates:
    ca: ca.pem
    issues_one_san: true
    principals:
      reports:
        dns: reports.example.org
        roles: [analyst]
        attributes: {region: [eu], level: 3}
        scopes: [sql:read]
      nightly: {uri: "spiffe://example.org/nightly", roles: [analyst]}
      ada: {email: ada@example.org, name: ada@lovelace.org}
"""
REPORTS = Principal(
    "reports",
    frozenset({"analyst"}),
    (("level", 3), ("region", ("eu",))),
    frozenset({"sql:read"}),
)
DNS = x509.DNSName
URI = x509.UniformResourceIdentifier
MAIL = x509.RFC822Name
REFUSED = "[SL401] the request does not prove who asks."

RIGHT: dict[str, x509.GeneralName] = {
    "reports": DNS("reports.example.org"),
    "nightly": URI("spiffe://example.org/nightly"),
    "ada@lovelace.org": MAIL("ada@example.org"),
}
"""Certificates that prove somebody, by the name of whom."""
UNMAPPED: dict[str, list[x509.GeneralName]] = {
    "of nobody": [DNS("other.example.org")],
    "of a part": [DNS("example.org")],
    "of more": [DNS("a.reports.example.org")],
    "in capitals": [DNS("REPORTS.example.org")],
    "with a dot": [DNS("reports.example.org.")],
    "a pattern": [DNS("*.example.org")],
    "a pattern of all": [DNS("*")],
    "a path of it": [URI("spiffe://example.org/nightly/")],
    "another mail": [MAIL("Ada@example.org")],
    "with a NUL": [DNS("reports.example.org\0.evil.org")],
}
"""Certificates of the CA that prove nobody at either port."""
ODD: dict[str, list[x509.GeneralName]] = {
    "reports.example.org": [],
    "of another kind": [URI("reports.example.org")],
    "a mail of a host": [MAIL("reports.example.org")],
    "a host of a mail": [DNS("ada@example.org")],
    "two": [DNS("reports.example.org"), DNS("other.example.org")],
    "two, the second": [DNS("other.example.org"), DNS("reports.example.org")],
    "twice": [DNS("reports.example.org"), DNS("reports.example.org")],
    "two of both": [DNS("reports.example.org"), URI("spiffe://example.org/nightly")],
    "an address too": [DNS("reports.example.org"), MAIL("reports@example.org")],
}
"""Those that HTTP alone can tell from right ones; the first has a common name and no other."""

Pair = tuple[Path, Path]


@dataclass
class World:
    """A server, whose clients may show certificates."""

    server: Server
    folder: Path
    ca: Ca
    trusted: Path
    keys: KeyStore

    def client(self, name: str, names: list[x509.GeneralName], **more: Any) -> Pair:
        """A certificate of the CA."""
        folder = self.folder / "clients"
        folder.mkdir(exist_ok=True)
        return self.ca.write_client(folder, name, names, **more)

    def http(self, shown: Pair | None) -> httpx.Client:
        """A client that shows a certificate, or none."""
        context = ssl.create_default_context(cafile=str(self.trusted))
        if shown is not None:
            context.load_cert_chain(*shown)
        return httpx.Client(
            base_url=f"https://localhost:{self.server.http_port}", verify=context, trust_env=False
        )

    def ask(self, shown: Pair | None, *keys: str) -> httpx.Response:
        """One question over a connection of its own."""
        headers = [("authorization", f"Bearer {each}") for each in keys]
        with self.http(shown) as client:
            return client.post("/api/v1/query", json={"metrics": ["total"]}, headers=headers)

    @contextmanager
    def flight(self, shown: Pair | None) -> Iterator[flight.FlightClient]:
        """A client of the port for certificates."""
        port = self.server.flight_mtls
        assert port is not None
        options: dict[str, Any] = {"tls_root_certs": self.trusted.read_text()}
        if shown is not None:
            options["cert_chain"], options["private_key"] = (each.read_text() for each in shown)
        with flight.connect(f"grpc+tls://localhost:{port.port}", **options) as client:
            yield client

    def fetch(self, shown: Pair | None, *keys: str) -> list[dict[str, object]] | str:
        """The rows of a question over Flight, or why there are none."""
        options = calls_of(*keys)
        try:
            with self.flight(shown) as client:
                info = client.get_flight_info(descriptor(TOTAL), options)
                table = client.do_get(info.endpoints[0].ticket, options).read_all()
                return list(table.to_pylist())
        except flight.FlightError as error:
            return str(error)


def calls_of(*keys: str) -> flight.FlightCallOptions:
    # The stubs say texts, and pyarrow takes bytes.
    headers: list[Any] = [(b"authorization", f"Bearer {each}".encode()) for each in keys]
    return flight.FlightCallOptions(headers=headers)


def made_project(folder: Path, ca: Ca) -> Path:
    project = numbers(folder)
    root = project / "forebay.yml"
    root.write_text(root.read_text() + AUTH)
    (project / "ca.pem").write_text(ca.pem)
    make_pepper(project / ".forebay" / "pepper")
    return project


@contextmanager
def served(folder: Path, **changed: Any) -> Iterator[World]:
    ca = make_ca("clients")
    project = made_project(folder, ca)
    certificate, key = write_certificate(folder)
    settings = Settings(
        project=project,
        http_port=0,
        flight_port=0,
        flight_mtls_port=0,
        types_folder=project / ".types",
        tls_cert=certificate,
        tls_key=key,
        reload_s=0.05,
    )
    files = KeyFiles(
        state=project / ".forebay" / "keys.json", pepper=project / ".forebay" / "pepper"
    )
    with serving(replace(settings, **changed)) as server:
        yield World(server, project, ca, certificate, KeyStore(files))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with served(tmp_path_factory.mktemp("certificates")) as made:
        yield made


@pytest.mark.parametrize("name", RIGHT)
def test_a_certificate_proves_somebody_at_both_ports(world: World, name: str) -> None:
    shown = world.client(name, [RIGHT[name]])
    answer = world.ask(shown)

    assert (answer.status_code, answer.json()["data"]) == (200, [{"total": 7}])
    assert world.fetch(shown) == [{"total": 7}]


def asked_by(world: World, ask: Callable[[], object]) -> list[Principal]:
    """Whom the gateway meets while something is asked."""
    met: list[Principal] = []
    gateway = world.server.gateway
    prepare = gateway.prepare

    def noting(text: str | bytes, principal: Principal) -> Any:
        met.append(principal)
        return prepare(text, principal)

    gateway.serve(gateway.snapshot)
    gateway.prepare = noting  # type: ignore[method-assign]  # Only to see who asks.
    try:
        ask()
    finally:
        gateway.prepare = prepare  # type: ignore[method-assign]
    return met


def test_the_principal_is_that_of_a_key_at_both_ports(world: World) -> None:
    shown = world.client("same", [RIGHT["reports"]])
    values: Mapping[str, object] = {"region": ["eu"], "level": 3}
    key = world.keys.create(
        Asked(name="reports", roles=REPORTS.roles, scopes=REPORTS.scopes, attributes=values)
    ).text

    by_certificate = asked_by(world, lambda: (world.ask(shown), world.fetch(shown)))
    by_key = asked_by(world, lambda: world.ask(None, key))

    assert by_certificate == [REPORTS, REPORTS]
    assert by_key == [REPORTS]
    assert {each.known_by for each in by_certificate} == {
        ("certificate", "DNS:reports.example.org")
    }
    assert by_key[0].known_by.kind == "key"


def refusal(response: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    headers = {name: value for name, value in response.headers.items() if name != "date"}
    return response.status_code, response.json() | {"instance": ""}, headers


@pytest.mark.parametrize("name", [*UNMAPPED, *ODD])
def test_what_http_does_not_map_is_refused_as_an_unknown_key_is(world: World, name: str) -> None:
    told = world.ask(world.client(name, {**UNMAPPED, **ODD}[name]))

    assert told.status_code == 401
    assert refusal(told) == refusal(world.ask(None, "forebay_" + "0" * 12 + "_" + "0" * 49))


@pytest.mark.parametrize("name", UNMAPPED)
def test_what_flight_does_not_map_is_refused_as_an_unknown_key_is(world: World, name: str) -> None:
    told = world.fetch(world.client(name, UNMAPPED[name]))

    with flight.connect(
        f"grpc+tls://localhost:{world.server.flight.port}",
        tls_root_certs=world.trusted.read_text(),
    ) as client:
        with pytest.raises(flight.FlightUnauthenticatedError) as unknown:
            client.get_flight_info(descriptor(TOTAL), calls_of("forebay_" + "0" * 62))
        assert told == str(unknown.value)
    assert REFUSED in str(told)


def test_flight_tells_neither_kinds_nor_other_names(world: World) -> None:
    """Why the operator has to vouch for its CA: these would pass at the port for certificates."""
    passing = {name for name in ODD if world.fetch(world.client(name, ODD[name])) == [{"total": 7}]}

    assert passing == set(ODD) - {"two, the second"}


def test_whoever_shows_no_certificate_is_asked_for_a_key(world: World) -> None:
    key = world.keys.create(Asked(name="bob")).text

    assert (world.ask(None).status_code, world.ask(None, key).status_code) == (401, 200)
    assert "UNAVAILABLE" in str(world.fetch(None, key)).upper()


def of_another_ca(world: World) -> Pair:
    folder = world.folder / "strange"
    folder.mkdir(exist_ok=True)
    return make_ca("clients").write_client(folder, "reports", [RIGHT["reports"]])


def of_itself(world: World) -> Pair:
    folder = world.folder / "strange"
    folder.mkdir(exist_ok=True)
    return write_certificate(folder, "itself")


BAD: dict[str, Callable[[World], Pair]] = {
    "another CA's of its name": of_another_ca,
    "its own": of_itself,
    "expired": lambda world: world.client(
        "expired", [RIGHT["reports"]], lasts=-timedelta(minutes=1)
    ),
    "a server's": lambda world: world.client("server", [RIGHT["reports"]], server=True),
}


@pytest.mark.parametrize("name", BAD)
def test_what_the_ca_does_not_vouch_for_connects_to_neither_port(world: World, name: str) -> None:
    shown = BAD[name](world)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError, httpx.ConnectError)):
        world.ask(shown)
    assert "UNAVAILABLE" in str(world.fetch(shown)).upper()


@pytest.mark.parametrize("name", CALLS)
def test_every_call_of_flight_asks_who_asks(world: World, name: str) -> None:
    right = world.client("right", [RIGHT["reports"]])
    wrong = world.client("wrong", [DNS("wrong.example.org")])
    with world.flight(right) as client:
        CALLS[name](client, calls_of())
    # pyarrow sends no status of its own for what GetSchema raises.
    errors = (flight.FlightUnauthenticatedError, pa.ArrowException)
    with world.flight(wrong) as client, pytest.raises(errors) as told:
        CALLS[name](client, calls_of())
    assert (REFUSED in str(told.value), "Traceback" in str(told.value)) == (True, False)


def test_a_handshake_gives_nobody_a_token_at_the_port_for_certificates(world: World) -> None:
    key = world.keys.create(Asked(name="dora")).text

    shown = world.client("hand", [RIGHT["reports"]])
    with world.flight(shown) as client, pytest.raises(NotImplementedError):
        client.authenticate_basic_token("token", key)


def test_credentials_beside_a_certificate_prove_the_same_or_nobody(world: World) -> None:
    shown = world.client("both", [RIGHT["nightly"]])
    like = Asked(name="nightly", roles=frozenset({"analyst"}))
    keys = {
        "alike": like,
        "of more roles": replace(like, roles=frozenset({"analyst", "admin"})),
        "of another": replace(like, name="eve"),
    }
    made = {name: world.keys.create(asked).text for name, asked in keys.items()} | {"none": "x"}

    over_http = {
        name: [world.ask(shown, key).status_code for _ in range(2)] for name, key in made.items()
    }
    over_flight = {name: world.fetch(shown, key) for name, key in made.items()}

    refused = {"of more roles", "of another", "none"}
    assert over_http == {"alike": [200, 200], **{each: [401, 401] for each in refused}}
    assert over_flight.pop("alike") == [{"total": 7}]
    assert {REFUSED in str(each) for each in over_flight.values()} == {True}


def test_a_certificate_with_an_unmapped_name_is_not_saved_by_a_key(world: World) -> None:
    shown = world.client("unmapped", [DNS("unmapped.example.org")])
    key = world.keys.create(Asked(name="carl")).text

    assert world.ask(shown, key).status_code == 401
    assert REFUSED in str(world.fetch(shown, key))


def test_orchestrators_show_no_certificate(world: World) -> None:
    with world.http(None) as client:
        assert client.get("/readyz").json() == {"status": "ready"}


def codes_of(client: httpx.Client) -> Iterator[int]:
    """What a client is answered, again and again, until it cannot connect any more."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            yield client.get("/api/v1/catalog").status_code
        except httpx.HTTPError:
            return
    yield 0


def test_a_certificate_ends_while_its_connection_is_open(world: World) -> None:
    shown = world.client("short", [RIGHT["reports"]], lasts=timedelta(seconds=3))
    with world.http(shown) as client:
        codes = list(codes_of(client))

    assert (codes[0], codes[-1], set(codes)) == (200, 401, {200, 401})


def until(holds: Callable[[], bool]) -> bool:
    """Whether something holds within ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if holds():
            return True
    return False


def test_another_ca_is_used_by_both_ports_and_the_old_one_by_neither(tmp_path: Path) -> None:
    with ExitStack() as stack:
        world = stack.enter_context(served(tmp_path))
        before = world.client("before", [RIGHT["reports"]])
        held = stack.enter_context(world.http(before))
        first = held.get("/api/v1/catalog").status_code, world.fetch(before)
        fresh = make_ca("fresh")
        (world.folder / "ca.pem").write_text(fresh.pem)
        after = fresh.write_client(world.folder, "after", [RIGHT["reports"]])

        assert first == (200, [{"total": 7}])
        assert until(lambda: world.fetch(after) == [{"total": 7}])
        assert until(lambda: held.get("/api/v1/catalog").status_code == 401)
        assert world.ask(after).status_code == 200
        assert "UNAVAILABLE" in str(world.fetch(before)).upper()
        with pytest.raises(httpx.HTTPError):
            world.ask(before)


def test_a_file_without_a_ca_changes_nothing(tmp_path: Path) -> None:
    with served(tmp_path) as world:
        shown = world.client("right", [RIGHT["reports"]])
        for held in ("", "-----BEGIN CERTIFICATE-----\n", shown[0].read_text()):
            (world.folder / "ca.pem").write_text(held)
            assert world.server.renewer is not None
            world.server.renewer.look()

            assert world.ask(shown).status_code == 200
            assert world.fetch(shown) == [{"total": 7}]


def test_the_audit_tells_how_somebody_was_known(tmp_path: Path) -> None:
    (tmp_path / "audit.key").write_bytes(b"k" * 32)
    (tmp_path / "audit.key").chmod(0o600)
    audit = AuditSettings(
        folder=tmp_path / "audit", anchors=tmp_path / "anchors", key=tmp_path / "audit.key"
    )
    with served(tmp_path, audit=audit) as world:
        shown = world.client("nightly", [RIGHT["nightly"]])
        made = world.keys.create(Asked(name="nightly", roles=frozenset({"analyst"})))
        for _ in range(2):
            world.ask(shown)
            world.ask(None, made.text)
        world.fetch(shown)
    records = [orjson.loads(each) for each in lines_of(audit.folder)]
    told = [
        (each["door"], each["principal"], each["known_by"], each["token"])
        for each in records
        if each["verdict"] == "allowed"
    ]
    san = "URI:spiffe://example.org/nightly"

    assert told == [
        ("http", "nightly", "certificate", san),
        ("http", "nightly", "key", made.id),
        ("http", "nightly", "certificate", san),
        ("http", "nightly", "key", made.id),
        ("flight", "nightly", "certificate", san),
    ]


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "no TLS": (AUTH, {"tls_cert": None, "tls_key": None}),
    "no certificates": (AUTH[: AUTH.index("  certificates")], {}),
    "nobody vouches": (AUTH.replace("issues_one_san: true", "issues_one_san: false"), {}),
    "no CA there": (AUTH.replace("ca: ca.pem", "ca: gone.pem"), {}),
    "no CA in it": (AUTH.replace("ca: ca.pem", "ca: client.pem"), {}),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_could_prove_nobody_or_somebody_else_is_not_served(tmp_path: Path, name: str) -> None:
    auth, changed = WRONG[name]
    ca = make_ca("clients")
    project = made_project(tmp_path, ca)
    ca.write_client(project, "client", [RIGHT["reports"]])
    root = project / "forebay.yml"
    root.write_text(root.read_text().replace(AUTH, auth))
    certificate, key = write_certificate(tmp_path)
    settings = Settings(
        project=project,
        http_port=0,
        flight_port=0,
        flight_mtls_port=0,
        tls_cert=certificate,
        tls_key=key,
    )

    with pytest.raises(SettingRejected) as told, serving(replace(settings, **changed)):
        raise AssertionError("it listens")
    assert told.value.hint
