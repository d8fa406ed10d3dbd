"""Random joins that do not go by equal columns alone: versions, partitions and conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from random import Random

from tests.oracle.generate_members import TIMES, atom
from tests.oracle.language import Call, Expr, Join, Model, Name, Parts, Project, Row, Value
from tests.oracle.meeting import judge, steps_of
from tests.oracle.paths import Reference, Refused
from tests.oracle.values import WHOLE

PARTITION = "part"
"""The column of every partition."""
PARTITIONED = 0.25
"""How often a project has partitions."""
VERSIONED = 0.35
"""How often a project has a model of versions."""
RANGED = 0.3
"""How often a project has a join by conditions."""
DAYS = (date(2024, 10, 28), date(2024, 11, 3))
COMPARABLE = ((*WHOLE, "decimal(10,2)"), ("double",), *((each,) for each in TIMES))
"""Types whose values are compared alike everywhere."""
CLOSED = 0.05
"""How often a name is asked for that a home has no way to, or no time for."""
OFTENER = 3
"""How much oftener names are asked for that such joins lead to."""
Span = tuple[int, Value, Value]
"""What a version is of, and from when to when it is valid."""


def with_partition(random: Random, model: Model, type_: str) -> Model:
    """The model with a partition in its key, if it has one."""
    if not model.key or random.random() > 0.65:
        return model
    columns = {**model.columns, PARTITION: type_}
    return replace(model, columns=columns, key=(*model.key, PARTITION), partition=PARTITION)


def partition_of(random: Random, type_: str) -> Value:
    """One of the few partitions."""
    if random.random() < 0.04:
        return None
    return random.choice((1, 1, 2)) if type_ == "integer" else random.choice(DAYS)


def joined_to(random: Random, here: Model, identity: Parts) -> tuple[Parts, bool]:
    """The columns of a key that a join pairs with own ones; whether partitions are paired too."""
    if PARTITION not in identity:
        return identity, False
    is_paired = here.partition is not None and random.random() < 0.25
    return tuple(each for each in identity if each != PARTITION), is_paired


def versions(random: Random, name: str, partition: str | None) -> Model:
    """A model that has a row for each version of a thing."""
    type_ = random.choice(TIMES)
    columns = {"thing_id": "integer", "since": type_, "until": type_, "grade": "varchar"}
    columns |= {"amount": "integer"} if random.random() < 0.5 else {}
    columns[f"{name[:4]}_0"] = random.choice(("varchar", "integer", "boolean", "double"))
    made = Model(name, columns, [], ("thing_id", "since"))
    return made if partition is None else with_partition(random, made, partition)


def join_to_versions(random: Random, here: Model, there: Model, name: str) -> Join:
    """A join to the version that is valid at the measure's time, or at one of the model's own."""
    times = [each for each, type_ in here.columns.items() if type_ in TIMES]
    at = random.choice(times) if times and random.random() < 0.4 else None
    return Join(name, there.name, (("thing_id", "thing_id"),), valid=("since", "until"), at=at)


def spans(random: Random, moments: Sequence[Value], type_: str) -> Iterator[Span]:
    """Versions that do not overlap: with gaps, open ends, none at all, and some never valid."""
    known = sorted({_as_type(each, type_) for each in moments})
    for thing in range(4):
        found = sorted(random.sample(known, min(len(known), random.choice((0, 1, 2, 3, 4)))))
        for start, end in pairwise((*found, None)):
            later = [each for each in known if each > start and (end is None or each <= end)]
            chance = random.random()
            if chance < 0.1:
                yield thing, start, start
            elif chance < 0.3 and later:
                yield thing, start, random.choice(later)
            elif chance < 0.9:
                yield thing, start, end
        if random.random() < 0.08:
            yield thing, None, None


def overlaps(versions: Model, row: Row) -> bool:
    """Whether a version is valid together with another one of its thing, in one partition."""
    same = ("thing_id", *filter(None, [versions.partition]))
    return any(
        all(each[name] == row[name] for name in same) and _begins_within(each, row)
        for each in versions.rows
    )


def _begins_within(one: Row, other: Row) -> bool:
    """Whether one of two spans begins while the other lasts."""
    if one["since"] is None or other["since"] is None:
        return False
    first, second = sorted((one, other), key=lambda each: each["since"])
    return first["until"] is None or second["since"] < first["until"]


def _as_type(value: Value, type_: str) -> Value:
    if isinstance(value, datetime):
        civil = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    else:
        civil = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - of a clock
    if type_ == "date":
        return civil.date()
    return civil if type_ == "timestamp" else civil.replace(tzinfo=UTC)


def join_by_conditions(random: Random, here: Model, there: Model, name: str) -> Join | None:
    """A join that compares columns of both sides, beside equal ones or alone."""
    groups = [
        (own, its)
        for types in COMPARABLE
        if (own := [each for each, type_ in here.columns.items() if type_ in types])
        and (its := [each for each, type_ in there.columns.items() if type_ in types])
    ]
    if not groups or not here.key:
        return None
    own, its = random.choice(groups)
    one = Name((random.choice(own),))
    low, high = (Name((there.name, random.choice(its))) for _ in range(2))
    conditions = _conditions(random, one, low, high)
    if random.random() < 0.25:
        column, type_ = random.choice(list(there.columns.items()))
        if type_ not in TIMES:
            conditions = (*conditions, atom(random, Name((there.name, column)), type_))
    return Join(name, there.name, _pairs(random, here, there), conditions=conditions)


def _conditions(random: Random, one: Name, low: Name, high: Name) -> tuple[Expr, ...]:
    choices: list[tuple[Expr, ...]] = [
        (Call(">=", (one, low)), Call("<", (one, high))),
        (Call("<=", (low, one)), Call("or", (Call("is null", (high,)), Call("<", (one, high))))),
        (Call("between", (one, low, high)),),
        (Call(random.choice((">", "<=", "<>")), (one, low)),),
    ]
    return random.choice(choices)


def oftener(
    random: Random, project: Project, home: str, names: list[tuple[Parts, Reference]]
) -> list[tuple[Parts, Reference]]:
    """Names from a home: those of one row by such joins several times, few that are closed."""
    found = []
    for parts, reference in names:
        steps = list(steps_of(project, reference))
        is_special = reference.many is None and any(
            each.by_partition or each.join.valid or each.join.conditions for each in steps
        )
        try:
            judge(project, home, project.models[home].time, reference)
        except Refused:
            if random.random() > CLOSED:
                continue
        found += [(parts, reference)] * (OFTENER if is_special else 1)
    return found


def _pairs(random: Random, here: Model, there: Model) -> tuple[tuple[str, str], ...]:
    """Equal columns: none, or those of one type, a key of the other model among them or not."""
    whole = [each for each, type_ in here.columns.items() if type_ == "integer"]
    chance = random.random()
    if chance < 0.5 or not whole:
        return ()
    key = [each for each in there.key if there.columns[each] == "integer"]
    if chance < 0.8 and tuple(key) == there.key:
        return tuple((random.choice(whole), each) for each in key)
    its = [each for each, type_ in there.columns.items() if type_ == "integer"]
    return ((random.choice(whole), random.choice(its)),) if its else ()
