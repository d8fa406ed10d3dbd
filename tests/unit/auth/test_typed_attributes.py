"""Values from JSON as attributes of their declared types."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from auth.policy import AttributeType
from auth.principal import Attribute
from auth.typed_attributes import typed_attribute, typed_attributes
from semantic_models.types import (
    BOOLEAN,
    DATE,
    FLOAT64,
    INT64,
    STRING,
    TIMESTAMP,
    LogicalType,
)


@pytest.mark.parametrize(
    ("value", "type_", "typed"),
    [
        ("eu", STRING, "eu"),
        ("", STRING, ""),
        (3, STRING, None),
        (None, STRING, None),
        (["eu"], STRING, None),
        ({"a": 1}, STRING, None),
        (3, INT64, 3),
        (3.0, INT64, None),
        ("3", INT64, None),
        (True, INT64, None),
        (2**63 - 1, INT64, 2**63 - 1),
        (2**63, INT64, None),
        (-(2**63), INT64, -(2**63)),
        (3, FLOAT64, 3.0),
        (0.5, FLOAT64, 0.5),
        (10**400, FLOAT64, None),
        (float("inf"), FLOAT64, None),
        (float("nan"), FLOAT64, None),
        (True, FLOAT64, None),
        (True, BOOLEAN, True),
        (1, BOOLEAN, None),
        ("true", BOOLEAN, None),
        ("2026-01-31", DATE, date(2026, 1, 31)),
        ("2026-02-31", DATE, None),
        (20260131, DATE, None),
        ("2026-01-31T10:00:00", TIMESTAMP, datetime(2026, 1, 31, 10)),  # noqa: DTZ001
        ("2026-01-31T10:00:00+00:00", TIMESTAMP, None),
        ("noon", TIMESTAMP, None),
    ],
)
def test_a_value_is_of_its_declared_type_or_missing(
    value: object, type_: LogicalType, typed: Attribute | None
) -> None:
    found = typed_attribute(value, AttributeType(type_))

    assert (type(found), found) == (type(typed), typed)


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        (["eu", "us"], ("eu", "us")),
        ([], None),
        ("eu", None),
        (["eu", 3], None),
        ([["eu"]], None),
    ],
)
def test_a_list_is_whole_or_missing(value: object, typed: Attribute | None) -> None:
    assert typed_attribute(value, AttributeType(STRING, is_list=True)) == typed


def test_what_is_not_declared_is_dropped_and_the_rest_is_in_order() -> None:
    declared = {"b": AttributeType(INT64), "a": AttributeType(STRING), "c": AttributeType(STRING)}

    assert typed_attributes({"z": "?", "b": 1, "a": "x"}, declared) == (("a", "x"), ("b", 1))
