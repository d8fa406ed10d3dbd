"""Cases of the corpus: one question in a file, with what every stage makes of it.

Why the case exists, in a sentence.

-- query        a document, or SQL over semantic tables
-- plan         the plan of each home
-- sql duckdb   what DuckDB is asked
-- sql NAME: diff    how another dialect differs from it
-- truth        naive SQL over the tables
-- rows         names and types of the columns, then the rows
-- refused      code and message, in place of all after the query
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import orjson
import sqlglot

from dialects.dialect import Dialect
from dialects.errors import DialectError
from dialects.postgres import POSTGRES
from dialects.trino import TRINO
from semantic_models.errors import ForebayError
from tests.support.models import Answer, Question, Row, World

_HEAD = re.compile(r"^-- (query|plan|sql duckdb|sql \w+: diff|truth|rows|refused)$", re.MULTILINE)
_ORDERED = re.compile(r"order_by|order by", re.IGNORECASE)
WRITTEN = ("query", "truth")
"""The sections that people write; the others are derived."""


@dataclass(frozen=True)
class Case:
    """A case as its file has it."""

    path: Path
    reason: str
    sections: dict[str, str]

    @property
    def question(self) -> Question:
        """What is asked."""
        text = self.sections["query"]
        if not text.startswith("{"):
            return text
        document: dict[str, object] = orjson.loads(text)
        return document

    @property
    def is_ordered(self) -> bool:
        """Whether the rows come in the order that the question asks for."""
        return _ORDERED.search(self.sections["query"]) is not None


def read_case(path: Path) -> Case:
    """A case from its file."""
    reason, *rest = _HEAD.split(path.read_text(encoding="utf-8"))
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return Case(path, reason.strip(), {name: body.strip() for name, body in pairs})


def write_case(case: Case, derived: dict[str, str]) -> None:
    """Put what was derived into the case's file."""
    kept = {name: body for name, body in case.sections.items() if name in WRITTEN}
    sections = {"query": kept["query"], **derived}
    if "truth" in kept and "refused" not in derived:
        rows = sections.pop("rows")
        sections |= {"truth": kept["truth"], "rows": rows}
    text = "\n\n".join([case.reason, *(f"-- {name}\n{body}" for name, body in sections.items())])
    case.path.write_text(text + "\n", encoding="utf-8")


def derive(case: Case, world: World) -> dict[str, str]:
    """Every derived section of a case."""
    try:
        duckdb = pretty(world.compile(case.question).text, "duckdb")
    except ForebayError as error:
        return {"refused": f"{error.code}\n{error.message}"}
    sections = {"plan": _plan(case, world), "sql duckdb": duckdb}
    for dialect in (POSTGRES, TRINO):
        sections[f"sql {dialect.name}: diff"] = _diff(duckdb, case, world, dialect)
    return sections | {"rows": told(world.answer(case.question), ordered=case.is_ordered)}


def pretty(sql: str, dialect: str) -> str:
    """A generated text on several lines; only its spaces change."""
    return sqlglot.parse_one(sql, dialect=dialect).sql(dialect, pretty=True, comments=False)


def _plan(case: Case, world: World) -> str:
    branches = world.prove(case.question)["branches"]
    assert isinstance(branches, list)
    return "\n".join(f"{each['home']}: {each['plan']}" for each in branches)


def _diff(duckdb: str, case: Case, world: World, dialect: Dialect) -> str:
    try:
        other = pretty(world.compile(case.question, dialect).text, dialect.name)
    except DialectError as error:
        return f"{error.code}: {error.message}"
    lines = difflib.unified_diff(duckdb.splitlines(), other.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def told(answer: Answer, *, ordered: bool) -> str:
    """The columns with their promised types, and the rows; sorted where no order was asked."""
    head = " | ".join(
        f"{name} {type_}" for name, type_ in zip(answer.names, answer.types, strict=True)
    )
    rows = [" | ".join(map(_value, row)) for row in answer.rows]
    return "\n".join([head, *(rows if ordered else sorted(rows))])


def _value(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return repr(round(value, 9))
    return str(value) if value != "" else "''"


def comparable(rows: list[Row]) -> list[tuple[str, ...]]:
    """Rows that are equal whenever their values are, whatever type an engine gave them."""
    return [tuple(map(_value_as_told, row)) for row in rows]


def _value_as_told(value: object) -> str:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return repr(round(float(value), 6))
    return repr(value)
