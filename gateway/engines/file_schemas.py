"""Files under one name are one relation only where each has the same columns of the same types.

DuckDB takes the types of the first file and casts the values of all others to them, so that a
DOUBLE is rounded where the first file holds a BIGINT. It meets columns by name, whatever their
order, and says nothing of columns that only a later file has.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import duckdb

Schema = tuple[tuple[str, str], ...]
"""Names, in which case does not count, and DuckDB's types of a file's columns, by name."""


class Unlike(NamedTuple):
    """A file whose column is not as most files under its name have it."""

    path: str
    column: str
    has: str | None
    """Its type in this file; None where it has no such column."""
    others_have: str | None

    @property
    def is_missing(self) -> bool:
        """Whether the file lacks what the others have."""
        return self.has is None

    @property
    def is_added(self) -> bool:
        """Whether the file has what the others lack."""
        return self.others_have is None


def stamp_of(found: os.stat_result) -> str:
    """Differs whenever the file may: its data cannot change and leave all of these alone."""
    return f"{found.st_mtime_ns}.{found.st_ctime_ns}.{found.st_size}.{found.st_ino}"


class FileSchemas:
    """What columns files have, asked once for each stamp of a file. Safe for many threads."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, Schema]] = {}

    def unlike(self, connection: duckdb.DuckDBPyConnection, paths: Iterable[str]) -> Unlike | None:
        """The first file that differs from what most have; None where all are alike.

        Raises:
            OSError: a file is not there.
            duckdb.Error: a file is not Parquet.
        """
        schemas = {path: self._schema(connection, path) for path in paths}
        if len(set(schemas.values())) < 2:
            return None
        usual = Counter(schemas.values()).most_common(1)[0][0]
        odd = next(path for path, schema in schemas.items() if schema != usual)
        return _first_difference(odd, dict(schemas[odd]), dict(usual))

    def _schema(self, connection: duckdb.DuckDBPyConnection, path: str) -> Schema:
        # The stamp is taken first: a file replaced meanwhile is asked again the next time.
        stamp = stamp_of(os.stat(path))
        told = self._told.get(path)
        if told is not None and told[0] == stamp:
            return told[1]
        schema = _asked(connection, path)
        self._told[path] = stamp, schema
        return schema


def parquet(paths: Iterable[str], *, options: str = "") -> str:
    """What reads Parquet files, as SQL."""
    listed = ", ".join(map(literal, paths))
    return f"read_parquet([{listed}]{options})"


def literal(text: str) -> str:
    """A text as DuckDB's SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _asked(connection: duckdb.DuckDBPyConnection, path: str) -> Schema:
    # Columns that folders such as year=2013 add belong to the name, not to a file.
    source = parquet([path], options=", hive_partitioning = false")
    relation = connection.sql(f"SELECT * FROM {source}")
    pairs = zip(relation.columns, relation.types, strict=True)
    return tuple(sorted((name.lower(), str(type_)) for name, type_ in pairs))


def _first_difference(path: str, odd: Mapping[str, str], usual: Mapping[str, str]) -> Unlike:
    column = next(name for name in sorted({*odd, *usual}) if odd.get(name) != usual.get(name))
    return Unlike(path, column, odd.get(column), usual.get(column))
