"""What measures and formulas promise, and that the engine gives it."""

from __future__ import annotations

from functools import cache

import pytest

from tests.support.models import World, world

FORMULAS = {
    "narrow + n": ("int64", 131),
    "narrow + 1": ("int64", 128),
    "narrow + narrow": ("int64", 254),
    "narrow * narrow": ("int64", 127 * 127),
    "-narrow": ("int64", -127),
    "abs(narrow)": ("int64", 127),
    "coalesce(narrow, 0)": ("int64", 127),
    "coalesce(narrow, narrow)": ("int8", 127),
    "case when n > 3 then narrow else n end": ("int64", 127),
    "n // 3": ("int64", 1),
    "n % 3": ("int64", 1),
    "n * 0.5": ("float64", 2.0),
    "n + money": ("decimal(38, 2)", "44.50"),
    "money * 2": ("float64", 81.0),
    "cast(n as varchar)": ("string", "4"),
    "cast(n as integer)": ("int64", 4),
    "cast(n as decimal(10, 1))": ("decimal(10, 1)", "4.0"),
    "last_day - first_day": ("int64", 4),
    "last_day + 1": ("date", "2024-01-06"),
    "last_day - interval '1 day'": ("timestamp", "2024-01-04 00:00:00"),
    "last_day(last_day)": ("date", "2024-01-31"),
    "date_add(last_day, interval 1 day)": ("timestamp", "2024-01-06 00:00:00"),
    "length(cast(n as varchar))": ("int64", 1),
    "year(last_day)": ("int64", 2024),
    "n + 99999999999999999999": ("float64", 1e20 + 4),
    "huge": ("uint64", 2**64 - 1),
    "coalesce(huge, 0)": ("decimal(38, 0)", str(2**64 - 1)),
    "greatest(huge, n)": ("decimal(38, 0)", str(2**64 - 1)),
    "digits + digits": ("decimal(38, 2)", "199.98"),
    "coalesce(digits, digits)": ("decimal(4, 2)", "99.99"),
    "last_day > first_day": ("boolean", True),
    "upper(cast(n as varchar))": ("string", "4"),
}
MEASURES = {
    "sum(q)": "int64",
    "sum(q) filter (where a > 0)": "int64",
    "sum(case when a > 0 then q end)": "int64",
    "sum(cast(a as integer))": "int64",
    "sum(a)": "decimal(38, 0)",
    "sum(a + q)": "decimal(38, 0)",
    "sum(person.credit)": "decimal(38, 0)",
    "sum(person.age)": "int64",
    "sum(cast(q as decimal(18, 0)))": "decimal(38, 0)",
}
MODELS = """
version: 1
models:
  orders:
    table: orders
    key: id
    measures:
      n: count(*)
      narrow: min(t)
      money: sum(m)
      huge: max(u)
      digits: max(f)
      last_day: max(d)
      first_day: min(d)
{measures}
    joins: {{person: people}}
  people: {{table: people, key: person_id, dimensions: {{credit: , age: }}}}
metrics:
{metrics}
"""
TABLES = """
create table orders(
  id int, person_id int, q int, a decimal(10, 0), m decimal(10, 2), t tinyint, d date,
  u ubigint, f decimal(4, 2)
);
insert into orders values
  (1, 1, 5, 1, 10.5, 127, '2024-01-01', 18446744073709551615, 99.99),
  (2, 2, 5, 1, 10, 127, '2024-01-05', 1, 1), (3, 9, 5, 1, 10, 127, null, 1, 1),
  (4, null, 5, -1, 10, 127, null, 1, 1);
create table people(person_id int, credit decimal(5, 0), age int);
insert into people values (1, 10, 30), (2, 20, 40);
"""


@cache
def _world() -> World:
    measures = "".join(f'      s{at}: "{text}"\n' for at, text in list(enumerate(MEASURES)))
    metrics = "".join(f'  f{at}: "{text}"\n' for at, text in list(enumerate(FORMULAS)))
    return world(MODELS.format(measures=measures, metrics=metrics), TABLES)


@pytest.mark.parametrize(("at", "text"), list(enumerate(FORMULAS)))
def test_a_formula_has_the_type_that_it_promises(at: int, text: str) -> None:
    answer = _world().answer({"metrics": [f"f{at}"]})
    type_, value = FORMULAS[text]
    told = answer.rows[0][0]

    assert answer.types == (type_,)
    assert (str(told) if isinstance(value, str) else told) == value


@pytest.mark.parametrize(("at", "text"), list(enumerate(MEASURES)))
def test_a_sum_of_whole_numbers_is_whole_and_one_of_decimals_is_not(at: int, text: str) -> None:
    answer = _world().answer({"metrics": [f"s{at}"]})

    assert answer.types == answer.given == (MEASURES[text],)
