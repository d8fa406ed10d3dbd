"""Values that no answer can carry are told from those that one can."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from gateway.engines.bounds import bounds_of

DATE, TIMESTAMP = "an infinite date", "an infinite timestamp"
OTHER_DATE = "a date outside of the years 1 to 9999"
OTHER_TIMESTAMP = "a timestamp outside of the years 1 to 9999"
DIGITS = "a number of more than 38 digits"
NIGHT = "the time 24:00:00"


def column(text: str) -> pa.Array[Any]:
    """Values as DuckDB gives them to Arrow, between a usual one and a NULL."""
    values = f"SELECT unnest([{text}, NULL]) AS n"
    table = duckdb.sql(values).to_arrow_reader(10).read_all()
    return table.column(0).combine_chunks()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("date '2013-01-01', date '0001-01-01', date '9999-12-31'", ""),
        ("date '2013-01-01', date 'infinity'", DATE),
        ("date '2013-01-01', date '-infinity'", DATE),
        ("date '10000-01-01'", OTHER_DATE),
        ("date '0001-01-01' - 1", OTHER_DATE),
        ("timestamp '0001-01-01', timestamp '9999-12-31 23:59:59.999999'", ""),
        ("timestamp '2013-01-01', timestamp 'infinity'", TIMESTAMP),
        ("timestamp '2013-01-01', timestamp '-infinity'", TIMESTAMP),
        ("timestamp '10000-01-01'", OTHER_TIMESTAMP),
        ("timestamp '0001-01-01' - interval 1 microsecond", OTHER_TIMESTAMP),
        ("timestamptz '2013-01-01 00:00:00+00', timestamptz 'infinity'", TIMESTAMP),
        ("timestamptz '9999-12-31 23:59:59+00'", ""),
        ("timestamp_ns '1678-01-01', timestamp_ns '2262-01-01'", ""),
        ("timestamp_ns '2013-01-01', 'infinity'::timestamp_ns", TIMESTAMP),
        ("timestamp_ns '2013-01-01', '-infinity'::timestamp_ns", TIMESTAMP),
        ("timestamp_ms '2013-01-01', 'infinity'::timestamp_ms", TIMESTAMP),
        ("timestamp_s '2013-01-01', '-infinity'::timestamp_s", TIMESTAMP),
        ("time '00:00:00', time '23:59:59.999999'", ""),
        ("time '00:00:00', time '24:00:00'", NIGHT),
        ("time_ns '24:00:00'", NIGHT),
        ("NULL::date", ""),
        ("99999999999999999999999999999999999999::decimal(38, 0)", ""),
        ("-99999999999999999999999999999999999999::hugeint", ""),
        ("100000000000000000000000000000000000000::hugeint", DIGITS),
        ("5, -170141183460469231731687303715884105727::hugeint", DIGITS),
    ],
)
def test_the_kind_of_a_value_beyond_the_bounds_is_told(text: str, kind: str) -> None:
    array = column(text)
    bounds = bounds_of(array.type)

    assert bounds is not None
    assert bounds.beyond(array) == kind


def test_a_slice_is_looked_at_alone() -> None:
    array = column("date 'infinity', date '2013-01-01'")
    bounds = bounds_of(array.type)

    assert bounds is not None
    assert (bounds.beyond(array.slice(1)), bounds.beyond(array.slice(0, 1))) == ("", DATE)
    assert array.slice(1, 1).to_pylist() == [dt.date(2013, 1, 1)]


@pytest.mark.parametrize("arrow", [pa.int64(), pa.string(), pa.decimal128(37, 2)])
def test_other_types_have_no_bounds(arrow: pa.DataType) -> None:
    assert bounds_of(arrow) is None


def test_a_sum_of_decimals_may_have_a_digit_too_many() -> None:
    """The engine counts it in 127 bits, and promises 38 digits nonetheless."""
    text = "SELECT sum(6e37::decimal(38, 0)) AS n FROM range(2)"
    array = duckdb.sql(text).to_arrow_reader(10).read_all().column(0).combine_chunks()
    bounds = bounds_of(array.type)

    assert bounds is not None
    assert (bounds.beyond(array), array.type) == (DIGITS, pa.decimal128(38, 0))
