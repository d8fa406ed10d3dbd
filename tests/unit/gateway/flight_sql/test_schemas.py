"""The schemas of metadata, as the Flight SQL specification writes them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from gateway.flight_sql import schemas


@pytest.mark.parametrize(
    ("schema", "required"),
    [
        (schemas.CATALOGS, ["catalog_name"]),
        (schemas.DB_SCHEMAS, ["db_schema_name"]),
        (schemas.TABLES, ["table_name", "table_type"]),
        (schemas.TABLES_WITH_SCHEMA, ["table_name", "table_type", "table_schema"]),
        (schemas.TABLE_TYPES, ["table_type"]),
        (schemas.PRIMARY_KEYS, ["table_name", "column_name", "key_sequence"]),
        (
            schemas.FOREIGN_KEYS,
            [
                "pk_table_name",
                "pk_column_name",
                "fk_table_name",
                "fk_column_name",
                "key_sequence",
                "update_rule",
                "delete_rule",
            ],
        ),
        (schemas.SQL_INFO, ["info_name", "value"]),
        (
            schemas.XDBC_TYPE_INFO,
            [
                "type_name",
                "data_type",
                "nullable",
                "case_sensitive",
                "searchable",
                "fixed_prec_scale",
                "sql_data_type",
            ],
        ),
    ],
)
def test_exactly_these_columns_are_required(schema: pa.Schema, required: list[str]) -> None:
    assert [field.name for field in schema if not field.nullable] == required


def test_values_of_server_information_are_a_union_of_six() -> None:
    assert str(schemas.INFO_VALUE) == (
        "dense_union<string_value: string=0, bool_value: bool=1, bigint_value: int64=2,"
        " int32_bitmask: int32=3, string_list: list<string_data: string>=4,"
        " int32_to_int32_list_map: map<int32, list<$data$: int32>>=5>"
    )


def test_rules_of_foreign_keys_are_unsigned_bytes() -> None:
    rules = [schemas.FOREIGN_KEYS.field(f"{name}_rule").type for name in ("update", "delete")]

    assert rules == [pa.uint8(), pa.uint8()]
