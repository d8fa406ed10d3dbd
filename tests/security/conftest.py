"""Servers over both worlds, started once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from socketserver import TCPServer

import pytest

from tests.protocol.identity.conftest import KeySet
from tests.security.doors import A, B, World, served

ISSUER = """\
  issuers:
    corp:
      url: https://idp.example
      jwks: {jwks}
      alg: RS256
      typ: at+jwt
      audience: forebay
      claims: {{regions: org_region}}
      roles: groups
      allow_private: true
"""


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    """What a project says of an issuer, whose keys are published on this machine."""
    server = TCPServer(("127.0.0.1", 0), KeySet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield ISSUER.format(jwks=f"http://127.0.0.1:{server.server_address[1]}/keys")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def one(tmp_path_factory: pytest.TempPathFactory, issuer: str) -> Iterator[World]:
    """A world."""
    with served(tmp_path_factory.mktemp("one") / "shop", A, issuer) as world:
        yield world


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory, issuer: str) -> Iterator[World]:
    """One that differs from it in what may not be seen."""
    with served(tmp_path_factory.mktemp("other") / "shop", B, issuer) as world:
        yield world


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory, issuer: str) -> Iterator[World]:
    """A third server: what it is asked leaves no answers in the memory of the two."""
    with served(tmp_path_factory.mktemp("alone") / "shop", A, issuer) as world:
        yield world
