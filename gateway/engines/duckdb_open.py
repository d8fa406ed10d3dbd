"""Opening DuckDB over one project's data, and locking it down to that data."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from gateway.engines.file_schemas import FileSchemas, Unlike, literal, parquet
from gateway.errors import EngineFailed
from semantic_models.errors import Position, SettingRejected
from semantic_models.spec import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class DuckDBSettings:
    """One engine of type ``duckdb`` in forebay.yml: either ``path`` or ``files`` is given."""

    name: str
    folder: Path
    """The project's folder, which relative paths start from."""
    path: str | None = None
    """A database file."""
    read_only: bool = True
    """Whether the database file stays as it is; other processes may then read it too."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Parquet files or globs by the name of the relation they make up."""
    written: Mapping[str, Scalar] = field(default_factory=dict)
    """How and where forebay.yml writes ``path`` and each value of ``files``, as ``files.NAME``."""
    memory_bytes_max: int | None = None
    """What DuckDB may hold at once; None is half of what it would take by itself."""
    threads: int | None = None
    """Threads of DuckDB; None is one a core."""
    spill_folder: Path | None = None
    """Where large sorts and groups go when memory is full; None lets them fail instead."""
    spill_bytes_max: int = 8 * 2**30
    """What may be spilled at once."""

    @property
    def place(self) -> str:
        """The data as forebay.yml names it."""
        if self.path is not None:
            return self.shown("path", self.path)
        named = (self.shown(f"files.{name}", value) for name, value in self.files.items())
        return ", ".join(sorted(named))

    def shown(self, key: str, value: str) -> str:
        """A value as forebay.yml writes it, where a reference may stand for a secret."""
        return self.written[key].text if key in self.written else value

    def position(self, key: str) -> Position | None:
        """Where forebay.yml writes a value, if that is known."""
        return self.written[key].position() if key in self.written else None

    def told(self, path: str) -> str:
        """A file as it may be told: from the project's folder, or by its last name alone."""
        found, folder = Path(path), self.folder.resolve()
        return str(found.relative_to(folder)) if found.is_relative_to(folder) else found.name


Sources = Mapping[str, tuple[str, ...]]
"""Real paths by relation, no link in them; a database file stands under the empty name."""

_FROM_THE_START = {
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
}
"""Settings that must hold before the first statement."""

_LATER = {
    "TimeZone": "UTC",
    "Calendar": "gregorian",
    "preserve_insertion_order": "true",
    "arrow_large_buffer_size": "false",
    "produce_arrow_string_view": "false",
    "enable_external_file_cache": "false",
    "disabled_optimizers": "compressed_materialization,common_subplan",
}
"""Settings that fix what an answer is. The cache of files is off, for memory to stay flat; for
the optimizers see docs/decisions/0023."""

_AT_LAST = {"enable_external_access": "false", "lock_configuration": "true"}
"""Settings that close the door, when all that may be reached is known."""

_NEVER = {"allow_unsigned_extensions": "false", "python_scan_all_frames": "false"}
"""Settings that nobody makes, and that must not hold either."""


LOCKED: dict[str, str] = _FROM_THE_START | _LATER | _AT_LAST | _NEVER
"""What every opened DuckDB must say of itself."""


def find_sources(settings: DuckDBSettings) -> Sources:
    """The files that an engine's settings name, globs expanded.

    Raises:
        SettingRejected: a file is missing, a glob meets none, or the settings name both or neither
            of ``path`` and ``files``.
    """
    if (settings.path is None) == (not settings.files):
        raise SettingRejected(
            f'engine "{settings.name}" needs either "path" or "files"',
            hint='Name a database file under "path", or Parquet files under "files".',
        )
    if settings.path is not None:
        return {"": _expand(settings, "path", settings.path, is_glob=False)}
    folded = [name.lower() for name in settings.files]
    for name in settings.files:
        if not name or folded.count(name.lower()) > 1:
            raise SettingRejected(
                f'"{name}" of engines.{settings.name}.files is not a name of its own',
                hint="Names of files are not empty and differ in more than case.",
            )
    return {
        name: _expand(settings, f"files.{name}", pattern, is_glob=True)
        for name, pattern in settings.files.items()
    }


def matches(settings: DuckDBSettings) -> tuple[str, ...]:
    """What the globs of an engine's settings meet at the moment; nothing where it has none."""
    found: list[str] = []
    for pattern in settings.files.values():
        if glob.has_magic(pattern) and not Path(settings.folder, pattern).is_file():
            found += glob.iglob(pattern, root_dir=settings.folder, recursive=True)
    return tuple(sorted(found))


