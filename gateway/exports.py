"""Projects as documents of other formats, written to disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson
import yaml

from gateway.project import read_files
from semantic_models.build import build
from semantic_models.catalog import Catalog
from semantic_models.errors import FaultyProject, SettingRejected
from semantic_models.exporters.ossie import Exported, export_ossie
from semantic_models.faults import Faults
from semantic_models.parse_spec import read_project
from semantic_models.spec import ProjectSpec

WIDTH = 110

FORMATS: Mapping[str, Callable[[ProjectSpec, Catalog], Exported]] = {"ossie": export_ossie}
"""By the word that the command takes."""


def built_without_data(folder: Path) -> tuple[ProjectSpec, Catalog]:
    """A project as its files alone tell it; no engine is asked.

    Raises:
        FaultyProject: its files have faults.
        ProjectError: they cannot be read.
    """
    faults = Faults()
    spec = read_project(read_files(folder), faults)
    if faults.found:
        raise FaultyProject(faults.in_order())
    catalog, of_names = build(spec)
    if catalog is None:
        raise FaultyProject(of_names)
    return spec, catalog


def export_project(format_: str, folder: Path) -> Exported:
    """The document that a project's folder becomes.

    Raises:
        FaultyProject: its files have faults.
        ProjectError: they cannot be read.
    """
    return FORMATS[format_](*built_without_data(folder))


def document_text(document: Mapping[str, object], *, as_json: bool) -> str:
    """A document as JSON or YAML."""
    if as_json:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"
    return str(yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=WIDTH))


def write_document(path: Path, text: str, *, overwrite: bool) -> None:
    """Write a document.

    Raises:
        SettingRejected: the file is there and may not be written over, or it cannot be written.
    """
    if path.exists() and not overwrite:
        raise SettingRejected(f'file "{path}" exists', hint="Name another file, or write --force.")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingRejected(
            f'file "{path}" cannot be written: {os.strerror(error.errno or 0).lower()}',
            hint="Name another file with --output.",
        ) from error
