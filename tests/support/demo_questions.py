"""The demo project's ten questions, each with hand-written SQL that tells the true answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEMO = Path(__file__).parents[2] / "semantic_models" / "examples" / "flights"
DATA = DEMO / "data"


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    """One question as its askers write it, and the answer it must get."""

    name: str
    query: dict[str, Any]
    """The body of ``POST /api/v1/query``."""
    sql: str | None
    """The same question as SQL text for Flight; None where SQL over one model cannot say it."""
    truth: str
    """DuckDB's SQL over the Parquet files, ``{data}`` standing for their folder.

    Its columns have the answer's names and promised types. Days and months are instants, midnight
    in New York; the zone they are shown in is that of the connection.
    """
    ordered: bool
    """Whether the order of the rows is part of the answer."""

    def truth_over(self, data: Path = DATA) -> str:
        """The truth over the files of a folder."""
        return self.truth.replace("{data}", str(data))


_EACH_PLANE_ONCE_AN_AIRLINE = """
SELECT name AS flights__carrier__name, count(*) AS planes, sum(seats)::BIGINT AS seats
FROM (
  SELECT DISTINCT p.tailnum, p.seats, a.name
  FROM read_parquet('{data}/planes.parquet') p
  LEFT JOIN read_parquet('{data}/flights.parquet') f ON f.tailnum = p.tailnum
  LEFT JOIN read_parquet('{data}/airlines.parquet') a ON a.carrier = f.carrier
)
GROUP BY 1
ORDER BY 3 DESC NULLS FIRST, 1 ASC NULLS LAST
"""

_TWO_FACTS_BY_AIRPORT_AND_DAY = """
WITH f AS (
  SELECT origin, timezone('America/New_York', time_hour)::DATE AS civil_day, count(*) AS flights
  FROM read_parquet('{data}/flights.parquet')
  GROUP BY ALL
), w AS (
  SELECT origin, timezone('America/New_York', time_hour)::DATE AS civil_day, avg(temp) AS avg_temp
  FROM read_parquet('{data}/weather.parquet')
  GROUP BY ALL
)
SELECT
  origin,
  timezone('America/New_York', civil_day::TIMESTAMP) AS metric_time__day,
  flights,
  avg_temp
FROM f FULL JOIN w USING (origin, civil_day)
ORDER BY 1 ASC NULLS LAST, 2 ASC NULLS LAST
"""

_ROUTES = """
SELECT
  o.name AS origin__name,
  d.name AS dest__name,
  count(*) AS flights,
  quantile_cont(f.dep_delay, 0.5)::DOUBLE AS median_dep_delay
FROM read_parquet('{data}/flights.parquet') f
LEFT JOIN read_parquet('{data}/airports.parquet') o ON o.faa = f.origin
LEFT JOIN read_parquet('{data}/airports.parquet') d ON d.faa = f.dest
GROUP BY 1, 2
ORDER BY 3 DESC NULLS FIRST, 1 ASC NULLS LAST, 2 ASC NULLS LAST
LIMIT 20
"""

_DESTINATIONS = """
SELECT
  a.name AS dest__name,
  count(*) AS flights,
  quantile_cont(f.arr_delay, 0.95)::DOUBLE AS p95_arr_delay
FROM read_parquet('{data}/flights.parquet') f
LEFT JOIN read_parquet('{data}/airports.parquet') a ON a.faa = f.dest
GROUP BY 1
ORDER BY 1 DESC NULLS FIRST
"""

_DAYS = """
SELECT
  timezone('America/New_York', make_timestamp(year, month, day, 0, 0, 0)) AS time_hour__day,
  count(*) AS flights,
  count(*) - count(dep_time) AS cancelled_flights
