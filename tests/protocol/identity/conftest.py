"""A server that asks who asks, over a copy of a small project, with keys of two principals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.compose import Server, serving
from gateway.identity.auth_settings import KeyFiles
from gateway.identity.key_store import Asked, KeyStore, make_pepper
from gateway.settings import Settings
from tests.blackbox.processes import numbers
from tests.support.documents import issuer_written, published_keys

AUTH = """\
attributes: {region: {type: string, list: true}}
auth:
  state: .forebay/keys.json
  pepper: .forebay/pepper
"""


@dataclass
class World:
    """A server, its keys, and a key of each of two principals."""

    server: Server
    keys: KeyStore
    ada: str
    bob: str


@pytest.fixture(scope="session")
def jwks_url() -> Iterator[str]:
    """Where the issuer publishes its keys."""
    with published_keys() as url:
        yield url


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, jwks_url: str) -> Path:
    """A project that says how whoever asks proves who they are."""
    folder = numbers(tmp_path_factory.mktemp("project"))
    root = folder / "forebay.yml"
    root.write_text(root.read_text() + AUTH + issuer_written(jwks_url, "region"))
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
