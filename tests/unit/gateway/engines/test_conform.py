"""What an engine gives is converted only where no value changes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from gateway.engines.conform import (
    BATCH_BYTES_MAX,
    BATCH_ROWS_MAX,
    BATCH_ROWS_MIN,
    conversion,
    cut,
    rows_a_batch,
)
from gateway.errors import EngineFailed


def batch_of(array: pa.Array, name: str = "n") -> pa.RecordBatch:  # type: ignore[type-arg]
    return pa.record_batch([array], names=[name])


def convert(array: pa.Array, wanted: pa.DataType) -> pa.RecordBatch:  # type: ignore[type-arg]
    batch = batch_of(array)
    convert = conversion(batch.schema, pa.schema({"n": wanted}), "files")
    return batch if convert is None else convert(batch)


def test_nothing_is_done_where_the_schemas_are_equal() -> None:
    schema = pa.schema({"n": pa.int64()})

    assert conversion(schema, schema, "files") is None


KEPT = [
    (pa.array([Decimal(5), None], pa.decimal128(38, 0)), pa.int64(), [5, None]),
    (pa.array([5], pa.int32()), pa.int64(), [5]),
    (pa.array([5], pa.int64()), pa.decimal128(38, 2), [Decimal("5.00")]),
    (pa.array([5], pa.int64()), pa.float64(), [5.0]),
    (pa.array([1.5], pa.float32()), pa.float64(), [1.5]),
    (pa.array(["a", "b"]).dictionary_encode(), pa.string(), ["a", "b"]),
    (pa.array(["a"], pa.string_view()), pa.string(), ["a"]),
    (pa.array([b"a"], pa.large_binary()), pa.binary(), [b"a"]),
    (pa.nulls(1), pa.date32(), [None]),
]


@pytest.mark.parametrize(("given", "wanted", "values"), KEPT)
def test_a_conversion_keeps_every_value(
    given: pa.Array,  # type: ignore[type-arg]
    wanted: pa.DataType,
    values: list[object],
) -> None:
    converted = convert(given, wanted)

    assert converted.schema == pa.schema({"n": wanted})
    assert converted.column(0).to_pylist() == values


def test_another_zone_shows_the_same_instants_without_a_copy() -> None:
    given = pa.array([0, 1], pa.timestamp("us", tz="Etc/UTC"))
    wanted = pa.timestamp("us", tz="America/New_York")

    converted = convert(given, wanted)

    assert converted.column(0) == given.cast(wanted)
    assert [each and each.address for each in converted.column(0).buffers()] == [
        each and each.address for each in given.buffers()
    ]


REFUSED_TYPES = [
    (pa.string(), pa.int64()),
    (pa.float64(), pa.int64()),
    (pa.float64(), pa.float32()),
    (pa.decimal128(18, 2), pa.float64()),
    (pa.timestamp("us"), pa.timestamp("us", tz="UTC")),
    (pa.int64(), pa.string()),
    (pa.dictionary(pa.int8(), pa.string()), pa.int64()),
]


@pytest.mark.parametrize(("given", "wanted"), REFUSED_TYPES, ids=str)
def test_a_conversion_that_may_change_values_is_refused(
    given: pa.DataType, wanted: pa.DataType
) -> None:
    with pytest.raises(EngineFailed) as refusal:
        conversion(pa.schema({"n": given}), pa.schema({"n": wanted}), "files")

    assert refusal.value.message == 'engine "files" gave column "n" another type than promised'
    assert refusal.value.detail == f"It is {given} where {wanted} was promised."


REFUSED_VALUES = [
    (pa.array([Decimal(2) ** 70], pa.decimal128(38, 0)), pa.int64()),
    (pa.array([Decimal("1.5")], pa.decimal128(10, 1)), pa.int64()),
    (pa.array([300], pa.int64()), pa.int8()),
    (pa.array([2**60 + 1], pa.int64()), pa.float64()),
    (pa.array([Decimal("1.55")], pa.decimal128(10, 2)), pa.decimal128(10, 1)),
    (pa.array([5], pa.timestamp("ns")), pa.timestamp("us")),
]


@pytest.mark.parametrize(("given", "wanted"), REFUSED_VALUES)
def test_a_value_that_does_not_fit_is_refused(
    given: pa.Array,  # type: ignore[type-arg]
    wanted: pa.DataType,
) -> None:
    with pytest.raises(EngineFailed) as refusal:
        convert(given, wanted)

    assert refusal.value.message == (
        'engine "files" gave a value that does not fit the type of column "n"'
    )


def test_a_missing_column_is_refused() -> None:
    given = pa.schema({"n": pa.int64()})
    promised = pa.schema({"n": pa.int64(), "m": pa.int64()})

    with pytest.raises(EngineFailed) as refusal:
        conversion(given, promised, "files")

    assert refusal.value.message == 'engine "files" gave 1 columns where 2 were promised'


def test_columns_meet_by_position_and_take_the_promised_names() -> None:
    given = pa.record_batch({"a": [1], "b": [2]})
    promised = pa.schema({"x": pa.int64(), "y": pa.int64()})

    convert = conversion(given.schema, promised, "files")

    assert convert is not None
    assert convert(given) == pa.record_batch({"x": [1], "y": [2]})


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ({"n": pa.int64()}, BATCH_ROWS_MAX),
        ({str(number): pa.int64() for number in range(16)}, 65_536),
        ({str(number): pa.string() for number in range(1_000)}, BATCH_ROWS_MIN),
        ({"none": pa.null()}, BATCH_ROWS_MAX),
    ],
    ids=["narrow", "wide", "widest", "nothing"],
)
def test_wide_rows_come_in_smaller_batches(columns: dict[str, pa.DataType], rows: int) -> None:
    assert rows_a_batch(pa.schema(columns)) == rows


def test_a_light_batch_stays_whole() -> None:
    batch = batch_of(pa.array([1, 2]))

    assert list(cut(batch)) == [batch]


def test_a_heavy_batch_is_cut_without_losing_a_row() -> None:
    batch = batch_of(pa.array(["x" * 1_000] * 25_000))

    pieces = list(cut(batch))

    assert len(pieces) == 3
    assert max(piece.nbytes for piece in pieces) < BATCH_BYTES_MAX
    assert pa.Table.from_batches(pieces) == pa.Table.from_batches([batch])


def test_a_single_heavy_row_is_one_batch() -> None:
    batch = batch_of(pa.array(["x" * (BATCH_BYTES_MAX + 1)]))

    assert list(cut(batch)) == [batch]


@pytest.mark.parametrize("wanted", [pa.date32(), None])
def test_an_infinite_time_is_refused_by_its_kind_and_column(wanted: pa.DataType | None) -> None:
    """Whether the batch is converted or handed on as it is."""
    day = pa.array([0, 2**31 - 1], pa.int32()).view(pa.date32())
    given = pa.record_batch([day, pa.array([1, 2], pa.int32())], names=["d", "n"])
    promised = given.schema if wanted is None else pa.schema({"d": wanted, "n": pa.int64()})
    convert = conversion(given.schema, promised, "files")

    assert convert is not None
    assert convert(given.slice(0, 1)).to_pylist() == [{"d": dt.date(1970, 1, 1), "n": 1}]
    with pytest.raises(EngineFailed) as refusal:
        convert(given)

    assert (refusal.value.message, refusal.value.detail) == (
        'engine "files" gave an infinite date in column "d"',
        "Answers hold days of the years 1 to 9999 and times before 24:00:00.",
    )
