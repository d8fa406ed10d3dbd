"""Values that came as JSON to attributes of a principal, in the types that a project declares."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from auth.policy import AttributeType
from auth.principal import Attribute, AttributeValue
from semantic_models.parameters import TYPES
from semantic_models.spec import AttributeSpec
from semantic_models.types import Kind

_INT64 = range(-(2**63), 2**63)


def typed_attributes(
    values: Mapping[str, object], declared: Mapping[str, AttributeType]
) -> tuple[tuple[str, Attribute], ...]:
    """The declared attributes that there are, by name.

    One of another type is left out: it is then missing, which denies what reads it.
    """
    typed = ((name, typed_attribute(values.get(name), declared[name])) for name in sorted(declared))
    return tuple((name, value) for name, value in typed if value is not None)


def typed_attribute(value: object, declared: AttributeType) -> Attribute | None:
    """One value, or a list of them, as declared; None where it is not that."""
    kind = declared.type.kind
    if not declared.is_list:
        return _typed(value, kind)
    members = [_typed(each, kind) for each in value] if isinstance(value, list) else []
    kept = tuple(each for each in members if each is not None)
    return kept if kept and len(kept) == len(members) else None


def _typed(value: object, kind: Kind) -> AttributeValue | None:
    match value:
        case bool():
            return value if kind is Kind.BOOLEAN else None
        case str():
            return _read(value, kind)
        case int() if kind is Kind.INT64:
            return value if value in _INT64 else None
        case int() | float() if kind is Kind.FLOAT64:
            return _finite(value)
        case _:
            return None


def _read(text: str, kind: Kind) -> AttributeValue | None:
    match kind:
        case Kind.STRING:
            return text
        case Kind.DATE:
            return _date(text)
        case Kind.TIMESTAMP:
            return _timestamp(text)
        case _:
            return None


def _finite(value: float) -> float | None:
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # A whole number beyond all floats.
        return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _timestamp(text: str) -> datetime | None:
    """A civil time: one with a zone is of another type."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo is None else None


def declared_attributes(specs: Iterable[AttributeSpec]) -> dict[str, AttributeType]:
    """The attributes that a project declares, without those of no type."""
    return {
        each.name.text: AttributeType(TYPES[each.type.text][0], each.is_list)
        for each in specs
        if each.type.text in TYPES
    }
