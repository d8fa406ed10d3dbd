"""The protobuf wire format, driven by tables of fields.

A message is a dataclass beside a table that says which field has which number and type. Reading
takes bytes from anywhere: whatever is wrong with them is a MalformedDocument.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from semantic_models.errors import MalformedDocument

T = TypeVar("T")


class Scalar(Enum):
    """The scalar types that the messages of this front end use."""

    STRING = "string"
    BYTES = "bytes"
    BOOL = "bool"
    INT = "int32, int64 or an enumeration"
    UINT32 = "uint32"
    SFIXED64 = "sfixed64"
    DOUBLE = "double"


VARINT, I64, LEN, I32 = 0, 1, 2, 5
WIRE_TYPES = {
    Scalar.STRING: LEN,
    Scalar.BYTES: LEN,
    Scalar.BOOL: VARINT,
    Scalar.INT: VARINT,
    Scalar.UINT32: VARINT,
    Scalar.SFIXED64: I64,
    Scalar.DOUBLE: I64,
}
VARINT_BYTES_MAX = 10
FIELD_NUMBER_MAX = 2**29 - 1


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message: its number on the wire, and its name in the dataclass."""

    number: int
    name: str
    type: Scalar | Message[Any]
    repeated: bool = False

    @property
    def wire_type(self) -> int:
        """How a single value of it is written."""
        return WIRE_TYPES[self.type] if isinstance(self.type, Scalar) else LEN


@dataclass(frozen=True, slots=True)
class Message(Generic[T]):
    """A protobuf message, and the dataclass that stands for it here."""

    name: str
    make: type[T]
    """Every field of it has a default: on the wire each may be absent."""
    fields: tuple[Field, ...] = ()


def encode(message: Message[T], value: T) -> bytes:
    """Write every field that is not None; an empty tuple writes nothing."""
    return b"".join(
        _encode_field(field, each)
        for field in message.fields
        for each in _values(field, getattr(value, field.name))
    )


def decode(message: Message[T], data: bytes) -> T:
    """Read a message; fields of unknown numbers are passed over, the last of several wins.

    Raises:
        MalformedDocument: the bytes are no such message.
    """
    by_number = {field.number: field for field in message.fields}
    found: dict[Field, list[Any]] = {}
    for number, wire_type, raw in _records(data, message.name):
        if field := by_number.get(number):
            found.setdefault(field, []).extend(_decode_field(field, wire_type, raw, message.name))
    return message.make(
        **{field.name: tuple(each) if field.repeated else each[-1] for field, each in found.items()}
    )


def _values(field: Field, value: Any) -> tuple[Any, ...]:
    if field.repeated:
        return tuple(value)
    return () if value is None else (value,)


def _encode_field(field: Field, value: Any) -> bytes:
    tag = _varint(field.number << 3 | field.wire_type)
    if isinstance(field.type, Message):
        return tag + _sized(encode(field.type, value))
    return tag + WRITERS[field.type](value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _sized(data: bytes) -> bytes:
    return _varint(len(data)) + data


WRITERS: dict[Scalar, Callable[[Any], bytes]] = {
    Scalar.STRING: lambda value: _sized(value.encode()),
    Scalar.BYTES: _sized,
    Scalar.BOOL: lambda value: _varint(int(value)),
    Scalar.INT: lambda value: _varint(value & 2**64 - 1),
    Scalar.UINT32: _varint,
    Scalar.SFIXED64: struct.Struct("<q").pack,
    Scalar.DOUBLE: struct.Struct("<d").pack,
}


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


READERS: dict[Scalar, Callable[[Any], Any]] = {
    Scalar.STRING: lambda raw: raw.decode(),
    Scalar.BYTES: bytes,
    Scalar.BOOL: bool,
    Scalar.INT: _signed,
    Scalar.UINT32: lambda raw: raw & 2**32 - 1,
    Scalar.SFIXED64: lambda raw: struct.unpack("<q", raw)[0],
    Scalar.DOUBLE: lambda raw: struct.unpack("<d", raw)[0],
}


def _records(data: bytes, name: str) -> Iterator[tuple[int, int, int | bytes]]:
    """Each field's number, wire type, and value: an integer for VARINT, else its bytes."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at, name)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number <= FIELD_NUMBER_MAX:
            raise _malformed(name, "A field has a number that no field may have.")
        raw: int | bytes
        if wire_type == VARINT:
            raw, at = _read_varint(data, at, name)
        else:
            raw, at = _read_bytes(data, at, wire_type, name)
        yield number, wire_type, raw


def _read_varint(data: bytes, at: int, name: str) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[at : at + VARINT_BYTES_MAX]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value & 2**64 - 1, at + index + 1
    raise _malformed(name, "A number does not end within ten bytes.")


def _read_bytes(data: bytes, at: int, wire_type: int, name: str) -> tuple[bytes, int]:
    if wire_type == LEN:
        size, at = _read_varint(data, at, name)
    elif wire_type in (I64, I32):
        size = 8 if wire_type == I64 else 4
    else:
        raise _malformed(name, f"A field has wire type {wire_type}, which proto3 does not have.")
    if size > len(data) - at:
        raise _malformed(name, "A field is longer than what is left of the message.")
    return data[at : at + size], at + size


def _decode_field(field: Field, wire_type: int, raw: Any, name: str) -> Iterator[Any]:
    packed = field.repeated and wire_type == LEN and field.wire_type == VARINT
    if packed:
        yield from _unpack(field, raw, name)
    elif wire_type != field.wire_type:
        raise _malformed(name, f'Field "{field.name}" is written as another type than its own.')
    elif isinstance(field.type, Message):
        yield decode(field.type, raw)
    else:
        yield _read_scalar(field, field.type, raw, name)


def _unpack(field: Field, raw: bytes, name: str) -> Iterator[Any]:
    assert isinstance(field.type, Scalar), "only scalars are packed"
    at = 0
    while at < len(raw):
        value, at = _read_varint(raw, at, name)
        yield READERS[field.type](value)


def _read_scalar(field: Field, scalar: Scalar, raw: Any, name: str) -> Any:
    try:
        return READERS[scalar](raw)
    except UnicodeDecodeError:
        raise _malformed(name, f'Field "{field.name}" is not UTF-8.') from None


def _malformed(name: str, detail: str) -> MalformedDocument:
    return MalformedDocument(
        f'message "{name}" is not well-formed protobuf',
        detail=detail,
        hint="Send the message as the Flight SQL client libraries write it.",
    )
