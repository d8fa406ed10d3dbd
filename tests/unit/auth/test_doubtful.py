"""What policies leave open, as `forebay validate` warns of it."""

from __future__ import annotations

from functools import cache

import pytest

from auth.doubtful import doubts
from tests.support.models import World
from tests.support.policies import governed, the_world


@cache
def _world() -> World:
    return the_world()


def _told(text: str) -> list[str]:
    made = _world()
    policies, faults = governed(text, made)
    assert [each.message for each in faults] == []
    return [each.message for each in doubts(policies, made.catalog)]


@pytest.mark.parametrize("says", ["rows: status = 'paid'", "mask: {note: \"'x'\"}"])
def test_a_policy_on_a_model_whose_table_another_model_reads_without_any(says: str) -> None:
    assert _told(f"  p: {{on: orders, {says}}}\n") == [
        'policy "p" is on model "orders" alone, and model "old_orders" reads its table "orders" too'
    ]


@pytest.mark.parametrize(
    "text",
    [
        "  p: {on: {table: orders}, rows: status = 'paid'}\n",
        "  p: {on: orders, rows: status = 'paid'}\n  q: {on: old_orders, rows: status = 'paid'}\n",
        "  p: {on: customers, rows: name = 'Ann'}\n",
        "  p: {on: orders, hide: note}\n",
    ],
)
def test_nothing_is_told_where_every_reader_has_a_policy_or_none_is_on_rows(text: str) -> None:
    assert _told(text) == []


def test_a_member_that_is_made_of_a_hidden_column() -> None:
    assert _told("  p: {on: orders, hide: [amount, status]}\n") == [
        '"orders.is_paid" is made of "status", which policy "p" hides',
        '"orders.revenue" is made of "amount", which policy "p" hides',
    ]


def test_a_member_of_each_model_that_reads_a_table_with_hidden_columns() -> None:
    assert _told("  p: {on: {table: orders}, hide: amount}\n") == [
        '"orders.revenue" is made of "amount", which policy "p" hides'
    ]


def test_a_member_that_is_hidden_itself_is_no_doubt() -> None:
    assert _told("  p: {on: orders, hide: [amount, revenue]}\n") == []
