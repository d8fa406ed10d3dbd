"""Policies are built as they are written, or refused at their place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auth.build_policies import build_policies
from auth.check_meetings import can_meet
from auth.policy import AttributeType, Grant, Hidden, On, Policy
from semantic_models.faults import Faults
from semantic_models.model import Table
from semantic_models.parse_spec import read_project
from semantic_models.plan import GroupFloor
from semantic_models.types import INT64, STRING
from tests.support.models import World, world
from tests.support.policies import ROOT, governed, one_policy, the_world

A = frozenset({"a"})
B = frozenset({"b"})
FAILS = "a policy computes what may fail on a row"
JOINED = "a mask reads what is behind a join"
LIST = 'attribute "regions" is a list'
X = "on: orders, mask: {note: \"'x'\"}"
Y = "on: orders, mask: {note: \"'y'\"}"
ON_TABLE = X.replace("orders", "{table: orders}")


@pytest.fixture(scope="module")
def made() -> World:
    return the_world()


def faults_of(text: str, made: World) -> list[tuple[str, str, str]]:
    """Code, place and message of every fault of some policies."""
    _, faults = governed(text, made)
    return [
        (each.code, f"{each.position.line}:{each.position.column}", each.message)
        for each in faults
        if each.position is not None
    ]


def test_a_policy_has_every_part_that_is_written(made: World) -> None:
    policy = one_policy(
        "on: orders, rows: status = principal.region, any_of: g, otherwise: all,"
        " mask: {note: \"'x'\"}, hide: [is_paid, amount], min_group: 5, for: [a, b], unless: c",
        made,
    )

    assert (policy.roles, policy.unless) == (A | B, frozenset({"c"}))
    assert policy.hidden == Hidden(on=On(model="orders"), names=frozenset({"is_paid", "amount"}))
    assert policy.floor == GroupFloor(5)
    assert policy.rows is not None
    assert (policy.rows.any_of, policy.rows.otherwise) == ("g", "all")
    assert policy.rows.attributes == {"region"}
    [mask] = policy.masks
    assert (mask.column, mask.value.tree.sql("duckdb"), mask.nothing.tree.sql("duckdb")) == (
        "note",
        "CAST('x' AS TEXT)",
        "CAST(NULL AS TEXT)",
    )


def test_a_policy_on_a_table_is_on_every_model_that_reads_it(made: World) -> None:
    policy = one_policy("on: {table: orders}, rows: status = 'paid'", made)

    assert policy.rows is not None
    assert policy.rows.on == On(table=("orders",))
    relations = {name: each.relation for name, each in made.catalog.models.items()}
    on = [
        name
        for name, each in relations.items()
        if isinstance(each, Table) and policy.rows.on.is_table(each)
    ]
    assert on == ["orders", "old_orders"]


TWO_TABLES = """
create schema b;
create table people as from (values (1, 'ann@x', 'EU')) t(id, email, region);
create table b.people as from (values (1, 'zed@z', 'EU')) t(id, "Email", region);
"""
OF_TWO_TABLES = """
version: 1
models:
  people: {table: NAMED, key: id, dimensions: {email: , region: }}
  others: {table: b.people, key: id, dimensions: {email: Email, region: }}
