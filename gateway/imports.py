"""Files of other formats, read from disk, and the projects that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from semantic_models.errors import MalformedDocument, SettingRejected, TooLarge
from semantic_models.importers.dbt import import_dbt
from semantic_models.importers.imported import Imported, Loss
from semantic_models.importers.ossie import import_ossie
from semantic_models.importers.write_yaml import scalar

BYTES_MAX = 16 * 1024 * 1024

Documents = Sequence[Mapping[str, Any]]


def _ossie(documents: Documents) -> Imported:
    first, *others = documents
    imported = import_ossie(first)
    further = [Loss("a further document", "one document is read") for _ in others]
    return Imported(imported.files, (*imported.losses, *further))


FORMATS: Mapping[str, Callable[[Documents], Imported]] = {"dbt": import_dbt, "ossie": _ossie}
"""By the word that the command takes."""

_ROOT = """version: 1
name: {name}
engines:
  local: {{type: duckdb, path: data.duckdb}} # the database that holds the tables
"""


def read_foreign(format_: str, source: Path) -> Imported:
    """The project that a file of another format becomes, or a folder of them.

    Raises:
        MalformedDocument: a file is not of that format, or there is none.
        TooLarge: the files are larger than 16 MiB together.
    """
    files = _files(source)
    if sum(each.stat().st_size for each in files) > BYTES_MAX:
        raise TooLarge(
            f'"{source.name}" has more than 16 MiB', hint="Name a file or a smaller folder."
        )
    documents = [document for each in files for document in _documents(each)]
    try:
        return FORMATS[format_](documents)
    except (KeyError, TypeError, AttributeError, ValueError, StopIteration):
        raise MalformedDocument(
            f'"{source.name}" is not of format {format_}',
            hint="Compare it with the format's specification.",
        ) from None


def _files(source: Path) -> list[Path]:
    """A file, or those of a folder that may hold models."""
    if not source.is_dir():
        return [source]
    return sorted(
        each
        for folder in _folders(source)
        for each in folder.rglob("*")
        if each.suffix in (".yml", ".yaml", ".json") and each.is_file()
    )


def _folders(source: Path) -> list[Path]:
    """A folder, or those with the models of a dbt project, beside which dbt keeps what it wrote."""
    project = source / "dbt_project.yml"
    if not project.is_file():
        return [source]
    told = next(iter(_documents(project)), {})
    return [source / str(each) for each in told.get("model-paths") or ("models",)]


def _documents(file: Path) -> list[Mapping[str, Any]]:
    try:
        found = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise MalformedDocument(
            f'"{file.name}" is neither YAML nor JSON', hint="Name a file of that format."
        ) from None
    return [each for each in found if isinstance(each, Mapping)]


def write_project(folder: Path, imported: Imported, *, overwrite: bool) -> Iterator[Path]:
    """Write the files of a project, and forebay.yml where there is none yet.

    Raises:
        SettingRejected: a file of that name is there and may not be written over.
    """
    root = folder / "forebay.yml"
    places = {folder / path: text for path, text in imported.files.items()}
    taken = next((place for place in places if place.exists()), None)
    if taken is not None and not overwrite:
        raise SettingRejected(
            f'file "{taken}" exists', hint="Name another folder, or write --force."
        )
    if not root.exists():
        places = {root: _ROOT.format(name=scalar(folder.resolve().name)), **places}
    for place, text in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        yield place
