"""Questions and their answers through ADBC, polars and pandas."""

from __future__ import annotations

import json

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from adbc_driver_flightsql import dbapi

from tests.support.demo_questions import DEMO_QUESTIONS, DemoQuestion

BY_AIRLINE = (
    "SELECT carrier.name, flights FROM flights"
    " WHERE origin = 'JFK' GROUP BY carrier.name ORDER BY flights DESC LIMIT 3"
)
ANSWER = [
    ("JetBlue Airways", 42_076),
    ("Delta Air Lines Inc.", 20_701),
    ("Endeavor Air Inc.", 14_651),
]
IN_SQL = [each for each in DEMO_QUESTIONS if each.sql is not None]


def asked(cursor: dbapi.Cursor, text: str) -> pa.Table:
    cursor.execute(text)
    return cursor.fetch_arrow_table()


def test_a_question_is_answered(cursor: dbapi.Cursor) -> None:
    cursor.execute(BY_AIRLINE)

    assert cursor.fetchall() == ANSWER


def test_an_answer_tells_its_columns(cursor: dbapi.Cursor) -> None:
    schema = asked(cursor, BY_AIRLINE).schema

    assert (schema.names, schema.types) == (
        ["carrier__name", "flights"],
        [pa.string(), pa.int64()],
    )


def test_group_by_may_be_left_out(cursor: dbapi.Cursor) -> None:
    without = BY_AIRLINE.replace(" GROUP BY carrier.name", "")

    assert asked(cursor, without) == asked(cursor, BY_AIRLINE)


@pytest.mark.parametrize("question", DEMO_QUESTIONS, ids=lambda question: question.name)
def test_a_json_query_is_a_question_too(cursor: dbapi.Cursor, question: DemoQuestion) -> None:
    answer = asked(cursor, json.dumps(question.query))

    assert answer.num_rows > 0


@pytest.mark.parametrize("question", IN_SQL, ids=lambda question: question.name)
def test_sql_and_json_give_one_answer(cursor: dbapi.Cursor, question: DemoQuestion) -> None:
    assert question.sql is not None
    in_sql, in_json = asked(cursor, question.sql), asked(cursor, json.dumps(question.query))
    rows = [sorted(map(repr, answer.to_pylist())) for answer in (in_sql, in_json)]

    assert (in_sql.schema, rows[0]) == (in_json.schema, rows[1])


def test_batches_arrive_one_by_one(cursor: dbapi.Cursor) -> None:
    cursor.execute("SELECT * FROM flights")
    with cursor.fetch_record_batch() as reader:
        sizes = [batch.num_rows for batch in reader]

    assert (sum(sizes), len(sizes) > 1) == (336_776, True)


def test_one_connection_asks_twice_and_at_once(connection: dbapi.Connection) -> None:
    with connection.cursor() as first, connection.cursor() as second:
        first.execute("SELECT * FROM flights")
        second.execute(BY_AIRLINE)
        inner = second.fetchall()
        outer = first.fetch_arrow_table()
        second.execute("SELECT flights FROM flights")

        assert (inner, outer.num_rows, second.fetchall()) == (ANSWER, 336_776, [(336_776,)])


def test_a_prepared_question_tells_its_parameters_and_answers(cursor: dbapi.Cursor) -> None:
    parameters = cursor.adbc_prepare(BY_AIRLINE)
    schema = cursor.adbc_execute_schema(BY_AIRLINE)
    cursor.execute(BY_AIRLINE)

    assert (parameters, schema.names, cursor.fetchall()) == (
        pa.schema([]),
        ["carrier__name", "flights"],
        ANSWER,
    )


def test_polars_reads_a_question(connection: dbapi.Connection) -> None:
    frame = pl.read_database(BY_AIRLINE, connection)

    assert frame.rows() == ANSWER


def test_pandas_reads_a_question(connection: dbapi.Connection) -> None:
    frame = pd.read_sql(BY_AIRLINE, connection)

    assert list(frame.itertuples(index=False, name=None)) == ANSWER


def test_pandas_reads_a_table_by_its_name(connection: dbapi.Connection) -> None:
    frame = pd.read_sql("airlines", connection)

    assert (list(frame.columns), len(frame)) == (["carrier", "name"], 16)


def test_an_answer_without_rows_has_its_columns(cursor: dbapi.Cursor) -> None:
    answer = asked(cursor, "SELECT carrier.name, flights FROM flights WHERE origin = 'SFO'")

    assert (answer.num_rows, answer.schema.names) == (0, ["carrier__name", "flights"])


def test_an_answer_asked_again_is_the_same(cursor: dbapi.Cursor) -> None:
    assert asked(cursor, BY_AIRLINE) == asked(cursor, BY_AIRLINE)
