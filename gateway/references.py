"""Values of forebay.yml with what their references stand for."""

from __future__ import annotations

import os
from pathlib import Path

from semantic_models.errors import SettingRejected
from semantic_models.expand import expand
from semantic_models.spec import Scalar


def expanded(value: Scalar, folder: Path) -> str:
    """A value whose references are put in; files are looked for from the project's folder.

    Raises:
        SettingRejected: a reference names nothing, told at its place.
    """
    try:
        return expand(value.text, os.environ, lambda path: _read_if_file(folder, path))
    except SettingRejected as error:
        raise error.at(value.position()) from error


def _read_if_file(folder: Path, path: str) -> bytes | None:
    """What a file holds, or nothing where there is none that can be read to its end."""
    try:
        return (folder / path).read_bytes() if (folder / path).is_file() else None
    except (OSError, ValueError):
        return None
