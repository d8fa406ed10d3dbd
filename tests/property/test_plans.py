"""Laws that every plan keeps, tried on small worlds full of NULLs, orphans and repeats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialects.duckdb import DUCKDB
from dialects.postgres import POSTGRES
from dialects.trino import TRINO
from semantic_models.make_plan import make_plan
from tests.support.models import Question, World, world

MODELS = """
version: 1
models:
  sides:
    table: sides
    key: side_id
    dimensions: {label: }
  homes:
    table: homes
    key: home_id
    time: at
    dimensions:
      color:
      amount:
      at: {type: time, grain: second}
    measures:
      homes: count(*)
      total: sum(amount)
      mean: avg(amount)
      middle: median(amount)
      colors: count(distinct color)
      red: {expr: sum(amount), where: color = 'red'}
      least: min(amount)
      last: max(at)
    joins: {side: sides}
  kids:
    table: kids
    key: kid_id
    dimensions: {tag: , size: }
    measures: {kids: count(*), sizes: sum(size)}
    joins: {home: homes}
"""
TABLES = """
create table sides(side_id integer, label varchar);
create table homes(
  home_id integer, side_id integer, color varchar, amount integer, "at" timestamptz
);
create table kids(kid_id integer, home_id integer, tag varchar, size integer);
"""
START = datetime(2024, 10, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Home:
    """A row of homes."""

    home_id: int
    side_id: int | None
    color: str | None
    amount: int | None
    at: datetime | None


@dataclass(frozen=True)
class Kid:
    """A row of kids; its home may be missing."""

    kid_id: int
    home_id: int | None
    tag: str | None
    size: int | None


colors = st.sampled_from(["red", "green", None])
keys = st.one_of(st.none(), st.integers(0, 5))
numbers = st.one_of(st.none(), st.integers(-3, 9))
moments = st.one_of(st.none(), st.integers(0, 24 * 30).map(lambda h: START + timedelta(hours=h)))
homes = st.lists(st.tuples(keys, colors, numbers, moments), max_size=7).map(
    lambda rows: [Home(number, *row) for number, row in enumerate(rows)]
)
kids = st.lists(st.tuples(keys, st.sampled_from(["a", "b", None]), numbers), max_size=10).map(
    lambda rows: [Kid(number, *row) for number, row in enumerate(rows)]
)
dimensions = st.lists(
    st.sampled_from(["color", "side.label", "at.day", "at.month", "metric_time.week"]),
    unique=True,
    min_size=1,
    max_size=3,
)
many_laws = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine may be slow to make and to fill a world; neither is a fault of a plan."""


@cache
def _empty() -> World:
    made = world(MODELS, TABLES)
    made.connection.execute("insert into sides values (0, 'left'), (1, 'right'), (2, null)")
    return made


def filled(homes: Iterable[Home], kids: Iterable[Kid] = ()) -> World:
    """The world with these rows and no others."""
    made = _empty()
    made.connection.execute("delete from homes")
    made.connection.execute("delete from kids")
    _insert(made, "homes", [astuple(home) for home in homes])
    _insert(made, "kids", [astuple(kid) for kid in kids])
    return made


def _insert(made: World, table: str, rows: list[tuple[object, ...]]) -> None:
    if rows:
        places = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
        values = [value for row in rows for value in row]
        made.connection.execute(f"insert into {table} values {places}", values)


