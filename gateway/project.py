"""A project's folder to what can be served: its catalog, typed, and its engines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from auth.build_policies import build_policies
from auth.check_selects import on_tables
from auth.check_views import faults_of_derived
from auth.policy import NO_POLICIES
from gateway.engines.barriers import behind_barriers, refuse_leaking
from gateway.engines.base import Engine
from gateway.engines.duckdb import DuckDBEngine
from gateway.engines.duckdb_open import DuckDBSettings
from gateway.errors import EngineError
from gateway.identity.auth_settings import AuthSettings, auth_settings
from gateway.kept_types import KeptTypes, digest_of
from gateway.references import expanded
from gateway.snapshot import Snapshot
from gateway.tell_types import metric_places, tell_columns, tell_members, tell_metrics
from semantic_models.build import build, build_what_stands
from semantic_models.catalog import Catalog
from semantic_models.check_questions import check_questions
from semantic_models.errors import (
    FaultyProject,
    ForebayError,
    Position,
    ProjectNotFound,
    SettingRejected,
    TooLarge,
)
from semantic_models.faults import Faults
from semantic_models.give_types import give_types
from semantic_models.kept_build import KeptBuild
from semantic_models.model import ModelTypes
from semantic_models.parse_spec import POLICIES_FOLDER, KeptFiles, models_folder, read_project
from semantic_models.sound_parts import with_columns, without
from semantic_models.spec import ROOT_NAME as ROOT
from semantic_models.spec import EngineSpec, ProjectSpec

FILES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Project:
    """A project that loaded without faults."""

    spec: ProjectSpec
    snapshot: Snapshot
    engines: Mapping[str, Engine] = field(default_factory=dict)
    auth: AuthSettings = field(default_factory=AuthSettings)

    def without_policies(self) -> Project:
        """The same as the service sees it, and whoever has its folder."""
        return replace(self, snapshot=replace(self.snapshot, policies=NO_POLICIES))

    def close(self) -> None:
        """Let go of the engines."""
        for engine in self.engines.values():
            engine.close()


@dataclass(frozen=True, slots=True)
class KeptProject:
    """What loading a project leaves behind: loading it again redoes what has changed alone."""

    files: KeptFiles = field(default_factory=KeptFiles)
    build: KeptBuild = field(default_factory=KeptBuild)


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
    below = _folders(folder, files[ROOT])
    paths = sorted({path for each in below for path in _yaml_files(each)})
    links = {link for each in below for link in _refused_links(folder, each)}
    if links:
        paths_of_links = (each.relative_to(folder).as_posix() for each in sorted(links))
        raise FaultyProject([_link_fault(each) for each in paths_of_links])
    if len(paths) > FILES_MAX:
        raise TooLarge(f"the project has more than {FILES_MAX} model files")
    for path in paths:
        if path.name != ROOT:
            files[path.relative_to(folder).as_posix()] = _read(path)
    return files


def project_files(folder: Path) -> Iterator[Path]:
    """The paths of the files that a project is read from, as far as they are there."""
    yield folder / ROOT
    try:
        root = (folder / ROOT).read_bytes()
    except OSError:
        return
    for each in _folders(folder, root):
        yield from _yaml_files(each)


def _folders(folder: Path, root: bytes) -> set[Path]:
    """Where the files of models and of policies lie."""
    return {folder / models_folder(root), folder / POLICIES_FOLDER}


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
    return load_files(read_files(folder), folder, types_folder=types_folder)


def load_files(
    files: Mapping[str, bytes], folder: Path, *, types_folder: Path | None = None
) -> Project:
    """The same of files that were read already, over the data that ``folder`` has."""
    faults = Faults()
    spec = read_project(files, faults)
    auth = auth_settings(spec, folder, faults)
    engines = open_engines(spec, folder, faults)
    try:
        open_kept = partial(_kept_types, files, engines, types_folder)
        made = replace(_typed(spec, engines, open_kept, faults), auth=auth)
        is_governed = made.snapshot.policies.is_governed
        return replace(made, engines=behind_barriers(engines)) if is_governed else made
    except BaseException:
        for engine in engines.values():
            engine.close()
        raise


def load_again(
    project: Project, folder: Path, kept: KeptProject, *, types_folder: Path | None = None
) -> Project:
    """A project as its files are now, over the engines that it has opened.

    Raises:
        FaultyProject: with every fault that was found.
        ProjectError, EngineError: it cannot be read, or its engines are others.
    """
    files = read_files(folder)
    faults = Faults()
    spec = read_project(files, faults, kept=kept.files)
    if not faults.found and _engines_in(spec) != _engines_in(project.spec):
        raise SettingRejected(
            "the engines of the project have changed while it is served",
            hint="Restart the server; engines are opened when it starts.",
        )
    open_kept = partial(_kept_types, files, project.engines, types_folder)
    made = _typed(spec, project.engines, open_kept, faults, kept.build)
    if made.snapshot.policies.is_governed and not project.snapshot.policies.is_governed:
        refuse_leaking(project.engines)
    return made


def _engines_in(spec: ProjectSpec) -> list[tuple[object, ...]]:
    """What engines are written as, wherever that stands."""
    return [
        (
            each.name.text,
            each.type.text,
            each.path.text if each.path is not None else None,
            each.read_only,
            [(name.text, path.text) for name, path in each.files],
        )
        for each in spec.engines
    ]


def build_files(
    files: Mapping[str, bytes], kept: KeptProject | None = None
) -> tuple[ProjectSpec, Catalog]:
    """A project as its files alone tell it; no engine is asked.

    Raises:
        FaultyProject: its files have faults.
    """
    kept = kept or KeptProject()
    faults = Faults()
    spec = read_project(files, faults, kept=kept.files)
    if faults.found:
        raise FaultyProject(faults.in_order())
    catalog, of_names = build(spec, kept=kept.build)
    if catalog is None:
        raise FaultyProject(of_names)
    return spec, catalog


def _kept_types(
    files: Mapping[str, bytes], engines: Mapping[str, Engine], folder: Path | None
) -> KeptTypes:
    return KeptTypes(partial(digest_of, files, engines), folder)


def _typed(
    spec: ProjectSpec,
    engines: Mapping[str, Engine],
    open_kept: Callable[[], KeptTypes],
    faults: Faults,
    before: KeptBuild | None = None,
) -> Project:
    if faults.found:
        _ask(spec, engines, faults)
        raise _refusal(faults)
    kept = open_kept()
    types = kept.read() or _ask(spec, engines, faults)
    if faults.found:
        raise _refusal(faults)
    columns = {name: each.columns for name, each in types.items()}
    catalog, of_names = build(spec, columns, before)
    if catalog is None:
        raise FaultyProject(of_names)
    catalog, of_types = give_types(catalog, types)
    if of_types:
        raise FaultyProject(of_types)
    kept.write(types)
    faults.found += check_questions(spec, catalog)
    policies = build_policies(spec, catalog, faults)
    for name, engine in engines.items() if on_tables(policies.policies) else ():
        faults.found += faults_of_derived(policies, catalog, name, engine.derived())
    if faults.found:
        raise _refusal(faults)
    return Project(spec, Snapshot(catalog, policies), engines)


def _refusal(faults: Faults) -> ForebayError:
    """Every fault at once; data that cannot be opened speaks for itself where it is alone."""
    found = faults.in_order()
    if len(found) == 1 and isinstance(found[0], EngineError) and found[0].position is None:
        return found[0]
    return FaultyProject(found)


def _ask(spec: ProjectSpec, engines: Mapping[str, Engine], faults: Faults) -> dict[str, ModelTypes]:
    """What engines tell of all that has no fault so far, stage by stage."""
    columns = tell_columns(spec, engines, faults)
    catalog = with_columns(build_what_stands(spec, columns, faults))
    specs = {each.name.text: each for each in reversed(spec.models)}
    asked = [specs[name] for name in catalog.models]
    members = tell_members(asked, catalog, engines, faults.found)
    types = {name: ModelTypes(columns[name], told) for name, told in members.items()}
    catalog = without(catalog, _places(faults))
    catalog, of_types = give_types(catalog, types)
    faults.found += of_types
    catalog = without(catalog, _places(faults))
    places = {
        name: at
        for name, at in metric_places(spec).items()
        if name in catalog.metrics and not catalog.is_windowed(catalog.metrics[name])
    }
    tell_metrics(places, catalog, engines, faults.found)
    return types


def _places(faults: Faults) -> set[Position | None]:
    return {each.position for each in faults.found}


def open_engines(spec: ProjectSpec, folder: Path, faults: Faults) -> dict[str, Engine]:
    """The engines of a project by name, without those that cannot be opened."""
    opened: dict[str, Engine] = {}
    try:
        for each in spec.engines:
            engine = _open_what_is_there(each, folder, faults)
            if engine is not None:
                opened[each.name.text] = engine
    except BaseException:
        for engine in opened.values():
            engine.close()
        raise
    return opened


def _open_what_is_there(spec: EngineSpec, folder: Path, faults: Faults) -> Engine | None:
    """An engine over those of its files that can be read; why others cannot is told of each."""
    name = spec.name.text
    while True:
        try:
            return _open(spec, folder)
        except ForebayError as error:
            bad = [view for view, path in spec.files if path.position() == error.position]
            faults.add(error, *(("tables", name, view.text.lower()) for view in bad))
            rest = tuple(each for each in spec.files if each[0] not in bad)
            if not bad or not rest:
                faults.lose(error, ("engines", name))
                return None
            spec = replace(spec, files=rest)


def _open(spec: EngineSpec, folder: Path) -> Engine:
    written = {f"files.{name.text}": path for name, path in spec.files}
    if spec.path is not None:
        written["path"] = spec.path
    try:
        settings = DuckDBSettings(
            name=spec.name.text,
            folder=folder,
            path=expanded(spec.path, folder) if spec.path else None,
            read_only=spec.read_only,
            files={name.text: expanded(path, folder) for name, path in spec.files},
            written=written,
        )
        return DuckDBEngine(settings)
    except SettingRejected as error:
        raise error.at(spec.name.position()) from error
