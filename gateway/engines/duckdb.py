"""DuckDB as an engine: a database file, or Parquet files under names, in this process."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Never

import duckdb

from dialects.dialect import Dialect
from dialects.duckdb import DUCKDB
from dialects.physical import PhysicalQuery
from dialects.types import arrow_schema, parse_duckdb_type
from gateway.engines.base import ResultStream
from gateway.engines.deadlines import Watch
from gateway.engines.duckdb_errors import FAILURES, is_fatal, translate
from gateway.engines.duckdb_names import unresolved
from gateway.engines.duckdb_open import (
    WRITE_ALIKE,
    DuckDBSettings,
    Sources,
    find_sources,
    matches,
    open_locked,
    quote,
    refuse_unlike,
    told_unlike,
)
from gateway.engines.duckdb_stream import DuckDBStream, Run, only_select
from gateway.engines.duckdb_views import views_and_macros
from gateway.engines.file_schemas import FileSchemas, parquet, stamp_of
from gateway.errors import DataAltered, EngineFailed, EngineGone
from semantic_models.derived import Derived
from semantic_models.errors import ForebayError, did_you_mean
from semantic_models.model import Relation, Select, Table
from semantic_models.tables_read import tables_read
from semantic_models.types import LogicalType

Columns = Mapping[str, LogicalType | None]

TABLES_TOLD_MAX = 10
"""How many of the tables a hint names."""

_PLACES_OF_VIEWS = ((), ("main",), ("memory", "main"))
"""What may stand before the name of files."""

_BROKEN = (-1, -1)
"""In place of an inode: the database must be opened again, whatever its file is."""


class DuckDBEngine:
    """One DuckDB, locked down to the data of its settings.

    Each query in flight has a connection of its own. Where a glob meets other files than before,
    the data is opened anew, so that the new ones may be reached.
    """

    dialect: Dialect = DUCKDB

    def __init__(self, settings: DuckDBSettings) -> None:
        self.name = settings.name
        self._settings = settings
        self._matches = matches(settings)
        self._take(find_sources(settings))
        self._watch = Watch()
        self._opening = threading.Lock()
        self._closed = False
        self._opened_as: tuple[int, ...] | None = self._inode()
        self._connection = open_locked(settings, self._sources)
        self._home = _home_of(self._connection)
        self._schemas = FileSchemas()
        try:
            refuse_unlike(self._connection, settings, self._sources, self._schemas)
        except BaseException:
            self._connection.close()
            raise

    def _take(self, sources: Sources) -> None:
        self._sources = sources
        self._everything = tuple(path for paths in sources.values() for path in paths)
        self._read_by = {name.lower(): paths for name, paths in sources.items()}
        places = ";".join(f"{name}={','.join(paths)}" for name, paths in sources.items())
        self.identity = f"duckdb {duckdb.__version__} {places}"

    def data_version(self, relations: Sequence[str]) -> str:
        """A token that differs whenever a file that those relations read may differ."""
        self._meet_new_files()
        paths = self._paths(relations)
        try:
            stamps = [os.stat(path) for path in paths]
            if self._settings.path is not None:
                stamps += _log_of(paths[0])
        except OSError as error:
            self._refuse_missing(error)
        return " ".join([stamp_of(each) for each in stamps])

    def execute(self, query: PhysicalQuery, *, timeout_s: float) -> ResultStream:
        """Start a query when the first of its batches is read."""
        run = Run(self.name, query.text, arrow_schema(query.columns), timeout_s)
        stream = DuckDBStream(self._connect(), run, self.failure)
        self._watch.add(stream)
        return stream

    def describe(self, relation: Relation) -> Columns:
        """Columns of a relation in order; None for a type that is no kind of ours."""
        self._refuse_unlike(relation)
        if not isinstance(relation, Table):
            return self._describe_select(relation)
        with self._connect() as connection:
            try:
                text = f"SELECT * FROM {self._source(relation)}"
                return _columns(connection, text)
            except (duckdb.BinderException, duckdb.CatalogException) as error:
                raise _unknown_table(relation, self.name, _tables(connection)) from error
            except duckdb.PermissionException as error:
                raise self._beyond_the_data("the view") from error
            except FAILURES as error:
                raise self.failure(error) from error

    def _describe_select(self, select: Select) -> Columns:
        try:
            return self.describe_query(select.tree.sql("duckdb"))
        except EngineFailed as error:
            cause = error.__cause__ or error
            told = unresolved(select, self.name, cause, partial(self._known, select))
            raise told or error from cause

    def _known(self, select: Select, kind: str) -> list[str]:
        """The names of its tables, or of the columns of those that a SELECT reads."""
        with self._connect() as connection:
            tables = _tables(connection)
        if kind == "table":
            return tables
        columns: list[str] = []
        for each in tables:
            if each.split(".")[-1] in tables_read(select):
                with contextlib.suppress(ForebayError):
                    columns += self.describe(Table(tuple(each.split("."))))
        return columns

    def describe_query(self, text: str) -> Columns:
        """Columns of a SELECT in this engine's SQL, without running it."""
        with self._connect() as connection:
            try:
                return _columns(connection, text)
            except (duckdb.BinderException, duckdb.CatalogException) as error:
                raise EngineFailed(
                    f'engine "{self.name}" cannot resolve every name of the SELECT',
                    hint="Compare its tables, columns and functions with those the engine has.",
                ) from error
            except duckdb.ParserException as error:
                raise EngineFailed(
                    f'engine "{self.name}" cannot read the SELECT',
                    hint="Write it in the SQL of the engine.",
                ) from error
            except duckdb.PermissionException as error:
                raise self._beyond_the_data("the SELECT") from error
            except FAILURES as error:
                raise self.failure(error) from error

    def derived(self) -> Sequence[Derived]:
        """The views and macros of a database file; names of files are neither."""
        if self._settings.path is None:
            return ()
        with self._connect() as connection:
            try:
                return views_and_macros(connection)
            except FAILURES as error:
                raise self.failure(error) from error

    def running(self) -> int:
        """How many queries have not ended."""
        return sum(stream.is_running for stream in self._watch.running())

    def failure(self, error: BaseException) -> ForebayError:
        """The coded error for a failure; after a fatal one the next query opens the data anew."""
        if is_fatal(error):
            self._opened_as = _BROKEN
        return translate(error, self.name)

    def check(self) -> None:
        """Raise EngineGone or EngineFailed unless the data is there and DuckDB answers."""
        self.data_version(())
        with self._connect() as connection:
            try:
                connection.execute("SELECT 1").fetchall()
            except FAILURES as error:
                raise self.failure(error) from error

    def close(self) -> None:
        """Stop what runs and let go of the data."""
        with self._opening:
            self._closed = True
        for stream in self._watch.running():
            stream.close()
        if self.running() == 0:
            self._connection.close()

    def _source(self, table: Table) -> str:
        """What a table's columns are asked of: files themselves, not the view that names them.

        The view cannot be read at all where one of its columns is gone.
        """
        name = table.parts[-1].lower()
        if name in self._read_by and table.parts[:-1] in _PLACES_OF_VIEWS:
            return parquet(self._read_by[name])
        return ".".join(map(quote, table.parts))

    def _refuse_unlike(self, relation: Relation) -> None:
        """Refuse a relation over files that were alike when they were opened and are so no more."""
        named = {each.lower() for each in tables_read(relation)}
        with self._connect() as connection:
            for name, paths in self._sources.items():
                if name and name.lower() in named:  # A database file has no name.
                    self._refuse_unlike_files(connection, name, paths)

    def _refuse_unlike_files(
        self, connection: duckdb.DuckDBPyConnection, name: str, paths: Sequence[str]
    ) -> None:
        try:
            unlike = self._schemas.unlike(connection, paths)
        except FileNotFoundError as error:
            self._refuse_missing(error)
        except FAILURES as error:
            raise self.failure(error) from error
        if unlike is not None:
            raise DataAltered(told_unlike(self._settings, name, unlike), hint=WRITE_ALIKE)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        with self._opening:
            if self._closed:
                raise EngineGone(f'engine "{self.name}" is closed')
            if self._inode() != self._opened_as:
                self._open_again()
            connection, home = self._connection.cursor(), self._home
        if self._settings.path is not None:
            connection.execute(home)
        return connection

    def _meet_new_files(self) -> None:
        """Open the data anew where a glob meets other files than it did."""
        met = matches(self._settings)
        if met == self._matches:
            return
        with self._opening:
            if self._closed or met == self._matches:
                return
            try:
                sources = find_sources(self._settings)
            except ForebayError as error:
                self._refuse_missing(error)
            self._open_again(sources)
            self._matches = met

    def _open_again(self, sources: Sources | None = None) -> None:
        # The old connection is let go and not closed: that would take their own connections from
        # queries that still read the old database, which could then be stopped by nothing.
        opened_as = self._inode()
        try:
            connection = open_locked(self._settings, sources or self._sources)
        except (*FAILURES, ForebayError) as error:
            raise EngineGone(
                f'engine "{self.name}" cannot be started anew',
                detail=f"The data was replaced: {self._settings.place} in forebay.yml.",
                hint="Put data in place that DuckDB can read; the server serves on meanwhile.",
            ) from error
        self._connection, self._opened_as = connection, opened_as
        if sources is not None:
            self._take(sources)
        self._home = _home_of(connection)

    def _inode(self) -> tuple[int, ...] | None:
        """What tells one database file from another put in its place or written over it."""
        if self._settings.path is None:
            return None
        try:
            held = os.stat(self._sources[""][0])
        except OSError as error:
            self._refuse_missing(error)
        if not self._settings.read_only:  # Then it changes while it is open.
            return held.st_dev, held.st_ino
        return held.st_dev, held.st_ino, held.st_mtime_ns, held.st_ctime_ns, held.st_size

    def _paths(self, relations: Sequence[str]) -> Sequence[str]:
        found: list[str] = []
        for each in relations:
            paths = self._read_by.get(each.lower())
            if paths is None:
                return self._everything
            found += paths
        return found or self._everything

    def _beyond_the_data(self, what: str) -> EngineFailed:
        self.data_version(())  # To DuckDB a file that is gone is one that may not be reached.
        return EngineFailed(
            f'{what} reaches beyond the data of engine "{self.name}"',
            hint="Only what forebay.yml names is read; name the file there, under an engine's "
            "files.",
        )

    def _refuse_missing(self, error: Exception) -> Never:
        raise EngineGone(
            f'data of engine "{self.name}" is no longer there',
            detail=f"A file of {self._settings.place} in forebay.yml is missing.",
            hint="Put it back in place; the server serves on meanwhile.",
        ) from error


