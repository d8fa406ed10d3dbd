"""Servers in processes of their own, so that who asks and who answers do not share a lock."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY = "READY"


@dataclass(frozen=True, slots=True)
class Running:
    """A server's process and what its line of readiness says."""

    process_id: int
    told: dict[str, str]


@contextmanager
def process(arguments: Sequence[str]) -> Iterator[Running]:
    """Start a Python module as a server, wait for its READY line, stop it at the end."""
    server = subprocess.Popen([sys.executable, "-m", *arguments], stderr=subprocess.PIPE, text=True)
    try:
        yield Running(server.pid, _told(server))
    finally:
        server.terminate()
        server.wait(timeout=30)


def _told(server: subprocess.Popen[str]) -> dict[str, str]:
    assert server.stderr is not None
    for line in server.stderr:
        if READY in line:
            return dict(word.split("=", 1) for word in line.split() if "=" in word)
    raise RuntimeError("a server ended before it was ready")


@contextmanager
def forebay(project: Path) -> Iterator[Running]:
    """The whole product, serving a project on free ports."""
    where = ["--project", str(project), "--port", "0", "--flight-port", "0"]
    arguments = ["gateway", "serve", "--anonymous", *where]
    with process(arguments) as running:
        yield running
