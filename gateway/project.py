"""A project's folder to what can be served: its catalog, typed, and its engines."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.engines.base import Engine
from gateway.engines.duckdb import DuckDBEngine
from gateway.engines.duckdb_open import DuckDBSettings
from gateway.kept_types import KeptTypes, digest_of
from gateway.snapshot import Snapshot
from gateway.tell_types import tell_columns, tell_members
from semantic_models.build import build
from semantic_models.errors import (
    FaultyProject,
    ForebayError,
    ProjectNotFound,
    SettingRejected,
    TooLarge,
)
from semantic_models.expand import expand
from semantic_models.give_types import give_types
from semantic_models.model import ModelTypes
from semantic_models.parse_spec import POLICIES_FOLDER, models_folder, parse_project
from semantic_models.spec import EngineSpec, ProjectSpec, Scalar

ROOT = "forebay.yml"
FILES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Project:
    """A project that loaded without faults."""

    spec: ProjectSpec
    snapshot: Snapshot
    engines: Mapping[str, Engine] = field(default_factory=dict)

    def close(self) -> None:
        """Let go of the engines."""
        for engine in self.engines.values():
            engine.close()


def find_project(start: Path) -> Path:
    """The folder of the nearest forebay.yml, from ``start`` upwards.

    Raises:
        ProjectNotFound: there is none.
    """
    folder = start.absolute()
    if folder.is_file():
        folder = folder.parent
    for each in (folder, *folder.parents):
        if (each / ROOT).is_file():
            return each
    raise ProjectNotFound(
        f'no {ROOT} stands in "{start}" or above it',
        hint="Name the project's folder with --project, or try `forebay demo`.",
    )


def read_files(folder: Path) -> dict[str, bytes]:
    """forebay.yml, every model file and every file of policies, by path relative to the folder.

    Policies are read although no version applies them yet: whoever reads the files refuses them,
    where leaving them out would serve the project without its rules.
    """
    root = _read(folder / ROOT)
    files = {ROOT: root}
    below = {folder / models_folder(root), folder / POLICIES_FOLDER}
    found = (path for each in below for end in ("*.yml", "*.yaml") for path in each.rglob(end))
    paths = sorted(set(found))
    if len(paths) > FILES_MAX:
        raise TooLarge(f"the project has more than {FILES_MAX} model files")
    for path in paths:
        if path.name != ROOT:
            files[path.relative_to(folder).as_posix()] = _read(path)
    return files


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ProjectNotFound(
            f'file "{path.name}" cannot be read: {os.strerror(error.errno or 0).lower()}',
            hint="Check that it is there and may be read.",
        ) from error


def load_project(folder: Path, *, types_folder: Path | None = None) -> Project:
    """Read, resolve and type a project, and open its engines.

    Types that an engine told before of the same definitions and data are not asked again.

    Raises:
        FaultyProject: with every fault that was found.
        ProjectError, EngineError: it cannot be read, or its data cannot be opened.
    """
    files = read_files(folder)
    spec, faults = parse_project(files)
    if spec is None or faults:
        raise FaultyProject(faults)
    _refuse_untyped_faults(spec)
    engines = open_engines(spec, folder)
    try:
        return _typed(spec, engines, KeptTypes(digest_of(files, engines), types_folder))
    except BaseException:
        for engine in engines.values():
            engine.close()
        raise


def _refuse_untyped_faults(spec: ProjectSpec) -> None:
    """Tell what needs no engine before one is opened."""
    catalog, faults = build(spec)
    if catalog is None:
        raise FaultyProject(faults)


def _typed(spec: ProjectSpec, engines: Mapping[str, Engine], kept: KeptTypes) -> Project:
    types = kept.read()
    faults: list[ForebayError] = []
    columns = {name: each.columns for name, each in types.items()}
    if not types:
        columns = tell_columns(spec, engines, faults)
        _refuse(faults)
    catalog, found = build(spec, columns)
    if catalog is None:
        raise FaultyProject(found)
    if not types:
        members = tell_members(catalog, engines, faults)
        _refuse(faults)
        types = {name: ModelTypes(columns[name], members[name]) for name in catalog.models}
        kept.write(types)
    catalog, found = give_types(catalog, types)
    _refuse(found)
    return Project(spec, Snapshot(catalog), engines)


def _refuse(faults: Sequence[ForebayError]) -> None:
    if faults:
        raise FaultyProject(faults)


def open_engines(spec: ProjectSpec, folder: Path) -> dict[str, Engine]:
    """The engines of a project, by name."""
    opened: dict[str, Engine] = {}
    try:
        for each in spec.engines:
            opened[each.name.text] = _open(each, folder)
    except BaseException:
        for engine in opened.values():
            engine.close()
        raise
    return opened


def _open(spec: EngineSpec, folder: Path) -> Engine:
    def expanded(value: Scalar) -> str:
        return expand(value.text, os.environ, lambda path: _read(folder / path).decode().strip())

    try:
        settings = DuckDBSettings(
            name=spec.name.text,
            folder=folder,
            path=expanded(spec.path) if spec.path else None,
            read_only=spec.read_only,
            files={name.text: expanded(path) for name, path in spec.files},
        )
        return DuckDBEngine(settings)
    except SettingRejected as error:
        raise FaultyProject([error.at((spec.path or spec.name).position())]) from error
