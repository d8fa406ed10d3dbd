"""Random dimensions, measures and metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from random import Random

from tests.oracle.language import (
    Aggregate,
    Call,
    Dimension,
    Expr,
    Literal,
    Measure,
    Metric,
    Model,
    Name,
    Parts,
    Project,
)
from tests.oracle.leaves import leaves_of
from tests.oracle.metric_types import metric_type
from tests.oracle.paths import Reference, Refused, find
from tests.oracle.rows import Filter, Rows
from tests.oracle.time_parts import PARTS
from tests.oracle.times import GRAINS
from tests.oracle.values import WHOLE

TIMES = ("date", "timestamp", "timestamptz")
NUMBERS = (*WHOLE, "double", "decimal(10,2)")
COLORS = ("red", "green", "blue", "none", "x")
OPEN_NAMES = 0.5
"""How often a metric's where may name all that its home reaches, rows behind a step to many too."""
EDGES = 0.2
"""How often a measure of a model with times has first_by or last_by."""
Words = Callable[[str], str]


def typed(project: Project) -> Rows:
    """The project without its rows: it has the same types."""
    empty = {name: replace(model, rows=[]) for name, model in project.models.items()}
    return Rows(replace(project, models=empty), "UTC")


def words_of(random: Random) -> Words:
    """New names, each told once."""
    numbers: Iterator[int] = count(random.randint(1, 3))
    return lambda word: f"{word}{next(numbers)}"


def dimensions_of(random: Random, model: Model, names: Words) -> Model:
    """The model with its dimensions: plain columns, and some that are computed."""
    found: dict[str, Dimension] = {}
    time = None
    for column, type_ in model.columns.items():
        if type_ in TIMES:
            grain = "day" if type_ == "date" else random.choice(("second", "hour", "day", "month"))
            found[column] = Dimension(column, grain=grain)
            time = column if time is None or random.random() < 0.5 else time
        elif random.random() < 0.75:
            found[column] = Dimension(column)
    for _ in range(random.randint(1, 3)):
        name = names("d")
        found[name] = Dimension(name, _computed(random, model))
    if random.random() < 0.3:
        found["label"] = Dimension("label", random.choice((Literal("x"), Literal(f"{model.name}"))))
    if random.random() < 0.4:
        name = names("s")
        found[name] = Dimension(name, _predicate(random, model), is_segment=True)
    return replace(model, dimensions=found, time=time)


def joined_dimensions_of(random: Random, project: Project, name: str, names: Words) -> Model:
    """The model with dimensions that are computed of what lies behind its joins."""
    model = project.models[name]
    found = dict(model.dimensions)
    for _ in range(random.choice((0, 0, 1, 2))):
        reached = _reached(random, project, name)
        if reached is None or reached[1] in TIMES:
            continue
        made = names("j")
        found[made] = Dimension(made, _of_joined(random, *reached))
    return replace(model, dimensions=found)


def _of_joined(random: Random, name: Name, type_: str) -> Expr:
    choices: list[Expr] = [name, atom(random, name, type_), Call("is not null", (name,))]
    if type_ == "varchar":
        choices += [Call("coalesce", (name, Literal("none")))] * 2
    if type_ in WHOLE:
        choices += [Call("coalesce", (name, Literal(0))), Call("+", (name, Literal(1)))]
    case = Call("case", (atom(random, name, type_), Literal("yes"), Literal("no")))
    return random.choice([*choices, case])


def _column(random: Random, model: Model, types: tuple[str, ...]) -> tuple[Name, str] | None:
    fit = [(name, type_) for name, type_ in model.columns.items() if type_ in types]
    if not fit:
        return None
    name, type_ = random.choice(fit)
    return Name((name,)), type_


def _predicate(random: Random, model: Model) -> Expr:
    name, type_ = random.choice(list(model.columns.items()))
    return atom(random, Name((name,)), type_)


def _computed(random: Random, model: Model) -> Expr:
    text = _column(random, model, ("varchar",))
    number = _column(random, model, NUMBERS)
    name = Name((random.choice(list(model.columns)),))
    choices: list[Expr] = [
        Literal(random.choice(("x", "none"))),
        Call("is not null", (name,)),
        Call("is null", (name,)),
        Call("case", (_predicate(random, model), Literal("low"), Literal("high"))),
        _predicate(random, model),
    ]
    if text is not None:
        choices += [Call("coalesce", (text[0], Literal("none")))] * 3
    if number is not None:
        choices += [
            Call("coalesce", (number[0], Literal(0))),
            Call(random.choice(("+", "-", "*")), (number[0], Literal(2))),
            Call("/", (number[0], number[0])),
        ]
    return random.choice(choices)


