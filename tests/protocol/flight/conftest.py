"""Connections of the ADBC client, each closed after its test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from adbc_driver_flightsql import dbapi


@pytest.fixture
def connection(flight_url: str) -> Iterator[dbapi.Connection]:
    """A connection as a notebook opens it."""
    with dbapi.connect(flight_url) as made:
        yield made


@pytest.fixture
def cursor(connection: dbapi.Connection) -> Iterator[dbapi.Cursor]:
    """A place to ask questions from."""
    with connection.cursor() as made:
        yield made
