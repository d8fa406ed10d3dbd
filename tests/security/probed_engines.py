"""Engines that generated SQL is asked of directly: DuckDB in several versions, and PostgreSQL."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from dialects.dialect import Dialect
from dialects.duckdb import DUCKDB
from dialects.postgres import POSTGRES

ROOT = Path(__file__).parents[2]
Statements = Sequence[str]
Outcomes = tuple[tuple[str, ...], ...]
"""Of each text all outcomes that there were."""


class MissingEngine(Exception):
    """An engine that is not installed here."""


@dataclass(frozen=True)
class ProbedEngine:
    """One engine: what its SQL is, and what asks it in worlds."""

    name: str
    dialect: Dialect
    outcomes: Callable[[Sequence[Statements], Sequence[str], int], list[Outcomes]]
    """By world, from the statements that make each, texts, and how often each is asked."""


def _of_duckdb(
    python: Path, worlds: Sequence[Statements], texts: Sequence[str], repeats: int
) -> list[Outcomes]:
    if not python.exists():
        raise MissingEngine(f"{python.parent.parent.name} is made by `make security`")
    asked = json.dumps({"worlds": list(worlds), "texts": texts, "repeats": repeats})
    script = Path(__file__).with_name("ask_duckdb.py")
    told = subprocess.run(
        [python, "-I", script], input=asked, capture_output=True, check=True, text=True
    )
    return [tuple(map(tuple, each)) for each in json.loads(told.stdout)["worlds"]]


_OUTCOME = """
create function outcome(query text) returns text language plpgsql as $$
declare found record; told text[] := '{}';
begin
  for found in execute query loop told := told || found::text; end loop;
  return array(select unnest(told) order by 1)::text;
exception when others then return 'error ' || sqlstate || ': ' || sqlerrm;
end $$
"""


def _of_postgres(
    worlds: Sequence[Statements], texts: Sequence[str], repeats: int
) -> list[Outcomes]:
    with _postgres() as psql:
        return [_of_one_world(psql, world, texts, repeats) for world in worlds]


def _of_one_world(
    psql: Sequence[str], world: Statements, texts: Sequence[str], repeats: int
) -> Outcomes:
    tables = ("drop schema public cascade", "create schema public", *world, _OUTCOME, "analyze")
    _run([*psql, "-q", "-v", "ON_ERROR_STOP=1"], ";\n".join(tables) + ";\n")
    asked = "\n".join(f"select outcome($asked${text}$asked$);" for text in texts)
    rounds = [_run([*psql, "-q", "-A", "-t", "-0"], asked).split("\0") for _ in range(repeats)]
    assert all(len(each) == len(texts) + 1 for each in rounds), "one outcome a text"
    return tuple(tuple(sorted(set(each))) for each in zip(*rounds, strict=True))[:-1]


@contextmanager
def _postgres() -> Iterator[Sequence[str]]:
    """A server of its own on a socket of its own, and what talks to it."""
    binaries = _binaries()
    with TemporaryDirectory(prefix="forebay-postgres-") as folder:
        shutil.chown(folder, "nobody")
        data = str(Path(folder, "data"))
        run = partial(_run, user="nobody")
        run([str(binaries / "initdb"), "-D", data, "-U", "probe", "-A", "trust", "-E", "UTF8"])
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        control = [str(binaries / "pg_ctl"), "-D", data, "-w"]
        run([*control, "-l", f"{folder}/log", "-o", options, "start"])
        try:
            yield [str(binaries / "psql"), "-X", "-h", folder, "-U", "probe", "-d", "postgres"]
        finally:
            run([*control, "-m", "immediate", "stop"])


def _binaries() -> Path:
    config = shutil.which("pg_config")
    found = [Path(config).resolve().parent] if config else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for each in found:
        if (each / "initdb").exists():
            return each
    raise MissingEngine("PostgreSQL's server is not installed")


def _run(command: Sequence[str], text: str = "", *, user: str | None = None) -> str:
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, user=user, cwd="/", check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr[-2000:]}")
    return done.stdout


def _python(version: str) -> Path:
    return ROOT / ".venv" / f"duckdb-{version}" / "bin" / "python"


ENGINES = (
    ProbedEngine("duckdb 1.5.5", DUCKDB, partial(_of_duckdb, Path(sys.executable))),
    ProbedEngine("duckdb 1.4.4", DUCKDB, partial(_of_duckdb, _python("1.4.4"))),
    ProbedEngine("duckdb 2.0.0", DUCKDB, partial(_of_duckdb, _python("2.0.0"))),
    ProbedEngine("postgres 15", POSTGRES, _of_postgres),
)