def open_locked(settings: DuckDBSettings, sources: Sources) -> duckdb.DuckDBPyConnection:
    """Open the data, and let nothing else be reached from then on.

    Names without a database mean the current one, which cursors do not take over by themselves.

    Raises:
        SettingRejected: the data cannot be read as what it is said to be.
        EngineFailed: DuckDB does not hold a setting that locks it down.
    """
    connection = duckdb.connect(":memory:", config={**_FROM_THE_START})
    try:
        _bound(connection, settings)
        for name, paths in sources.items():
            if name:
                _make_view(connection, settings, name, paths)
            else:
                _attach(connection, settings, paths[0])
        # A database brings its own files along, and a setting would replace rather than add.
        allowed = [path for name, paths in sources.items() if name for path in paths]
        if allowed:
            connection.execute(f"SET allowed_paths = [{', '.join(map(literal, allowed))}]")
        for key, value in (_LATER | _AT_LAST).items():
            connection.execute(f"SET GLOBAL {key} = {literal(value)}")
        _read_back(connection, settings, sources)
    except BaseException:
        connection.close()
        raise
    return connection


def quote(name: str) -> str:
    """A name as DuckDB's SQL writes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def _expand(settings: DuckDBSettings, key: str, pattern: str, *, is_glob: bool) -> tuple[str, ...]:
    """The files that a value names, each once, however many links lead to it.

    Links are followed here because DuckDB follows them too: what it may reach are real paths.
    """
    try:
        path = Path(settings.folder, pattern)
        found = {path.resolve()} if path.is_file() else set()
        if not found and is_glob:
            matches = glob.iglob(pattern, root_dir=settings.folder, recursive=True)
            paths = (Path(settings.folder, match) for match in matches)
            found = {each.resolve() for each in paths if each.is_file()}
    except (ValueError, OSError):
        found = set()
    if not found:
        raise SettingRejected(
            f'no file matches "{settings.shown(key, pattern)}" of engine "{settings.name}"',
            detail=f"It is the value of engines.{settings.name}.{key} in forebay.yml.",
            hint=_hint_for_missing(settings, pattern),
            position=settings.position(key),
        )
    return tuple(sorted(str(each) for each in found))


def _hint_for_missing(settings: DuckDBSettings, pattern: str) -> str:
    try:
        is_folder = bool(pattern) and Path(settings.folder, pattern).is_dir()
    except (ValueError, OSError):
        is_folder = False
    if is_folder:
        return "It is a folder; name a file in it."
    return "Paths start from the folder that forebay.yml lies in."


def _attach(connection: duckdb.DuckDBPyConnection, settings: DuckDBSettings, path: str) -> None:
    """Make a database file the home of names.

    It is attached and not opened by itself: a second opening of a file in one process waits, and
    all threads with it, until whatever still reads the first one has ended.
    """
    name = Path(settings.path or path).stem
    mode = "READ_ONLY" if settings.read_only else "READ_WRITE"
    try:
        if name.lower() in _TAKEN:
            name = f"{name}_data"
        connection.execute(f"ATTACH {literal(path)} AS {quote(name)} ({mode})")
        if _has_schema(connection, name):
            # A name of both a database and a schema in it is ambiguous to DuckDB.
            connection.execute(f"DETACH {quote(name)}")
            name = f"{name}_data"
            connection.execute(f"ATTACH {literal(path)} AS {quote(name)} ({mode})")
        connection.execute(f"USE {quote(name)}")
    except (duckdb.Error, RuntimeError) as error:
        raise SettingRejected(
            f'"{settings.place}" of engine "{settings.name}" cannot be opened as a DuckDB database',
            detail=f"It is the value of engines.{settings.name}.path in forebay.yml.",
            hint="It must be a database file of this version of DuckDB, and no other process may "
            "be writing to it.",
            position=settings.position("path"),
        ) from error


def _has_schema(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    text = (
        "SELECT 1 FROM duckdb_schemas() "
        f"WHERE database_name = {literal(name)} AND lower(schema_name) = lower({literal(name)})"
    )
    return bool(connection.execute(text).fetchall())


def _bound(connection: duckdb.DuckDBPyConnection, settings: DuckDBSettings) -> None:
    memory = settings.memory_bytes_max or _bytes(_held(connection)["memory_limit"]) // 2
    try:
        connection.execute(f"SET memory_limit = '{memory // 1024}KiB'")
        if settings.threads is not None:
            connection.execute(f"SET threads = {settings.threads}")
    except duckdb.Error as error:
        raise SettingRejected(
            f'the bounds of engine "{settings.name}" cannot be used',
            detail=f"They are {memory} bytes of memory and {settings.threads} threads.",
            hint="Give at least 64 MiB of memory and one thread.",
        ) from error
    folder = "" if settings.spill_folder is None else str(settings.spill_folder)
    connection.execute(f"SET temp_directory = {literal(folder)}")
    connection.execute(f"SET max_temp_directory_size = '{settings.spill_bytes_max // 1024}KiB'")


def _make_view(
    connection: duckdb.DuckDBPyConnection,
    settings: DuckDBSettings,
    name: str,
    paths: tuple[str, ...],
) -> None:
    files = parquet(paths)
    try:
        # Columns are named, so that a file with more of them does not change the relation.
        columns = ", ".join(map(quote, connection.sql(f"SELECT * FROM {files}").columns))
        connection.execute(f"CREATE VIEW {quote(name)} AS SELECT {columns} FROM {files}")
    except (duckdb.Error, RuntimeError) as error:
        raise _not_parquet(settings, name) from error


def refuse_unlike(
    connection: duckdb.DuckDBPyConnection,
    settings: DuckDBSettings,
    sources: Sources,
    schemas: FileSchemas,
) -> None:
    """Refuse names of which not every file has the same columns of the same types.

    Raises:
        SettingRejected: naming the file and its column.
    """
    for name, paths in sources.items():
        try:
            unlike = schemas.unlike(connection, paths) if name else None
        except (duckdb.Error, OSError, RuntimeError) as error:
            raise _not_parquet(settings, name) from error
        if unlike is not None:
            key = f"files.{name}"
            raise SettingRejected(
                told_unlike(settings, name, unlike),
                detail=f"It is the value of engines.{settings.name}.{key} in forebay.yml.",
                hint=WRITE_ALIKE,
                position=settings.position(key),
            )


def told_unlike(settings: DuckDBSettings, name: str, unlike: Unlike) -> str:
    """What tells one file of a name from the others."""
    if unlike.is_missing:
        how = f'has no column "{unlike.column}"'
    elif unlike.is_added:
        how = f'has a column "{unlike.column}" which the others lack'
    else:
        how = f'has column "{unlike.column}" as {unlike.has}, the others as {unlike.others_have}'
    return f'file "{settings.told(unlike.path)}" of "{name}" {how}'


WRITE_ALIKE = (
    "Files of one name are one table: write the file with the columns and types of the others, "
    "or give it a name of its own."
)


def _not_parquet(settings: DuckDBSettings, name: str) -> SettingRejected:
    key = f"files.{name}"
    shown = settings.shown(key, settings.files[name])
    return SettingRejected(
        f'"{shown}" of engine "{settings.name}" cannot be read as Parquet',
        detail=f"It is the value of engines.{settings.name}.{key} in forebay.yml.",
        hint="Each file must be Parquet, and all files of a name have the same columns.",
        position=settings.position(key),
    )


def _read_back(
    connection: duckdb.DuckDBPyConnection, settings: DuckDBSettings, sources: Sources
) -> None:
    held = _held(connection)
    differing = sorted(key for key in LOCKED if held.get(key, "").lower() != LOCKED[key].lower())
    if _reach(connection) != _reach_allowed(settings, sources):
        differing.append("allowed_paths")
    if differing:
        raise EngineFailed(
            f'engine "{settings.name}" is not locked down',
            detail=f"DuckDB does not hold as set: {', '.join(differing)}.",
            hint="Use the version of DuckDB that forebay is locked to.",
        )


def _reach(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Every file and folder that may be reached; folders end in a slash."""
    text = "SELECT current_setting('allowed_paths') || current_setting('allowed_directories')"
    return set(connection.execute(text).fetchall()[0][0])


def _reach_allowed(settings: DuckDBSettings, sources: Sources) -> set[str]:
    reach = {path for paths in sources.values() for path in paths}
    if settings.path is not None:
        reach |= {f"{path}{suffix}" for path in sources[""] for suffix in LOGS}
    if settings.spill_folder is not None:
        reach.add(f"{settings.spill_folder.resolve()}/")
    return reach


def _held(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Every setting as DuckDB tells it.

    One text without parameters: to look at a parameter's type DuckDB would import pandas first.
    """
    rows = connection.execute("SELECT name, value FROM duckdb_settings()").fetchall()
    return {name: str(value) for name, value in rows}


_TAKEN = ("memory", "system", "temp")
"""Names that DuckDB has given to databases of its own."""

LOGS = (".wal", ".wal.checkpoint", ".wal.recovery")
"""What DuckDB keeps beside a database file."""

_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([\d.]+) (\w+)", text)
    return int(float(found[1]) * _UNITS[found[2]]) if found else 2**30
