"""DuckDB's own text goes to the log, and our words to whoever asked."""

from __future__ import annotations

import logging

import duckdb
import pyarrow as pa
import pytest

from gateway.engines.duckdb_errors import is_fatal, translate
from gateway.errors import EngineError, EngineFailed, EngineGone, ResultTooLarge
from tests.support.models import the_shop

CAUSES = [
    ("SELECT 'secret'::INTEGER", EngineFailed, "met a value that does not fit its type"),
    ("SELECT 300::TINYINT", EngineFailed, "met a value that does not fit its type"),
    ("SELECT secret", EngineGone, "no longer has what a model names"),
    ("SELECT * FROM secret", EngineGone, "no longer has what a model names"),
    ("SELECT * FROM read_parquet('/secret.parquet')", EngineGone, "cannot read its data"),
    ("SELECT error('secret')", EngineFailed, "failed at the query"),
]
PATTERNS = ["(", "[a", "a)", "a\\", "*", "\\1", "[z-a]", "a{2000}", "a**", "(?=a)", "(?P<>a)"]


@pytest.mark.parametrize(("sql", "error", "words"), CAUSES, ids=[sql for sql, _, _ in CAUSES])
def test_a_failure_is_told_by_its_class(sql: str, error: type[EngineError], words: str) -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as failure:
        connection.execute(sql).fetchall()

    told = translate(failure.value, "files")

    assert type(told) is error
    assert told.message == f'engine "files" {words}'
    assert "secret" not in told.message + told.detail + told.hint


def test_data_that_spans_too_many_periods_is_told_with_a_way_out() -> None:
    shop = the_shop()
    asked = {"metrics": ["revenue"], "dimensions": ["created_at.second"], "time": {"zone": "UTC"}}
    text = shop.compile({**asked, "fill": True}).text
    with pytest.raises(duckdb.Error) as failure:
        shop.rows(text)

    told = translate(failure.value, "files")

    assert (type(told), told.message) == (
        ResultTooLarge,
        "the data spans more than 1,000,000 periods of the question",
    )
    assert told.hint.startswith("Give a range of time, or ask for a coarser grain")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_that_cannot_be_read_is_no_failure_of_the_engine(pattern: str) -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as failure:
        connection.execute("SELECT regexp_matches('a', ?)", [pattern]).fetchall()

    told = translate(failure.value, "files")

    assert (told.code, told.message) == (
        "SL607",
        "the pattern of a regular expression cannot be read",
    )


def test_the_engines_text_is_logged_under_the_id_that_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        told = translate(duckdb.ConversionException("Conversion Error: secret"), "files")

    (record,) = caplog.records
    said, _, text = record.getMessage().partition(": ")
    assert text == "Conversion Error: secret"
    assert said.rpartition(" ")[2] in told.detail


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'secret'::INTEGER",
        "SELECT 'it''s secret'::DATE",
        "SELECT 4711::TINYINT",
        "SELECT strptime('secret', '%Y')",
        "SELECT regexp_matches('a', '(secret')",
        "SELECT nothing, 'secret' FROM (SELECT 1 AS a)",
    ],
)
def test_no_value_and_no_literal_is_logged(sql: str, caplog: pytest.LogCaptureFixture) -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as failure:
        connection.execute(sql).fetchall()
    with caplog.at_level(logging.WARNING):
        translate(failure.value, "files")

    (record,) = caplog.records
    assert any(each in str(failure.value) for each in ("secret", "4711"))
    assert not any(each in record.getMessage() for each in ("secret", "4711"))


def test_the_engines_text_is_kept_for_its_owner_in_one_line() -> None:
    told = translate(duckdb.BinderException("Binder Error:\n no  x\n\nLINE 1: SELECT x"), "files")

    assert told.own_words == "Binder Error: no x"


def test_a_failure_half_way_is_known_by_its_prefix() -> None:
    told = translate(OSError("Out of Memory Error: could not allocate"), "files")

    assert told.message == 'engine "files" ran out of the memory it may use'


def test_memory_that_arrow_does_not_get_is_memory_too() -> None:
    told = translate(pa.ArrowMemoryError("malloc of size 9 failed"), "files")

    assert told.message == 'engine "files" ran out of the memory it may use'


def test_an_engine_that_broke_has_a_code_of_its_own() -> None:
    told = translate(duckdb.InternalException("INTERNAL Error: secret"), "files")

    assert (told.code, told.message) == ("SL608", 'engine "files" failed and is started anew')


@pytest.mark.parametrize(
    ("text", "expected"),
    [("FATAL Error: x", True), ("INTERNAL Error: x", True), ("IO Error: x", False)],
)
def test_a_broken_database_is_told_from_a_failed_query(text: str, *, expected: bool) -> None:
    assert is_fatal(duckdb.Error(text)) is expected
