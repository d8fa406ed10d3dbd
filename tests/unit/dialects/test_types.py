"""Types cross between our kinds, Arrow and DuckDB without changing their meaning."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from dialects.types import (
    arrow_schema,
    arrow_type,
    logical_type,
    parse_duckdb_type,
)
from semantic_models.types import INT64, STRING, Kind, LogicalType

EVERY_TYPE = [
    *(
        LogicalType(kind)
        for kind in Kind
        if kind not in (Kind.DECIMAL, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ, Kind.UUID)
    ),
    LogicalType(Kind.DECIMAL, 18, 3),
    LogicalType(Kind.DECIMAL, 50, 10),
    LogicalType(Kind.TIME, 6),
    LogicalType(Kind.TIME, 9),
    LogicalType(Kind.TIMESTAMP, 6),
    LogicalType(Kind.TIMESTAMP, 9),
    LogicalType(Kind.TIMESTAMP_TZ, 6, zone="America/New_York"),
]


def test_a_uuid_travels_as_a_string() -> None:
    assert arrow_type(LogicalType(Kind.UUID)) == arrow_type(STRING)


@pytest.mark.parametrize("logical", EVERY_TYPE, ids=repr)
def test_a_type_comes_back_from_arrow_as_it_went(logical: LogicalType) -> None:
    assert logical_type(arrow_type(logical)) == logical


def test_an_instant_without_a_zone_is_shown_in_utc() -> None:
    assert arrow_type(LogicalType(Kind.TIMESTAMP_TZ, 6)) == pa.timestamp("us", tz="UTC")


@pytest.mark.parametrize(
    "arrow",
    [
        pa.string_view(),
        pa.large_string(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int32(), pa.large_string()),
    ],
    ids=str,
)
def test_every_layout_of_text_is_a_string(arrow: pa.DataType) -> None:
    assert logical_type(arrow) == STRING


@pytest.mark.parametrize("arrow", [pa.list_(pa.int8()), pa.struct([("a", pa.int8())])], ids=str)
def test_a_nested_type_has_no_logical_type(arrow: pa.DataType) -> None:
    assert logical_type(arrow) is None


def test_an_equal_schema_is_made_once() -> None:
    first = arrow_schema((("flights", INT64), ("carrier", STRING)))
    second = arrow_schema((("flights", INT64), ("carrier", STRING)))

    assert (first.names, first.types) == (["flights", "carrier"], [pa.int64(), pa.string()])
    assert second is first


TOLD_BY_DUCKDB = [
    ("true", LogicalType(Kind.BOOLEAN)),
    ("1::TINYINT", LogicalType(Kind.INT8)),
    ("1::SMALLINT", LogicalType(Kind.INT16)),
    ("1::INTEGER", LogicalType(Kind.INT32)),
    ("1::BIGINT", INT64),
    ("1::UTINYINT", LogicalType(Kind.UINT8)),
    ("1::USMALLINT", LogicalType(Kind.UINT16)),
    ("1::UINTEGER", LogicalType(Kind.UINT32)),
    ("1::UBIGINT", LogicalType(Kind.UINT64)),
    ("sum(1::BIGINT)", LogicalType(Kind.DECIMAL, 38, 0)),
    ("1::FLOAT", LogicalType(Kind.FLOAT32)),
    ("1::DOUBLE", LogicalType(Kind.FLOAT64)),
    ("1::DECIMAL(18,3)", LogicalType(Kind.DECIMAL, 18, 3)),
    ("'a'", STRING),
    ("uuid()", LogicalType(Kind.UUID)),
    ("'a'::ENUM('a', 'b')", STRING),
    ("'1'::JSON", STRING),
    ("'a'::BLOB", LogicalType(Kind.BINARY)),
    ("DATE '2024-01-01'", LogicalType(Kind.DATE)),
    ("TIME '00:00'", LogicalType(Kind.TIME, 6)),
    ("TIMESTAMP '2024-01-01'", LogicalType(Kind.TIMESTAMP, 6)),
    ("TIMESTAMP_S '2024-01-01'", LogicalType(Kind.TIMESTAMP, 6)),
    ("TIMESTAMP_MS '2024-01-01'", LogicalType(Kind.TIMESTAMP, 6)),
    ("TIMESTAMP_NS '2024-01-01'", LogicalType(Kind.TIMESTAMP, 9)),
    ("TIMESTAMPTZ '2024-01-01'", LogicalType(Kind.TIMESTAMP_TZ, 6)),
    ("INTERVAL 1 DAY", LogicalType(Kind.INTERVAL)),
    ("[1]", None),
    ("{'a': 1}", None),
    ("'1'::BIT", None),
    ("1::UHUGEINT", None),
    ("TIMETZ '00:00:00+01'", None),
]


@pytest.mark.parametrize(("sql", "logical"), TOLD_BY_DUCKDB, ids=[sql for sql, _ in TOLD_BY_DUCKDB])
def test_the_names_of_duckdbs_types_are_read(sql: str, logical: LogicalType | None) -> None:
    with duckdb.connect() as connection:
        (told,) = connection.sql(f"SELECT {sql}").types

    assert parse_duckdb_type(str(told)) == logical
