"""Kinds of values, and what follows for times and literals."""

from __future__ import annotations

import pytest
from sqlglot import exp

from semantic_models.errors import TypeMismatch
from semantic_models.expressions import parse_expression, query_position
from semantic_models.kinds import is_time_text, settle
from semantic_models.types import Kind

KINDS = {
    "flag": Kind.BOOLEAN,
    "number": Kind.INT32,
    "price": Kind.DECIMAL,
    "word": Kind.STRING,
    "day": Kind.DATE,
    "civil": Kind.TIMESTAMP,
    "moment": Kind.TIMESTAMP_TZ,
    "bytes": Kind.UINT8,
    "id": Kind.UUID,
    "clock": Kind.TIME,
    "other": None,
}


def settled(text: str) -> tuple[str, Kind | None]:
    """The expression as it is settled, in SQL, and its kind."""
    tree = parse_expression(text, query_position("where[0]", text))
    made, kind = settle(tree, lambda node: KINDS[node.name])
    return made.sql("duckdb"), kind


def moved_by(days: str) -> str:
    """An instant that is moved by days that may be none."""
    moved = f"SL_CIVIL(moment) {days}"
    return f"CASE WHEN {moved} = SL_CIVIL(moment) THEN moment ELSE SL_INSTANT({moved}) END"


