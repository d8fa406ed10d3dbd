"""Accept headers."""

from __future__ import annotations

import pytest

from gateway.errors import NotAcceptable
from gateway.http_api.negotiate import RANGES_MAX, SPELLINGS, Format, negotiate


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, Format.JSON),
        (b"", Format.JSON),
        (b"*/*", Format.JSON),
        (b"application/*", Format.JSON),
        (b"text/*", Format.CSV),
        (b"TEXT/CSV", Format.CSV),
        (b"application/json; charset=utf-8", Format.JSON),
        (b"application/x-parquet", Format.PARQUET),
        (b"application/vnd.apache.parquet", Format.PARQUET),
        (b"application/vnd.apache.arrow.stream", Format.ARROW),
        (b"application/x-ndjson;q=0.5, text/csv;q=0.4", Format.NDJSON),
        (b"text/csv;q=0.4, application/x-ndjson;q=0.5", Format.NDJSON),
        (b"text/csv, application/json", Format.CSV),
        (b"*/*, text/csv", Format.CSV),
        (b"*/*;q=0.5, text/html", Format.JSON),
        (b"application/json;q=0, */*", Format.ARROW),
        (b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format.JSON),
        (b"text/csv;q=nonsense, application/json;q=0.1", Format.JSON),
        (b"text/csv;q=nan, application/json;q=0.1", Format.JSON),
        (b"text/csv;q=7, application/json;q=0.1", Format.JSON),
    ],
)
def test_the_best_offered_format_is_chosen(accept: bytes | None, chosen: Format) -> None:
    assert negotiate(accept) == chosen


@pytest.mark.parametrize(
    "accept", [b"text/html", b"nonsense", b"text/csv;q=0", b"*/*;q=0", b"image/*, text/plain"]
)
def test_what_is_not_offered_is_refused_with_the_offers(accept: bytes) -> None:
    with pytest.raises(NotAcceptable) as refusal:
        negotiate(accept)

    assert refusal.value.hint == f"Ask for one of {', '.join(SPELLINGS)}."


def test_an_endless_header_is_read_only_so_far() -> None:
    with pytest.raises(NotAcceptable):
        negotiate(b"text/html," * RANGES_MAX + b"text/csv")
