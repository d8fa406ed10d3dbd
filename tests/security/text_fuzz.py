"""Texts that nobody would write, as questions, predicates, documents and policies: each is refused,
or becomes SQL that reads nothing but governed tables.

COUNT=20000 SEED=0 python -m tests.security.text_fuzz
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from multiprocessing import get_context
from random import Random

import duckdb
import pytest
from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

import semantic_models.expressions
from auth.principal import Principal
from dialects.duckdb import DUCKDB
from gateway.pipeline import Question, prepare
from gateway.snapshot import Snapshot
from semantic_models.errors import ForebayError
from tests.security.text_seeds import HOSTILE, INSERTED, SEEDS, grown
from tests.support.models import World
from tests.support.policies import governed, the_world

PROCESSES = 2
SECONDS_MAX = 1.0
GROWTH_MAX_KIB = 50 * 1024
NOW = datetime(2024, 11, 3, tzinfo=UTC)
ANN = Principal("ann", frozenset())
MARKS = {"orders": "void-7731", "customers": "void-7732", "regions": "void-7733"}
"""By table, a text of its policy."""
POLICIES = """  all: {grant: {models: all}}
  o: {on: {table: orders}, rows: "status <> 'void-7731'"}
  c: {on: {table: customers}, rows: "name <> 'void-7732'", mask: {name: "'m'"}}
  r: {on: {table: regions}, rows: "title <> 'void-7733'"}
"""
ASKED = {"metrics": ["revenue"], "dimensions": ["status", "customer.region"]}
CALLED = frozenset(("timezone", "epoch_ns", "epoch_us", "make_timestamp", "ieee_floor_mod"))
"""Functions of generated SQL that sqlglot has no class for."""
_UNFORESEEN = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NameError),
    *(OSError, RuntimeError, StopIteration, TypeError, ValueError, SqlglotError, duckdb.Error),
)
"""What no text may raise."""
_TOKENS = re.compile(r"\w+|\s+|.", re.DOTALL)


@dataclass(frozen=True)
class Text:
    """One input: what kind of text it is, and the text."""

    kind: str
    text: str

    def __str__(self) -> str:
        """The text as it can be pasted."""
        return f"{self.kind}: {self.text!a}"


def text_of(number: int, seed: str) -> Text:
    """The input of a number: a seed with a character put in, tokens of two, or grown anew."""
    kinds = tuple(SEEDS)
    random = Random(f"text:{seed}:{number}")
    kind, way = kinds[number % len(kinds)], number // len(kinds) % 3
    if way == 0:
        return Text(kind, _inserted(kind, number // (3 * len(kinds)), random))
    if way == 1:
        return Text(kind, _spliced(kind, random))
    return Text(kind, grown(kind, random))


def _inserted(kind: str, number: int, random: Random) -> str:
    """A character at a place of a seed: all of them in turn, before any is put in twice."""
    places = _places(kind)
    character = INSERTED[number % len(INSERTED)]
    which, at = places[number // len(INSERTED) % len(places)]
    text = SEEDS[kind][which]
    made = text[:at] + character + text[at:]
    if number < len(INSERTED) * len(places):
        return made
    again = random.randrange(len(made) + 1)
    return made[:again] + random.choice(INSERTED) + made[again:]


@cache
def _places(kind: str) -> list[tuple[int, int]]:
    return [(number, at) for number, each in enumerate(SEEDS[kind]) for at in range(len(each) + 1)]


def _spliced(kind: str, random: Random) -> str:
    tokens = _TOKENS.findall(random.choice(SEEDS[kind]))
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(tokens) + 1)
        end = min(len(tokens), at + random.choice((0, 0, 1, 1, 3)))
        tokens[at:end] = _piece(kind, random)
    return "".join(tokens)


def _piece(kind: str, random: Random) -> list[str]:
    if random.random() < 0.4:
        return [random.choice(HOSTILE)]
    tokens = _TOKENS.findall(random.choice(SEEDS[kind]))
    at = random.randrange(len(tokens))
    return tokens[at : at + random.choice((1, 1, 2, 5, 20))]


@cache
def _world() -> World:
    return the_world()


@cache
def _snapshot(policies: str = POLICIES) -> Snapshot:
    found, faults = governed(policies, _world())
    assert faults == []
    return Snapshot(_world().catalog, found)


def sql_of(made: Text) -> str:
    """The SQL that a text becomes.

    Raises:
        ForebayError: it is refused.
    """
    if made.kind == "policy":
        return _of_policy(made.text)
    asked = made.text
    if made.kind in ("where", "having"):
        asked = json.dumps({**ASKED, made.kind: [made.text]})
    question = Question(asked, ANN, NOW)
    return prepare(question, _snapshot(), {"local": DUCKDB}).physical.text


def _of_policy(text: str) -> str:
    """The SQL of a question whose home has a row filter of a text."""
    written = json.dumps(text)
    filters = POLICIES.replace("\"status <> 'void-7731'\"", written)
    found, faults = governed(filters, _world())
    if faults:
        raise faults[0]
    snapshot = Snapshot(_world().catalog, found)
    return prepare(Question(json.dumps(ASKED), ANN, NOW), snapshot, {"local": DUCKDB}).physical.text


def fault_of(made: Text) -> str:
    """What is wrong with what becomes of a text; empty: nothing."""
    started, held = time.process_time(), _held_kib()
    try:
        sql = sql_of(made)
    except ForebayError as error:
        fault = "" if error.message else "a refusal without words"
    except _UNFORESEEN as error:
        fault = f"{type(error).__name__}: {error}"
    else:
        fault = fault_of_sql(sql, is_policy=made.kind == "policy")
    if time.process_time() - started > SECONDS_MAX:
        fault = fault or f"takes {time.process_time() - started:.1f} s"
    if _held_kib() - held > GROWTH_MAX_KIB:
        fault = fault or f"takes {(_held_kib() - held) // 1024} MiB"
    return fault


def _held_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def fault_of_sql(sql: str, *, is_policy: bool) -> str:
    """What generated SQL reads beside governed tables, to a reader who knows nothing of plans."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        return f"not read by DuckDB: {error}"
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        return f"not one SELECT to DuckDB: {sql}"
    try:
        trees = parse(sql, dialect="duckdb")
    except SqlglotError as error:
        return f"not read again: {error}"
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        return f"not one SELECT: {sql}"
    return next(_faults(trees[0], is_policy=is_policy), "")


