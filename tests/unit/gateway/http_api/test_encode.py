"""Answers as bytes."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from gateway.errors import EngineFailed, NotAcceptable
from gateway.http_api.cells import SLICE_ROWS_MAX
from gateway.http_api.encode import PIECES, ROW_GROUP_ROWS, row_groups
from gateway.http_api.negotiate import Format
from gateway.pipeline import Answer
from tests.unit.gateway.http_api.fakes import ScriptedStream, answer

BATCH = pa.RecordBatch.from_pydict({'the "carrier"': ["AA", None, ""], "flights": [1, 2**60, None]})
LONG = pa.record_batch({"n": list(range(2 * SLICE_ROWS_MAX + 1))})
NONE = LONG.slice(0, 0)


def whole(wanted: Format, told: Answer) -> bytes:
    return b"".join(PIECES[wanted](told, told.stream))


def test_json_has_columns_then_data_then_meta() -> None:
    told = answer(BATCH, query_id="ab-1")

    document = orjson.loads(whole(Format.JSON, told))

    about = {"role": "field", "label": "", "format": ""}
    assert list(document.items()) == [
        (
            "columns",
            [
                {"name": 'the "carrier"', "type": "string", **about},
                {"name": "flights", "type": "int64", **about},
            ],
        ),
        (
            "data",
            [
                {'the "carrier"': "AA", "flights": 1},
                {'the "carrier"': None, "flights": str(2**60)},
                {'the "carrier"': "", "flights": None},
            ],
        ),
        (
            "meta",
            {
                "query_id": "ab-1",
                "cache": "hit",
                "rows": 3,
                "warnings": [],
                "stages": {"look_up": 0.25},
                "dialect": "duckdb",
                "sql": "SELECT 1",
                "proof_url": "/api/v1/queries/ab-1/proof",
                "proof": {"homes": ["orders"]},
            },
        ),
    ]


def test_json_of_many_slices_is_one_list() -> None:
    document = orjson.loads(whole(Format.JSON, answer(LONG)))

    assert document["data"] == [{"n": number} for number in range(LONG.num_rows)]


def test_json_of_no_rows_is_an_empty_list() -> None:
    document = orjson.loads(whole(Format.JSON, answer(NONE)))

    assert (document["data"], document["meta"]["rows"]) == ([], 0)


def test_ndjson_is_a_line_a_row() -> None:
    lines = whole(Format.NDJSON, answer(BATCH)).decode().splitlines()

    assert lines == [
        '{"the \\"carrier\\"":"AA","flights":1}',
        '{"the \\"carrier\\"":null,"flights":"1152921504606846976"}',
        '{"the \\"carrier\\"":"","flights":null}',
    ]


def test_csv_tells_null_from_an_empty_text() -> None:
    assert whole(Format.CSV, answer(BATCH)) == (
        b'"the ""carrier""",flights\r\nAA,1\r\n,1152921504606846976\r\n"",\r\n'
    )


LONE: dict[str, tuple[pa.Array[Any], list[Any]]] = {
    "numbers": (pa.array([1, None, 2]), [1, None, 2]),
    "texts": (pa.array(["a", None, ""]), ["a", None, None]),
    "bytes": (pa.array([b"a", None, b""]), ["YQ==", None, None]),
}


@pytest.mark.parametrize("column", LONE)
def test_a_null_that_stands_alone_is_a_row_to_every_reader(column: str, tmp_path: Path) -> None:
    """Readers skip lines that are blank; pandas, Arrow and Python's own do."""
    array, values = LONE[column]
    written = whole(Format.CSV, answer(pa.record_batch([array], ["c"])))
    path = tmp_path / "answer.csv"
    path.write_bytes(written)

    texts = ["" if value is None else str(value) for value in values]
    frame = pd.read_csv(path)
    assert written.split(b"\r\n")[2] == b'""'
    assert [row["c"] for row in csv.DictReader(io.StringIO(written.decode()))] == texts
    assert [None if pd.isna(value) else value for value in frame["c"]] == values
    assert duckdb.sql(f"FROM read_csv('{path}')").fetchall() == [(value,) for value in values]
    assert pa_csv.read_csv(path).num_rows == len(values)