def _columns(connection: duckdb.DuckDBPyConnection, text: str) -> Columns:
    relation = connection.sql(only_select(connection, text))
    types = [parse_duckdb_type(str(each)) for each in relation.types]
    return dict(zip(relation.columns, types, strict=True))


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Every table and view of the database, as a model would name it."""
    text = (
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_catalog = current_database() ORDER BY ALL"
    )
    found = connection.execute(text).fetchall()
    return [name if schema == "main" else f"{schema}.{name}" for schema, name in found]


def _unknown_table(table: Table, engine: str, known: Sequence[str]) -> EngineFailed:
    written = ".".join(table.parts)
    if written in known:
        return EngineFailed(
            f'view "{written}" of engine "{engine}" selects what is not there',
            hint="Mend the view, or name another table.",
        )
    more = len(known) - TABLES_TOLD_MAX
    told = ", ".join(known[:TABLES_TOLD_MAX]) + (f" and {more} more" if more > 0 else "")
    return EngineFailed(
        f'table "{written}" does not exist in engine "{engine}"',
        hint=did_you_mean(written, known)
        or did_you_mean(table.parts[-1], known)
        or f"The engine has {told or 'no tables'}.",
    )


def _home_of(connection: duckdb.DuckDBPyConnection) -> str:
    """What makes another connection look names up in the same database."""
    ((name,),) = connection.execute("SELECT current_database()").fetchall()
    return f"USE {quote(name)}"


def _log_of(path: str) -> list[os.stat_result]:
    """The write-ahead log beside a database file, where there is one."""
    try:
        return [os.stat(f"{path}.wal")]
    except FileNotFoundError:
        return []