FROM read_parquet('{data}/flights.parquet')
GROUP BY year, month, day
ORDER BY 1 ASC NULLS LAST
"""

_FROM_JFK = """
WITH f AS (
  SELECT a.name, f.origin
  FROM read_parquet('{data}/flights.parquet') f
  LEFT JOIN read_parquet('{data}/airlines.parquet') a USING (carrier)
), every AS (
  SELECT name, count(*) AS flights FROM f GROUP BY name
), jfk AS (
  SELECT name, count(*) AS jfk_flights FROM f WHERE origin = 'JFK' GROUP BY name
)
SELECT every.name AS carrier__name, flights, jfk_flights
FROM every LEFT JOIN jfk ON jfk.name IS NOT DISTINCT FROM every.name
ORDER BY 1 ASC NULLS LAST
"""

_CANCELLATIONS_AND_RAIN = """
WITH f AS (
  SELECT origin, month, count(*) AS flights, count(*) - count(dep_time) AS cancelled
  FROM read_parquet('{data}/flights.parquet')
  GROUP BY ALL
), w AS (
  SELECT origin, month, count(*) FILTER (precip > 0) AS rainy
  FROM read_parquet('{data}/weather.parquet')
  GROUP BY ALL
)
SELECT
  a.name AS origin__name,
  timezone('America/New_York', make_timestamp(2013, month, 1, 0, 0, 0)) AS metric_time__month,
  cancelled::DOUBLE / nullif(flights, 0)::DOUBLE AS cancellation_rate,
  cancelled::DOUBLE / nullif(rainy, 0)::DOUBLE AS cancelled_per_rainy_hour
FROM f FULL JOIN w USING (origin, month)
LEFT JOIN read_parquet('{data}/airports.parquet') a ON a.faa = origin
ORDER BY 1 ASC NULLS LAST, 2 ASC NULLS LAST
"""

_SUMMER = """
SELECT
  a.name AS carrier__name,
  count(*) AS flights,
  (count(*) FILTER (f.arr_delay < 15))::DOUBLE / nullif(count(*), 0)::DOUBLE AS on_time_rate
FROM read_parquet('{data}/flights.parquet') f
LEFT JOIN read_parquet('{data}/airlines.parquet') a USING (carrier)
WHERE f.month BETWEEN 6 AND 8
GROUP BY 1
HAVING count(*) > 3000
ORDER BY 3 ASC NULLS LAST
LIMIT 5
"""

_MAKERS = """
SELECT DISTINCT manufacturer, engine
FROM read_parquet('{data}/planes.parquet')
ORDER BY 1 ASC NULLS LAST, 2 ASC NULLS LAST
"""

_LONGEST_DELAYS = """
SELECT
  f.time_hour AS time_hour__hour,
  a.name AS carrier__name,
  f.flight,
  o.name AS origin__name,
  d.name AS dest__name,
  f.dep_delay
FROM read_parquet('{data}/flights.parquet') f
LEFT JOIN read_parquet('{data}/airlines.parquet') a USING (carrier)
LEFT JOIN read_parquet('{data}/airports.parquet') o ON o.faa = f.origin
LEFT JOIN read_parquet('{data}/airports.parquet') d ON d.faa = f.dest
WHERE f.dep_delay IS NOT NULL
ORDER BY f.dep_delay DESC, f.time_hour, f.flight
LIMIT 10
"""

_TRUTHS = (
    _EACH_PLANE_ONCE_AN_AIRLINE,
    _TWO_FACTS_BY_AIRPORT_AND_DAY,
    _ROUTES,
    _DESTINATIONS,
    _DAYS,
    _FROM_JFK,
    _CANCELLATIONS_AND_RAIN,
    _SUMMER,
    _MAKERS,
    _LONGEST_DELAYS,
)
"""In the order of the questions in questions.json, which the command ``forebay demo`` asks."""


def _questions() -> tuple[DemoQuestion, ...]:
    written = json.loads((DEMO / "questions.json").read_text())
    return tuple(
        DemoQuestion(each["name"], each["query"], each["sql"], truth.strip(), ordered=True)
        for each, truth in zip(written, _TRUTHS, strict=True)
    )


DEMO_QUESTIONS = _questions()
