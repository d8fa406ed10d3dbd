"""Scripted answers over a real port, for what no project does on purpose."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn

from gateway.http_api.app import create_app
from gateway.http_api.ports import Limits
from gateway.http_api.protocol import Protocol
from tests.support.identities import EVERYBODY
from tests.unit.gateway.http_api.fakes import ScriptedGateway

Serve = Callable[[ScriptedGateway], str]


class Hurried(Protocol):
    """Connections whose clients have to be quick."""

    head_timeout_s = 0.3
    stall_timeout_s = 1.0


@contextmanager
def listening(gateway: ScriptedGateway) -> Iterator[str]:
    """Serve a gateway on a free port; gives its address."""
    config = uvicorn.Config(
        create_app(gateway, identity=EVERYBODY, limits=Limits(body_timeout_s=0.2)),
        http=Hurried,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves gateways until the test ends."""
    with ExitStack() as stack:
        yield lambda gateway: stack.enter_context(listening(gateway))
