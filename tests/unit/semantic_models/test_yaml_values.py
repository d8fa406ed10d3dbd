from __future__ import annotations

import math

import pytest

from semantic_models.spec import Value
from semantic_models.yaml_values import plain_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("true", True),
        ("False", False),
        ("12", 12),
        ("-3", -3),
        ("+3", 3),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", -math.inf),
        ("9" * 41, 1e41),
    ],
)
def test_words_of_the_core_schema_are_values(text: str, value: Value) -> None:
    read = plain_value(text)

    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "yes",
        "on",
        "off",
        "y",
        "nULL",
        "12:30:00",
        "1_000",
        "0b1",
        "2026-01-01",
        "-",
        "1e",
        "x",
    ],
)
def test_all_else_is_text(text: str) -> None:
    assert plain_value(text) == text


def test_not_a_number_is_a_float() -> None:
    read = plain_value(".nan")

    assert isinstance(read, float)
    assert math.isnan(read)
