"""Files of other formats, read from disk, and the projects that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from semantic_models.errors import MalformedDocument, SettingRejected, TooLarge
from semantic_models.importers.imported import Imported
from semantic_models.importers.ossie import import_ossie
from semantic_models.importers.write_yaml import scalar

BYTES_MAX = 16 * 1024 * 1024

_FORMATS: Mapping[str, Callable[[Mapping[str, Any]], Imported]] = {"ossie": import_ossie}

_ROOT = """version: 1
name: {name}
engines:
  local: {{type: duckdb, path: data.duckdb}} # the database that holds the tables
"""


def read_foreign(format_: str, source: Path) -> Imported:
    """The project that a file of another format becomes.

    Raises:
        MalformedDocument: the file is not of that format.
        TooLarge: it is larger than 16 MiB.
    """
    if source.is_dir() or source.stat().st_size > BYTES_MAX:
        raise TooLarge(
            f'"{source.name}" is no file of at most 16 MiB', hint="Name one file of that format."
        )
    try:
        document = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise MalformedDocument(
            f'"{source.name}" is neither YAML nor JSON', hint="Name a file of that format."
        ) from None
    try:
        return _FORMATS[format_](document)
    except (KeyError, TypeError, AttributeError, ValueError, StopIteration):
        raise MalformedDocument(
            f'"{source.name}" is not a document of format {format_}',
            hint="Compare it with the format's specification.",
        ) from None


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
