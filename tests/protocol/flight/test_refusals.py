"""What cannot be answered is refused with a code, and the server answers on."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pytest
from adbc_driver_flightsql import dbapi

COUNT = "SELECT flights FROM flights"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SELECT flihgts FROM flights", 'E_NAME_NOT_FOUND.*"flight"'),
        ("SELECT flights FROM flihgts", 'E_NAME_NOT_FOUND.*"flights"'),
        ('SELECT * FROM "flihgts"', "E_NAME_NOT_FOUND"),
        ("SELECT flights FROM flights; SELECT 1", "SL104"),
        ("SELECT flights\0 FROM flights", r"\[SL1\d\d\]"),
        ("DROP TABLE flights", r"\[(SL104|E_NOT_SUPPORTED)\]"),
        ("SELEC", r"\[SL1\d\d\]"),
        ('{"metrics": ["flihgts"]}', "E_NAME_NOT_FOUND"),
        ('{"metrics": ', r"\[SL10\d\]"),
        ('{"metricz": ["flights"]}', r"\[SL10\d\]"),
        (f'SELECT "{"é" * 20_000}" FROM flights', "E_NAME_NOT_FOUND"),
        ("SELECT " + "x" * 100_000, r"\[SL106\]"),
        ("SELECT flights FROM flights WHERE origin = ?", r"\[(SL104|E_NOT_SUPPORTED)\]"),
    ],
    ids=lambda value: value[:30],
)
def test_a_wrong_question_is_refused_with_its_code(
    cursor: dbapi.Cursor, text: str, told: str
) -> None:
    with pytest.raises(dbapi.Error, match=told) as raised:
        cursor.execute(text)

    assert not leaks(str(raised.value))
    assert still_answers(cursor)


def leaks(told: str) -> bool:
    return any(each in told for each in ("Traceback", ".py", "/", "Error:"))


def still_answers(cursor: dbapi.Cursor) -> bool:
    cursor.execute(COUNT)
    return cursor.fetchone() == (336_776,)


def ingest(cursor: dbapi.Cursor) -> None:
    cursor.adbc_ingest("flights", pa.table({"a": [1]}))


def bind(cursor: dbapi.Cursor) -> None:
    cursor.execute(COUNT, (1,))


def update(cursor: dbapi.Cursor) -> None:
    cursor.executemany(COUNT, [(1,), (2,)])


@pytest.mark.parametrize("attempt", [ingest, bind, update])
def test_what_is_not_offered_is_refused(
    connection: dbapi.Connection, attempt: Callable[[dbapi.Cursor], None]
) -> None:
    with connection.cursor() as cursor, pytest.raises(dbapi.Error, match="SL708") as raised:
        attempt(cursor)

    assert not leaks(str(raised.value))
    with connection.cursor() as cursor:
        assert still_answers(cursor)


def test_a_wrong_question_is_refused_through_pandas(connection: dbapi.Connection) -> None:
    with pytest.raises(pd.errors.DatabaseError, match="E_NAME_NOT_FOUND"):
        pd.read_sql("SELECT flihgts FROM flights", connection)


def test_a_cancelled_question_ends_as_an_error(connection: dbapi.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM flights")
        reader = cursor.fetch_record_batch()
        reader.read_next_batch()
        cursor.adbc_cancel()
        with pytest.raises(OSError, match="cancel"):
            reader.read_all()

    with connection.cursor() as cursor:
        assert still_answers(cursor)


def test_a_connection_closed_half_way_leaves_the_server_serving(flight_url: str) -> None:
    with dbapi.connect(flight_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM flights")
        cursor.fetch_record_batch().read_next_batch()

    with dbapi.connect(flight_url) as connection, connection.cursor() as cursor:
        assert still_answers(cursor)
