"""The command as a process, and a small project whose one query never ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

ENV = {**os.environ, "NO_COLOR": "1"}
FOREBAY = (sys.executable, "-m", "gateway")
TIMEOUT_S = 30

ROOT = """\
version: 1
name: numbers
engines: {local: {type: duckdb, files: {numbers: data/numbers.parquet}}}
"""
MODELS = """\
version: 1
models:
  numbers: {table: numbers, dimensions: {n: }, measures: {total: sum(n)}}
  endless:
    sql: select i, sin(i) as s from range(1000000000000) as t(i)
    dimensions: {i: }
    measures: {never: sum(s)}
"""


def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command, run to its end."""
    return subprocess.run(
        [*FOREBAY, *arguments],
        input=given,
        capture_output=True,
        env=ENV,
        timeout=TIMEOUT_S,
        check=False,
    )


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command while it runs."""
    process = subprocess.Popen(
        [*FOREBAY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ready(process: subprocess.Popen[bytes]) -> dict[str, str]:
    """What the line for scripts says, once a server prints it."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(b"FOREBAY_READY "):
            return dict(each.split("=", 1) for each in line.decode().split()[1:])
    raise AssertionError("the server ended before it was ready")


def numbers(folder: Path) -> Path:
    """A project of three numbers, with a model whose rows never end."""
    (folder / "models").mkdir()
    (folder / "data").mkdir()
    (folder / "forebay.yml").write_text(ROOT)
    (folder / "models" / "numbers.yml").write_text(MODELS)
    path = folder / "data" / "numbers.parquet"
    duckdb.connect(config={"threads": 1}).execute(
        f"copy (select unnest([1, 2, 4]) as n) to '{path}'"
    )
    return folder
