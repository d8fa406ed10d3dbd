"""One server over the demo project for all protocol tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.compose import Server
from tests.support.server import running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on free ports of the loopback."""
    with running(tmp_path_factory.mktemp("types")) as started:
        yield started


@pytest.fixture(scope="session")
def http_url(server: Server) -> str:
    """The address of its HTTP interface."""
    return server.http_url


@pytest.fixture(scope="session")
def flight_url(server: Server) -> str:
    """The address of its Flight SQL interface."""
    return server.flight_url
