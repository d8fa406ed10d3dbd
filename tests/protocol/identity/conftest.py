"""A server that asks who asks, over a copy of a small project, with keys of two principals."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer

import orjson
import pytest

from gateway.compose import Server, serving
from gateway.identity.auth_settings import KeyFiles
from gateway.identity.key_store import Asked, KeyStore, make_pepper
from gateway.settings import Settings
from tests.blackbox.processes import numbers
from tests.support.issuer import jwk, rsa_key

AUTH = """\
attributes: {{region: {{type: string, list: true}}}}
auth:
  state: .forebay/keys.json
  pepper: .forebay/pepper
  issuers:
    corp:
      url: https://idp.example
      jwks: {jwks}
      alg: RS256
      typ: at+jwt
      audience: forebay
      claims: {{region: org_region}}
      roles: groups
      allow_private: true
"""


@dataclass
class World:
    """A server, its keys, and a key of each of two principals."""

    server: Server
    keys: KeyStore
    ada: str
    bob: str


class KeySet(BaseHTTPRequestHandler):
    """The issuer's keys."""

    def do_GET(self) -> None:
        body = orjson.dumps({"keys": [jwk(rsa_key())]})
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tell nobody."""


@pytest.fixture(scope="session")
def jwks_url() -> Iterator[str]:
    """Where the issuer publishes its keys."""
    server = TCPServer(("127.0.0.1", 0), KeySet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/keys"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, jwks_url: str) -> Path:
    """A project that says how whoever asks proves who they are."""
    folder = numbers(tmp_path_factory.mktemp("project"))
    root = folder / "forebay.yml"
    root.write_text(root.read_text() + AUTH.format(jwks=jwks_url))
    make_pepper(folder / ".forebay" / "pepper")
    return folder


@pytest.fixture(scope="session")
def world(project: Path) -> Iterator[World]:
    """A server over it."""
    files = KeyFiles(
        state=project / ".forebay" / "keys.json", pepper=project / ".forebay" / "pepper"
    )
    keys = KeyStore(files)
    ada, bob = (keys.create(Asked(name=name)).text for name in ("ada", "bob"))
    settings = Settings(
        project=project, http_port=0, flight_port=0, types_folder=project / ".types"
    )
    with serving(settings) as server:
        yield World(server, keys, ada, bob)
