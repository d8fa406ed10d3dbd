"""Which format an Accept header asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from gateway.errors import NotAcceptable


class Format(StrEnum):
    """The media types that answers are written in, the most readable first."""

    JSON = "application/json"
    ARROW = "application/vnd.apache.arrow.stream"
    PARQUET = "application/vnd.apache.parquet"
    NDJSON = "application/x-ndjson"
    CSV = "text/csv"


SPELLINGS: dict[str, Format] = {each.value: each for each in Format} | {
    "application/x-parquet": Format.PARQUET,
}
"""Every media type that is understood, in the order in which ties are settled."""

RANGES_MAX = 32
"""Ranges of one header beyond these are not read."""


@dataclass(frozen=True, slots=True)
class Range:
    """One range of an Accept header, such as ``text/*;q=0.5``."""

    type: str
    subtype: str
    quality: float
    place: int

    def fits(self, media_type: str) -> bool:
        """Whether the range holds a media type."""
        kind, subtype = media_type.split("/")
        return self.type in ("*", kind) and self.subtype in ("*", subtype)

    @property
    def precision(self) -> int:
        """2 for one media type, 1 for all of a kind, 0 for everything."""
        return (self.type != "*") + (self.subtype != "*")


@lru_cache(maxsize=256)
def negotiate(accept: bytes | None) -> Format:
    """The best offered format for an Accept header; JSON where the client does not care.

    A media type has the quality of the most precise range that holds it. Among equals the one
    named more precisely wins, then the one named first.

    Raises:
        NotAcceptable: no offered format fits.
    """
    ranges = _ranges(accept.decode("latin-1")) if accept else ()
    if not ranges:
        return Format.JSON
    ranked = [
        ((best.quality, best.precision, -best.place), chosen)
        for media_type, chosen in SPELLINGS.items()
        if (best := _best(ranges, media_type)) and best.quality > 0
    ]
    if not ranked:
        raise NotAcceptable(
            "no format of the Accept header is offered",
            hint=f"Ask for one of {', '.join(SPELLINGS)}.",
        )
    return max(ranked, key=lambda each: each[0])[1]


def _best(ranges: tuple[Range, ...], media_type: str) -> Range | None:
    fitting = [each for each in ranges if each.fits(media_type)]
    return max(fitting, key=lambda each: each.precision, default=None)


def _ranges(header: str) -> tuple[Range, ...]:
    entries = [each.strip() for each in header.split(",", RANGES_MAX)[:RANGES_MAX]]
    return tuple(_range(each, place) for place, each in enumerate(entries) if each)


def _range(entry: str, place: int) -> Range:
    media_type, *parameters = (part.strip() for part in entry.lower().split(";"))
    kind, _, subtype = media_type.partition("/")
    return Range(kind, subtype, _quality(parameters), place)


def _quality(parameters: list[str]) -> float:
    """The weight; a range whose weight is no number from 0 to 1 is not asked for."""
    for name, _, value in (each.partition("=") for each in parameters):
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0 <= weight <= 1 else 0.0
    return 1.0
