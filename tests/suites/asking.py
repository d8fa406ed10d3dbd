"""A question asked of a project on disk, as every front end asks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
import pyarrow as pa

from gateway.settings import Settings
from semantic_models.errors import ForebayError
from tests.suites.rows import Row
from tests.support.nothing_hidden import open_project


@dataclass(frozen=True, slots=True)
class Given:
    """What became of a question: columns and rows, or why it was refused."""

    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    codes: tuple[str, ...] = ()
    message: str = ""


def ask(project: Path, question: Mapping[str, object] | str, *, types_folder: Path) -> Given:
    """Load a project and ask it one question, a document or semantic SQL."""
    text = question if isinstance(question, str) else orjson.dumps(question)
    try:
        return _answer(Settings(project=project, types_folder=types_folder), text)
    except ForebayError as error:
        return Given(codes=error.codes, message=str(error))


def _answer(settings: Settings, text: str | bytes) -> Given:
    gateway, asker = open_project(settings)
    try:
        stream = gateway.fetch(gateway.prepare(text, asker)).stream
        try:
            rows = [row for batch in stream for row in zip(*_cells(batch), strict=True)]
            return Given(tuple(stream.schema.names), tuple(rows))
        finally:
            stream.close()
    finally:
        gateway.close()


def _cells(batch: pa.RecordBatch) -> list[list[object]]:
    return [column.to_pylist() for column in batch.columns]