def _faults(tree: exp.Expr, *, is_policy: bool) -> Iterator[str]:
    named = {each.alias for each in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            if not isinstance(table.this, exp.GenerateSeries | exp.Unnest):
                yield f"reads {table.sql('duckdb')}"
        elif table.name not in named:
            yield from _ungoverned(table, is_policy=is_policy)
    for call in tree.find_all(exp.Anonymous):
        if call.name.lower() not in CALLED:
            yield f"calls {call.name}"
    for name in tree.find_all(exp.Identifier):
        if not name.quoted and not name.find_ancestor(exp.DataType):
            yield f"has the name {name.name} without quotes"
    if any(node.comments for node in tree.walk()):
        yield "has a comment"


def _ungoverned(table: exp.Table, *, is_policy: bool) -> Iterator[str]:
    if table.name not in MARKS or table.db not in ("", "main"):
        yield f"reads table {table.name}"
        return
    if table.alias != "__sl_t":
        is_source = table.alias.startswith("__sl") and table.find_ancestor(exp.Exists)
        if not (is_policy and is_source):
            yield f"reads {table.name} as {table.alias}"
        return
    inner = table.find_ancestor(exp.Select)
    where = inner.args.get("where") if inner is not None else None
    is_marked = where is not None and MARKS[table.name] in where.sql()
    is_other = where is not None and is_policy and table.name == "orders"
    if not is_marked and not is_other:
        yield f"reads {table.name} without its policy"


def ask(numbers: range, seed: str = "0") -> list[str]:
    """The faults of texts by their numbers."""
    return [
        f"{number} {made}: {fault}"
        for number in numbers
        for made in [text_of(number, seed)]
        if (fault := fault_of(made))
    ]


def run(count: int, seed: str) -> tuple[int, list[str]]:
    """Ask so many texts, in two processes: how many, and their faults."""
    step = max(500, count // 200)
    parts = [(range(at, min(count, at + step)), seed) for at in range(0, count, step)]
    with get_context("spawn").Pool(PROCESSES, maxtasksperchild=20) as pool:
        found = pool.starmap(ask, parts)
    return count, [each for part in found for each in part]


def is_found(wanted: Sequence[str]) -> bool:
    """Whether each of these faults is among those of a few texts: where a check is off, it is."""
    texts = [
        *(Text("where", each) for each in ("getenv('HOME') = 'x'", "read_text('/etc/x') = 'x'")),
        *(Text(kind, each) for kind, texts in SEEDS.items() for each in texts),
    ]
    found = "\n".join(map(fault_of, texts))
    return all(each in found for each in wanted)


def control() -> str:
    """What is not found where functions are let through; empty: it is."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(semantic_models.expressions, "_is_allowed", lambda _: True)
        is_alive = is_found(["calls GETENV", "calls READ_TEXT"])
    return "" if is_alive else "a function that is let through is not found"


def main() -> int:
    """Ask as many as ``COUNT`` says, from ``SEED`` on."""
    count, seed = int(os.environ.get("COUNT", "20000")), os.environ.get("SEED", "0")
    asked, found = run(count, seed)
    sys.stdout.write("\n".join([*found, f"{asked} texts, {len(found)} faults", ""]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
