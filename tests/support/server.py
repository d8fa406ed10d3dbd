"""A real server over a project, for the length of a test session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.compose import Server, serving
from gateway.promise_guard import CheckKeys
from gateway.settings import Settings
from tests.support.demo_questions import DEMO


@contextmanager
def running(
    folder: Path, project: Path = DEMO, *, check_keys: CheckKeys = "off"
) -> Iterator[Server]:
    """Serve a project on free ports; what engines tell is kept in ``folder``."""
    settings = Settings(
        project=project,
        anonymous=True,
        http_port=0,
        flight_port=0,
        types_folder=folder,
        checks_folder=folder,
        check_keys=check_keys,
    )
    with serving(settings) as server:
        yield server