def test_null_and_what_is_empty_are_told_apart_beside_other_columns(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {
        "n": [1, 2, 3],
        "s": [None, "", "NULL"],
        "b": [b"", None, b"\0"],
        "m": [None, None, 1],
    }
    batch = pa.record_batch(columns)
    path = tmp_path / "answer.csv"
    path.write_bytes(whole(Format.CSV, answer(batch)))

    read = duckdb.sql(f"FROM read_csv('{path}', allow_quoted_nulls = false, all_varchar = true)")

    assert read.fetchall() == [
        ("1", None, "", None),
        ("2", "", None, None),
        ("3", "NULL", "AA==", "1"),
    ]


def test_csv_of_many_slices_has_one_header() -> None:
    rows = list(csv.reader(io.StringIO(whole(Format.CSV, answer(LONG)).decode())))

    assert rows == [["n"], *([str(number)] for number in range(LONG.num_rows))]


def test_csv_of_no_rows_is_its_header() -> None:
    assert whole(Format.CSV, answer(NONE)) == b"n\r\n"


def test_arrow_has_the_batches_and_says_how_they_came_about() -> None:
    reader = pa.ipc.open_stream(whole(Format.ARROW, answer(BATCH, query_id="ab-1")))

    table, told = reader.read_all(), orjson.loads((reader.schema.metadata or {})[b"forebay"])
    columns = told.pop("columns")
    assert table.equals(pa.Table.from_batches([BATCH]))
    assert [each["name"] for each in columns] == BATCH.schema.names
    assert told == {
        "query_id": "ab-1",
        "cache": "hit",
        "proof_url": "/api/v1/queries/ab-1/proof",
        "dialect": "duckdb",
        "sql": "SELECT 1",
        "warnings": [],
    }


@pytest.mark.parametrize("batch", [BATCH, LONG, NONE])
def test_parquet_has_the_rows(batch: pa.RecordBatch) -> None:
    table = pq.read_table(io.BytesIO(whole(Format.PARQUET, answer(batch))))

    assert table.equals(pa.Table.from_batches([batch]))


def test_parquet_refuses_intervals_before_any_byte() -> None:
    batch = pa.RecordBatch.from_pydict({"i": pa.array([(1, 2, 3)], pa.month_day_nano_interval())})

    with pytest.raises(NotAcceptable) as refusal:
        next(PIECES[Format.PARQUET](answer(batch), [batch]))

    assert refusal.value.hint == (
        'Ask for "application/vnd.apache.arrow.stream", or leave out the intervals.'
    )


def test_small_batches_share_a_row_group() -> None:
    batch = pa.RecordBatch.from_pydict({"n": list(range(ROW_GROUP_ROWS // 2))})

    assert [len(group) for group in row_groups([batch] * 5)] == [2, 2, 1]


def test_heavy_batches_make_row_groups_of_few_rows() -> None:
    batch = pa.RecordBatch.from_pydict({"s": ["x" * (17 * 2**20)]})

    assert [len(group) for group in row_groups([batch] * 3)] == [2, 1]


@pytest.mark.parametrize("wanted", Format)
def test_pieces_come_while_batches_still_arrive(wanted: Format) -> None:
    """An endless answer is written as long as somebody reads it: nothing piles up."""
    batch = pa.RecordBatch.from_pydict({"n": list(range(ROW_GROUP_ROWS))})
    pieces = PIECES[wanted](answer(batch), itertools.repeat(batch))

    sizes = [len(piece) for piece in itertools.islice(pieces, 20)]

    assert sum(sizes) > 0
    assert max(sizes) < 4 * batch.nbytes


@pytest.mark.parametrize(
    ("wanted", "ending"),
    [
        (Format.JSON, b"}}"),
        (Format.ARROW, b"\xff\xff\xff\xff\x00\x00\x00\x00"),
        (Format.PARQUET, b"PAR1"),
    ],
)
def test_a_stream_that_fails_never_ends_its_bytes(wanted: Format, ending: bytes) -> None:
    failing = replace(
        answer(BATCH), stream=ScriptedStream([BATCH] * 2, failure=EngineFailed("it broke"))
    )
    sent: list[bytes] = []

    with pytest.raises(EngineFailed):
        sent.extend(PIECES[wanted](failing, failing.stream))

    assert not b"".join(sent).endswith(ending)
    assert whole(wanted, answer(BATCH)).endswith(ending)


@pytest.mark.parametrize("wanted", [Format.CSV, Format.NDJSON])
def test_a_stream_that_fails_makes_formats_without_an_ending_fail_too(wanted: Format) -> None:
    failing = replace(answer(BATCH), stream=ScriptedStream([], failure=EngineFailed("it broke")))

    with pytest.raises(EngineFailed):
        whole(wanted, failing)
