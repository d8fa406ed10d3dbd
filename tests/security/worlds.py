"""Three worlds of one random project: two that differ only in what may not be seen, and one that
has nothing else.

Whoever asks in the third has no policies over rows; they were applied to its rows by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from operator import ge, lt, ne
from random import Random

from auth.build_policies import build_policies
from auth.policy import PolicySet
from auth.principal import Attribute, Principal
from semantic_models.faults import Faults
from semantic_models.parse_spec import read_project
from tests.oracle.compare import Outcome, asked
from tests.oracle.language import (
    Calendar,
    Call,
    Expr,
    Join,
    Literal,
    Measure,
    Model,
    Name,
    Project,
    Question,
    Row,
    Value,
)
from tests.oracle.spell import models_of, root_of, sql_of, tables_of
from tests.oracle.values import holds
from tests.security.masked_keys import MaskedKeys, masked_keys
from tests.support.models import World, opened, world

ATTRIBUTES: Mapping[str, Attribute] = {
    "word": "red",
    "words": ("red", "blue", "x"),
    "number": 2,
    "numbers": (1, 2, 3),
}
DECLARED = (
    "attributes:\n"
    "  word: string\n"
    "  words: {type: string, list: true}\n"
    "  number: integer\n"
    "  numbers: {type: integer, list: true}\n"
)
ALL_GRANTED = "  all: {grant: {models: all}}"
ANN = Principal("ann", frozenset({"analyst"}), tuple(sorted(ATTRIBUTES.items())))


@dataclass(frozen=True)
class Written:
    """Policies as they are written, and what they leave of each model's rows."""

    text: str
    kept: Mapping[str, list[Row]]
    """By model, of those that policies are on: the rows that may be seen."""
    masked: Mapping[str, dict[str, Value]]
    """By model and column, what is shown in its place."""
    read: frozenset[str]
    """The models that filters read behind a join, whoever may see them."""
    keys: MaskedKeys
    """The columns that pair rows and are masked."""
    days: Mapping[str, Mapping[date, Row]]
    """By calendar, of those that policies are on: the days that may be seen."""


@dataclass(frozen=True)
class ThreeWorlds:
    """The same questions have the same answers in all of them."""

    seen: World
    other: World
    wanted: World

    def differ(self, question: Question) -> tuple[Outcome, ...]:
        """What became of a question, where it is not the same everywhere."""
        whole = replace(question, limit=None, offset=None)
        told = tuple(
            comparable(asked(each, whole)) for each in (self.seen, self.other, self.wanted)
        )
        return told if len(set(told)) > 1 else ()

    def close(self) -> None:
        """Let go of the rows."""
        for each in (self.seen, self.other, self.wanted):
            each.connection.close()


def comparable(outcome: Outcome) -> Outcome:
    """The same without the order of rows and the last digits of fractions."""
    rows = tuple(sorted((tuple(map(_rounded, row)) for row in outcome.rows), key=str))
    return replace(outcome, rows=rows)


def _rounded(value: Value) -> Value:
    """Sums of fractions depend on the order in which an engine meets them."""
    return float(f"{value:.9g}") if isinstance(value, float) else value


def three_worlds(random: Random, project: Project) -> ThreeWorlds:
    """Worlds of a project under random policies."""
    selects = {name: random.choice(SELECTS) for name in project.models if random.random() < 0.3}
    written = _written(random, project, selects)
    models = _models(project, selects)
    made = world(models, tables_of(project), root=root_of(project))
    policies = policies_of(project, written.text, made, models)
    others = {
        name: written.keys.moved(name, _others(random, project, name, written))
        for name in project.models
    }
    other_days = {
        name: _other_days(random, project.calendars[name], kept)
        for name, kept in written.days.items()
    }
    shown = {name: _shown(written, name) for name in written.kept}
    wanted = _with_rows(made, _with_days(project, written.days), shown)
    if written.keys.places:
        wanted = wanted.seen_by(
            ANN, policies_of(project, _file(written.keys.lines()), made, models)
        )
    return ThreeWorlds(
        made.seen_by(ANN, policies),
        _with_rows(made, _with_days(project, other_days), others).seen_by(ANN, policies),
        wanted,
    )


