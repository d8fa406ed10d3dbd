"""A real server over a project, for the length of a test session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.compose import Server, serving
from gateway.settings import Settings
from tests.support.demo_questions import DEMO


@contextmanager
def running(folder: Path, project: Path = DEMO) -> Iterator[Server]:
    """Serve a project on free ports; types told by engines are kept in ``folder``."""
    settings = Settings(project=project, http_port=0, flight_port=0, types_folder=folder)
    with serving(settings) as server:
        yield server