def added(values: Iterable[int | None]) -> int | None:
    """SQL's sum: NULLs are ignored, and over nothing else it is NULL."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


@many_laws
@given(homes, dimensions)
def test_the_total_is_the_sum_of_the_groups(homes: list[Home], dimensions: list[str]) -> None:
    shop = filled(homes)
    groups = shop.answer({"metrics": ["homes", "total"], "dimensions": dimensions}).rows
    ((count, total),) = shop.answer({"metrics": ["homes", "total"]}).rows

    assert (sum(row[-2] for row in groups), added(row[-1] for row in groups)) == (count, total)


@many_laws
@given(homes)
def test_a_coarse_grain_is_the_sum_of_a_fine_one(homes: list[Home]) -> None:
    shop = filled(homes)
    fine = shop.answer({"metrics": ["homes"], "dimensions": ["at.month", "at.hour", "color"]}).rows
    coarse = shop.answer({"metrics": ["homes"], "dimensions": ["at.month"]}).rows
    summed: dict[object, int] = defaultdict(int)
    for month, _, _, count in fine:
        summed[month] += count

    assert summed == dict(coarse)


@many_laws
@given(homes, kids)
def test_a_fan_out_counts_each_home_once_a_group(homes: list[Home], kids: list[Kid]) -> None:
    shop = filled(homes, kids)
    rows = shop.answer(
        {"metrics": ["homes", "total", "middle", "red"], "dimensions": ["kids.tag"]}
    ).rows
    groups: dict[str | None, dict[int, Home]] = defaultdict(dict)
    for home in homes:
        tags = {kid.tag for kid in kids if kid.home_id == home.home_id} or {None}
        for tag in tags:
            groups[tag][home.home_id] = home

    assert {row[0]: (row[1], row[2], row[4]) for row in rows} == {
        tag: (
            len(found),
            added(home.amount for home in found.values()),
            added(home.amount for home in found.values() if home.color == "red"),
        )
        for tag, found in groups.items()
    }


@many_laws
@given(homes, kids, st.integers(-2, 5))
def test_a_filter_behind_many_asks_that_one_row_exists(
    homes: list[Home], kids: list[Kid], least: int
) -> None:
    shop = filled(homes, kids)
    ((count,),) = shop.answer(
        {"metrics": ["homes"], "where": [f"kids.size >= {least}", "kids.tag = 'a'"]}
    ).rows
    wanted = {
        kid.home_id for kid in kids if kid.size is not None and kid.size >= least and kid.tag == "a"
    }

    assert count == sum(home.home_id in wanted for home in homes)


@many_laws
@given(homes, kids)
def test_stitched_facts_keep_every_group_of_each(homes: list[Home], kids: list[Kid]) -> None:
    shop = filled(homes, kids)
    rows = shop.answer({"metrics": ["homes", "kids"], "dimensions": ["homes.color"]}).rows
    by_color: dict[str | None, int] = defaultdict(int)
    kids_by_color: dict[str | None, int] = defaultdict(int)
    color_of = {home.home_id: home.color for home in homes}
    for home in homes:
        by_color[home.color] += 1
    for kid in kids:
        kids_by_color[color_of.get(kid.home_id) if kid.home_id is not None else None] += 1

    assert {row[0]: row[1:] for row in rows} == {
        color: (by_color.get(color), kids_by_color.get(color))
        for color in by_color.keys() | kids_by_color.keys()
    }


@many_laws
@given(homes, dimensions)
def test_a_joined_dimension_never_changes_a_filtered_total(
    homes: list[Home], dimensions: list[str]
) -> None:
    shop = filled(homes)
    plain = shop.answer({"metrics": ["homes"], "where": ["amount > 0"]}).rows
    grouped = shop.answer(
        {
            "metrics": ["homes"],
            "dimensions": [*dimensions, {"dimension": "side.label", "as": "more"}],
            "where": ["amount > 0"],
        }
    ).rows

    assert sum(row[-1] for row in grouped) == plain[0][0]


@many_laws
@given(
    homes,
    st.lists(
        st.sampled_from(
            ["amount > 0", "color <> 'red'", "side.label = 'left'", "side.label is null"]
        ),
        unique=True,
    ),
)
def test_aggregating_before_the_join_changes_no_number(
    homes: list[Home], predicates: list[str]
) -> None:
    shop = filled(homes)
    question: Mapping[str, object] = {"dimensions": ["side.label"], "where": predicates}
    merged = ["homes", "total", "red", "least", "last"]
    first: Question = {"metrics": merged, **question}
    direct: Question = {"metrics": [*merged, "mean"], **question}
    rows = shop.answer(first).rows
    direct_rows = [row[:-1] for row in shop.answer(direct).rows]

    assert [choice(shop, each) for each in (first, direct)] == ["aggregate, then join", "direct"]
    assert sorted(rows, key=str) == sorted(direct_rows, key=str)


def choice(shop: World, question: Question) -> str:
    """The plan of a question's only home."""
    (choice,) = make_plan(shop.resolve(question)).choices
    return choice


questions = st.fixed_dictionaries(
    {
        "metrics": st.lists(
            st.sampled_from(["homes", "mean", "colors", "red", "kids"]), unique=True, min_size=1
        ),
        "dimensions": st.lists(st.sampled_from(["homes.color", "homes.side.label"]), unique=True),
        "where": st.lists(st.sampled_from(["homes.color <> 'red'", "homes.at > '2024-10-25'"])),
        "limit": st.integers(0, 9),
    }
)


@many_laws
@given(questions)
def test_equal_questions_give_the_same_bytes(question: dict[str, object]) -> None:
    def texts(asked: Question) -> list[str]:
        return [_empty().compile(asked, dialect).text for dialect in (DUCKDB, POSTGRES, TRINO)]

    assert texts(dict(question)) == texts(dict(reversed(question.items())))