def kind_of(text: str) -> Kind | None:
    return settled(text)[1]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("number", Kind.INT32),
        ("'a'", Kind.STRING),
        ("number > 1 and not flag", Kind.BOOLEAN),
        ("word is null", Kind.BOOLEAN),
        ("number + 1", Kind.INT32),
        ("price * 2", Kind.DECIMAL),
        ("upper(word) || 'x'", Kind.STRING),
        ("length(word)", Kind.FLOAT64),
        ("cast(word as date)", Kind.DATE),
        ("coalesce(day, civil)", Kind.TIMESTAMP),
        ("coalesce(null, moment, day)", Kind.TIMESTAMP_TZ),
        ("case when flag then 'a' else word end", Kind.STRING),
        ("case word when 'a' then 1 end", Kind.FLOAT64),
        ("if(flag, day, null)", Kind.DATE),
        ("max(moment)", Kind.TIMESTAMP_TZ),
        ("count(moment)", Kind.INT64),
        ("day - day", Kind.INT64),
        ("moment - civil", Kind.INTERVAL),
        ("day + 7", Kind.DATE),
        ("day + interval '1 day'", Kind.TIMESTAMP),
        ("interval '1 day' + moment", Kind.TIMESTAMP_TZ),
        ("interval '1 day' * 2", Kind.INTERVAL),
        ("interval '1 day' / 2", Kind.INTERVAL),
        ("price / 2", Kind.FLOAT64),
        ("number // 2", Kind.INT64),
        ("number % price", Kind.DECIMAL),
        ("date_trunc('month', civil)", Kind.TIMESTAMP),
        ("extract(hour from moment)", Kind.FLOAT64),
        ("other", None),
    ],
)
def test_kinds_follow_from_columns_and_literals(text: str, kind: Kind | None) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("moment > '2024-01-01'", "moment > SL_INSTANT(CAST('2024-01-01' AS TIMESTAMP))"),
        (
            "'2024-01-01T10:00' < moment",
            "SL_INSTANT(CAST('2024-01-01 10:00:00' AS TIMESTAMP)) < moment",
        ),
        (
            "moment = '2024-01-01 01:00:00+02'",
            "moment = CAST('2023-12-31 23:00:00+00:00' AS TIMESTAMPTZ)",
        ),
        ("moment < day", "moment < SL_INSTANT(CAST(day AS TIMESTAMP))"),
        ("day = '2024-01-01'", "day = CAST('2024-01-01' AS DATE)"),
        ("day < '2024-01-01 12:00'", "day < CAST('2024-01-01 12:00:00' AS TIMESTAMP)"),
        (
            "moment in ('2024-01-01', null)",
            "moment IN (SL_INSTANT(CAST('2024-01-01' AS TIMESTAMP)), NULL)",
        ),
        (
            "coalesce(moment, '2024-01-01')",
            "COALESCE(moment, SL_INSTANT(CAST('2024-01-01' AS TIMESTAMP)))",
        ),
        (
            "case when flag then day else moment end",
            "CASE WHEN flag THEN SL_INSTANT(CAST(day AS TIMESTAMP)) ELSE moment END",
        ),
        (
            "case moment when '2024-01-01' then 1 end",
            "CASE WHEN moment = SL_INSTANT(CAST('2024-01-01' AS TIMESTAMP)) THEN 1 END",
        ),
        ("extract(hour from moment)", "EXTRACT(HOUR FROM SL_CIVIL(moment))"),
        ("extract(epoch from moment)", "EXTRACT(EPOCH FROM moment)"),
        ("date_diff('minute', moment, moment)", "DATE_DIFF('MINUTE', moment, moment)"),
        (
            "date_diff('day', moment, moment)",
            "DATE_DIFF('DAY', SL_CIVIL(moment), SL_CIVIL(moment))",
        ),
        (
            "date_diff('minute', civil, moment)",
            "DATE_DIFF('MINUTE', civil, SL_CIVIL(moment))",
        ),
        ("cast(moment as date)", "CAST(SL_CIVIL(moment) AS DATE)"),
        ("cast(civil as timestamptz)", "SL_INSTANT(CAST(civil AS TIMESTAMP))"),
        (
            "moment + interval '1 day'",
            "SL_INSTANT(SL_CIVIL(moment) + INTERVAL '1' DAY)",
        ),
        (
            "interval '1 day' + moment",
            "SL_INSTANT(SL_CIVIL(moment) + INTERVAL '1' DAY)",
        ),
        ("moment + interval '90 minutes'", "moment + INTERVAL '90' MINUTES"),
        ("moment + interval '0 days'", moved_by("+ INTERVAL '0' DAYS")),
        ("moment - interval 2 hour", "moment - INTERVAL '2' HOUR"),
        ("moment + interval '1 hour' * 1.5", "moment + INTERVAL '1' HOUR * 1.5"),
        (
            "moment + interval '-1 month' * number",
            moved_by("+ INTERVAL '-1' MONTH * number"),
        ),
        (
            "date_add(moment, interval 1 day)",
            "(SL_INSTANT(SL_CIVIL(moment) + INTERVAL '1' DAY))",
        ),
        ("date_add(moment, interval 30 minute)", "(moment + INTERVAL '30' MINUTE)"),
        ("date_add(civil, interval 30 minute)", "(civil + INTERVAL '30' MINUTE)"),
        (
            "moment + (interval '1 day' - interval '2 hours')",
            "SL_INSTANT(SL_CIVIL(moment) + INTERVAL '1' DAY) + (-(INTERVAL '2' HOURS))",
        ),
        (
            "moment + (interval '1 month' + interval '1 day')",
            moved_by("+ (INTERVAL '1' MONTH + INTERVAL '1' DAY)"),
        ),
        (
            "moment - interval '1 day 2 hours'",
            moved_by("- SL_DAYS(INTERVAL '1 day 2 hours')")
            + " - (INTERVAL '1 day 2 hours' - SL_DAYS(INTERVAL '1 day 2 hours'))",
        ),
        (
            "moment + interval '1 day' / 2",
            moved_by("+ SL_DAYS(INTERVAL '1' DAY / 2)")
            + " + (INTERVAL '1' DAY / 2 - SL_DAYS(INTERVAL '1' DAY / 2))",
        ),
        ("moment - civil", "moment - SL_INSTANT(CAST(civil AS TIMESTAMP))"),
        (
            "date_trunc('month', moment)",
            "SL_INSTANT(SL_TRUNCATE('month', SL_CIVIL(moment)))",
        ),
        ("median(price)", "MEDIAN(CAST(price AS DOUBLE))"),
        ("median(number)", "MEDIAN(number)"),
        ("min(moment)", "MIN(moment)"),
        ("number > 1", "number > 1"),
    ],
)
def test_times_are_read_in_the_zone_of_the_plan(text: str, made: str) -> None:
    assert settled(text)[0] == made


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("word = 5", "a string is compared with a number"),
        ("number in (1, 'a')", "a number is compared with a string"),
        ("number between 1 and 'x'", "a number is compared with a string"),
        ("coalesce(number, 'a')", "a number is compared with a string"),
        ("case when flag then 1 else 'a' end", "a number is compared with a string"),
        ("moment > 'soon'", "a time is compared with 'soon'"),
        ("moment > 5", "a time is compared with 5"),
        ("day > '20240101'", "a time is compared with '20240101'"),
        ("day > '2024-02-30'", "a time is compared with '2024-02-30'"),
        ("date 'soon' = day", "a time is compared with 'soon'"),
        (
            "civil = '2024-01-01 00:00:00Z'",
            "'2024-01-01 00:00:00Z' is an instant, and is read as a time without a zone",
        ),
        ("cast(word as timestamptz) = moment", "a text is cast to an instant"),
        ("moment + 5 = moment", "a time is moved by a number"),
        ("number like '1%'", "a number stands where a string is expected"),
        ("not number", "a number stands where a boolean is expected"),
        ("civil = true", "a time is compared with a boolean"),
        ("number > false", "a number is compared with a boolean"),
        ("coalesce(word, false)", "a string is compared with a boolean"),
        ("flag and word", "a string stands where a boolean is expected"),
        ("number + 'a'", "a string stands where a number or time is expected"),
        ("number * flag", "a boolean stands where a number or time is expected"),
        ("-word", "a string stands where a number or time is expected"),
        ("-bytes", "a number of a kind without signs is negated"),
    ],
)
def test_kinds_that_do_not_compare_are_refused(text: str, message: str) -> None:
    with pytest.raises(TypeMismatch) as refused:
        settled(text)

    assert refused.value.message == message


