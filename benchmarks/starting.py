"""How soon the command line answers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks.figure import Figure


def cli_help() -> Iterator[Figure]:
    """``forebay --help``, beside Python that imports click."""
    commands = (["-m", "gateway", "--help"], ["-c", "import click"])
    best = [float("inf"), float("inf")]
    for _ in range(12):
        for number, command in enumerate(commands):
            best[number] = min(best[number], _elapsed_ms(command))
    yield Figure("cli_help", best[0], best[1], "ms", "lower")


def _elapsed_ms(command: Sequence[str]) -> float:
    started_s = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    return (time.perf_counter() - started_s) * 1000
