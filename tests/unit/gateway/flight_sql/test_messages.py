"""The tables of fields agree with the dataclasses they stand beside."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.flight_sql import messages
from gateway.flight_sql.wire import Field, Message, Scalar, decode, encode

MESSAGES: list[Message[Any]] = [
    each for each in vars(messages).values() if isinstance(each, Message)
]

SCALARS: dict[Scalar, st.SearchStrategy[Any]] = {
    Scalar.STRING: st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    Scalar.BYTES: st.binary(max_size=10),
    Scalar.BOOL: st.booleans(),
    Scalar.INT: st.integers(-(2**31), 2**31 - 1),
    Scalar.UINT32: st.integers(0, 2**32 - 1),
    Scalar.SFIXED64: st.integers(-(2**63), 2**63 - 1),
    Scalar.DOUBLE: st.floats(allow_nan=False),
}

names = pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)


@names
def test_every_field_of_a_message_has_its_place_in_the_dataclass(message: Message[Any]) -> None:
    listed = [field.name for field in message.fields]

    assert listed == [field.name for field in fields(message.make)]


@names
def test_no_two_fields_share_a_number(message: Message[Any]) -> None:
    numbers = [field.number for field in message.fields]

    assert numbers == sorted(set(numbers))


@names
def test_a_message_without_fields_on_the_wire_is_the_default_one(message: Message[Any]) -> None:
    assert decode(message, b"") == message.make()


@given(
    st.sampled_from(MESSAGES).flatmap(lambda message: st.tuples(st.just(message), values(message)))
)
def test_every_message_is_read_as_it_was_written(pair: tuple[Message[Any], Any]) -> None:
    message, value = pair

    assert decode(message, encode(message, value)) == value


def values(message: Message[Any]) -> st.SearchStrategy[Any]:
    return st.builds(message.make, **{field.name: field_values(field) for field in message.fields})


def field_values(field: Field) -> st.SearchStrategy[Any]:
    one = values(field.type) if isinstance(field.type, Message) else SCALARS[field.type]
    return st.lists(one, max_size=3).map(tuple) if field.repeated else one
