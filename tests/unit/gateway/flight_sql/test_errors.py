"""The exception that tells no traceback."""

from __future__ import annotations

import traceback

import pytest

from gateway.flight_sql.errors import Untraced


def test_its_traceback_cannot_be_written() -> None:
    with pytest.raises(Untraced) as raised:
        raise Untraced("[SL708] refused") from None

    with pytest.raises(RuntimeError):
        traceback.format_exception(type(raised.value), raised.value, raised.value.__traceback__)


def test_its_message_is_its_text() -> None:
    error = Untraced("[SL708] refused")
    error.__cause__ = None

    assert str(error) == "[SL708] refused"
