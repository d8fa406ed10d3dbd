"""Answers as bytes, a piece at a time, in each format that is offered."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from gateway.errors import NotAcceptable
from gateway.http_api.cells import Text, concatenated, csv_of, joined, json_of, slices
from gateway.http_api.negotiate import Format
from gateway.pipeline import Answer
from semantic_models.resolved import AnswerColumn

ROW_GROUP_ROWS = 122_880
ROW_GROUP_BYTES_MAX = 32 * 1024 * 1024

Pieces = Callable[[Answer, Iterable[pa.RecordBatch]], Iterator[bytes]]


def column_documents(columns: Iterable[AnswerColumn]) -> list[dict[str, object]]:
    """What a client is told of each column, in the answer's order."""
    return [
        {
            "name": each.name,
            "role": each.role,
            "type": str(each.type),
            "label": each.label,
            "format": each.format,
        }
        for each in columns
    ]


def proof_url(query_id: str) -> str:
    """Where the proof of an answer is told again."""
    return f"/api/v1/queries/{query_id}/proof"


def json_pieces(answer: Answer, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """One document: columns, data, and last of all what is known only at the end."""
    columns = orjson.dumps(column_documents(answer.prepared.columns))
    yield b'{"columns":' + columns + b',"data":['
    rows = 0
    for part in _parts(batches):
        text = concatenated(_objects(part, before=",\n", after=""))
        yield text if rows else text.removeprefix(b",")
        rows += part.num_rows
    yield b'],"meta":' + orjson.dumps(_meta(answer, rows)) + b"}"


def ndjson_pieces(_: Answer, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """One object a row and a line."""
    for part in _parts(batches):
        yield concatenated(_objects(part, before="", after="\n"))


def csv_pieces(answer: Answer, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """RFC 4180 with a header; NULL is an empty cell, an empty text two quotes.

    A NULL that stands alone in its row is two quotes as well: its line would be blank, and most
    readers skip blank lines.
    """
    null = '""' if len(answer.prepared.schema) == 1 else ""
    names = csv_of(pa.array(answer.prepared.schema.names, pa.string()))
    yield ",".join(map(str, names.to_pylist())).encode() + b"\r\n"
    for part in _parts(batches):
        lines = joined([csv_of(column) for column in part.columns], ",", null=null)
        yield concatenated(joined([lines, "\r\n"], ""))


def arrow_pieces(answer: Answer, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """An Arrow IPC stream whose schema says how the answer came about."""
    told = {
        "query_id": answer.query_id,
        "cache": answer.cache,
        "proof_url": proof_url(answer.query_id),
        "dialect": answer.prepared.physical.dialect,
        "sql": answer.prepared.sql,
        "columns": column_documents(answer.prepared.columns),
        "warnings": answer.warned.documents(),
    }
    schema = answer.prepared.schema
    sink = _Sink()
    with pa.ipc.new_stream(
        sink, schema.with_metadata({**(schema.metadata or {}), b"forebay": orjson.dumps(told)})
    ) as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


def parquet_pieces(answer: Answer, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """A Parquet file, written a row group at a time.

    Raises:
        NotAcceptable: a column's type is none that Parquet files hold.
    """
    schema = answer.prepared.schema
    sink = _Sink()
    try:
        writer = pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd")
    except pa.ArrowNotImplementedError as error:
        raise NotAcceptable(
            "a column of the answer has a type that Parquet files do not hold",
            hint=f'Ask for "{Format.ARROW}", or leave out the intervals.',
        ) from error
    with writer:
        for group in row_groups(batches):
            writer.write_table(pa.Table.from_batches(group, schema))
            yield sink.taken()
    yield sink.taken()


PIECES: Mapping[Format, Pieces] = {
    Format.JSON: json_pieces,
    Format.ARROW: arrow_pieces,
    Format.PARQUET: parquet_pieces,
    Format.NDJSON: ndjson_pieces,
    Format.CSV: csv_pieces,
}
"""How each format is written. A stream that fails makes its pieces fail with the same error."""


def row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """Batches in groups large enough to read fast and small enough to hold."""
    group: list[pa.RecordBatch] = []
    rows = size_bytes = 0
    for batch in batches:
        group.append(batch)
        rows += batch.num_rows
        size_bytes += batch.nbytes
        if rows >= ROW_GROUP_ROWS or size_bytes >= ROW_GROUP_BYTES_MAX:
            yield group
            group, rows, size_bytes = [], 0, 0
    if group:
        yield group


class _Sink(io.RawIOBase):
    """A file that gives away what was written to it, so that nothing piles up."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._written.append(bytes(data))
        self._position += len(data)
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = b"".join(self._written)
        self._written.clear()
        return data


def _parts(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield from slices(batch)


def _objects(part: pa.RecordBatch, *, before: str, after: str) -> Text:
    """Each row as a JSON object."""
    texts: list[Text | str] = []
    opening = f"{before}{{"
    for name, column in zip(part.schema.names, part.columns, strict=True):
        texts += [f"{opening}{orjson.dumps(name).decode()}:", json_of(column)]
        opening = ","
    return joined([*texts, f"}}{after}"], "", null="null")


def _meta(answer: Answer, rows: int) -> dict[str, object]:
    physical = answer.prepared.physical
    return {
        "query_id": answer.query_id,
        "cache": answer.cache,
        "rows": rows,
        "warnings": answer.warned.documents(),
        "stages": answer.stages,
        "dialect": physical.dialect,
        "sql": answer.prepared.sql,
        "proof_url": proof_url(answer.query_id),
        "proof": answer.prepared.proof,
    }
