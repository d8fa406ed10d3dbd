"""Secrets that are looked for wherever a project is told of.

Each secret is one of its own, so that what is found tells where it came from:

| kind | where it is | where it may be found |
|---|---|---|
| a setting | forebay.yml, the environment, files that it names, keys | nowhere |
| data | masked and hidden columns, policies, paths of files | in what the operator asks |
| asked | literals, parameters, tokens that are sent | in answers to whoever sent them |
"""

from __future__ import annotations

import base64
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from urllib.parse import quote

import duckdb
import httpx
from pyarrow import flight

from gateway.identity.auth_settings import KeyFiles
from gateway.identity.key_store import Asked, KeyStore, make_pepper
from tests.blackbox.processes import FOREBAY
from tests.security.doors import statement
from tests.support.certificates import make_ca, write_certificate
from tests.support.documents import published_documents
from tests.support.issuer import claims, rsa_key, token

Kind = Literal["setting", "data", "asked"]
MARK = "cnry"
TIMEOUT_S = 120

ROOT = """\
version: 1
name: shop
engines: {{local: {{type: duckdb, files: {{t_orders: '${{C_FILES}}/orders.parquet'}}}}}}
attributes: {{region: string}}
auth:
  state: '${{C_STATE}}/keys.json'
  pepper: .forebay/pepper
  issuers:
    corp:
      url: 'https://idp.example/${{C_URL}}'
      jwks: '{jwks}/keys?token=${{C_JWKS}}'
      alg: RS256
      typ: '${{C_TYP}}'
      audience: ['${{C_AUDIENCE}}', '${{file:secrets/audience}}']
      azp: '${{C_AZP}}'
      claims: {{region: '${{C_CLAIM}}'}}
      roles: '${{C_ROLES}}'
      map_roles: {{boss: '${{C_ROLE}}'}}
      scopes: '${{C_SCOPES}}'
      allow_private: true
  certificates:
    ca: ca.pem
    principals:
      one:
        uri: 'a:${{C_SAN}}'
        name: '${{C_NAME}}'
        roles: '${{C_CERT_ROLE}}'
        attributes: {{region: '${{C_ATTRIBUTE}}'}}
        scopes: '${{C_SCOPE}}'
"""
MODELS = """\
version: 1
parameters: {{code: {{type: string, default: {code}}}}}
models:
  orders:
    table: t_orders
    key: id
    dimensions: {{id: , status: , email: , note: , region: }}
    measures:
      n: count(*)
      chosen: {{expr: sum(id), where: status = param.code}}
"""
POLICIES = """\
version: 1
policies:
  staff: {{grant: {{models: [orders]}}, for: [staff]}}
  rows: {{on: orders, rows: "region = principal.region or region = '{literal}'", unless: [admin]}}
  mail: {{on: orders, mask: {{email: "'x'"}}, unless: [admin]}}
  notes: {{on: orders, hide: [note], unless: [admin]}}
"""
SETTINGS = (
    *("C_FILES", "C_STATE", "C_URL", "C_JWKS", "C_TYP", "C_AUDIENCE", "C_AZP", "C_CLAIM"),
    *("C_ROLES", "C_ROLE", "C_SCOPES", "C_SAN", "C_NAME", "C_CERT_ROLE", "C_ATTRIBUTE", "C_SCOPE"),
)
"""What ``forebay.yml`` takes from the environment."""

PATHS = ("C_FILES", "C_STATE")
"""Those of them that the operator is told of, where nothing is there."""


@dataclass
class Canaries:
    """The secrets, by what they are."""

    made: dict[str, tuple[Kind, str]] = field(default_factory=dict)

    def new(self, kind: Kind, name: str) -> str:
        """A secret that is nowhere else."""
        return self.add(kind, name, f"{MARK}{name.lower().replace('_', '')}x{os.urandom(6).hex()}")

    def add(self, kind: Kind, name: str, text: str) -> str:
        """A secret that was made by somebody else."""
        self.made[name] = (kind, text)
        return text

    def found_in(self, held: bytes, kinds: Sequence[Kind]) -> Iterator[str]:
        """Which of some kinds are in what was told, however they are written."""
        for name, (kind, text) in self.made.items():
            if kind in kinds and any(each in held for each in _spellings(text)):
                yield name


