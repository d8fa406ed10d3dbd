"""Which model's values a question without metrics means."""

from __future__ import annotations

from functools import cache

import pytest

from tests.support.models import Row, World, world

MODELS = """
version: 1
models:
  teams: {table: teams, key: team_id, dimensions: {team: , team_id: }}
  customers:
    table: customers
    key: customer_id
    dimensions: {name: }
    joins:
      team: {to: teams, on: team_id = teams.team_id}
      old_team: {to: teams, on: old_team_id = teams.team_id}
  visits:
    table: visits
    key: visit_id
    dimensions: {page: }
    joins:
      customers: {to: customers, on: customer_id = customers.customer_id}
      teams: {to: teams, on: seen_by = teams.team_id}
"""
TABLES = """
create table teams(team_id int, team varchar);
insert into teams values (1, 'red'), (2, 'blue'), (3, 'idle');
create table customers(customer_id int, name varchar, team_id int, old_team_id int);
insert into customers values (1, 'Ann', 1, 2), (2, 'Bob', null, 9);
create table visits(visit_id int, page varchar, customer_id int, seen_by int);
insert into visits values (1, 'home', 1, 2), (2, 'help', null, 2);
"""


@cache
def _world() -> World:
    return world(MODELS, TABLES)


@pytest.mark.parametrize(
    ("dimensions", "rows"),
    [
        (["customers.name", "customers.team.team"], [("Ann", "red"), ("Bob", None)]),
        (["customers.old_team.team"], [("blue",), ("idle",), ("red",)]),
        (["old_team.team", "old_team.team_id"], [("blue", 2), ("idle", 3), ("red", 1)]),
        (
            ["page", "customers.name", "teams.team"],
            [("help", None, "blue"), ("home", "Ann", "blue")],
        ),
    ],
)
def test_values_are_those_of_the_one_model_that_reaches_all(
    dimensions: list[str], rows: list[Row]
) -> None:
    assert sorted(_world().answer({"dimensions": dimensions}).rows) == rows


def test_of_several_models_it_is_the_one_that_declares_a_dimension() -> None:
    one_team = MODELS.replace("      old_team: {to: teams, on: old_team_id = teams.team_id}\n", "")
    rows = world(one_team, TABLES).answer({"dimensions": ["customers.name", "teams.team"]}).rows

    assert sorted(rows) == [("Ann", "red"), ("Bob", None)]
