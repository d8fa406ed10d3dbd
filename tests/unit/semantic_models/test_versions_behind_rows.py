"""Predicates on what rows behind a one-to-many join meet by the time or partition of their home."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.models import World, world

MODELS = """
version: 1
models:
  contracts:
    table: contracts
    key: [contract_id, part]
    unique: [[number]]
    partition: part
    time: day
    dimensions: {day: {type: time}}
    measures: {contracts: count(*)}
    joins:
      visits: {to: visits, on: number = visits.number}
      later: {to: visits, on: day <= visits.day}
  visits:
    table: visits
    key: visit_id
    dimensions: {day: {type: time}}
    joins:
      manager: {to: managers, on: shop_id = managers.shop_id, valid: [since, until]}
      by_column: {to: managers, on: shop_id, valid: [since, until]}
      by_key: {to: managers, valid: [since, until]}
      shop: {to: shops, on: shop_id = shops.shop_id}
  managers:
    table: managers
    key: [shop_id, since]
    dimensions: {name: }
  shops:
    table: shops
    key: [shop_id, part]
    partition: part
    dimensions: {town: }
"""
TABLES = """
create table contracts(contract_id integer, part integer, number integer, day date);
insert into contracts values (1, 1, 10, '2024-01-15'), (1, 2, 20, '2024-02-01'), (2, 1, 30, null);
create table visits(visit_id integer, number integer, shop_id integer, part integer, day date);
insert into visits values
  (1, 10, 5, 2, '2024-02-20'), (2, 20, 5, 1, '2024-01-01'), (3, 30, 5, 2, '2024-01-20'),
  (4, 10, 9, 2, '2024-02-21');
create table managers(shop_id integer, name varchar, since date, until date);
insert into managers values (5, 'Ann', '2024-01-01', '2024-02-01'), (5, 'Bo', '2024-02-01', null);
create table shops(shop_id integer, part integer, town varchar);
insert into shops values (5, 1, 'Rye'), (5, 2, 'Ayr');
"""


@pytest.fixture(scope="module")
def contracts() -> World:
    return world(MODELS, TABLES)


@pytest.mark.parametrize(
    ("predicate", "days"),
    [
        ("visits.manager.name = 'Ann'", ["2024-01-15"]),
        ("visits.manager.name = 'Bo'", ["2024-02-01"]),
        ("visits.manager.name is null", ["2024-01-15", "None"]),
        ("visits.by_column.name = 'Ann'", ["2024-01-15"]),
        ("visits.by_key.name = 'Bo'", ["2024-02-01"]),
        ("visits.shop.town = 'Rye'", ["2024-01-15", "None"]),
        ("visits.shop.town = 'Ayr'", ["2024-02-01"]),
        ("later.manager.name = 'Ann'", ["2024-01-15"]),
        ("later.manager.name = 'Bo'", ["2024-02-01"]),
        ("later.shop.town = 'Ayr'", ["2024-02-01"]),
    ],
)
def test_a_row_behind_meets_what_its_home_row_says(
    contracts: World, predicate: str, days: list[str]
) -> None:
    answer = contracts.answer({"fields": ["day"], "from": "contracts", "where": [predicate]})
    counted = contracts.answer({"metrics": ["contracts"], "where": [predicate]})

    assert sorted(str(day) for (day,) in answer.rows) == days
    assert counted.rows == [(len(days),)]


def test_the_proof_tells_the_way_back_to_the_home(contracts: World) -> None:
    question = {"metrics": ["contracts"], "where": ["visits.manager.name = 'Ann'"]}
    proof = contracts.prove(question)

    assert walked(proof["branches"]) == [["contracts", "managers"]]


def walked(homes: Any) -> list[list[str]]:
    """The models of the joins within each EXISTS."""
    found = [each for home in homes for each in home["exists"]]
    return [[join["to"] for join in each["joins"]] for each in found]
