"""What policies add up to for one principal is what loops over them find."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from auth.decide import decide
from auth.policy import (
    AttributeType,
    ColumnMask,
    Grant,
    Hidden,
    On,
    Policy,
    PolicySet,
    RowFilter,
)
from auth.principal import Attribute, AttributeValue, Principal
from auth.rights import Names, RelationRights, Rights, both
from semantic_models.bind import column
from semantic_models.model import Expr, Table
from semantic_models.parameters import TYPES
from semantic_models.plan import GroupFloor
from tests.support import composition
from tests.support.composition import Asker, Project, Written, WrittenGrant, WrittenRows

CASES = int(os.environ.get("COMPOSITIONS", "2000"))
"""How many are made up; ``make security`` asks for 20,000."""
TABLES = {"orders": "shop.orders", "old_orders": "shop.orders", "lines": "shop.lines"}
COLUMNS = ("email", "amount", "status")
NOON = datetime.fromisoformat("2024-02-29T12:00:00")
METRICS = ("revenue", "aov")
ROLES = ("analyst", "board", "officer", "naïve", "ANALYST", "")
DECLARED = {
    "region": "string",
    "tenants": "string[]",
    "level": "integer",
    "rates": "number[]",
    "active": "boolean",
    "since": "date",
    "at": "timestamp",
}

HOSTILE = (
    *("EU", "", "' OR 1=1 --", "'; DROP TABLE orders; --", "principal.region", "NULL", "\\'"),
    *("Ωμέγα\u200b", "a\x00b", "\ud800"),
)
SINGLE: tuple[AttributeValue, ...] = (
    *HOSTILE,
    *(0, -1, 7, 2**63 - 1, 2**63, -(2**63) + 1, 10**30),
    *(0.5, -0.0, float("nan"), float("inf"), True, False),
    *(date(2024, 2, 29), NOON, NOON.replace(tzinfo=UTC)),
)
GOOD: Mapping[str, Sequence[Attribute]] = {
    "region": ("EU", "' OR 1=1 --", "Ωμέγα"),
    "tenants": (("a",), ("a", "'b")),
    "level": (0, -7, 9),
    "rates": ((0.5, 1), (2.0,)),
    "active": (True, False),
    "since": (date(2024, 2, 29),),
    "at": (NOON,),
}
ASKERS = 8
"""How many ask of each project that is made up."""


def made_up(draw: Random) -> list[Asker]:
    """Some who ask, whose attributes are missing, or of another type, as often as they are good."""
    return [
        Asker(
            frozenset(draw.sample(ROLES, draw.randint(0, 3))),
            {name: value_for(name, draw) for name in DECLARED if draw.random() < 0.7},
        )
        for _ in range(ASKERS)
    ]


def value_for(name: str, draw: Random) -> Attribute:
    chance = draw.random()
    if chance < 0.7:
        return draw.choice(GOOD[name])
    if chance < 0.85:
        return draw.choice(SINGLE)
    return tuple(draw.choices(SINGLE, k=draw.randint(0, 2)))


roles = st.lists(st.sampled_from(ROLES), unique=True, max_size=3)
reads = st.sampled_from(((), *((each,) for each in (*DECLARED, "undeclared"))))
grants = st.one_of(
    st.builds(
        WrittenGrant,
        models=st.sampled_from(((), ("all",), ("orders",), ("orders", "lines"))),
        metrics=st.sampled_from(((), ("aov",))),
        members=st.sampled_from(((), (("lines", "status"),))),
    ),
    st.builds(
        WrittenGrant,
        metrics=st.sampled_from((("revenue",), METRICS)),
        dimensions=st.sampled_from(((), ("status",), ("region",))),
    ),
)


@st.composite
def policies(draw: st.DrawFn, number: int) -> Written:
    says = draw(st.sampled_from(("rows", "rows", "masks", "hide", "grant", "min_group")))
    rows = WrittenRows(
        f"f{number}",
        draw(reads),
        draw(st.sampled_from(("", "", "g", "h"))),
        draw(st.sampled_from(("deny", "deny", "all"))),
    )
    masks = draw(
        st.lists(
            st.tuples(st.sampled_from(COLUMNS), st.sampled_from(("x", "y")), reads),
            max_size=2,
            unique_by=lambda each: each[0],
        )
    )
    return Written(
        on=draw(st.sampled_from((*TABLES, *TABLES.values()))),
        roles=draw(st.one_of(st.none(), roles.map(tuple))),
        unless=draw(st.one_of(st.just(()), roles.map(tuple))),
        rows=rows if says == "rows" else None,
        masks=tuple(masks) if says == "masks" else (),
        hide=tuple(draw(st.sets(st.sampled_from(COLUMNS)))) if says == "hide" else (),
        grant=draw(grants) if says == "grant" else None,
        min_group=draw(st.integers(1, 9)) if says == "min_group" else 0,
    )


@st.composite
def projects(draw: st.DrawFn) -> Project:
    count = draw(st.integers(0, 7))
    return Project(
        tuple(draw(policies(each)) for each in range(count)),
        TABLES,
        DECLARED,
        draw(st.sampled_from(("closed", "closed", "open"))),
        is_governed=draw(st.integers(0, 9)) > 0,
    )


def place(on: str) -> On:
    return On(table=tuple(on.split("."))) if "." in on else On(model=on)


def built(number: int, written: Written) -> Policy:
    """A policy as the loader would have made it."""
    on = place(written.on)
    return Policy(
        name=f"p{number}",
        roles=None if written.roles is None else frozenset(written.roles),
        unless=frozenset(written.unless),
        rows=built_rows(on, written.rows) if written.rows else None,
        masks=tuple(
            ColumnMask(
                on=on,
                column=name,
                value=Expr(exp.Literal.string(text)),
                nothing=Expr(exp.Null()),
                attributes=frozenset(read),
            )
            for name, text, read in written.masks
        ),
        hidden=Hidden(on=on, names=frozenset(written.hide)) if written.hide else None,
        grant=built_grant(written.grant) if written.grant else None,
        floor=GroupFloor(written.min_group) if written.min_group else None,
    )


def built_rows(on: On, rows: WrittenRows) -> RowFilter:
    return RowFilter(
        on=on,
        predicate=Expr(column(rows.name)),
        attributes=frozenset(rows.reads),
        any_of=rows.any_of,
        otherwise="all" if rows.otherwise == "all" else "deny",
    )


def built_grant(grant: WrittenGrant) -> Grant:
    return Grant(
        every_model="all" in grant.models,
        models=frozenset(grant.models) - {"all"},
        metrics=frozenset(grant.metrics),
        members=frozenset(grant.members),
        dimensions=None if grant.dimensions is None else frozenset(grant.dimensions),
    )


def policy_set(project: Project) -> PolicySet:
    declared = {
        name: AttributeType(TYPES[type_.removesuffix("[]")][0], type_.endswith("[]"))
        for name, type_ in project.declared.items()
    }
    return PolicySet(
        is_governed=project.is_governed,
        policies=tuple(built(*each) for each in enumerate(project.policies)),
        attributes=declared,
        is_open=project.default == "open",
    )


def principal(asker: Asker) -> Principal:
    return Principal("ada", asker.roles, tuple(sorted(asker.attributes.items())))


def of_model(rights: Rights, model: str) -> RelationRights:
    """What may be seen of a model, by policies on it and on its table."""
    table = Table(tuple(TABLES[model].split(".")))
    found = [each for on, each in rights.relations.items() if on.is_table(table)]
    own = rights.relations.get(On(model=model), RelationRights())
    for each in found:
        own = both(own, each)
    return own


def passes(own: RelationRights, row: composition.Truths) -> bool:
    if own.is_empty:
        return False
    return all(any(row[each.predicate.tree.name] for each in some) for some in own.alternatives)


def shown(own: RelationRights, name: str) -> str:
    if name in own.hidden:
        return "hidden"
    mask = own.masks.get(name)
    if mask is None:
        return "raw"
    return "null" if mask.value.tree == exp.Null() else mask.value.tree.name


def may_name(names: Names, kind: str, name: str | tuple[str, str]) -> bool:
    match kind:
        case "model":
            found = name in names.models
        case "metric":
            found = name in names.metrics
        case _:
            found = name in names.members or name[0] in names.models
    return names.are_all or found


NAMES: tuple[tuple[str, str | tuple[str, str]], ...] = (
    *(("model", each) for each in TABLES),
    *(("metric", each) for each in METRICS),
    *(("member", (model, each)) for model in TABLES for each in COLUMNS),
)


compositions = settings(
    max_examples=CASES // ASKERS,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
draws = st.randoms(use_true_random=True)


@pytest.mark.timeout(60 + CASES // 20)
@compositions
@given(projects(), draws)
def test_policies_add_up_as_the_rules_say(project: Project, draw: Random) -> None:
    made = policy_set(project)
    for asker in made_up(draw):
        rights = decide(made, principal(asker))

        compare_names(rights, project, asker)
        compare_rows_and_values(rights, project, asker, draw)


def compare_names(rights: Rights, project: Project, asker: Asker) -> None:
    told = {each: may_name(rights.names, *each) for each in NAMES}

    assert told == {each: composition.may_name(project, asker, *each) for each in NAMES}
    assert rights.names.is_metrics_only == composition.only_metrics(project, asker)
    assert (rights.floor.least if rights.floor else 0) == composition.least_group(project, asker)
    if project.is_governed and not rights.names.are_all:
        assert rights.names.dimensions == composition.dimensions(project, asker)


def compare_rows_and_values(rights: Rights, project: Project, asker: Asker, draw: Random) -> None:
    for model in TABLES:
        own = of_model(rights, model)
        for _ in range(3):
            row = {f"f{each}": draw.choice((True, True, False, None)) for each in range(7)}
            assert passes(own, row) == composition.passes(project, asker, model, row), row
        told = [shown(own, each) for each in COLUMNS]
        assert told == [composition.shown(project, asker, model, each) for each in COLUMNS], model


@compositions
@given(draws)
def test_an_attribute_that_is_not_what_is_declared_is_none(draw: Random) -> None:
    made = policy_set(Project((), TABLES, DECLARED))
    for asker in made_up(draw):
        kept = decide(made, principal(asker)).attributes

        good = {
            name
            for name, value in asker.attributes.items()
            if composition.is_good(value, DECLARED[name])
        }
        assert kept.keys() == good


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_compared_letter_by_letter(role: str) -> None:
    """Nobody is an analyst for being an ANALYST, and an empty name is a name."""
    written = Written(on="orders", roles=("analyst",), hide=("email",))
    rights = decide(
        policy_set(Project((written,), TABLES, DECLARED)), Principal("a", frozenset({role}))
    )

    assert (of_model(rights, "orders").hidden == {"email"}) == (role == "analyst")