"""
TO_BE_SPELLED = (
    'table "{table}" may be several tables, and column "{column}" is not the same in that of model '
    '"{model}"'
)


@pytest.mark.parametrize(
    ("named", "written", "told"),
    [
        ("people", "on: {table: people}, mask: {email: \"'x'\"}", ("people", "email", "others")),
        ("people", "on: {table: people}, rows: email = 'ann@x'", ("people", "email", "others")),
        (
            "people",
            "on: {table: b.people}, mask: {Email: \"'x'\"}",
            ("b.people", "Email", "people"),
        ),
        ("people", "on: {table: people}, mask: {region: email}", ("people", "email", "others")),
        ("people", "on: {table: people}, mask: {region: \"'x'\"}", None),
        ("people", "on: {table: main.people}, mask: {email: \"'x'\"}", None),
        ("main.people", "on: {table: b.people}, mask: {Email: \"'x'\"}", None),
    ],
)
def test_a_column_of_a_policy_is_the_same_in_every_table_that_it_may_be_on(
    named: str, written: str, told: tuple[str, str, str] | None
) -> None:
    models = OF_TWO_TABLES.replace("NAMED", named)

    _, faults = governed(f"  p: {{{written}}}\n", world(models, TWO_TABLES, root=ROOT), models)

    expected = [TO_BE_SPELLED.format(table=told[0], column=told[1], model=told[2])] if told else []
    assert [each.message for each in faults] == expected


def test_what_is_for_everybody_is_not_what_is_for_nobody(made: World) -> None:
    everybody = one_policy("hide: note, on: orders", made)
    nobody = one_policy("hide: note, on: orders, for: []", made)

    assert (everybody.roles, nobody.roles) == (None, frozenset())
    assert [each.applies_to(frozenset({"a"})) for each in (everybody, nobody)] == [True, False]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{models: all}", Grant(every_model=True)),
        ("{models: [orders]}", Grant(models=frozenset({"orders"}))),
        ("{members: [orders.status]}", Grant(members=frozenset({("orders", "status")}))),
        (
            "{members: orders.revenue, metrics: twice}",
            Grant(metrics=frozenset({"twice"}), members=frozenset({("orders", "revenue")})),
        ),
        ("{metrics: twice}", Grant(metrics=frozenset({"twice"}), dimensions=frozenset())),
        (
            "{metrics: [twice], dimensions: [customer.region]}",
            Grant(metrics=frozenset({"twice"}), dimensions=frozenset({"customer.region"})),
        ),
    ],
)
def test_grants_say_what_is_written(written: str, expected: Grant, made: World) -> None:
    assert one_policy(f"grant: {written}", made).grant == expected


@pytest.mark.parametrize(
    ("written", "code", "message"),
    [
        ("on: order, hide: note", "E_NAME_NOT_FOUND", 'model "order" does not exist'),
        (
            "on: {table: s.orders.x}, hide: note",
            "SL411",
            'no model reads table "s.orders.x" by `table`',
        ),
        (
            "on: orders, hide: nota",
            "E_NAME_NOT_FOUND",
            'member "nota" does not exist in model "orders"',
        ),
        ("on: orders, rows: principal.x = 1", "E_NAME_NOT_FOUND", 'attribute "x" does not exist'),
        ("on: orders, rows: status = param.x", "E_NAME_NOT_FOUND", 'parameter "x" does not exist'),
        ("on: orders, rows: status", "E_TYPE_MISMATCH", None),
        ("on: orders, rows: sum(amount) > 1", "E_AGGREGATE_IN_WHERE", None),
        ("on: orders, rows: cast(status as integer) = 1", "SL411", FAILS),
        ("on: orders, rows: amount + 1 > 2", "SL411", FAILS),
        ("on: orders, rows: \"regexp_matches(status, '(')\"", "SL411", FAILS),
        ("on: orders, rows: principal.regions = status", "SL411", LIST),
        ("on: orders, mask: {status: principal.regions}", "SL411", LIST),
        (
            "on: orders, mask: {amount: note}",
            "E_TYPE_MISMATCH",
            'the mask of column "amount" is of another type',
        ),
        ("on: orders, mask: {note: customer.name}", "SL411", JOINED),
        ("on: orders, mask: {note: customer.region}", "SL411", JOINED),
        (
            "on: customers, rows: orders.status = 'paid'",
            "SL411",
            'join "orders" of a policy meets several rows',
        ),
        ("rows: status = 'x'", "SL411", 'policy "p" does not say what it is on'),
        ("mask: {note: '1'}", "SL411", 'policy "p" does not say what it is on'),
        ("hide: note", "SL411", 'policy "p" does not say what it is on'),
        ("for: a", "SL411", 'policy "p" says nothing'),
        (
            "on: orders, hide: [note], any_of: g",
            "SL411",
            'policy "p" has no rows that it could be about',
        ),
        ("min_group: 1.5", "SL103", "min_group takes a whole number from 1 to 1000000"),
        ("min_group: true", "SL103", "min_group takes a whole number from 1 to 1000000"),
        ("min_group: 1000001", "SL103", "min_group takes a whole number from 1 to 1000000"),
        (
            "grant: {models: all}, min_group_of: note",
            "SL411",
            'policy "p" counts what makes no group',
        ),
        ("grant: {models: order}", "E_NAME_NOT_FOUND", 'model "order" does not exist'),
        ("grant: {members: status}", "E_NAME_NOT_FOUND", 'model "status" does not exist'),
        (
            "grant: {members: orders.amount}",
            "E_NAME_NOT_FOUND",
            'member "amount" does not exist in model "orders"',
        ),
        ("grant: {metrics: revenu}", "E_NAME_NOT_FOUND", 'metric "revenu" does not exist'),
        (
            "grant: {models: all, dimensions: status}",
            "SL411",
            'policy "p" grants dimensions beside models or members',
        ),
    ],
)
def test_a_fault_is_told_and_the_policy_left_out(
    written: str, code: str, message: str | None, made: World
) -> None:
    policies, _ = governed(f"  p: {{{written}}}\n", made)
    [found] = faults_of(f"  p: {{{written}}}\n", made)

    assert policies.policies == ()
    assert (found[0], found[2] if message else None, found[1][:2]) == (code, message, "3:")


def test_a_project_without_attributes_knows_none_that_a_join_could_be_taken_for(
    made: World,
) -> None:
    files = {
        "forebay.yml": ROOT.partition("attributes:")[0],
        "policies/a.yml": "version: 1\npolicies: {p: {on: orders, rows: principal.x = 'a'}}\n",
    }
    faults = Faults()
    build_policies(read_project(files, faults), made.catalog, faults)

    assert 'attribute "x" does not exist' in [each.message for each in faults.found]


def test_attributes_are_declared_with_their_types(made: World) -> None:
    policies, _ = governed("  p: {min_group: 1}\n", made)

    assert policies.attributes["region"] == AttributeType(STRING)
    assert policies.attributes["regions"] == AttributeType(STRING, is_list=True)
    assert policies.attributes["level"] == AttributeType(INT64)
    assert policies.is_governed


def test_whatever_is_written_otherwise_has_another_version(made: World) -> None:
    texts = (
        "  p: {min_group: 1}\n",
        "  p: {min_group: 2}\n",
        "  q: {min_group: 1}\n",
        "  p: {min_group: 1, for: a}\n",
        "  p: {min_group: 1, unless: a}\n",
        "  p: {on: orders, rows: status = 'a'}\n",
        "  p: {on: orders, rows: status = 'b'}\n",
    )
    versions = [governed(each, made)[0].version for each in (*texts, texts[0])]

    assert (len(set(versions)), versions[-1]) == (len(texts), versions[0])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((None, ()), (None, ()), True),
        ((A, ()), (B, ()), True),
        ((A, ()), (None, A), False),
        ((A | B, ()), (None, A), True),
        ((A, ()), (B, A), False),
        ((A, B), (B, ()), False),
        ((frozenset(), ()), (None, ()), False),
        ((A, A), (None, ()), False),
    ],
)
def test_two_policies_meet_where_some_roles_have_both(
    one: tuple[frozenset[str] | None, frozenset[str]],
    other: tuple[frozenset[str] | None, frozenset[str]],
    expected: object,
) -> None:
    first, second = (
        Policy(name="p", roles=roles, unless=frozenset(unless)) for roles, unless in (one, other)
    )

    assert (can_meet(first, second), can_meet(second, first)) == (expected, expected)


@pytest.mark.parametrize(
    ("first", "second", "is_refused"),
    [
        (X, Y, True),
        (X, Y.replace("orders", "{table: orders}"), True),
        (ON_TABLE, Y.replace("orders", "old_orders"), True),
        (ON_TABLE, Y.replace("orders", "{table: main.orders}"), True),
        (X, X, False),
        (X, "on: orders, mask: {status: \"'y'\"}", False),
        (X, Y.replace("orders", "old_orders"), False),
        (f"{X}, for: a", f"{Y}, unless: a", False),
        ("min_group: 5", "min_group: 3, min_group_of: customer_id", True),
        ("min_group: 5, for: a", "min_group: 3, min_group_of: customer_id, unless: a", False),
        ("min_group: 5", "min_group: 3", False),
    ],
)
def test_policies_that_contradict_each_other_are_refused_where_they_meet(
    first: str, second: str, is_refused: object, made: World
) -> None:
    found = faults_of(f"  p: {{{first}}}\n  q: {{{second}}}\n", made)

    assert [(code, place[:2]) for code, place, _ in found] == [("SL411", "4:")] * bool(is_refused)


def test_a_mask_is_refused_once_for_each_policy_that_contradicts_one(made: World) -> None:
    text = "".join(f"  p{n}: {{on: orders, mask: {{note: \"'{n}'\"}}}}\n" for n in range(3))

    assert [place for _, place, _ in faults_of(text, made)] == ["4:34", "5:34"]


def test_policies_are_told_apart_by_every_part() -> None:
    policy = Policy(name="p")

    assert replace(policy, unless=A) != policy
