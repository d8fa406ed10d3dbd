"""Ask one DuckDB what it answers in worlds; it stands alone, for environments with nothing else.

python ask_duckdb.py <asked.json >told.json

What is asked: statements that make each world, texts, and how often each text is asked. What is
told: the version, and of each world and text all outcomes that there were, sorted.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import duckdb

LONGEST = 300


def told(asked: dict[str, Any]) -> dict[str, Any]:
    """The outcomes of every text in every world."""
    return {
        "version": duckdb.__version__,
        "worlds": [_outcomes(world, asked["texts"], asked["repeats"]) for world in asked["worlds"]],
    }


def _outcomes(world: list[str], texts: list[str], repeats: int) -> list[list[str]]:
    connection = duckdb.connect(config={"python_enable_replacements": "false"})
    for setting in ("TimeZone = 'UTC'", "threads = 1"):
        connection.execute(f"set {setting}")
    for statement in world:
        connection.execute(statement)
    return [sorted({_outcome(connection, text) for _ in range(repeats)}) for text in texts]


def _outcome(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    try:
        rows = connection.execute(text).fetchall()
    except duckdb.Error as error:
        return f"{type(error).__name__}: {error}"[:LONGEST]
    return json.dumps(sorted(map(repr, rows)))


if __name__ == "__main__":
    json.dump(told(json.load(sys.stdin)), sys.stdout)
