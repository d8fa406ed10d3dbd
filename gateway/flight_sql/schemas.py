"""The Arrow schemas that Flight SQL promises for metadata, names and nullability included.

Clients check them exactly: a nullable column where a required one is promised fails their listing.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa


def _required(name: str, type: pa.DataType) -> pa.Field[Any]:
    return pa.field(name, type, nullable=False)


UTF8, INT32, UINT8, BOOL = pa.string(), pa.int32(), pa.uint8(), pa.bool_()

CATALOGS = pa.schema([_required("catalog_name", UTF8)])

DB_SCHEMAS = pa.schema([pa.field("catalog_name", UTF8), _required("db_schema_name", UTF8)])

TABLES = pa.schema(
    [
        pa.field("catalog_name", UTF8),
        pa.field("db_schema_name", UTF8),
        _required("table_name", UTF8),
        _required("table_type", UTF8),
    ]
)

TABLES_WITH_SCHEMA = TABLES.append(_required("table_schema", pa.binary()))

TABLE_TYPES = pa.schema([_required("table_type", UTF8)])

PRIMARY_KEYS = pa.schema(
    [
        pa.field("catalog_name", UTF8),
        pa.field("db_schema_name", UTF8),
        _required("table_name", UTF8),
        _required("column_name", UTF8),
        pa.field("key_name", UTF8),
        _required("key_sequence", INT32),
    ]
)

FOREIGN_KEYS = pa.schema(
    [
        pa.field("pk_catalog_name", UTF8),
        pa.field("pk_db_schema_name", UTF8),
        _required("pk_table_name", UTF8),
        _required("pk_column_name", UTF8),
        pa.field("fk_catalog_name", UTF8),
        pa.field("fk_db_schema_name", UTF8),
        _required("fk_table_name", UTF8),
        _required("fk_column_name", UTF8),
        _required("key_sequence", INT32),
        pa.field("fk_key_name", UTF8),
        pa.field("pk_key_name", UTF8),
        _required("update_rule", UINT8),
        _required("delete_rule", UINT8),
    ]
)

INFO_VALUE = pa.dense_union(
    [
        pa.field("string_value", UTF8),
        pa.field("bool_value", BOOL),
        pa.field("bigint_value", pa.int64()),
        pa.field("int32_bitmask", INT32),
        pa.field("string_list", pa.list_(pa.field("string_data", UTF8))),
        pa.field("int32_to_int32_list_map", pa.map_(INT32, pa.list_(pa.field("$data$", INT32)))),
    ]
)

SQL_INFO = pa.schema([_required("info_name", pa.uint32()), _required("value", INFO_VALUE)])

XDBC_TYPE_INFO = pa.schema(
    [
        _required("type_name", UTF8),
        _required("data_type", INT32),
        pa.field("column_size", INT32),
        pa.field("literal_prefix", UTF8),
        pa.field("literal_suffix", UTF8),
        pa.field("create_params", pa.list_(_required("item", UTF8))),
        _required("nullable", INT32),
        _required("case_sensitive", BOOL),
        _required("searchable", INT32),
        pa.field("unsigned_attribute", BOOL),
        _required("fixed_prec_scale", BOOL),
        pa.field("auto_increment", BOOL),
        pa.field("local_type_name", UTF8),
        pa.field("minimum_scale", INT32),
        pa.field("maximum_scale", INT32),
        _required("sql_data_type", INT32),
        pa.field("datetime_subcode", INT32),
        pa.field("num_prec_radix", INT32),
        pa.field("interval_precision", INT32),
    ]
)
