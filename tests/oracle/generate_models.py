"""Random snowflakes: several facts, roles, one-to-one joins, orphans, NULLs and empty tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from tests.oracle.generate_calendars import with_calendar
from tests.oracle.generate_cohorts import with_cohorts
from tests.oracle.generate_funnels import with_funnels
from tests.oracle.generate_joins import (
    PARTITION,
    PARTITIONED,
    RANGED,
    VERSIONED,
    Span,
    join_by_conditions,
    join_to_versions,
    joined_to,
    overlaps,
    partition_of,
    spans,
    versions,
    with_partition,
)
from tests.oracle.generate_members import (
    TIMES,
    dimensions_of,
    joined_dimensions_of,
    measures_of,
    metrics_of,
    words_of,
)
from tests.oracle.generate_parameters import with_parameters
from tests.oracle.generate_readings import with_default_grains, with_readings
from tests.oracle.generate_scopes import with_scopes
from tests.oracle.language import Call, Expr, Join, Literal, Model, Name, Parts, Project, Row, Value

OUTER = ("regions", "teams")
INNER = ("customers", "products", "shops")
FACTS = ("orders", "visits", "tickets")
ZONES = ("UTC", "America/New_York", "America/New_York", "Europe/Berlin", "Asia/Kolkata")
SHARED = (("color", "varchar"), ("size", "integer"), ("is_new", "boolean"), ("amount", "integer"))
"""Columns that several models have under one name."""
TYPES = (
    *("varchar", "integer", "smallint", "bigint", "boolean", "double", "decimal(10,2)"),
    *("date", "timestamp", "timestamptz"),
)
SPAN = ("thing_id", "since", "until")
MIDNIGHTS = (
    datetime(2024, 3, 10, 5, tzinfo=UTC),
    datetime(2024, 3, 10, 6, 30, tzinfo=UTC),
    datetime(2024, 11, 3, 4, 30, tzinfo=UTC),
    datetime(2024, 11, 1, 3, 59, tzinfo=UTC),
    datetime(2024, 12, 31, 23, 30, tzinfo=UTC),
)
"""Instants near changed clocks and near ends of periods."""


def generate_project(random: Random) -> Project:
    """A project with its rows."""
    made = _Made(random)
    outer = [made.model(name) for name in OUTER[: random.randint(1, 2)]]
    inner = [made.model(name) for name in INNER[: random.randint(1, 3)]]
    facts = [made.model(name, is_fact=True) for name in FACTS[: random.randint(1, 3)]]
    for name in inner:
        made.joins(name, outer, random.randint(0, 2))
    for place, name in enumerate(facts):
        made.joins(name, inner + outer, random.randint(1, 3))
        made.joins(name, facts[:place], random.randint(0, 1))
    if random.random() < 0.6:
        made.one_to_one(random.choice(inner + facts))
    if random.random() < 0.15:
        made.own(random.choice(inner))
    if random.random() < VERSIONED:
        made.versions(inner + facts, outer)
    if random.random() < RANGED:
        made.ranges(list(made.models))
    for name in facts:
        made.bridge(name)
    return made.project()


class _Made:
    """Models on their way: columns and joins first, then rows, then members."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.models: dict[str, Model] = {}
        self.foreign: dict[str, list[tuple[Parts, str, Parts]]] = {}
        has_partitions = random.random() < PARTITIONED
        self.partition = random.choice(("integer", "date")) if has_partitions else None

    def model(self, name: str, *, is_fact: bool = False) -> str:
        random = self.random
        key: Parts = (f"{name}_id",)
        if random.random() < 0.15:
            key = (f"{name}_a", f"{name}_b")
        columns = dict.fromkeys(key, "integer")
        columns |= dict(random.sample(SHARED, random.randint(1, 3)))
        for place in range(random.randint(1, 3)):
            columns[f"{name[:4]}_{place}"] = random.choice(TYPES)
        if random.random() < 0.2:
            columns["kind"] = random.choice(("varchar", "integer", "smallint"))
        keyless = is_fact and random.random() < 0.12
        if not is_fact and random.random() < 0.08:
            self.models[name] = Model(name, columns, [], (), (key,))
        else:
            self.models[name] = Model(name, columns, [], () if keyless else key)
        if self.partition is not None:
            self.models[name] = with_partition(random, self.models[name], self.partition)
        self.foreign[name] = []
        return name

    def joins(self, name: str, targets: list[str], count: int) -> None:
        targets = [each for each in targets if _identity(self.models[each])]
        for place in range(count if targets else 0):
            self.join(name, self.random.choice(targets), f"r{place}")

    def join(self, name: str, target: str, role: str) -> None:
        """A many-to-one join that either side declares."""
        here, there = self.models[name], self.models[target]
        identity, is_paired = joined_to(self.random, here, _identity(there))
        own = tuple(f"{target}_{role}_{place}" for place in range(len(identity)))
        for column in own:
            here.columns[column] = "integer"
        self.foreign[name].append((own, target, identity))
        pairs = tuple(zip(own, identity, strict=True))
        if is_paired:
            pairs = (*pairs, (PARTITION, PARTITION))
        if self.random.random() < 0.75 or len(pairs) < len(_identity(there)):
            joined = target if self.random.random() < 0.1 else f"{target[:-1]}_{role}"
            here.joins[joined] = Join(joined, target, pairs)
        else:
            joined = f"{name}_{role}"
            there.joins[joined] = Join(joined, name, tuple((its, mine) for mine, its in pairs))

    def own(self, name: str) -> None:
        """A join of a model with itself."""
        here = self.models[name]
        identity, _ = joined_to(self.random, here, _identity(here))
        own = tuple(f"parent_{place}" for place in range(len(identity)))
        for column in own:
            here.columns[column] = "integer"
        self.foreign[name].append((own, name, identity))
        here.joins["parent"] = Join("parent", name, tuple(zip(own, identity, strict=True)))

    def bridge(self, name: str) -> None:
        """A join of two models that rows of a third pair."""
        targets = [target for _, target, _ in self.foreign[name]]
        declared = {each.to for each in self.models[name].joins.values()}
        once = [each for each in targets if targets.count(each) == 1 and each in declared]
        once = [each for each in once if self._is_declared_once(name, each)]
        if len(once) > 1 and self.random.random() < 0.5:
            one, other = self.random.sample(once, 2)
            joined = f"{other[:-1]}_of_{name}"
            self.models[one].joins[joined] = Join(joined, other, (), name)

    def _is_declared_once(self, name: str, target: str) -> bool:
        """Whether a bridge's join to a model is its only one, and leads to one row."""
        others = [each.to for each in self.models[target].joins.values()]
        joins = [each for each in self.models[name].joins.values() if each.to == target]
        there = tuple(other for _, other in joins[0].pairs)
        if len(joins) > 1 or joins[0].conditions:
            return False
        return name not in others and there == _identity(self.models[target])

    def one_to_one(self, name: str) -> None:
        """A model that has at most one row for each of another."""
        there = self.models[name]
        if not _identity(there) or there.partition:
            return
        self.model("profiles")
        profiles = self.models["profiles"]
        own = tuple(f"{name}_of_{place}" for place in range(len(_identity(there))))
        for column in own:
            profiles.columns[column] = "integer"
        self.foreign["profiles"].append((own, name, _identity(there)))
        as_unique = self.random.random() < 0.5
        self.models["profiles"] = replace(
            profiles,
            key=_identity(profiles) if as_unique else own,
            unique=(own,) if as_unique else (),
        )
        if self.random.random() < 0.6:
            pairs = tuple(zip(own, _identity(there), strict=True))
            self.models["profiles"].joins["subject"] = Join("subject", name, pairs)
        else:
            pairs = tuple(zip(_identity(there), own, strict=True))
            there.joins["profile"] = Join("profile", "profiles", pairs)

    def versions(self, sources: list[str], outer: list[str]) -> None:
        """A model of versions, which others meet at some time."""
        plans = versions(self.random, "plans", self.partition)
        self.models["plans"] = plans
        self.foreign["plans"] = []
        self.joins("plans", outer, self.random.randint(0, 1))
        for name in self.random.sample(sources, min(len(sources), self.random.choice((1, 1, 2)))):
            here = self.models[name]
            here.columns["thing_id"] = "integer"
            for joined in ("plan", "plan_then")[: self.random.choice((1, 1, 2))]:
                here.joins[joined] = join_to_versions(self.random, here, plans, joined)

    def ranges(self, names: list[str]) -> None:
        """Joins by conditions."""
        for place in range(self.random.choice((1, 1, 2))):
            name, target = self.random.choice(names), self.random.choice(names)
            joined = f"near_{place}"
            made = join_by_conditions(self.random, self.models[name], self.models[target], joined)
            if made is not None:
                self.models[name].joins[joined] = made

    def project(self) -> Project:
        random = self.random
        for name in self.models:
            self._fill(name)
        names = words_of(random)
        for name, model in self.models.items():
            self.models[name] = self._with_where(dimensions_of(random, model, names))
        project = with_calendar(random, Project(self.models, {}, random.choice(ZONES)))
        for name in self.models:
            self.models[name] = joined_dimensions_of(random, project, name, names)
        for name in self.models:
            self.models[name] = measures_of(random, project, name, names)
        project = replace(project, metrics=metrics_of(random, project, names))
        project = with_readings(random, project, names)
        project = with_cohorts(random, with_funnels(random, project, names), names)
        project = with_scopes(random, project, names)
        return with_parameters(random, with_default_grains(random, project), names)

    def _with_where(self, model: Model) -> Model:
        plain = [each for each, type_ in model.columns.items() if type_ == "integer"]
        if self.random.random() > 0.15:
            return model
        chosen = Name((self.random.choice(plain),))
        where: Expr = Call("or", (Call("<>", (chosen, Literal(1))), Call("is null", (chosen,))))
        return replace(model, where=where)

    def _fill(self, name: str) -> None:
        model = self.models[name]
        count = 0 if self.random.random() < 0.07 else self.random.randint(1, 7)
        keys = [self._key(model, number) for number in range(count)]
        if name == "plans":
            keys = [dict(zip(SPAN, each, strict=True)) for each in self._spans(model)]
        seen: set[Parts] = set()
        for key in keys:
            row = {each: self._value(type_) for each, type_ in model.columns.items()} | key
            if model.partition is not None:
                row[PARTITION] = partition_of(self.random, model.columns[PARTITION])
            for own, target, there in self.foreign[name]:
                self._point(row, own, target, there)
            if self._repeats(model, row, seen) or (name == "plans" and overlaps(model, row)):
                continue
            model.rows.append(row)

    def _key(self, model: Model, number: int) -> Row:
        """What tells a row from others."""
        identity = _identity(model)
        halved = len(identity) > 1
        return {
            column: number // (2 if halved and place == 0 else 1) + 1
            for place, column in enumerate(identity)
            if column != PARTITION
        }

    def _spans(self, plans: Model) -> Iterator[Span]:
        """Versions that begin and end at times of the rows that meet them, and at others."""
        moments = [self._value(plans.columns["since"]) for _ in range(4)]
        moments += [
            row[column]
            for model in self.models.values()
            if any(each.valid for each in model.joins.values())
            for column, type_ in model.columns.items()
            if type_ in TIMES
            for row in model.rows
        ]
        for _ in range(1 if plans.partition is None else 2):
            yield from spans(
                self.random, [e for e in moments if e is not None], plans.columns["since"]
            )

    def _point(self, row: Row, own: Parts, target: str, there: Parts) -> None:
        """Foreign keys: mostly of a row that is there, sometimes of none, sometimes NULL."""
        rows = self.models[target].rows
        chance = self.random.random()
        if rows and chance < 0.7:
            other = self.random.choice(rows)
            row.update({here: other[each] for here, each in zip(own, there, strict=True)})
        else:
            row.update(dict.fromkeys(own, 99))
            if chance > 0.85:
                row[self.random.choice(own)] = None

    def _repeats(self, model: Model, row: Row, seen: set[Parts]) -> bool:
        """Whether a row would break what the keys promise."""
        for key in (model.key, *model.unique):
            values = tuple(row[each] for each in key)
            if not key or (None in values and key != model.key):
                continue
            named = (*key, *values)
            if None in values or named in seen:
                return True
            seen.add(named)
        return False

    def _value(self, type_: str) -> Value:
        random = self.random
        if random.random() < 0.2:
            return None
        match type_:
            case "varchar":
                return random.choice(("red", "green", "blue", "none", ""))
            case "boolean":
                return random.random() < 0.5
            case "double":
                return random.choice((-1.5, 0.0, 0.1, 0.25, 1 / 3, 7.75))
            case "decimal(10,2)":
                return Decimal(random.randint(-300, 900)) / 100
            case "date":
                return date(2024, 10, 28) + timedelta(
                    days=random.choice((-240, -1, 0, 3, 6, 7, 65))
                )
            case "timestamp" | "timestamptz":
                moment = random.choice(MIDNIGHTS) + timedelta(minutes=30 * random.randint(0, 8))
                return moment if type_ == "timestamptz" else moment.replace(tzinfo=None)
            case _:
                return random.randint(-2, 5)


def _identity(model: Model) -> Parts:
    """The columns that joins to a model meet: its key, or a unique one in its place."""
    return model.key or (model.unique[0] if model.unique else ())
