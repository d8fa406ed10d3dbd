"""Nothing on a connection to DuckDB, and nothing asked of the gateway, reaches beyond the data."""

from __future__ import annotations

from tests.security import lockdown

INPUTS = 80


def test_nothing_reaches_beyond_the_declared_data() -> None:
    asked, reaching = lockdown.run(INPUTS, "test")

    assert asked == 6 * INPUTS
    assert reaching == []


def test_a_connection_that_is_not_locked_down_is_found() -> None:
    found = " ".join(lockdown.control())

    for way in ("SELECT * FROM '", "COPY ", "ATTACH ", "held_table", "FROM query("):
        assert way in found


def test_every_function_setting_and_statement_is_asked() -> None:
    with lockdown.honey() as found:
        texts = [each.text for each in lockdown.inputs(found, 10**9)]

    for word in ("read_text", "getenv", "secret_directory", "INSTALL httpfs", "EXPORT DATABASE"):
        assert any(word in each for each in texts)
