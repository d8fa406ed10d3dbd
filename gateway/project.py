"""A project's folder to what can be served: its catalog, typed, and its engines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Never, TypeVar

from gateway.engines.base import Engine
from gateway.engines.duckdb import DuckDBEngine
from gateway.engines.duckdb_open import DuckDBSettings
from gateway.kept_types import KeptTypes, digest_of
from gateway.snapshot import Snapshot
from gateway.tell_types import metric_places, tell_columns, tell_members, tell_metrics
from semantic_models.build import build, build_what_stands
from semantic_models.errors import (
    FaultyProject,
    ForebayError,
    Position,
    ProjectNotFound,
    SettingRejected,
    TooLarge,
)
from semantic_models.expand import expand
from semantic_models.give_types import give_types
from semantic_models.model import ModelTypes
from semantic_models.parse_spec import POLICIES_FOLDER, models_folder, parse_project
from semantic_models.sound_parts import sound_metrics, sound_models, without_follow_ups
from semantic_models.spec import EngineSpec, ProjectSpec, Scalar

ROOT = "forebay.yml"
FILES_MAX = 10_000

T = TypeVar("T")


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

    Raises:
        FaultyProject: there are links that are not followed.
        ProjectNotFound, TooLarge: a file cannot be read, or there are too many.
    """
    files = {ROOT: _read(folder / ROOT)}
    below = {folder / models_folder(files[ROOT]), folder / POLICIES_FOLDER}
    paths = sorted({path for each in below for path in _yaml_files(each)})
    links = {link for each in below for link in _refused_links(folder, each)}
    _refuse([_link_fault(each.relative_to(folder).as_posix()) for each in sorted(links)])
    if len(paths) > FILES_MAX:
        raise TooLarge(f"the project has more than {FILES_MAX} model files")
    for path in paths:
        if path.name != ROOT:
            files[path.relative_to(folder).as_posix()] = _read(path)
    return files


def _yaml_files(below: Path) -> Iterator[Path]:
    """Every YAML file below a folder, links to files among them.

    Where files are mounted by links into a folder such as ``..data``, which can be exchanged at
    once, they are read by their links alone.
    """
    for at, folders, names in os.walk(below):
        folders[:] = [each for each in folders if not each.startswith("..")]
        yield from (Path(at, each) for each in names if each.endswith((".yml", ".yaml")))


def _refused_links(folder: Path, below: Path) -> Iterator[Path]:
    """Links to what is not read: anything outside of the project, and folders elsewhere in it.

    A link between folders below ``below`` changes nothing: their files are read where they lie.
    """
    if not _is_within(below, folder):
        yield below
        return
    for at, folders, _ in os.walk(below):
        links = (Path(at, each) for each in folders if Path(at, each).is_symlink())
        yield from (each for each in links if not _is_within(each, below))
    yield from (each for each in _yaml_files(below) if not _is_within(each, folder))


