"""Servers over both worlds, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.security.doors import World, served
from tests.security.two_shops import A, B
from tests.support.documents import issuer_written, published_keys


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    """What a project says of an issuer, whose keys are published on this machine."""
    with published_keys() as jwks:
        yield issuer_written(jwks, "regions")


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
