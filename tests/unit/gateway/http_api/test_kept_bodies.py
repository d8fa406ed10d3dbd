"""Bodies of small answers."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pyarrow as pa
import pytest

from gateway.http_api.encode import PIECES
from gateway.http_api.kept_bodies import ANSWER_BYTES_MAX, KeptBodies
from gateway.http_api.negotiate import Format
from gateway.pipeline import Answer
from tests.unit.gateway.http_api.fakes import KEY, ScriptedStream, answer

BATCH = pa.RecordBatch.from_pydict({"carrier": ["AA", None], "flights": [1, 2]})


def whole(wanted: Format, told: Answer) -> bytes:
    return b"".join(PIECES[wanted](told, told.stream))


@pytest.mark.parametrize("wanted", Format)
def test_a_kept_body_equals_a_fresh_one(wanted: Format) -> None:
    bodies, first = KeptBodies(), answer(BATCH, query_id="ab-1")
    second = replace(first, query_id="ab-2", stages={"look_up": 7.5})

    found = [bodies.body(each, wanted) for each in (first, second, second)]

    assert found == [(whole(wanted, each), 2) for each in (first, second, second)]


@pytest.mark.parametrize("wanted", [Format.JSON, Format.ARROW])
def test_a_longer_query_id_has_a_body_of_its_own(wanted: Format) -> None:
    bodies, first = KeptBodies(), answer(BATCH, query_id="ab-f")
    second = replace(first, query_id="ab-10")

    found = [bodies.body(each, wanted) for each in (first, second)]

    assert found == [(whole(wanted, first), 2), (whole(wanted, second), 2)]


def test_one_answer_to_two_questions_is_told_with_each_ones_labels() -> None:
    bodies, first = KeptBodies(), answer(BATCH)
    labelled = tuple(replace(each, label="Total") for each in first.prepared.columns)
    second = replace(first, prepared=replace(first.prepared, columns=labelled))

    labels = [
        [column["label"] for column in orjson.loads(found[0])["columns"]]
        for found in (bodies.body(first, Format.JSON), bodies.body(second, Format.JSON))
        if found
    ]

    assert labels == [["", ""], ["Total", "Total"]]


def test_a_large_answer_is_left_to_a_thread() -> None:
    batch = pa.RecordBatch.from_pydict({"s": ["x" * (ANSWER_BYTES_MAX + 1)]})

    assert KeptBodies().body(answer(batch), Format.CSV) is None


def test_an_answer_that_still_arrives_is_left_to_a_thread() -> None:
    arriving = replace(answer(BATCH), stream=ScriptedStream([BATCH]))

    assert KeptBodies().body(arriving, Format.CSV) is None


def test_bodies_beyond_the_limit_are_made_each_time() -> None:
    bodies, told = KeptBodies(size_bytes_max=1), answer(BATCH)

    found = [bodies.body(told, Format.CSV) for _ in range(2)]

    assert found == [(b"carrier,flights\r\nAA,1\r\n,2\r\n", 2)] * 2


def test_the_oldest_bodies_go_first() -> None:
    told, size = answer(BATCH), len(whole(Format.CSV, answer(BATCH)))
    bodies = KeptBodies(size_bytes_max=2 * size)

    sizes = []
    for number in range(4):
        bodies.body(replace(told, key=KEY._replace(data_version=str(number))), Format.CSV)
        sizes.append(bodies.size_bytes)

    assert sizes == [size, 2 * size, 2 * size, 2 * size]