def atom(random: Random, name: Name, type_: str) -> Expr:
    """A predicate on one name."""
    if random.random() < 0.15:
        return Call(random.choice(("is null", "is not null")), (name,))
    sign = random.choice(("=", "<>", "<", "<=", ">", ">="))
    match type_:
        case "boolean":
            truth = Literal(value=True)
            return random.choice((name, Call("not", (name,)), Call("=", (name, truth))))
        case "varchar":
            if random.random() < 0.3:
                return Call("in", (name, Literal("red"), Literal(random.choice(COLORS[1:]))))
            return Call(random.choice(("=", "<>")), (name, Literal(random.choice(COLORS))))
        case "date" | "timestamp" | "timestamptz":
            written = f"2024-{random.choice(('03-10', '10-28', '11-03', '11-04', '12-31'))}"
            return Call(random.choice(("<", ">=", ">")), (name, Literal(written)))
        case _:
            if random.random() < 0.15:
                return Call("between", (name, Literal(0), Literal(3)))
            return Call(sign, (name, Literal(random.randint(-1, 4))))


def measures_of(random: Random, project: Project, name: str, names: Words) -> Model:
    """The model with its measures."""
    model = project.models[name]
    found: dict[str, Measure] = {}
    for _ in range(random.randint(1, 4)):
        made = _measure(random, project, replace(model, measures=found), names)
        found[made.name] = made
    return replace(model, measures=found)


def _measure(random: Random, project: Project, model: Model, names: Words) -> Measure:
    where = _predicate(random, model) if random.random() < 0.2 else None
    if where is not None and random.random() < 0.4:
        reached = _reached(random, project, model.name)
        where = where if reached is None else atom(random, *reached)
    times = [each.name for each in model.dimensions.values() if each.grain]
    time = random.choice(times) if times and random.random() < 0.2 else None
    same = "total" not in model.measures and random.random() < 0.12
    expr = _aggregated(random, project, model)
    edge, per = _edge(random, model, times)
    return Measure("total" if same else names("m"), expr, where, time, edge, per)


def _edge(random: Random, model: Model, times: list[str]) -> tuple[tuple[str, str] | None, Parts]:
    """Whether only rows of a first or last time count, and of each what."""
    if not times or random.random() > EDGES:
        return None, ()
    per = random.sample(list(model.columns), random.choice((0, 0, 1, 2)))
    return (random.choice(("first_by", "last_by")), random.choice(times)), tuple(per)


def _aggregated(random: Random, project: Project, model: Model) -> Expr:
    one = _aggregate(random, project, model)
    chance = random.random()
    if chance < 0.1 and one.function in ("sum", "count", "avg", "count distinct", "stddev"):
        return Call("/", (one, Aggregate("count", None)))
    if chance < 0.15 and one.function == "sum":
        return Call("coalesce", (one, Literal(0)))
    if chance < 0.22:
        pair = [_sum(random, model), _sum(random, model)]
        return Call(random.choice(("-", "+", "/")), tuple(pair))
    return one


def _sum(random: Random, model: Model) -> Aggregate:
    whole = [Name((each,)) for each, type_ in model.columns.items() if type_ == "integer"]
    first, second = random.choice(whole), random.choice(whole)
    product = Call("*", (first, second))
    where = _predicate(random, model) if random.random() < 0.3 else None
    return Aggregate("sum", random.choice((first, product)), where)


def _aggregate(random: Random, project: Project, model: Model) -> Aggregate:
    name, type_ = random.choice(list(model.columns.items()))
    argument: Expr = Name((name,))
    computed = [each.name for each in model.dimensions.values() if each.expr is not None]
    if computed and random.random() < 0.2:
        argument = Name((random.choice(computed),))
        type_ = typed(project).type_in(model.name, argument.parts)
    reached = _reached(random, project, model.name) if random.random() < 0.2 else None
    if reached is not None:
        argument, type_ = reached
    type_ = "integer" if type_ == "whole" else type_
    functions = ["count distinct", "count"]
    if type_ in NUMBERS:
        functions += ["sum", "sum", "sum", "min", "max", "avg"]
        if not type_.startswith("decimal"):
            functions += ["median", "percentile_cont", "stddev", "stddev_pop", "var_samp"]
            functions += ["percentile_disc"]
    elif type_ == "boolean":
        functions += ["count_if", "bool_or", "bool_and"]
    else:
        functions += ["min", "max"]
    function = random.choice(functions)
    if function == "sum" and random.random() < 0.2:
        argument = Call(random.choice(("+", "*")), (argument, Literal(2)))
    where = _predicate(random, model) if random.random() < 0.2 else None
    if random.random() < 0.25:
        return Aggregate("count", None, where)
    return Aggregate(function, argument, where)


def _reached(random: Random, project: Project, home: str) -> tuple[Name, str] | None:
    """A member behind declared joins that keep rows."""
    rows = typed(project)
    names = [
        (parts, each)
        for parts, each in names_from(project, home)
        if each.steps and is_by_joins(project, home, parts, each)
    ]
    if not names:
        return None
    parts, reference = random.choice(names)
    return Name(parts), rows.type_of(reference)


