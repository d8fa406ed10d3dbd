"""Types told by engines, kept on disk until definitions or data change."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson

from gateway.engines.base import Engine
from semantic_models.model import ModelTypes
from semantic_models.parse_spec import digest_of_files, digest_of_parts
from semantic_models.types import Kind, LogicalType

FORMAT = "3"
"""Changes when an engine is asked more: what it told before is then asked again."""


def digest_of(files: Mapping[str, bytes], engines: Mapping[str, Engine]) -> str:
    """Names what was asked: every definition, every engine's and dialect's version, the data's."""
    told = (
        part
        for name, engine in sorted(engines.items())
        for part in (name, engine.identity, engine.dialect.version, engine.data_version(()))
    )
    return digest_of_parts((FORMAT, digest_of_files(files), *told))


class KeptTypes:
    """One project's types, in one file named by its digest. What cannot be read is not kept."""

    def __init__(self, digest: Callable[[], str], folder: Path | None) -> None:
        self._digest = digest
        self._asked_as = digest()
        self._path = (folder or cache_folder() / "types") / f"{self._asked_as}.json"

    def read(self) -> dict[str, ModelTypes]:
        """The types by model; empty where none are kept."""
        try:
            document = orjson.loads(self._path.read_bytes())
            return {
                name: ModelTypes(_types(each["columns"]), _types(each["members"]))
                for name, each in document.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def write(self, types: Mapping[str, ModelTypes]) -> None:
        """Keep the types, whole or not at all.

        Those of data that changed while it was asked may be of either data, or some of both.
        """
        if self._digest() != self._asked_as:
            return
        document = {
            name: {"columns": _plain(each.columns), "members": _plain(each.members)}
            for name, each in types.items()
        }
        write_whole(self._path, document)


def write_whole(path: Path, document: object) -> None:
    """Write a document whole, or not at all where there is no room or no right to."""
    beside = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(orjson.dumps(document))
        beside.replace(path)


def cache_folder() -> Path:
    """The user's folder for what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "forebay"


def _plain(types: Mapping[str, LogicalType | None]) -> list[object]:
    return [
        [name, None if each is None else [each.kind.value, each.precision, each.scale, each.zone]]
        for name, each in types.items()
    ]


def _types(entries: list[tuple[str, list[object] | None]]) -> dict[str, LogicalType | None]:
    return {name: None if each is None else _type(*each) for name, each in entries}


def _type(kind: object, precision: object, scale: object, zone: object) -> LogicalType:
    if not isinstance(precision, int) or not isinstance(scale, int):
        raise TypeError("digits are whole numbers")
    return LogicalType(Kind(str(kind)), precision, scale, str(zone))
