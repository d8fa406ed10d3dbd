"""PostgreSQL."""

from __future__ import annotations

from sqlglot import exp

from dialects.dates import at_time_zone, date_trunc, generate_series
from dialects.dialect import Dialect

POSTGRES = Dialect(
    name="postgres",
    version="2",
    types={
        "boolean": "BOOLEAN",
        "int8": "SMALLINT",
        "int16": "SMALLINT",
        "int32": "INT",
        "int64": "BIGINT",
        "uint8": "SMALLINT",
        "uint16": "INT",
        "uint32": "BIGINT",
        "uint64": "DECIMAL(20, 0)",
        "float32": "REAL",
        "float64": "DOUBLE PRECISION",
        "string": "VARCHAR",
        "uuid": "UUID",
        "binary": "BYTEA",
        "date": "DATE",
        "time": "TIME",
        "timestamp": "TIMESTAMP",
        "timestamp_tz": "TIMESTAMPTZ",
        "interval": "INTERVAL",
    },
    truncate=date_trunc,
    to_civil=at_time_zone,
    to_instant=at_time_zone,
    series=generate_series,
    has_boolean_max=False,
    lacks=frozenset((exp.ApproxDistinct, exp.ApproxQuantile, exp.Median)),
)