MASKS: Mapping[str, tuple[str, Value]] = {
    "varchar": ("'x'", "x"),
    "integer": ("7", 7),
    "double": ("null", None),
    "boolean": ("false", False),
    "date": ("date '2024-06-01'", date(2024, 6, 1)),
    "timestamp": ("timestamp '2024-11-03 06:30:00'", datetime(2024, 11, 3, 6, 30)),  # noqa: DTZ001 - civil
}
"""What stands in place of values, by their type: as it is written, and as it is."""
SELECTS = (
    "select * from t_{0}",
    "select row.* from t_{0} as row",
    "with row as (select * from t_{0}) select * from row",
)


def _models(project: Project, selects: Mapping[str, str]) -> str:
    """The models' file, in which some read their tables by SELECTs.

    A policy is on a table where a model names it, so that one does beside them.
    """
    document = json.loads(models_of(project))
    models = document["models"]
    for name, select in selects.items():
        counted = {f"rows_of_{name}": {"expr": "count(*)"}}
        models[f"table_of_{name}"] = {"table": models[name].pop("table"), "measures": counted}
        models[name]["sql"] = select.format(name)
    return json.dumps(document)


def policies_of(project: Project, text: str, made: World, models: str = "") -> PolicySet:
    """Policies that are written, over a project's catalog."""
    faults = Faults()
    files = {
        "forebay.yml": root_of(project) + DECLARED,
        "models/all.yml": models or models_of(project),
        "policies/all.yml": text,
    }
    policies = build_policies(read_project(files, faults), made.catalog, faults)
    assert faults.found == [], [each.message for each in faults.found]
    return policies


def _with_rows(made: World, project: Project, rows: Mapping[str, list[Row]]) -> World:
    models = {
        name: replace(model, rows=rows.get(name, model.rows))
        for name, model in project.models.items()
    }
    tables = tables_of(replace(project, models=models))
    return replace(made, connection=opened(tables), tables=tables)


def _with_days(project: Project, days: Mapping[str, Mapping[date, Row]]) -> Project:
    calendars = {
        name: replace(each, days=dict(days.get(name, each.days)))
        for name, each in project.calendars.items()
    }
    return replace(project, calendars=calendars)


def _other_days(random: Random, calendar: Calendar, kept: Mapping[date, Row]) -> dict[date, Row]:
    """The days that are seen, beside other hidden ones that say what other days do."""
    said = list(calendar.days.values())
    hidden = [each for each in calendar.days if each not in kept and random.random() < 0.5]
    return {**kept, **{each: random.choice(said) for each in hidden}}


def _shown(written: Written, name: str) -> list[Row]:
    return [row | written.masked.get(name, {}) for row in written.kept[name]]


def _others(random: Random, project: Project, name: str, written: Written) -> list[Row]:
    """The rows that are seen, under other values where masks are, beside other hidden ones."""
    rows, kept = project.models[name].rows, written.kept.get(name)
    if name in written.read or kept is None:
        return rows
    are_kept = {id(row) for row in kept}
    hidden = [row for row in rows if id(row) not in are_kept]
    found = [row for row in hidden if random.random() < 0.5]
    masked = written.masked.get(name, {})
    values = {each: [row[each] for row in kept] for each in masked}
    for each in values.values():
        random.shuffle(each)
    seen = [
        row | {column: values[column][place] for column in masked} for place, row in enumerate(kept)
    ]
    return _mixed(random, [*seen, *found])


def _mixed(random: Random, rows: list[Row]) -> list[Row]:
    mixed = list(rows)
    random.shuffle(mixed)
    return mixed


