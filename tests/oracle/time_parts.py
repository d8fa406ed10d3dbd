"""What a name says of a time behind its last dot: a grain, a part, or a calendar's grain."""

from __future__ import annotations

from datetime import datetime

from tests.oracle.times import GRAINS, start_of

PARTS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "day": "day",
    "dow": "day",
    "doy": "day",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
}
"""Each part with the grain whose periods have one value of it."""


def part_named(text: str) -> str:
    """The part that ``part(dow)`` names; nothing where it names none."""
    inner = text.removeprefix("part(").removesuffix(")")
    return inner if text == f"part({inner})" else ""


def grain_within(text: str) -> str:
    """The grain each of whose periods is alike in what a text says of a time."""
    part = part_named(text)
    if part:
        return PARTS[part]
    return text if text in GRAINS else "day"


def part_of(civil: datetime, part: str) -> int:
    """A part of what a clock shows."""
    match part:
        case "quarter":
            return (civil.month - 1) // 3 + 1
        case "week":
            return civil.isocalendar().week
        case "dow":
            return civil.isoweekday()
        case "doy":
            return (civil - start_of(civil, "year")).days + 1
        case _:
            found: int = getattr(civil, part)
            return found


def walked_grain(text: str) -> str:
    """The grain of the periods that are gone through to tell all of a grain or part."""
    return text if text in GRAINS else min(grain_within(text), "day", key=GRAINS.index)
