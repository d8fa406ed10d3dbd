"""Projects as documents of other formats, written to disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson
import yaml

from gateway.project import build_files, read_files
from semantic_models.catalog import Catalog
from semantic_models.errors import SettingRejected
from semantic_models.exporters.ossie import Exported, export_ossie
from semantic_models.spec import ProjectSpec

WIDTH = 110

FORMATS: Mapping[str, Callable[[ProjectSpec, Catalog], Exported]] = {"ossie": export_ossie}
"""By the word that the command takes."""


def export_project(format_: str, folder: Path) -> Exported:
    """The document that a project's folder becomes.

    Raises:
        FaultyProject: its files have faults.
        ProjectError: they cannot be read.
    """
    return FORMATS[format_](*build_files(read_files(folder)))


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
