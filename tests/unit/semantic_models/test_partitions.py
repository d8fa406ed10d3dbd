"""Joins of partitioned models from their other side: what the hints say is what works."""

from __future__ import annotations

import pytest

from semantic_models.errors import FaultyProject
from tests.support.models import World, world

MODELS = """
version: 1
models:
  accounts:
    table: accounts
    partition: tenant
    key: [id, tenant]
    dimensions: {id: }
    measures: {accounts: count(*)}
    joins: {JOIN}
  bookings:
    table: bookings
    partition: tenant
    key: booking_id
    dimensions: {kind: }
    joins: {account: {to: accounts, on: account_id = accounts.id}}
  tags:
    table: tags
    dimensions: {account_id: }
    joins: {account: {to: accounts, on: account_id = accounts.id}}
"""
TABLES = """
create table accounts(id integer, tenant integer);
insert into accounts values (1, 1), (1, 2);
create table bookings(booking_id integer, account_id integer, tenant integer, kind varchar);
insert into bookings values (1, 1, 1, 'day'), (2, 1, 1, 'night'), (3, 1, 2, 'day');
create table tags(account_id integer);
"""
BY_PARTITION = "bookings: {to: bookings, on: id = bookings.account_id and tenant = bookings.tenant}"
ASKED = {"metrics": ["accounts"], "dimensions": ["bookings.kind"]}


def of_accounts(join: str = "") -> World:
    return world(MODELS.replace("JOIN", join), TABLES)


def test_a_join_of_partitions_that_is_not_walked_backwards_is_told_how_to_declare() -> None:
    refused = of_accounts().refusal(ASKED)

    assert refused.code == "E_NO_PATH"
    assert refused.hint == (
        'Declare a join in model "accounts" that compares the partitions too, such as '
        f"{BY_PARTITION}."
    )
    assert sorted(of_accounts(BY_PARTITION).answer(ASKED).rows) == [("day", 2), ("night", 1)]


def test_a_join_to_many_that_leaves_the_partitions_out_is_told_so() -> None:
    with pytest.raises(FaultyProject) as refused:
        of_accounts("bookings: {to: bookings, on: id = bookings.account_id}")

    (fault,) = refused.value.faults
    assert fault.code == "E3012_MN_NO_SAFE_REWRITE"
    assert fault.hint == (
        "Compare the partitions too: `on: id = bookings.account_id and tenant = bookings.tenant`."
    )


@pytest.mark.parametrize(
    ("join", "hint"),
    [
        (
            "bookings: {to: bookings, on: tenant = bookings.account_id}",
            'Declare `key` or `unique` on model "bookings".',
        ),
        (
            "tags: {to: tags, on: id = tags.account_id}",
            'Declare `key` or `unique` on model "tags".',
        ),
    ],
)
def test_partitions_that_would_not_tell_rows_apart_are_not_told(join: str, hint: str) -> None:
    with pytest.raises(FaultyProject) as refused:
        of_accounts(join)

    assert [each.hint for each in refused.value.faults] == [hint]


def test_a_model_without_a_partition_has_no_such_way() -> None:
    refused = of_accounts().refusal({"metrics": ["accounts"], "dimensions": ["tags.account_id"]})

    assert refused.hint.startswith("Declare a join between them")


FUNNEL = """
    time: tagged
    measures: {met: 'count(distinct account.id)', tags: count(*)}
metrics:
  again: {funnel: {base: met, converted: tags}, by: account_id, show: count}
  ahead: {funnel: {base: tags, converted: met}, by: account_id, show: count}
"""


def test_a_funnel_of_a_side_that_is_refused_is_refused_as_it_is() -> None:
    models = MODELS.replace("account_id: }", "account_id: , tagged: {type: time}}")
    built = world(
        models.replace("JOIN", "").rstrip() + FUNNEL, TABLES.replace("tags(", "tags(tagged date, ")
    )

    refused = {name: built.refusal({"metrics": [name]}) for name in ("met", "again", "ahead")}

    assert {each.code for each in refused.values()} == {"E_NO_PATH"}
    assert {each.message for each in refused.values()} == {refused["met"].message}
