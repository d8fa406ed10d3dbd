"""Trino."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from dialects.dates import trino_to_civil, trino_to_instant, unnest_series
from dialects.postgres import POSTGRES

TRINO = replace(
    POSTGRES,
    name="trino",
    types={
        **POSTGRES.types,
        "int8": "TINYINT",
        "uint8": "SMALLINT",
        "float64": "DOUBLE",
        "binary": "VARBINARY",
        "timestamp": "TIMESTAMP(6)",
        "timestamp_tz": "TIMESTAMP(6) WITH TIME ZONE",
    },
    to_civil=trino_to_civil,
    to_instant=trino_to_instant,
    series=unnest_series,
    refusal="FAIL",
    has_mixed_intervals=False,
    weekday="DOW",
    has_boolean_max=True,
    lacks=frozenset((exp.Median, exp.PercentileCont, exp.PercentileDisc, exp.Mode)),
)
