"""Columns as text."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa
import pytest

from gateway.http_api.cells import (
    SLICE_BYTES_MAX,
    SLICE_ROWS_MAX,
    concatenated,
    csv_of,
    joined,
    json_of,
    slices,
    text_of,
)

NEW_YORK = pa.timestamp("us", tz="America/New_York")


@pytest.mark.parametrize(
    ("values", "kind", "text"),
    [
        ([True, None], pa.bool_(), ["true", None]),
        ([-7, None], pa.int16(), ["-7", None]),
        ([0.1, 1e20, None], pa.float64(), ["0.1", "1e+20", None]),
        ([Decimal("1.50"), None], pa.decimal128(9, 2), ["1.50", None]),
        (
            [Decimal("0E-10"), Decimal("0.0000001"), None],
            pa.decimal128(20, 10),
            ["0.0000000000", "0.0000001000", None],
        ),
        (["a", "", None], pa.string(), ["a", "", None]),
        ([b"\x00\xff", None], pa.binary(), ["AP8=", None]),
        ([dt.date(2013, 1, 31), None], pa.date32(), ["2013-01-31", None]),
        ([dt.time(5, 15), dt.time(5, 15, 0, 10)], pa.time64("us"), ["05:15:00", "05:15:00.000010"]),
        (
            [
                dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC),
                dt.datetime(2013, 1, 1, 5, 0, 0, 500, dt.UTC),
            ],
            pa.timestamp("us"),
            ["2013-01-01T05:00:00", "2013-01-01T05:00:00.000500"],
        ),
        (
            [
                dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC),
                dt.datetime(2013, 7, 1, 5, 0, 0, 500, dt.UTC),
                None,
            ],
            NEW_YORK,
            ["2013-01-01T00:00:00-05:00", "2013-07-01T01:00:00.000500-04:00", None],
        ),
        ([(1, 2, 3_000_000_000), None], pa.month_day_nano_interval(), ["P1M2DT3S", None]),
    ],
)
def test_values_are_written_as_iso_and_digits(
    values: list[Any], kind: pa.DataType, text: list[str | None]
) -> None:
    assert text_of(pa.array(values, kind)).to_pylist() == text


@pytest.mark.parametrize(
    ("zone", "instant", "text"),
    [
        ("America/New_York", "1880-01-01T04:56:02+00:00", "1880-01-01T00:00:02-04:56"),
        ("America/New_York", "1880-01-01T04:56:02.5+00:00", "1880-01-01T00:00:02.500000-04:56"),
        # The clocks went back by 3 min 58 s to Eastern time.
        ("America/New_York", "1883-11-18T16:59:59+00:00", "1883-11-18T12:03:59-04:56"),
        ("America/New_York", "1883-11-18T17:00:00+00:00", "1883-11-18T12:00:00-05:00"),
        ("Europe/Amsterdam", "1935-12-31T23:40:28+00:00", "1935-12-31T23:59:28+00:19"),
        ("Africa/Monrovia", "1972-01-07T00:44:29+00:00", "1972-01-07T00:00:29-00:44"),
        ("Africa/Monrovia", "1972-01-07T00:44:30+00:00", "1972-01-07T00:44:30+00:00"),
        ("UTC", "1880-01-01T04:56:02+00:00", "1880-01-01T04:56:02+00:00"),
    ],
)
@pytest.mark.parametrize("unit", ["us", "ns"])
def test_an_offset_with_seconds_is_written_in_minutes_and_as_the_same_instant(
    unit: Literal["us", "ns"], zone: str, instant: str, text: str
) -> None:
    meant = dt.datetime.fromisoformat(instant)
    column = pa.array([meant, None, meant], pa.timestamp(unit, tz=zone))
    if unit == "ns":
        text = text.replace(".500000", ".500000000")

    assert text_of(column).to_pylist() == [text, None, text]
    assert dt.datetime.fromisoformat(text) == meant


def test_old_and_new_instants_of_one_column_are_written_alike() -> None:
    instants = [dt.datetime(1880, 1, 1, tzinfo=dt.UTC), dt.datetime(2013, 7, 1, tzinfo=dt.UTC)]

    assert text_of(pa.array(instants, NEW_YORK)).to_pylist() == [
        "1879-12-31T19:04:00-04:56",
        "2013-06-30T20:00:00-04:00",
    ]


@pytest.mark.parametrize(
    ("values", "kind", "written"),
    [
        (
            [2**53, 2**53 + 1, -(2**53), -(2**53) - 1, None],
            pa.int64(),
            [2**53, "9007199254740993", -(2**53), "-9007199254740993", None],
        ),
        ([2**63, 1], pa.uint64(), ["9223372036854775808", 1]),
        ([1, 2], pa.int64(), [1, 2]),
        ([float("nan"), float("inf"), float("-inf"), 0.5], pa.float64(), [None, None, None, 0.5]),
        ([Decimal("1.50")], pa.decimal128(9, 2), ["1.50"]),
        ([True, None], pa.bool_(), [True, None]),
        ([dt.date(2013, 1, 31)], pa.date32(), ["2013-01-31"]),
    ],
)
def test_json_keeps_what_doubles_would_change_as_strings(
    values: list[Any], kind: pa.DataType, written: list[Any]
) -> None:
    read = [json.loads(each or "null") for each in json_of(pa.array(values, kind)).to_pylist()]

    assert read == written


def test_every_character_survives_json() -> None:
    values = ["".join(map(chr, range(0x300))), "\\n", '"', "\u2028\U0001f600", "plain", ""]
    written = map(str, json_of(pa.array(values)).to_pylist())

    assert [json.loads(each) for each in written] == values


def test_csv_quotes_what_a_reader_would_take_apart() -> None:
    column = pa.array(["plain", "", None, 'a "b"', "a,b", "a\r\nb", "=1+1", " x"])

    assert csv_of(column).to_pylist() == [
        "plain",
        '""',
        None,
        '"a ""b"""',
        '"a,b"',
        '"a\r\nb"',
        "=1+1",
        " x",
    ]


def test_csv_tells_empty_bytes_from_null() -> None:
    assert csv_of(pa.array([b"", None, b"a"])).to_pylist() == ['""', None, "YQ=="]


def test_csv_leaves_columns_without_special_characters_alone() -> None:
    assert csv_of(pa.array(["a", None])).to_pylist() == ["a", None]


def test_slices_are_bounded_in_rows() -> None:
    batch = pa.record_batch({"n": list(range(SLICE_ROWS_MAX + 1))})

    assert [part.num_rows for part in slices(batch)] == [SLICE_ROWS_MAX, 1]


def test_slices_are_bounded_in_bytes() -> None:
    batch = pa.record_batch({"s": ["x" * (SLICE_BYTES_MAX // 2)] * 4})

    assert [part.num_rows for part in slices(batch)] == [1, 1, 1, 1]


def test_a_batch_without_rows_has_no_slices() -> None:
    assert list(slices(pa.record_batch({"n": pa.array([], pa.int64())}))) == []


def test_joined_texts_are_concatenated_as_they_stand() -> None:
    lines = joined([pa.array(["a", None, "é"]), ";\n"], "", null="null")

    assert concatenated(lines) == "a;\nnull;\né;\n".encode()