def _is_within(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # A link that leads to itself; reading it tells so.
        return True


def _link_fault(path: str) -> ForebayError:
    return ProjectNotFound(
        f'"{path}" is a link, and what it leads to is not read',
        hint="Put the file or folder itself there: a project is read from its own folder alone.",
        position=Position(path, 1, 1),
    )


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
    spec, of_form = parse_project(files)
    if spec is None:
        raise FaultyProject(of_form)
    faults = _Faults(files, spec, of_form)
    _, of_names = build_what_stands(spec)
    faults.add(of_names)
    if faults.are_of_root:  # What it says of engines may be lost.
        faults.refuse()
    engines = faults.opening(lambda: open_engines(spec, folder))
    try:
        kept = KeptTypes(partial(digest_of, files, engines), types_folder)
        return _typed(spec, engines, kept, faults)
    except BaseException:
        for engine in engines.values():
            engine.close()
        raise


class _Faults:
    """What is wrong with a project, gathered from stage to stage before any of it is told."""

    def __init__(
        self, files: Mapping[str, bytes], spec: ProjectSpec, of_form: Sequence[ForebayError]
    ) -> None:
        self.found = list(of_form)
        self.are_of_root = any(each.position and each.position.source == ROOT for each in of_form)
        self._files = files
        self._spec = spec
        self._is_lossy = bool(of_form)

    def add(self, faults: Sequence[ForebayError]) -> None:
        """Add what a stage found, without what follows from a part that could not be read."""
        if self._is_lossy:
            faults = without_follow_ups(faults, self._files, self._spec)
        if self.are_of_root:
            faults = [each for each in faults if "engine" not in each.message]
        self.found.extend(faults)

    def opening(self, open_: Callable[[], T]) -> T:
        """Open what may be gone; with other faults that is one more of them."""
        try:
            return open_()
        except FaultyProject as error:
            self.found.extend(error.faults)
        except ForebayError as error:
            if not self.found:
                raise
            self.found.append(error)
        return self.refuse()

    def refuse(self) -> Never:
        """Tell the first fault of each place, by file and line, those of forebay.yml first."""
        told = {
            (_place(each) if each.position else each.message): each for each in reversed(self.found)
        }
        raise FaultyProject(sorted(told.values(), key=_place))


def _typed(
    spec: ProjectSpec, engines: Mapping[str, Engine], kept: KeptTypes, faults: _Faults
) -> Project:
    types = {} if faults.found else kept.read()
    if not types:
        types = _asked(spec, engines, faults)
    if faults.found:
        return faults.refuse()
    catalog, of_names = build(spec, {name: each.columns for name, each in types.items()})
    if catalog is None:
        raise FaultyProject(of_names)
    catalog, of_types = give_types(catalog, types)
    _refuse(of_types)
    kept.write(types)
    return Project(spec, Snapshot(catalog), engines)


def _asked(
    spec: ProjectSpec, engines: Mapping[str, Engine], faults: _Faults
) -> dict[str, ModelTypes]:
    """What engines tell of all that has no fault so far."""
    told = tell_columns(spec, engines, faults.found)
    catalog, of_names = build_what_stands(spec, told)
    faults.add(of_names)
    if catalog is None:
        return {}
    sound = sound_models(catalog, spec, faults.found) & told.keys()
    specs = [each for each in spec.models if each.name.text in sound]
    members = tell_members(specs, catalog, engines, faults.found)
    types = {name: ModelTypes(told[name], members[name]) for name in members}
    catalog, of_types = give_types(catalog, types)
    faults.add(of_types)
    sound &= sound_models(catalog, spec, faults.found)
    asked = sound_metrics(catalog, spec, sound, faults.found)
    places = {name: at for name, at in metric_places(spec).items() if name in asked}
    tell_metrics(places, catalog, engines, faults.found)
    return types


def _refuse(faults: Sequence[ForebayError]) -> None:
    if faults:
        raise FaultyProject(sorted(faults, key=_place))


def _place(fault: ForebayError) -> tuple[bool, str, int, int]:
    at = fault.position
    return (at.source != ROOT, at.source, at.line, at.column) if at else (False, "", 0, 0)


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
        try:
            return expand(value.text, os.environ, lambda path: _read_if_file(folder, path))
        except SettingRejected as error:
            raise error.at(value.position()) from error

    written = {f"files.{name.text}": path for name, path in spec.files}
    if spec.path is not None:
        written["path"] = spec.path
    try:
        settings = DuckDBSettings(
            name=spec.name.text,
            folder=folder,
            path=expanded(spec.path) if spec.path else None,
            read_only=spec.read_only,
            files={name.text: expanded(path) for name, path in spec.files},
            written=written,
        )
        return DuckDBEngine(settings)
    except SettingRejected as error:
        raise FaultyProject([error.at(spec.name.position())]) from error


def _read_if_file(folder: Path, path: str) -> bytes | None:
    """What a file holds, or nothing where there is none that can be read to its end."""
    try:
        return (folder / path).read_bytes() if (folder / path).is_file() else None
    except (OSError, ValueError):
        return None
