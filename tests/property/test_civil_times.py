"""Civil times that a zone shows twice or never: what is written means what a column holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.models import World, world

MODELS = """
version: 1
models:
  events:
    table: events
    key: id
    time: moment
    dimensions:
      id:
      moment: {type: time, grain: second}
      shown: {type: time, grain: second}
    measures: {events: count(*)}
"""
ZONES = ("America/New_York", "America/Havana", "America/Sao_Paulo", "Australia/Lord_Howe")
CHANGES = (
    *("2013-11-03 01:30", "2013-03-10 02:30"),
    *("2013-11-03 00:30", "2013-03-10 00:30", "2013-11-03 00:00", "2013-03-10 00:00"),
    *("2013-10-20 00:00", "2014-02-15 23:30", "2013-10-06 02:15", "2014-04-06 01:45"),
    *("2013-07-01 12:00", "2013-11-03 01:00", "2013-11-03 02:00", "2013-03-10 03:00"),
)


@cache
def events() -> World:
    """Each quarter of an hour around the changes, beside every civil time of ``CHANGES``."""
    made = world(MODELS, "create table events(id int, moment timestamptz, shown timestamp)")
    rows = [
        (number, moment, datetime.fromisoformat(written))
        for number, written in enumerate(CHANGES)
        for moment in moments(written)
    ]
    made.connection.executemany("insert into events values (?, ?, ?)", rows)
    return made


def moments(written: str) -> list[datetime]:
    """The instants around one that is written, in any zone."""
    middle = datetime.fromisoformat(written).replace(tzinfo=UTC)
    return [middle + timedelta(minutes=15 * step) for step in range(-70, 70)]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("number", range(len(CHANGES)))
@pytest.mark.parametrize("operator", ["=", ">=", "<"])
def test_a_written_time_is_the_instant_that_an_equal_column_is(
    zone: str, number: int, operator: str
) -> None:
    def found(value: str) -> list[tuple[object, ...]]:
        predicates = [f"id = {number}", f"moment {operator} {value}"]
        return (
            events()
            .answer({"metrics": ["events"], "where": predicates, "time": {"zone": zone}})
            .rows
        )

    assert found(f"'{CHANGES[number]}'") == found("shown")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_a_day_of_instants_is_found_by_its_date(zone: str, number: int) -> None:
    day = CHANGES[number][:10]
    truth = sum(
        str(moment.astimezone(ZoneInfo(zone)).date()) == day for moment in moments(CHANGES[number])
    )
    predicates = [f"id = {number}", f"moment.day = '{day}'"]

    ((count,),) = (
        events().answer({"metrics": ["events"], "where": predicates, "time": {"zone": zone}}).rows
    )

    assert count == truth


@settings(max_examples=60, deadline=None)
@example("America/New_York", 0, 0, 0)
@example("America/New_York", 1, 0, 0)
@example("America/New_York", 1, -75, 60)
@given(
    st.sampled_from(ZONES),
    st.integers(0, len(CHANGES) - 1),
    st.integers(-300, 300),
    st.integers(0, 300),
)
def test_a_range_is_all_between_the_first_and_the_last_time_that_shows_its_ends(
    zone: str, number: int, shift: int, length: int
) -> None:
    start = datetime.fromisoformat(CHANGES[number]) + timedelta(minutes=shift)
    end = start + timedelta(minutes=length)
    every = moments(CHANGES[number])
    minutes = [every[0] + timedelta(minutes=step) for step in range(15 * len(every))]
    shown = [each.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for each in minutes]
    first = next(each for each, at in zip(minutes, shown, strict=True) if at >= start)
    last = max(each for each, at in zip(minutes, shown, strict=True) if at <= end)

    ((count,),) = (
        events()
        .answer(
            {
                "metrics": ["events"],
                "where": [f"id = {number}"],
                "time": {"zone": zone, "from": f"{start:%F %H:%M}", "to": f"{end:%F %H:%M}"},
            }
        )
        .rows
    )

    assert count == sum(first <= each <= last for each in every)
