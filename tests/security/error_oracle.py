"""Errors and statistics as oracles: whether an engine tells of rows that nobody may see.

Every text is asked in two worlds that differ in hidden rows alone, several times, since engines
learn which predicate to ask first. Whatever differs, in rows or in an error, is a leak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from auth.governed_scan import ROW
from dialects.dialect import Dialect
from tests.security.probed_engines import ProbedEngine
from tests.security.probed_project import Probe, probes, tables

REPEATS = 3


@dataclass(frozen=True)
class Asked:
    """How many probes an engine was asked, and those that leaked."""

    probes: int
    leaks: tuple[str, ...]
    failed: tuple[str, ...]
    """Those that raise an error where nothing is harmful, and so show nothing."""


Rewrite = Callable[[str, Dialect], str]


def as_generated(text: str, _: Dialect) -> str:
    """The text as it is."""
    return text


def without_barrier(text: str, dialect: Dialect) -> str:
    """The text without OFFSET 0: a derived table, which no engine promises to be a barrier."""
    tree = sqlglot.parse_one(text, read=dialect.name)
    for each in list(tree.find_all(exp.Offset)):
        if each.expression.name == "0":
            each.pop()
    return tree.sql(dialect=dialect.name, identify=True)


def beside_the_question(text: str, dialect: Dialect) -> str:
    """The text whose policies stand in the WHERE of the question: what no rewriter may do."""
    tree = sqlglot.parse_one(text, read=dialect.name)
    for governed in list(tree.find_all(exp.Subquery)):
        inner = governed.this
        source = inner.args.get("from_") if isinstance(inner, exp.Select) else None
        outer = governed.find_ancestor(exp.Select)
        if source is None or outer is None or source.this.alias != ROW:
            continue
        where = inner.args.get("where")
        name = governed.alias
        if where is not None:
            _rename(where, name)
            outer.where(where.this, append=True, copy=False)
        plain = source.this.copy()
        plain.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
        governed.replace(plain)
    return tree.sql(dialect=dialect.name, identify=True)


def _rename(where: exp.Expr, name: str) -> None:
    """Let a policy read the rows under the name that the question has for them."""
    for column in where.find_all(exp.Column):
        if column.table == ROW:
            column.set("table", exp.to_identifier(name, quoted=True))


def ask(
    engine: ProbedEngine,
    probed: Iterable[Probe],
    *,
    rewrite: Rewrite = as_generated,
    repeats: int = REPEATS,
) -> Asked:
    """What becomes of probes on an engine."""
    made = list(probed)
    texts = [rewrite(each.text, engine.dialect) for each in made]
    once = list(dict.fromkeys(texts))
    worlds = [tables(is_harmful=each) for each in (False, True)]
    harmless, harmful = (
        dict(zip(once, each, strict=True)) for each in engine.outcomes(worlds, once, repeats)
    )
    named = list(zip(made, texts, strict=True))
    return Asked(
        len(made),
        tuple(
            f"{each.name}: {harmful[text][0][:120]}"
            for each, text in named
            if harmless[text] != harmful[text]
        ),
        tuple(each.name for each, text in named if "rror" in harmless[text][0][:40]),
    )


def probes_of(engine: ProbedEngine, attacks: tuple[str, ...]) -> Iterable[Probe]:
    """The probes of some attacks in an engine's SQL."""
    return probes(engine.dialect, attacks)
