"""Columns of every kind can be masked."""

from __future__ import annotations

import pytest

from semantic_models.types import Kind
from tests.support.models import world
from tests.support.nothing_hidden import under_policies

VALUES: dict[Kind, str] = {
    Kind.BOOLEAN: "true",
    Kind.INT8: "1::tinyint",
    Kind.INT16: "1::smallint",
    Kind.INT32: "1::integer",
    Kind.INT64: "1::bigint",
    Kind.UINT8: "1::utinyint",
    Kind.UINT16: "1::usmallint",
    Kind.UINT32: "1::uinteger",
    Kind.UINT64: "18446744073709551615::ubigint",
    Kind.FLOAT32: "1.5::float",
    Kind.FLOAT64: "1.5::double",
    Kind.DECIMAL: "1.50::decimal(9, 2)",
    Kind.STRING: "'a'",
    Kind.BINARY: "'a'::blob",
    Kind.DATE: "date '2024-01-01'",
    Kind.TIME: "time '12:00:00'",
    Kind.TIMESTAMP: "timestamp '2024-01-01 12:00:00'",
    Kind.TIMESTAMP_TZ: "timestamptz '2024-01-01 12:00:00+00'",
    Kind.INTERVAL: "interval 2 day",
    Kind.UUID: "uuid()",
}


@pytest.mark.parametrize("kind", Kind)
def test_a_mask_has_the_type_of_its_column(kind: Kind) -> None:
    table = f"create table rows as select 1 as n, {VALUES[kind]} as shown"
    models = "version: 1\nmodels: {rows: {table: rows, key: n, dimensions: {n: , shown: }}}\n"
    made = world(models, table)
    question = {"fields": ["shown"], "from": "rows"}

    assert under_policies(made).answer(question) == made.answer(question)
