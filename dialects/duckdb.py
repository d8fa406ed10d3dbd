"""DuckDB, the embedded engine."""

from __future__ import annotations

from dataclasses import replace

from dialects.dates import unnest_series
from dialects.postgres import POSTGRES

DUCKDB = replace(
    POSTGRES,
    name="duckdb",
    types={
        **POSTGRES.types,
        "int8": "TINYINT",
        "uint8": "UTINYINT",
        "uint16": "USMALLINT",
        "uint32": "UINTEGER",
        "uint64": "UBIGINT",
        "float64": "DOUBLE",
        "binary": "BLOB",
    },
    series=unnest_series,
    refusal="ERROR",
    has_boolean_max=True,
    lacks=frozenset(),
)
