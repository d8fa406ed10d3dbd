"""Ways to connect, and what a connection tells of the server."""

from __future__ import annotations

from adbc_driver_flightsql import DatabaseOptions, dbapi


def count(connection: dbapi.Connection) -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT flights FROM flights")
        return cursor.fetchone()


def test_a_name_and_a_password_connect_while_there_is_no_identity(flight_url: str) -> None:
    options = {"username": "ada", "password": "lovelace"}
    with dbapi.connect(flight_url, db_kwargs=options) as connection:
        assert count(connection) == (336_776,)


def test_a_token_connects_too(flight_url: str) -> None:
    options = {DatabaseOptions.AUTHORIZATION_HEADER.value: "Bearer anything"}
    with dbapi.connect(flight_url, db_kwargs=options) as connection:
        assert count(connection) == (336_776,)


def test_cookies_may_be_on(flight_url: str) -> None:
    options = {DatabaseOptions.WITH_COOKIE_MIDDLEWARE.value: "true"}
    with dbapi.connect(flight_url, db_kwargs=options) as connection:
        assert count(connection) == (336_776,)


def test_autocommit_may_be_on_or_off(flight_url: str) -> None:
    with dbapi.connect(flight_url, autocommit=True) as connection:
        assert count(connection) == (336_776,)
    with dbapi.connect(flight_url, autocommit=False) as connection:
        found = [count(connection)]
        connection.commit()
        found.append(count(connection))
        connection.rollback()

    assert found == [(336_776,), (336_776,)]


def test_the_server_tells_its_name(connection: dbapi.Connection) -> None:
    info = connection.adbc_get_info()

    assert (info["vendor_name"], bool(info["vendor_version"])) == ("forebay", True)


def test_a_connection_stands_in_the_one_catalog_and_schema(connection: dbapi.Connection) -> None:
    found = (connection.adbc_current_catalog, connection.adbc_current_db_schema)

    assert found == ("flights", "models")
