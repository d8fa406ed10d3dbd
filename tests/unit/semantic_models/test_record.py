"""Records: data that the type checker lets nobody change."""

from __future__ import annotations

import pytest

from semantic_models.query import Asked


def test_records_of_equal_fields_are_equal_and_have_one_hash() -> None:
    assert Asked("carrier", "c") == Asked("carrier", alias="c")
    assert len({Asked("carrier"), Asked("carrier"), Asked("origin")}) == 2


def test_a_record_has_no_other_fields() -> None:
    with pytest.raises(AttributeError):
        Asked("carrier").other = 1  # type: ignore[attr-defined] # a field that it has not


def test_the_type_checker_alone_refuses_to_change_a_record() -> None:
    asked = Asked("carrier")
    asked.name = "origin"  # type: ignore[misc] # the refusal: without it the ignore is a fault

    assert asked.name == "origin"
