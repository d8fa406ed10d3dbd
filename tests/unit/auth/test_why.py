"""Why somebody sees a name, sees it masked or filtered, or does not see it."""

from __future__ import annotations

import pytest

from auth.policy import NO_POLICIES, Policy, PolicySet, RoleLimits
from auth.principal import Principal
from auth.why import HeldLimit, Why, limits_held, why
from semantic_models.errors import UnknownName
from tests.support.models import World
from tests.support.models import world as made_world
from tests.support.policies import MODELS, TABLES, governed, the_world

POLICIES = """
  staff: {grant: {models: [orders, customers]}, for: [analyst, officer]}
  by_region: {on: orders, rows: customer.region = principal.region, for: [analyst], otherwise: all}
  notes: {on: {table: orders}, mask: {note: "'x'"}, unless: [officer]}
  names: {on: customers, rows: name <> 'Bob', for: [clerk]}
  secret: {on: orders, hide: [revenue], unless: [officer]}
"""
ANALYST = Principal("ann", frozenset({"analyst"}), (("region", "EU"),))
OFFICER = Principal("oda", frozenset({"officer"}))
NOBODY = Principal("eve")


@pytest.fixture(scope="module")
def world() -> World:
    return the_world()


def told(world: World, principal: Principal, name: str) -> Why:
    policies, faults = governed(POLICIES, world)
    assert faults == []
    return why(world.catalog, policies, principal, name)


@pytest.mark.parametrize(
    ("principal", "name", "verdict", "reason"),
    [
        (OFFICER, "orders.note", "seen", "a grant names it, and nothing is kept back"),
        (OFFICER, "twice", "seen", "a grant names it, and nothing is kept back"),
        (ANALYST, "orders.note", "masked", 'policy "notes" masks column "note" of table "orders"'),
        (
            ANALYST,
            "orders.status",
            "filtered",
            'policy "by_region" filters the rows of model "orders"',
        ),
        (ANALYST, "orders", "masked", 'policy "notes" masks column "note" of table "orders"'),
        (ANALYST, "revenue", "hidden", 'policy "secret" hides it'),
        (ANALYST, "orders.revenue", "hidden", 'policy "secret" hides it'),
        (ANALYST, "regions.title", "hidden", "no grant that applies names it"),
        (
            ANALYST,
            "customers.name",
            "filtered",
            'model "customers" has row filters, and none of them applies',
        ),
        (NOBODY, "orders.status", "hidden", "no grant that applies names it"),
        (
            Principal("ann", frozenset({"analyst"})),
            "orders.status",
            "filtered",
            'attributes that a policy of model "orders" reads are missing: region',
        ),
    ],
)
def test_the_reason_is_the_policy(
    world: World, principal: Principal, name: str, verdict: str, reason: str
) -> None:
    found = told(world, principal, name)

    assert (found.verdict, found.reasons[0]) == (verdict, reason)


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        (
            "{on: regions, mask: {title: \"'x'\"}}",
            "masked",
            'policy "p" masks column "title" of model "regions"',
        ),
        (
            "{on: regions, rows: title = 'EU'}",
            "filtered",
            'policy "p" filters the rows of model "regions"',
        ),
        (
            "{on: regions, rows: title = 'EU', for: [clerk]}",
            "filtered",
            'model "regions" has row filters, and none of them applies',
        ),
        (
            "{on: customers, mask: {region_id: '1'}}",
            "seen",
            "a grant names it, and nothing is kept back",
        ),
    ],
)
def test_what_is_behind_a_join_is_told(world: World, text: str, verdict: str, reason: str) -> None:
    grant = "  all: {grant: {models: all}}\n"
    policies, _ = governed(f"{grant}  p: {text}\n", world)

    found = why(world.catalog, policies, OFFICER, "customers.region")

    assert (found.verdict, found.reasons) == (verdict, (reason,))


@pytest.mark.parametrize("name", ["orders.is_paid", "paid", "orders.paid_ones"])
def test_a_mask_of_what_rows_are_chosen_by_is_told(name: str) -> None:
    models = MODELS.replace(
        "measures: {revenue: sum(amount)}",
        "measures: {revenue: sum(amount), paid_ones: {expr: count(*), where: is_paid}}",
    ).replace("twice: revenue * 2", "twice: revenue * 2, paid: {of: revenue, where: is_paid}")
    world = made_world(models, TABLES)
    text = "  all: {grant: {models: all}}\n  p: {on: orders, mask: {status: \"'x'\"}}\n"
    policies, _ = governed(text, world, models)

    found = why(world.catalog, policies, OFFICER, name)

    assert (found.verdict, found.reasons[0]) == (
        "masked",
        'policy "p" masks column "status" of model "orders"',
    )


def test_an_attribute_that_is_not_declared_is_none(world: World) -> None:
    principal = Principal("ann", frozenset({"analyst"}), (("shoe", 43),))

    assert told(world, principal, "orders.status").reasons[0].endswith("are missing: region")


def test_the_policies_that_apply_are_told(world: World) -> None:
    assert told(world, ANALYST, "orders").applied == ("staff", "by_region", "notes", "secret")
    assert told(world, OFFICER, "orders").applied == ("staff",)


def test_without_policies_all_is_seen(world: World) -> None:
    assert why(world.catalog, NO_POLICIES, NOBODY, "twice").verdict == "seen"


@pytest.mark.parametrize("name", ["nothing", "orders.nothing", "nothing.status"])
def test_what_is_not_there_is_refused(world: World, name: str) -> None:
    with pytest.raises(UnknownName):
        told(world, OFFICER, name)


def test_limits_are_told_with_what_says_so() -> None:
    few = Policy(name="few", roles=frozenset({"analyst"}), limits={"rows": 5})
    fewer = Policy(name="fewer", roles=frozenset({"analyst"}), limits={"rows": 3})
    project = RoleLimits(rows=9, burst=7)
    policies = PolicySet(is_governed=True, policies=(few, fewer), limits=project)

    told = {each.name: each for each in limits_held(policies, ANALYST)}

    assert told["rows"] == HeldLimit("rows", 3, 'policy "fewer"')
    assert told["burst"] == HeldLimit("burst", 7, "forebay.yml")
    assert told["seconds"] == HeldLimit("seconds", 120, "default")
    assert limits_held(policies, OFFICER)[0] == HeldLimit("rows", 9, "forebay.yml")
    assert limits_held(NO_POLICIES, ANALYST) == ()
