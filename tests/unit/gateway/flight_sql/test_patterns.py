"""LIKE patterns over names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.flight_sql.patterns import ESCAPE, exactly, like


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        (None, ["flights", "flightsXhourly", "flights_hourly", "f*", "[f]"]),
        ("%", ["flights", "flightsXhourly", "flights_hourly", "f*", "[f]"]),
        ("flights", ["flights"]),
        ("flights%", ["flights", "flightsXhourly", "flights_hourly"]),
        ("%%s%%", ["flights", "flightsXhourly", "flights_hourly"]),
        ("flights_hourly", ["flightsXhourly", "flights_hourly"]),
        (r"flights\_hourly", ["flights_hourly"]),
        ("_____ly", []),
        ("f*", ["f*"]),
        ("[f]", ["[f]"]),
        ("?lights", []),
        ("Flights", []),
        ("", []),
        (r"\%", []),
        ("SELECT n FROM flights", []),
        ("flights\0", []),
    ],
)
def test_a_pattern_matches_as_in_sql(pattern: str | None, matching: list[str]) -> None:
    names = ["flights", "flightsXhourly", "flights_hourly", "f*", "[f]"]

    assert [name for name in names if like(pattern)(name)] == matching


@given(st.text(max_size=30))
def test_an_escaped_name_matches_itself_alone(name: str) -> None:
    pattern = "".join(ESCAPE + each if each in "%_\\" else each for each in name)

    assert (like(pattern)(name), like(pattern)(name + "x")) == (True, False)


@given(st.text("%_a\\*?[]!-", max_size=12))
def test_any_text_is_a_pattern(pattern: str) -> None:
    assert not like(pattern + "b")("a")


def test_a_hostile_pattern_costs_no_more_than_a_plain_one() -> None:
    assert not like("%a" * 400 + "b")("a" * 900)


def test_a_pattern_longer_than_any_name_matches_nothing() -> None:
    assert not like("SELECT n FROM flights " * 3_000)("flights")


def test_an_exact_name_is_no_pattern() -> None:
    assert [exactly("f%")("flights"), exactly("f%")("f%"), exactly(None)("flights")] == [
        False,
        True,
        True,
    ]