@pytest.mark.parametrize(
    "text", ["2024-01-01", "2024-01-01 10:00", "2024-01-01T10:00:00.25", "2024-01-01 10:00:00 +02"]
)
def test_times_are_written_as_every_engine_reads_them(text: str) -> None:
    assert is_time_text(text)


@pytest.mark.parametrize("text", ["2024", "2024-W01-1", "2024-01-01 25:00", "2024-1-1", "", "now"])
def test_other_texts_are_no_times(text: str) -> None:
    assert not is_time_text(text)


def test_the_root_of_a_tree_may_be_replaced() -> None:
    made, _ = settle(exp.cast(exp.column("civil"), "TIMESTAMPTZ"), lambda node: KINDS[node.name])

    assert made.sql("duckdb") == "SL_INSTANT(CAST(civil AS TIMESTAMP))"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("number / price", "CAST(number AS DOUBLE) / NULLIF(CAST(price AS DOUBLE), 0)"),
        ("number / 2", "CAST(number AS DOUBLE) / 2"),
        ("number / 0.0", "CAST(number AS DOUBLE) / NULLIF(0.0, 0)"),
        (
            "number / 2 / bytes",
            "CAST(CAST(number AS DOUBLE) / 2 AS DOUBLE) / NULLIF(CAST(bytes AS DOUBLE), 0)",
        ),
        ("interval '1 day' / number", "INTERVAL '1' DAY / NULLIF(number, 0)"),
        ("number // bytes", "number // NULLIF(bytes, 0)"),
        ("number // 2 // 3", "number // 2 // 3"),
        ("price // 2", "TRUNC(price // 2)"),
        ("other // number", "TRUNC(other // NULLIF(number, 0))"),
        ("number % bytes", "number % NULLIF(bytes, 0)"),
    ],
)
def test_a_division_by_0_is_null_and_a_quotient_a_double(text: str, made: str) -> None:
    assert settled(text)[0] == made


UUID = "01234567-89ab-CDEF-0123-456789abcdef"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (f"id = '{UUID}'", f"id = CAST('{UUID}' AS UUID)"),
        (f"id in ('{UUID}')", f"id IN (CAST('{UUID}' AS UUID))"),
        ("clock > '12:30'", "clock > CAST('12:30' AS TIME)"),
        (
            "clock between '00:00:00' and '23:59:59.5'",
            "clock BETWEEN CAST('00:00:00' AS TIME) AND CAST('23:59:59.5' AS TIME)",
        ),
        ("coalesce(clock, '12:30')", "COALESCE(clock, CAST('12:30' AS TIME))"),
        ("clock = time '12:30'", "clock = CAST('12:30' AS TIME)"),
        (
            "clock + interval '1 hour' > '12:30'",
            "clock + INTERVAL '1' HOUR > CAST('12:30' AS TIME)",
        ),
    ],
)
def test_a_text_beside_a_uuid_or_a_time_of_day_is_read_as_one(text: str, made: str) -> None:
    assert settled(text)[0] == made


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("id = 'xyz'", "a uuid is compared with 'xyz'", "Write a uuid with its hyphens"),
        ("id = '{UUID}'", "a uuid is compared with '{UUID}'", "Write a uuid with its hyphens"),
        ("id = word", "a uuid is compared with a string", "Write the value as"),
        ("id like 'a%'", "a uuid stands where a string is expected", "Compare it"),
        ("clock > '25:99'", "a time of day is compared with '25:99'", "Write a time of day"),
        ("clock > '24:00'", "a time of day is compared with '24:00'", "Write a time of day"),
        ("clock = '2024-01-01'", "a time of day is compared with '2024-01-01'", "Write a time of"),
        ("time '25:99' < clock", "a time of day is compared with '25:99'", "Write a time of day"),
        ("clock > 12", "a time of day is compared with a number", "Write the value as"),
        ("clock < civil", "a time of day is compared with a time", "Write the value as"),
    ],
)
def test_what_is_no_uuid_or_time_of_day_is_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(TypeMismatch) as refused:
        settled(text)

    assert refused.value.message == message
    assert refused.value.hint.startswith(hint)