@dataclass
class _Writing:
    random: Random
    project: Project
    selects: Mapping[str, str]
    lines: list[str] = field(default_factory=list)
    kept: dict[str, list[Row]] = field(default_factory=dict)
    masked: dict[str, dict[str, Value]] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    filtered: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of a model and a column that filters read, whose values are the same everywhere."""
    kept_days: dict[str, dict[date, Row]] = field(default_factory=dict)

    def filters(self, model: Model) -> None:
        """Row filters of a model, some of them alternatives."""
        made = [self._filter(model) for _ in range(self.random.choice((1, 1, 2)))]
        are_any = self.random.random() < 0.5
        on = self._on(model)
        for number, (text, _) in enumerate(made):
            of = ", any_of: some" if are_any else ""
            self._line(f"rows_{model.name}_{number}", on, f"rows: {_quoted(text)}{of}")
        choose = any if are_any else all
        self.kept[model.name] = [row for row in model.rows if choose(_is(row, made))]

    def masks(self, model: Model) -> None:
        """A mask of a column by which no rows are paired."""
        free = [
            name
            for name in _shown_columns(self.project, model)
            if (model.name, name) not in self.filtered
        ]
        found = [name for name in free if model.columns[name] in MASKS]
        if not found:
            return
        name = self.random.choice(found)
        text, value = MASKS[model.columns[name]]
        self._line(f"mask_{model.name}", self._on(model), f"mask: {{{name}: {_quoted(text)}}}")
        self.masked[model.name] = {name: value}
        self.kept.setdefault(model.name, list(model.rows))

    def days(self, calendar: Calendar) -> None:
        """A filter of a calendar's days."""
        first = self.random.choice(sorted(calendar.days))
        op, is_kept = self.random.choice(((">=", ge), ("<", lt), ("<>", ne)))
        on = self.random.choice((f"{{table: t_{calendar.name}}}", calendar.name))
        self._line(f"days_{calendar.name}", on, f"rows: \"on_day {op} date '{first}'\"")
        days = calendar.days.items()
        self.kept_days[calendar.name] = {day: row for day, row in days if is_kept(day, first)}

    def _on(self, model: Model) -> str:
        on_table = f"{{table: t_{model.name}}}"
        has_paths = model.name in self.selects and model.joins
        return model.name if has_paths else self.random.choice((on_table, model.name))

    def _line(self, name: str, on: str, says: str) -> None:
        self.lines.append(f"  {name}: {{on: {on}, {says}}}")

    def _filter(self, model: Model) -> tuple[str, dict[int, bool]]:
        """A predicate as it is written, and by a row's place whether it holds."""
        targets = self.project.models
        joins = [
            each
            for each in model.joins.values()
            if _is_plain(self.project, each) and _names_behind(targets[each.to])
        ]
        if joins and self.random.random() < 0.3:
            join = self.random.choice(joins)
            target = self.project.models[join.to]
            name, text, predicate = _predicate(self.random, target, f"{join.name}.")
            self.filtered.add((target.name, name))
            self.read.add(target.name)
            found = [_behind(row, join, target) for row in model.rows]
        else:
            name, text, predicate = _predicate(self.random, model, "")
            self.filtered.add((model.name, name))
            found = list(model.rows)
        told = [row is not None and holds(predicate, _OfRow(row)) for row in found]
        return text, {id(row): is_told for row, is_told in zip(model.rows, told, strict=True)}


def _is(row: Row, made: Sequence[tuple[str, dict[int, bool]]]) -> Iterator[bool]:
    return (told[id(row)] for _, told in made)


def _written(random: Random, project: Project, selects: Mapping[str, str]) -> Written:
    writing = _Writing(random, project, selects)
    for model in project.models.values():
        if random.random() < 0.6:
            writing.filters(model)
    for model in project.models.values():
        if random.random() < 0.3:
            writing.masks(model)
    for calendar in project.calendars.values():
        if random.random() < 0.6:
            writing.days(calendar)
    of_masks = ((name, column) for name, each in writing.masked.items() for column in each)
    keys = masked_keys(random, project, {*writing.filtered, *of_masks})
    return Written(
        _file([*writing.lines, *keys.lines()]),
        writing.kept,
        writing.masked,
        frozenset(writing.read),
        keys,
        writing.kept_days,
    )


def _file(lines: Sequence[str]) -> str:
    return "\n".join(["version: 1", "policies:", ALL_GRANTED, *lines, ""])


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


