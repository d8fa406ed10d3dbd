"""The protobuf wire format, against bytes worked out by hand and against hostile ones."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.flight_sql.wire import Field, Message, Scalar, decode, encode
from semantic_models.errors import MalformedDocument


@dataclass(frozen=True, slots=True)
class Inner:
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Outer:
    text: str | None = None
    data: bytes | None = None
    flag: bool | None = None
    number: int | None = None
    numbers: tuple[int, ...] = ()
    fixed: int | None = None
    real: float | None = None
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    texts: tuple[str, ...] = ()


INNER = Message("Inner", Inner, (Field(1, "text", Scalar.STRING),))
OUTER = Message(
    "Outer",
    Outer,
    (
        Field(1, "text", Scalar.STRING),
        Field(2, "data", Scalar.BYTES),
        Field(3, "flag", Scalar.BOOL),
        Field(4, "number", Scalar.INT),
        Field(5, "numbers", Scalar.UINT32, repeated=True),
        Field(6, "fixed", Scalar.SFIXED64),
        Field(7, "real", Scalar.DOUBLE),
        Field(8, "inner", INNER),
        Field(9, "inners", INNER, repeated=True),
        Field(1000, "texts", Scalar.STRING, repeated=True),
    ),
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
int64s = st.integers(-(2**63), 2**63 - 1)
inners = st.builds(Inner, st.none() | texts)
outers = st.builds(
    Outer,
    text=st.none() | texts,
    data=st.none() | st.binary(max_size=20),
    flag=st.none() | st.booleans(),
    number=st.none() | int64s,
    numbers=st.lists(st.integers(0, 2**32 - 1), max_size=5).map(tuple),
    fixed=st.none() | int64s,
    real=st.none() | st.floats(allow_nan=False),
    inner=st.none() | inners,
    inners=st.lists(inners, max_size=3).map(tuple),
    texts=st.lists(texts, max_size=3).map(tuple),
)


@given(outers)
def test_what_is_written_is_read_again(value: Outer) -> None:
    assert decode(OUTER, encode(OUTER, value)) == value


@given(st.binary(max_size=200))
def test_hostile_bytes_are_a_message_or_a_coded_refusal(data: bytes) -> None:
    assert reads_or_refuses(data)


@given(outers, st.data())
def test_a_spoilt_message_is_a_message_or_a_coded_refusal(
    value: Outer, data: st.DataObject
) -> None:
    whole = encode(OUTER, value)
    at = data.draw(st.integers(0, len(whole)))
    spoilt = whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + 1 :]

    assert reads_or_refuses(spoilt)


def reads_or_refuses(data: bytes) -> bool:
    try:
        return isinstance(decode(OUTER, data), Outer)
    except MalformedDocument as refusal:
        return refusal.code == "SL105"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Outer(), ""),
        (Outer(text=""), "0a 00"),
        (Outer(text="testing"), "0a 07 74 65 73 74 69 6e 67"),
        (Outer(flag=False), "18 00"),
        (Outer(number=150), "20 96 01"),
        (Outer(number=-1), "20 ff ff ff ff ff ff ff ff ff 01"),
        (Outer(numbers=(3, 270)), "28 03 28 8e 02"),
        (Outer(fixed=-2), "31 fe ff ff ff ff ff ff ff"),
        (Outer(real=1.5), "39 00 00 00 00 00 00 f8 3f"),
        (Outer(inner=Inner("a")), "42 03 0a 01 61"),
        (Outer(texts=("a",)), "c2 3e 01 61"),
    ],
)
def test_bytes_are_those_of_protobuf(value: Outer, written: str) -> None:
    assert encode(OUTER, value).hex(" ") == written


def test_packed_numbers_are_read_as_repeated_ones() -> None:
    packed = bytes.fromhex("2a 03 03 8e 02 28 05")

    assert decode(OUTER, packed) == Outer(numbers=(3, 270, 5))


def test_fields_of_unknown_numbers_are_passed_over() -> None:
    unknown = bytes.fromhex("a2 01 02 ff ff a8 01 05 b1 01 0102030405060708 b5 01 01020304")

    assert decode(OUTER, unknown + encode(OUTER, Outer(text="a"))) == Outer(text="a")


def test_the_last_of_several_values_is_the_value() -> None:
    twice = encode(OUTER, Outer(text="a")) + encode(OUTER, Outer(text="b"))

    assert decode(OUTER, twice) == Outer(text="b")


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ("0a 05 61", "A field is longer than what is left of the message."),
        ("31 01 02", "A field is longer than what is left of the message."),
        ("0a", "A number does not end within ten bytes."),
        ("20 ff ff ff ff ff ff ff ff ff ff 01", "A number does not end within ten bytes."),
        ("0b", "A field has wire type 3, which proto3 does not have."),
        ("00 01", "A field has a number that no field may have."),
        ("08 01", 'Field "text" is written as another type than its own.'),
        ("0a 01 ff", 'Field "text" is not UTF-8.'),
        ("42 02 0a 05", "A field is longer than what is left of the message."),
    ],
)
def test_a_malformed_message_is_refused_with_its_fault(data: str, detail: str) -> None:
    with pytest.raises(MalformedDocument) as refusal:
        decode(OUTER, bytes.fromhex(data))

    assert refusal.value.detail == detail


def test_many_small_fields_take_no_longer_than_they_are_many() -> None:
    many = bytes.fromhex("28 01") * 200_000

    assert decode(OUTER, many) == Outer(numbers=(1,) * 200_000)
