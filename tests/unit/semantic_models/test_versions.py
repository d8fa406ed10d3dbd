"""Versions valid at a measure's own time, several joins away; partitions met at a distance."""

from __future__ import annotations

import pytest

from tests.support.models import World, world

MODELS = """
version: 1
models:
  sales:
    table: sales
    time: day
    partition: part
    key: [id, part]
    dimensions: {day: {type: time}, paid: {type: time}}
    measures: {sold: sum(n), paid_n: {expr: sum(n), time: paid}}
    joins: {shop: shops}
  shops:
    table: shops
    key: shop_id
    dimensions: {shop_id: }
    measures: {shops: count(*)}
    joins:
      manager: {to: managers, on: shop_id = managers.shop_id, valid: [since, until]}
      owner: {to: owners, on: owner_id = owners.owner_id}
  managers:
    table: managers
    key: [shop_id, since]
    dimensions: {name: }
  owners:
    table: owners
    key: [owner_id, part]
    partition: part
    dimensions: {town: }
    measures: {owners: count(*)}
"""
TABLES = """
create table sales(id integer, part integer, shop_id integer, day date, paid timestamp, n integer);
insert into sales values
  (1, 1, 1, '2024-01-31', '2024-02-01 00:00:00', 1), (2, 1, 1, '2024-02-01', null, 2),
  (1, 2, 1, '2024-03-01', '2024-01-15 12:00:00', 4), (2, 2, 2, '2024-01-01', null, 8);
create table shops(shop_id integer, owner_id integer);
insert into shops values (1, 7), (2, 7);
create table managers(shop_id integer, name varchar, since date, until date);
insert into managers values (1, 'Ann', '2024-01-01', '2024-02-01'), (1, 'Bo', '2024-02-01', null);
create table owners(owner_id integer, part integer, town varchar);
insert into owners values (7, 1, 'Rye'), (7, 2, 'Ayr'), (7, 3, 'Ely');
"""


@pytest.fixture(scope="module")
def sales() -> World:
    return world(MODELS, TABLES)


def test_each_measure_meets_the_version_of_its_own_time(sales: World) -> None:
    answer = sales.answer({"metrics": ["sold", "paid_n"], "dimensions": ["shop.manager.name"]})

    assert sorted(answer.rows, key=repr) == [("Ann", 1, 4), ("Bo", 6, 1), (None, 8, 10)]


def test_a_partition_is_that_of_the_home_however_far_away(sales: World) -> None:
    answer = sales.answer({"metrics": ["sold"], "dimensions": ["shop.owner.town"]})

    assert sorted(answer.rows) == [("Ayr", 12), ("Rye", 3)]


def test_a_home_without_a_partition_has_no_way_to_rows_of_each(sales: World) -> None:
    refused = sales.refusal({"metrics": ["shops"], "dimensions": ["owner.town"]})

    assert refused.code == "E_NO_PATH"
    assert refused.hint == 'Declare the `partition` of model "shops".'


def test_a_version_needs_a_time(sales: World) -> None:
    refused = sales.refusal({"metrics": ["shops"], "dimensions": ["manager.name"]})

    assert refused.code == "E_TIME_REQUIRED"


def test_joins_to_versions_and_partitions_are_not_walked_backwards(sales: World) -> None:
    refused = sales.refusal({"metrics": ["owners"], "dimensions": ["sales.day"]})

    assert refused.code == "E_NO_PATH"


def test_a_way_that_wants_a_partition_is_none_beside_another() -> None:
    models = """
version: 1
models:
  visits:
    table: visits
    key: visit_id
    measures: {visits: count(*)}
    joins: {state: {to: states}, shop: {to: shops, on: shop_id = shops.shop_id}}
  shops:
    table: shops
    key: [shop_id, part]
    partition: part
    dimensions: {town: }
    joins: {state: {to: states}}
  states: {table: states, key: state_id, dimensions: {state: name}}
"""
    tables = """
create table visits(visit_id integer, shop_id integer, state_id integer);
insert into visits values (1, 1, 1), (2, 1, 2), (3, 1, 2);
create table shops(shop_id integer, part integer, state_id integer, town varchar);
create table states(state_id integer, name varchar);
insert into states values (1, 'NY'), (2, 'NJ');
"""
    made = world(models, tables)

    answer = made.answer({"metrics": ["visits"], "dimensions": ["states.state"]})
    refused = made.refusal({"metrics": ["visits"], "dimensions": ["shops.town"]})

    assert sorted(answer.rows) == [("NJ", 2), ("NY", 1)]
    assert refused.code == "E_NO_PATH"
    assert refused.hint == 'Declare the `partition` of model "visits".'