@dataclass(frozen=True)
class _OfRow:
    """The columns of one row."""

    row: Row
    zone: str = "UTC"

    def name(self, parts: tuple[str, ...]) -> Value:
        return self.row[parts[-1]]

    def aggregate(self, expr: object) -> Value:
        raise AssertionError(expr)


def _is_plain(project: Project, join: Join) -> bool:
    """Whether a join is of equal columns and meets one row at most."""
    target = project.models[join.to]
    columns = {right for _, right in join.pairs}
    keys = [set(each) for each in (target.key, *target.unique) if each]
    is_more = join.through or join.valid or join.conditions or target.partition or target.where
    return not is_more and any(key <= columns for key in keys)


def _behind(row: Row, join: Join, target: Model) -> Row | None:
    for each in target.rows:
        if all(row[left] is not None and row[left] == each[right] for left, right in join.pairs):
            return each
    return None


def _names(model: Model) -> list[str]:
    kinds = ("varchar", "integer", "bigint", "boolean", "double")
    return [name for name, kind in model.columns.items() if kind in kinds]


def _names_behind(model: Model) -> list[str]:
    """Those that are dimensions, too: behind a join members are named, and no columns."""
    members = model.dimensions
    return [name for name in _names(model) if name in members and members[name].expr is None]


def _predicate(random: Random, model: Model, path: str) -> tuple[str, str, Expr]:
    """A predicate on a column of a model: the column, the text, and what loops over rows read."""
    names = _names_behind(model) if path else _names(model)
    name = random.choice(names)
    kind = model.columns[name]
    column = Name((name,))
    written = f"{path}{name}"
    known = [row[name] for row in model.rows if row[name] is not None] or [None]
    value = Literal(random.choice(known))
    if value.value is None or random.random() < 0.15:
        return name, f"({written} is not null)", Call("is not null", (column,))
    of_kind = {"varchar": "word", "integer": "number", "bigint": "number"}.get(kind)
    if of_kind and random.random() < 0.4:
        one, many = ATTRIBUTES[of_kind], ATTRIBUTES[f"{of_kind}s"]
        assert isinstance(many, tuple)
        if random.random() < 0.5:
            return name, f"{written} <> principal.{of_kind}", Call("<>", (column, Literal(one)))
        listed = Call("in", (column, *map(Literal, many)))
        return name, f"{written} in (principal.{of_kind}s)", listed
    op = random.choice(("=", "<>", "<>") if kind in ("boolean",) else ("=", "<>", "<=", ">"))
    return name, f"{written} {op} {sql_of(value)}", Call(op, (column, value))


def _shown_columns(project: Project, model: Model) -> list[str]:
    """The columns of a model that pair, order or tell apart no rows."""
    pairing = {*model.key, *(name for each in model.unique for name in each)}
    pairing |= {each for each in (model.partition, model.time) if each}
    for each in model.joins.values():
        pairing |= {left for left, _ in each.pairs}
    for other in project.models.values():
        for join in other.joins.values():
            if join.to == model.name:
                pairing |= {right for _, right in join.pairs} | {*(join.valid or ())}
            text = " ".join(map(sql_of, join.conditions))
            pairing |= {name for name in model.columns if name in text}
    for metric in project.metrics.values():
        pairing |= _paired_by(metric.funnel)
    for owner in project.models.values():
        for measure in owner.measures.values():
            pairing |= set(_told_by(owner, measure))
    return [name for name in model.columns if name not in pairing and "part" not in name]


def _told_by(model: Model, measure: Measure) -> Iterator[str]:
    """The columns, as far as their names tell, of which each value has a first or last time."""
    for name in measure.per:
        yield name
        dimension = model.dimensions.get(name)
        if dimension is not None and dimension.expr is not None:
            text = sql_of(dimension.expr)
            yield from (each for each in model.columns if each in text)


def _paired_by(funnel: object) -> set[str]:
    by = getattr(funnel, "by", ())
    holding = getattr(funnel, "holding", ())
    return {*by, *(name for pair in holding for name in pair)}