def parts_of(text: str) -> Parts:
    """A dotted name from its text."""
    return tuple(text.split("."))


def is_by_joins(project: Project, home: str, parts: Parts, reference: Reference) -> bool:
    """Whether a name is written by declared joins alone, all of which keep rows."""
    model = project.models[home]
    named = parts[0] in model.joins or (not reference.steps and len(parts) == 1)
    return named and reference.many is None and not reference.dimension.is_segment


def names_from(project: Project, home: str) -> list[tuple[Parts, Reference]]:
    """Names that can be read from a home: its own members, those behind joins, and by model."""
    found: list[tuple[Parts, Reference]] = []
    tried: list[Parts] = [(each,) for each in _ends(project, home)]
    for join in project.models[home].joins.values():
        tried += [(join.name, *each) for each in _behind(project, join.to, 2)]
    for other in project.models:
        if other not in project.models[home].joins:
            tried += [(other, *each) for each in _behind(project, other, 1)]
    for parts in tried:
        try:
            found.append((parts, find(project, home, parts)))
        except Refused:
            continue
    return found


def _ends(project: Project, model: str) -> list[str]:
    return list(project.models[model].dimensions)


def _behind(project: Project, model: str, depth: int) -> list[Parts]:
    found: list[Parts] = [(each,) for each in _ends(project, model)]
    for join in project.models[model].joins.values() if depth else ():
        found += [(join.name, *each) for each in _behind(project, join.to, depth - 1)]
    return found


def grains_of(type_: str, dimension: Dimension) -> list[str]:
    """The grains that a time dimension may be asked at."""
    assert dimension.grain is not None
    finest = max(dimension.grain, "day", key=GRAINS.index) if type_ == "date" else dimension.grain
    return list(GRAINS[GRAINS.index(finest) :])


def parts_within(grains: list[str]) -> list[str]:
    """The parts of a time that may be asked at some grains."""
    return [f"part({part})" for part, grain in PARTS.items() if grain in grains]


def measure_names(project: Project) -> list[str]:
    """Every measure by a name that no other has."""
    told = [each for model in project.models.values() for each in model.measures]
    return [
        f"{model.name}.{each}" if told.count(each) > 1 else each
        for model in project.models.values()
        for each in model.measures
    ]


def metrics_of(random: Random, project: Project, names: Words) -> dict[str, Metric]:
    """Formulas over measures of any model, and narrowed metrics."""
    measures = measure_names(project)
    found: dict[str, Metric] = {}
    for _ in range(random.randint(2, 6)):
        name = names("f")
        known = replace(project, metrics=found)
        narrowed = _narrowed(random, known, [*measures, *found], name)
        formula = _formula(random, known, [*measures, *found], name)
        made = narrowed if random.random() < 0.5 else formula
        if made is not None:
            found[name] = made
    return found


def _narrowed(random: Random, project: Project, of: list[str], name: str) -> Metric | None:
    chosen = random.choice(of)
    homes = {leaf.home for leaf in leaves_of(project, parts_of(chosen))}
    home = random.choice(sorted(homes))
    names = names_from(project, home)
    if random.random() > OPEN_NAMES:
        names = [each for each in names if is_by_joins(project, home, *each)]
    parts, reference = random.choice(names)
    rows = typed(project)
    where = atom(random, Name(parts), rows.type_of(reference))
    try:
        for each in homes:
            Filter(rows, each, None).add(where)
        types = {rows.type_in(each, parts) for each in homes}
    except Refused:
        return None
    if len(types) > 1 and not types <= set(NUMBERS):
        return None
    return Metric(name, of=chosen, where=where)


def _formula(random: Random, project: Project, of: list[str], name: str) -> Metric | None:
    numeric = [each for each in of if is_number(project, parts_of(each))]
    if not numeric:
        return None
    left, right = Name(parts_of(random.choice(numeric))), Name(parts_of(random.choice(numeric)))
    chance = random.random()
    if chance < 0.6:
        return Metric(name, Call(random.choice(("+", "-", "*", "/", "/")), (left, right)))
    if chance < 0.75:
        return Metric(name, Call("coalesce", (left, Literal(0))))
    if chance < 0.85:
        return Metric(name, Call("+", (left, Literal(1))))
    above = Call(">", (left, Literal(2)))
    return Metric(name, Call("case", (above, Literal("large"), Literal("small"))))


def type_of_metric(project: Project, parts: Parts) -> str:
    """The type of a metric or measure."""
    rows = typed(project)
    return metric_type(rows, parts)


def is_number(project: Project, parts: Parts) -> bool:
    """Whether a metric is a number."""
    return type_of_metric(project, parts) in (*NUMBERS, "decimal")