def _spellings(text: str) -> set[bytes]:
    """A text as it is, in hexadecimal, in base64 at each of its three places, and in a URL."""
    raw = text.encode()
    found = {raw, raw.hex().encode(), quote(text, safe="").encode(), repr(text)[1:-1].encode()}
    for ahead in range(3):
        encoded = base64.b64encode(b"\0" * ahead + raw)
        found.add(encoded[(ahead * 8 + 5) // 6 : len(raw) * 8 // 6])
    return found


@dataclass
class World:
    """A project full of secrets, and what was told of it."""

    folder: Path
    canaries: Canaries
    env: Mapping[str, str]
    trusted: Path
    key: str
    told: dict[str, bytes] = field(default_factory=dict)
    """What was told, by where."""

    def tell(self, place: str, held: bytes) -> None:
        """Note what was told at a place."""
        self.told[place] = self.told.get(place, b"") + held + b"\n"


@contextmanager
def secretive() -> Iterator[World]:
    """A project with a secret wherever one may be, whose issuer answers with errors alone."""
    refuses = published_documents(lambda _: (500, b"no"))
    with TemporaryDirectory() as at, refuses as jwks:
        yield _made(Path(at), jwks)


def _made(at: Path, jwks: str) -> World:
    canaries = Canaries()
    env = {name: canaries.new("data" if name in PATHS else "setting", name) for name in SETTINGS}
    project = at / "project"
    for each in ("models", "policies", "secrets", env["C_FILES"], env["C_STATE"]):
        (project / each).mkdir(parents=True)
    (project / "secrets" / "audience").write_text(canaries.new("setting", "audience file"))
    (project / "forebay.yml").write_text(ROOT.format(jwks=jwks))
    code, literal = canaries.new("data", "default"), canaries.new("data", "literal")
    (project / "models" / "shop.yml").write_text(MODELS.format(code=code))
    (project / "policies" / "shop.yml").write_text(POLICIES.format(literal=literal))
    mail, note = canaries.new("data", "mail"), canaries.new("data", "note")
    # That of whoever asks is seen in answers.
    region = canaries.new("asked", "region")
    with duckdb.connect(config={"threads": 1}) as connection:
        path = project / env["C_FILES"] / "orders.parquet"
        rows = f"(1, 'paid', '{mail}', '{note}', '{region}'), (2, 'open', 'b', 'c', 'eu')"
        text = f"select * from (values {rows}) t(id, status, email, note, region)"
        connection.execute(f"copy ({text}) to '{path}'")
    (project / "ca.pem").write_text(make_ca("clients").pem)
    certificate, private = write_certificate(at)
    for number, line in enumerate(private.read_text().split("\n")[1:-2]):
        canaries.add("setting", f"line {number} of the server's key", line)
    return World(project, canaries, env, certificate, _key(project, env, canaries, region))


def _key(project: Path, env: Mapping[str, str], canaries: Canaries, region: str) -> str:
    state, pepper = project / env["C_STATE"] / "keys.json", project / ".forebay" / "pepper"
    make_pepper(pepper)
    canaries.add("setting", "pepper", pepper.read_bytes().hex())
    made = KeyStore(KeyFiles(state=state, pepper=pepper)).create(
        Asked(name="ada", roles=frozenset({"staff"}), attributes={"region": region})
    )
    canaries.add("setting", "key", made.text.rpartition("_")[2])
    return made.text


def served_with(world: World, more: str) -> Sequence[str]:
    """The command of a server; ``more`` is Python that runs before it."""
    at = world.folder.parent
    (at / "audit.key").write_bytes(b"k" * 32)
    (at / "audit.key").chmod(0o600)
    options = ("--port", "0", "--flight-port", "0", "--reload", "0.2", "--check-keys", "warn")
    tls = ("--tls-cert", str(world.trusted), "--tls-key", str(at / "server.key"))
    audit = (
        *("--audit", str(at / "audit"), "--audit-anchors", str(at / "anchors")),
        *("--audit-key", str(at / "audit.key"), "--audit-sync", "record"),
    )
    asked = ["forebay", "serve", "-p", str(world.folder), "--verbose", *options, *tls, *audit]
    script = f"import sys\n{more}\nsys.argv = {asked!r}\nfrom gateway.cli.main import main\nmain()"
    return (sys.executable, "-X", "faulthandler", "-c", script)


def environment(world: World) -> dict[str, str]:
    """That of the project's processes, whose caches are kept beside it."""
    cache = str(world.folder.parent / "cache")
    return {**os.environ, **world.env, "NO_COLOR": "1", "XDG_CACHE_HOME": cache}


@contextmanager
def running(world: World, more: str = "") -> Iterator[dict[str, str]]:
    """A server, which crashes at the end; what it says is told."""
    at = world.folder.parent
    out, log = at / "stdout", at / "stderr"
    with (
        out.open("wb") as stdout,
        log.open("wb") as stderr,
        subprocess.Popen(
            served_with(world, more), stdout=stdout, stderr=stderr, env=environment(world)
        ) as process,
    ):
        try:
            yield _ready(process, log)
        finally:
            process.send_signal(signal.SIGABRT)
    world.tell("stdout", out.read_bytes())
    world.tell("log", log.read_bytes())
    for place in ("audit", "anchors", "cache"):
        for path in sorted(each for each in (at / place).rglob("*") if each.is_file()):
            world.tell(place, str(path.name).encode() + path.read_bytes())


def _ready(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    """What the line for scripts says; a pipe would be full before anybody reads it."""
    while process.poll() is None:
        for line in log.read_bytes().split(b"\n")[:-1]:
            if line.startswith(b"FOREBAY_READY "):
                return dict(each.split("=", 1) for each in line.decode().split()[1:])
        time.sleep(0.05)
    raise AssertionError(f"the server ended before it was ready: {log.read_text()}")


def questions(canaries: Canaries) -> dict[str, str]:
    """Questions right and wrong, with secrets in them."""

    def new(name: str) -> str:
        return canaries.new("asked", name)

    return {
        "right": "SELECT status, n FROM orders",
        "rows": "SELECT * FROM orders",
        "by a masked column": "SELECT email, n FROM orders",
        "a literal of a masked column": f"SELECT n FROM orders WHERE email = '{new('masked')}'",
        "a literal of a hidden column": f"SELECT n FROM orders WHERE note = '{new('hidden')}'",
        "a literal": f"SELECT n FROM orders WHERE status = '{new('literal asked')}'",
        "a cast": f"SELECT n FROM orders WHERE cast(status || '{new('cast')}' AS integer) > 0",
        "a cast of a mask": "SELECT n FROM orders WHERE cast(email AS integer) > 0",
        "a parameter": f'{{"metrics": ["chosen"], "params": {{"code": "{new("parameter")}"}}}}',
        "a wrong parameter": f'{{"metrics": ["chosen"], "params": {{"kode": "{new("kode")}"}}}}',
        "an unknown name": f"SELECT {new('column')} FROM orders",
        "no SQL": f"SELECT FROM WHERE '{new('no sql')}",
        "no JSON": f'{{"metrics": ["{new("no json")}"',
        "a bug": f"SELECT n FROM orders WHERE status = 'crash_here{new('bug')}'",
    }


def ask_doors(world: World, ports: Mapping[str, str]) -> None:
    """Ask both doors everything, as somebody and as nobody."""
    canaries = world.canaries
    asked = questions(canaries)
    forged = token(claims(iss=f"https://idp.example/{world.env['C_URL']}"), header={"typ": "JWT"})
    right = token(
        claims(iss=f"https://idp.example/{world.env['C_URL']}"),
        header={"typ": world.env["C_TYP"]},
        key=rsa_key(),
    )
    wrong = [canaries.new("asked", "bearer"), forged, right]
    for number, each in enumerate(wrong[1:]):
        canaries.add("asked", f"token {number}", each.rpartition(".")[2])
    with httpx.Client(
        base_url=ports["url"].replace("127.0.0.1", "localhost"),
        verify=ssl.create_default_context(cafile=str(world.trusted)),
        trust_env=False,
    ) as http:
        for secret in (world.key, *wrong):
            http.headers["authorization"] = f"Bearer {secret}"
            for path in ("/", "/api/v1/catalog", "/readyz", "/openapi.json", "/nothing"):
                _note(world, http.get(path))
            for question in asked.values():
                _note(world, http.get("/api/v1/query", params={"q": question}))
                _note(world, http.get("/api/v1/compile", params={"q": question}))
        http.headers["authorization"] = f"Bearer {world.key}"
        _note(world, http.post("/api/v1/query", content=canaries.new("asked", "body")))
    _ask_flight(world, ports, (world.key, *wrong), asked.values())


def _note(world: World, response: httpx.Response) -> None:
    world.tell("responses", repr(response.headers.raw).encode() + response.content)


def _fetched(client: flight.FlightClient, text: str, options: flight.FlightCallOptions) -> bytes:
    try:
        info = client.get_flight_info(statement(text), options)
        rows = client.do_get(info.endpoints[0].ticket, options).read_all()
    except flight.FlightError as error:
        return f"{error} {error.extra_info!r}".encode()
    return str(rows.to_pylist()).encode()


def _ask_flight(world: World, ports: Mapping[str, str], secrets: Sequence[str], asked: Any) -> None:
    url = ports["flight"].replace("127.0.0.1", "localhost")
    with flight.connect(url, tls_root_certs=world.trusted.read_text()) as client:
        for secret in secrets:
            # The stubs say texts, and pyarrow takes bytes.
            pairs: list[Any] = [(b"authorization", f"Bearer {secret}".encode())]
            options = flight.FlightCallOptions(headers=pairs)
            for question in asked:
                world.tell("responses", _fetched(client, question, options))
        _, session = client.authenticate_basic_token("token", world.key)
        world.canaries.add("asked", "session", str(session)[-40:-2])


COMMANDS: Sequence[Sequence[str]] = (
    ("validate",),
    ("validate", "--live", "--format", "json"),
    ("ls",),
    ("token", "list"),
    ("token", "create", "a b"),
    ("token", "revoke", "nobody"),
    ("why", "ada", "orders.n"),
    ("query", "--role", "staff", "SELECT email, n FROM orders"),
    ("--debug", "query", "SELECT n FROM orders WHERE cast(status AS integer) > 0"),
    ("serve", "--host", "0.0.0.0"),  # noqa: S104
    ("serve", "--flight-mtls-port", "0"),
)
BROKEN: Mapping[str, tuple[str, str]] = {
    "alg": ("alg: RS256", "alg: '${C_TYP}'"),
    "url": ("https://idp.example/", "ftp://idp.example/"),
    "attribute": ("region: '${C_ATTRIBUTE}'", "grade: '${C_ATTRIBUTE}'"),
    "attribute's type": ("region: string", "region: integer"),
    "san": ("uri: 'a:", "dns: 'a:"),
    "name": ("name: '${C_NAME}'", "name: 'a ${C_NAME}'"),
    "file": ("/orders.parquet", "/gone.parquet"),
    "state": ("${C_STATE}/keys.json", "${C_STATE}"),
    "pepper": (".forebay/pepper", "'${C_STATE}/gone'"),
    "reference": ("${C_AZP}", "${C_AZP}${NOT_SET_AT_ALL}"),
    "engine": ("type: duckdb", "type: '${C_TYP}'"),
    "key": ("typ: ", "tyb: "),
}
"""A word of forebay.yml, and another one in its place that makes it wrong."""


def ask_commands(world: World) -> None:
    """Run commands over the project, and over ones that are wrong."""
    for each in COMMANDS:
        at = 1 if each[0].startswith("-") else 0
        first, rest = each[: at + 1], each[at + 1 :]
        if first[-1] == "token":
            first, rest = each[:2], each[2:]
        _run(world, (*first, *rest))
    root = world.folder / "forebay.yml"
    right = root.read_text()
    for name, (word, other) in BROKEN.items():
        wrong = right.replace(word, other, 1)
        assert wrong != right, name
        root.write_text(wrong)
        _run(world, ("validate",))
        _run(world, ("token", "list"))
    root.write_text(right)


def _run(world: World, arguments: Sequence[str]) -> None:
    done = subprocess.run(
        [*FOREBAY, *arguments, "-p", str(world.folder)],
        capture_output=True,
        env=environment(world),
        timeout=TIMEOUT_S,
        check=False,
    )
    world.tell("commands", b" ".join(map(str.encode, arguments)) + done.stdout + done.stderr)


FORBIDDEN: Mapping[str, Sequence[Kind]] = {
    "log": ("setting", "data", "asked"),
    "stdout": ("setting", "data", "asked"),
    "audit": ("setting", "data", "asked"),
    "anchors": ("setting", "data", "asked"),
    "cache": ("setting", "data", "asked"),
    "responses": ("setting", "data"),
    "commands": ("setting",),
}
"""What may be told where to nobody."""
CRASH = """
import gateway.pipeline as pipeline
resolve = pipeline.resolve
def crash(query, *others, **options):
    if "crash_here" in repr(query):
        raise ValueError("something went wrong")
    return resolve(query, *others, **options)
pipeline.resolve = crash
"""
"""A server with a fault of its own."""
NOISY = """
import gateway.identity.identify as identify
token_of = identify._token_of
def tell(header, **options):
    identify.log.warning("credentials: %s", header)
    return token_of(header, **options)
identify._token_of = tell
import gateway.audit_log as audit_log
audit_log.AuditLog.digest = lambda self, text: text
import gateway.identity.fetch_json as fetch_json
import gateway.identity.issuer_keys as issuer_keys
fetch = fetch_json._fetch
def loud(url, **options):
    identify.log.warning("asked: %s", url)
    return fetch(url, **options)
fetch_json._fetch = loud
"""
"""A server that tells what it should not: the control of what is looked for."""


def found(world: World) -> list[str]:
    """The secrets that were told, each with the place."""
    return [
        f"{name} in {place}"
        for place, kinds in FORBIDDEN.items()
        for name in world.canaries.found_in(world.told.get(place, b""), kinds)
    ]


def ask_canaries() -> tuple[int, list[str], list[str]]:
    """How many secrets were looked for at how many places, which were found, and dead controls."""
    with secretive() as world:
        with running(world, CRASH) as ports:
            ask_doors(world, ports)
        ask_commands(world)
        told = found(world)
        silent = [f"nothing is told in {each}" for each in FORBIDDEN if not world.told.get(each)]
        looked = len(world.canaries.made) * len(FORBIDDEN)
    return looked, told, [*[each for each in silent if "stdout" not in each], *dead_controls()]


def dead_controls() -> list[str]:
    """Places where a server that tells its secrets is not found out."""
    with secretive() as world:
        with running(world, CRASH + NOISY) as ports:
            ask_doors(world, ports)
        told = found(world)
    wanted = ("key in log", "bearer in log", "C_JWKS in log", "literal asked in audit")
    return [f"no {each} is found" for each in wanted if each not in told]
