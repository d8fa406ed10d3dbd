"""Where the clauses of a statement stand: its tree keeps the places of names only."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.tokenizer_core import Token, TokenType

_QUOTED = (TokenType.IDENTIFIER, TokenType.STRING)
_WORDS: Mapping[str, tuple[str, ...]] = {
    "joins": ("JOIN", ","),
    "laterals": ("LATERAL",),
    "windows": ("WINDOW",),
    "locks": ("FOR",),
    "on": ("ON",),
    "table": ("TABLESAMPLE", "PIVOT", "UNPIVOT", "FOR", "FROM"),
    "sample": ("SAMPLE", "TABLESAMPLE"),
    "except": ("EXCLUDE", "EXCEPT"),
    "rename": ("RENAME",),
    "grouping_sets": ("GROUPING SETS",),
    "direction": ("FETCH",),
    "limit_options": ("PERCENT", "TIES"),
    "expressions": ("BY",),
    "with_fill": ("WITH",),
    "set": ("UNION", "UNION ALL", "EXCEPT", "INTERSECT"),
}
"""The words that begin a clause, the likeliest first; any other begins with its own name."""
_AFTER = {"joins": "FROM", "table": "FROM", "expressions": "LIMIT", "with_fill": "ORDER BY"}


def clause_at(text: str, key: str) -> tuple[int, int]:
    """Offset and length of the word that begins a clause, by sqlglot's key of it.

    Of the statement's first word where no such word stands outside brackets and quotes.
    """
    tokens = _outside_brackets(text)
    start = next((n for n, each in enumerate(tokens) if _word(each) == _AFTER.get(key)), 0)
    name = key.strip("_")
    words = _WORDS.get(name, (name.upper(), f"{name.upper()} BY"))
    for word in words:
        for token in tokens[start:]:
            if _word(token) == word:
                return token.start, token.end - token.start + 1
    return tokens[0].start, tokens[0].end - tokens[0].start + 1


def _word(token: Token) -> str:
    return "" if token.token_type in _QUOTED else " ".join(token.text.upper().split())


def _outside_brackets(text: str) -> list[Token]:
    found: list[Token] = []
    depth = 0
    for token in DuckDB().tokenize(text):
        depth -= token.text == ")"
        if depth == 0:
            found.append(token)
        depth += token.text == "("
    return found
