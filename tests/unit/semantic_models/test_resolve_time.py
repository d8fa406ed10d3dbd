"""Ranges of time and the request's clock, in the query's zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlglot import exp

from semantic_models.errors import WrongType
from semantic_models.model import Grain
from semantic_models.query import TimeRange
from semantic_models.resolve_time import (
    Bounds,
    bounds,
    checked_zone,
    clock_literal,
    end_literal,
    floor,
    start_literal,
    time_literal,
)
from semantic_models.types import Kind

NEW_YORK = "America/New_York"
NOW = datetime(2024, 11, 3, 17, 15, 30, tzinfo=UTC)


def civil(text: str) -> datetime:
    return datetime.fromisoformat(text)


def within(start: str = "", end: str = "", last: str = "", grain: Grain = Grain.SECOND) -> Bounds:
    return bounds(TimeRange(start=start, end=end, last=last), NEW_YORK, NOW, grain)


@pytest.mark.parametrize(
    ("written", "start", "before"),
    [
        ("2024", "2024-01-01", "2025-01-01"),
        ("2024-02", "2024-02-01", "2024-03-01"),
        ("2024-12", "2024-12-01", "2025-01-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("2024-02-29 23", "2024-02-29 23:00", "2024-03-01"),
        ("2024-02-29T23:59", "2024-02-29 23:59", "2024-03-01"),
        ("2024-02-29 23:59:58", "2024-02-29 23:59:58", "2024-02-29 23:59:59"),
        ("2024-02-29 00:00:00.5", "2024-02-29 00:00:00.500000", "2024-02-29 00:00:00.600000"),
        ("2024-02-29 00:00:00.25", "2024-02-29 00:00:00.250000", "2024-02-29 00:00:00.260000"),
    ],
)
def test_a_range_is_inclusive_at_its_written_precision(
    written: str, start: str, before: str
) -> None:
    assert within(written, written) == Bounds(civil(start), civil(before))


@pytest.mark.parametrize(
    "end", ["9999", "9999-12", "9999-12-31", "9999-12-31 23:59:59", "9999-12-31 23:59:59.999999"]
)
def test_a_range_does_not_end_with_the_last_time_that_is_written(end: str) -> None:
    with pytest.raises(WrongType) as refused:
        within("2024", end)

    assert refused.value.message == f'nothing after "{end}" under time.to can be written'


def test_a_range_may_start_in_the_last_year_that_is_written() -> None:
    assert within(start="9999") == Bounds(civil("9999-01-01"), None)
    assert within("9999", "9999-11") == Bounds(civil("9999-01-01"), civil("9999-12-01"))


def test_a_range_may_have_one_end() -> None:
    assert within(start="2024") == Bounds(civil("2024-01-01"), None)
    assert within(end="2024") == Bounds(None, civil("2025-01-01"))


@pytest.mark.parametrize(
    ("last", "grain", "start", "before"),
    [
        ("1 day", Grain.SECOND, "2024-11-03", "2024-11-03 12:16"),
        ("2 days", Grain.DAY, "2024-11-02", "2024-11-04"),
        ("1 week", Grain.DAY, "2024-10-28", "2024-11-04"),
        ("12 months", Grain.DAY, "2023-12-01", "2024-11-04"),
        ("1 quarter", Grain.HOUR, "2024-10-01", "2024-11-03 13:00"),
        ("2 years", Grain.MONTH, "2023-01-01", "2024-12-01"),
        ("3 hours", Grain.MINUTE, "2024-11-03 10:00", "2024-11-03 12:16"),
        ("1 minute", Grain.SECOND, "2024-11-03 12:15", "2024-11-03 12:16"),
    ],
)
def test_last_counts_whole_periods_up_to_now(
    last: str, grain: Grain, start: str, before: str
) -> None:
    assert within(last=last, grain=grain) == Bounds(civil(start), civil(before))


@pytest.mark.parametrize("written", ["soon", "2024-13", "2024-02-30", "2024-1-1", "24", "0000"])
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(WrongType) as refused:
        within(start=written)

    assert refused.value.message == f'"{written}" under time.from is not a time'


@pytest.mark.parametrize("last", ["0 days", "3 moons", "5 milliseconds"])
def test_last_is_a_count_of_periods(last: str) -> None:
    with pytest.raises(WrongType) as refused:
        within(last=last)

    assert refused.value.message == f'"{last}" under time.last is not a count of periods'


@pytest.mark.parametrize(("start", "last"), [("", "9999 years"), ("", "99999 years")])
def test_a_range_beyond_the_calendar_is_refused(start: str, last: str) -> None:
    with pytest.raises(WrongType) as refused:
        within(start, last=last)

    assert refused.value.message == "the time range leaves the years 1 to 9999"


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(WrongType) as refused:
        within("2025", "2024")

    assert refused.value.message == 'the time range from "2025" to "2024" is empty'


@pytest.mark.parametrize(
    ("grain", "start"),
    [
        (Grain.YEAR, "2024-01-01"),
        (Grain.QUARTER, "2024-07-01"),
        (Grain.MONTH, "2024-08-01"),
        (Grain.WEEK, "2024-08-12"),
        (Grain.DAY, "2024-08-18"),
        (Grain.HOUR, "2024-08-18 13:00"),
        (Grain.MINUTE, "2024-08-18 13:14"),
        (Grain.SECOND, "2024-08-18 13:14:15"),
    ],
)
def test_periods_start_where_the_calendar_says(grain: Grain, start: str) -> None:
    assert floor(civil("2024-08-18 13:14:15.161718"), grain) == civil(start)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.DATE, "CAST('2024-01-02' AS DATE)"),
        (Kind.TIMESTAMP, "CAST('2024-01-02 00:00:00' AS TIMESTAMP)"),
        (Kind.TIMESTAMP_TZ, "SL_INSTANT(CAST('2024-01-02 00:00:00' AS TIMESTAMP))"),
    ],
)
def test_a_start_compares_with_its_column(kind: Kind, text: str) -> None:
    assert time_literal(civil("2024-01-02"), kind).sql("duckdb") == text


def test_an_hour_beside_dates_stays_an_hour() -> None:
    literal = time_literal(civil("2024-01-02 03:00"), Kind.DATE)

    assert literal.sql("duckdb") == "CAST('2024-01-02 03:00:00' AS TIMESTAMP)"


@pytest.mark.parametrize(
    ("before", "instant"),
    [
        ("2024-11-04", "2024-11-04 05:00:00+00:00"),
        ("2024-11-03 01:00", "2024-11-03 05:00:00+00:00"),
        ("2024-11-03 01:30", "2024-11-03 06:30:00+00:00"),
        ("2024-11-03 02:00", "2024-11-03 07:00:00+00:00"),
        ("2024-03-10 02:15", "2024-03-10 07:00:00+00:00"),
        ("2024-03-10 03:00", "2024-03-10 07:00:00+00:00"),
    ],
)
def test_an_end_lies_after_the_last_moment_that_shows_an_earlier_time(
    before: str, instant: str
) -> None:
    literal = end_literal(civil(before), Kind.TIMESTAMP_TZ, NEW_YORK)

    assert literal.sql("duckdb") == f"CAST('{instant}' AS TIMESTAMPTZ)"


@pytest.mark.parametrize(
    ("start", "instant"),
    [
        ("2024-11-03 01:30", "2024-11-03 05:30:00+00:00"),
        ("2024-03-10 02:00", "2024-03-10 07:00:00+00:00"),
        ("2024-03-10 02:30", "2024-03-10 07:00:00+00:00"),
        ("2024-03-10 03:00", "2024-03-10 07:00:00+00:00"),
    ],
)
def test_a_start_is_the_first_moment_that_shows_it_or_a_later_time(
    start: str, instant: str
) -> None:
    literal = start_literal(civil(start), Kind.TIMESTAMP_TZ, NEW_YORK)

    assert literal.sql("duckdb") == f"CAST('{instant}' AS TIMESTAMPTZ)"


def test_ends_beyond_the_years_that_can_be_written_are_left_to_the_engine() -> None:
    first = civil("0001-01-01 01:00")

    assert {
        make(first, Kind.TIMESTAMP_TZ, "Asia/Tokyo").sql("duckdb")
        for make in (start_literal, end_literal)
    } == {"SL_INSTANT(CAST('0001-01-01 01:00:00' AS TIMESTAMP))"}


def test_now_is_an_instant_to_the_minute() -> None:
    literal = clock_literal(exp.CurrentTimestamp(), NOW, NEW_YORK)

    assert literal.sql("duckdb") == "CAST('2024-11-03 17:15:00+00:00' AS TIMESTAMPTZ)"


def test_today_is_the_day_that_the_zone_has() -> None:
    late = datetime(2024, 11, 4, 3, tzinfo=UTC)

    literal = clock_literal(exp.CurrentDate(), late, NEW_YORK)

    assert literal.sql("duckdb") == "CAST('2024-11-03' AS DATE)"


def test_a_zone_must_exist() -> None:
    with pytest.raises(WrongType) as refused:
        checked_zone("Europe/Berln")

    assert checked_zone("Europe/Berlin") == "Europe/Berlin"
    assert refused.value.hint == 'Perhaps "Europe/Berlin" is meant.'
