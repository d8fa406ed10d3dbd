"""An answer in the making: its columns, rows and order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from tests.oracle.language import Order, Parts
from tests.oracle.leaves import Group
from tests.oracle.paths import Reference, Refused
from tests.oracle.times import GRAINS, earlier
from tests.oracle.values import by_order


@dataclass(frozen=True)
class Told:
    """An answer: every row that it could show in its order, and which of them it shows."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[Group]
    sorted_by: list[Group]
    """What each row is sorted by."""
    orders: tuple[Order, ...]


def parts_of(text: str) -> Parts:
    return tuple(text.split("."))


def column_of(text: str, grain: str | None, reference: Reference | None = None) -> str:
    bare = grain is not None and (reference is None or reference.grain is None)
    return text.replace(".", "__") + (f"__{grain}" if bare else "")


def collect(codes: set[str], make: Callable[[], object]) -> object:
    """What is made, or None and the codes of its refusal among the others."""
    try:
        return make()
    except Refused as refused:
        codes |= refused.codes
        return None


def place_of(name: str, names: tuple[str, ...], asked: tuple[str, ...]) -> int:
    written = name.replace(".", "__")
    if written in names:
        return names.index(written)
    if name in asked:
        return asked.index(name)
    bare = [place for place, each in enumerate(asked) if each == name or _is_at_grain(each, name)]
    if len(bare) == 1:
        return bare[0]
    raise Refused("E_NAME_NOT_FOUND")


def _is_at_grain(text: str, name: str) -> bool:
    """Whether a column is the time of that name at a grain."""
    most, _, last = text.rpartition(".")
    return most == name and last in GRAINS


def in_order(told: Told) -> Told:
    """The same rows in their order."""
    pairs = list(zip(told.sorted_by, told.rows, strict=True))
    for place in reversed(range(len(told.orders))):
        order = told.orders[place]
        key = by_order(order.desc, order.nulls)
        pairs.sort(key=lambda pair: key(pair[0][place]))
    return replace(told, rows=[row for _, row in pairs], sorted_by=[key for key, _ in pairs])


def ago(end: datetime | None, step: str | None) -> datetime | None:
    """The end of a range so long ago; where that is cut to a shorter month is not said."""
    if end is None or step is None:
        return end
    found = earlier(end, step)
    if found.day != end.day and step.split()[1].removesuffix("s") in ("month", "quarter", "year"):
        raise Refused("OPEN")
    return found
