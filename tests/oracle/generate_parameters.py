"""Random parameters, in place of literals that stand in expressions of projects and questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from random import Random

from tests.oracle.generate_members import Words, measure_names
from tests.oracle.language import (
    PARAM,
    Aggregate,
    Call,
    Expr,
    Literal,
    Measure,
    Metric,
    Model,
    Name,
    Parameter,
    Project,
    Question,
    Value,
    Values,
)
from tests.oracle.leaves import Leaf, leaves_of, sources_of
from tests.oracle.times import is_written
from tests.oracle.told import parts_of

PARAMETERS = 0.4
"""How often a project has parameters."""
SWAPPED = 0.5
"""How often a literal that a parameter fits is one."""
SCALED = 0.4
"""How often a formula is multiplied by a parameter."""
READING = 0.8
"""How often a metric that fixes parameters is of one that reads some, where there is one."""
VALUES: Mapping[str, tuple[Value, ...]] = {
    "integer": (-1, 0, 1, 2, 3),
    "number": (0.5, 2.0, -1.5),
    "string": ("red", "green", "none", "x"),
    "boolean": (True, False),
    "date": (date(2024, 3, 10), date(2024, 11, 3), date(2024, 12, 31)),
}
COMMON = ("integer", "string")
"""The types that most literals have."""
NAMES = {
    "integer": "level",
    "number": "rate",
    "string": "word",
    "boolean": "flag",
    "date": "since",
}


def with_parameters(random: Random, project: Project, names: Words) -> Project:
    """The project, at times with parameters in its expressions, and metrics that fix some."""
    if random.random() > PARAMETERS:
        return project
    types = dict.fromkeys((*COMMON, *random.sample(list(VALUES), random.randint(0, len(VALUES)))))
    made = {
        NAMES[type_]: Parameter(NAMES[type_], type_, random.choice(VALUES[type_]))
        for type_ in types
    }
    models = {name: _in_model(random, each, made) for name, each in project.models.items()}
    metrics = {name: _in_metric(random, each, made) for name, each in project.metrics.items()}
    found = replace(project, models=models, metrics=metrics, parameters=made)
    for _ in range(random.randint(1, 2)):
        fixing = _fixing(random, found, names)
        if fixing is not None:
            found = replace(found, metrics={**found.metrics, fixing.name: fixing})
    return found


def with_values(random: Random, project: Project, question: Question) -> Question:
    """The question, at times with values of parameters and with parameters in its predicates."""
    known = project.parameters
    if not known:
        return question
    given: Values = ()
    if random.random() < 0.6:
        given = _values(random, project)
    where = tuple(swapped(random, each, known) for each in question.where)
    having = tuple(swapped(random, each, known) for each in question.having)
    return replace(question, params=given, where=where, having=having)


def _values(random: Random, project: Project) -> Values:
    known = list(project.parameters.values())
    chosen = random.sample(known, random.randint(1, len(known)))
    return tuple((each.name, random.choice(VALUES[each.type])) for each in chosen)


def _in_model(random: Random, model: Model, known: Mapping[str, Parameter]) -> Model:
    dimensions = {
        name: replace(each, expr=None if each.expr is None else swapped(random, each.expr, known))
        for name, each in model.dimensions.items()
    }
    measures = {name: _in_measure(random, each, known) for name, each in model.measures.items()}
    return replace(model, dimensions=dimensions, measures=measures)


def _in_measure(random: Random, measure: Measure, known: Mapping[str, Parameter]) -> Measure:
    where = None if measure.where is None else swapped(random, measure.where, known)
    return replace(measure, expr=swapped(random, measure.expr, known), where=where)


def _in_metric(random: Random, metric: Metric, known: Mapping[str, Parameter]) -> Metric:
    where = None if metric.where is None else swapped(random, metric.where, known)
    expr = None if metric.expr is None else swapped(random, metric.expr, known)
    if isinstance(expr, Call) and expr.op in ("+", "-", "*") and random.random() < SCALED:
        expr = Call("*", (expr, Name((PARAM, "rate")))) if "rate" in known else expr
    return replace(metric, where=where, expr=expr)


def _fixing(random: Random, project: Project, names: Words) -> Metric | None:
    known = [*measure_names(project), *project.metrics]
    reading = [each for each in known if _read_by(project, each)]
    of = random.choice(reading if reading and random.random() < READING else known)
    metric = project.metrics.get(of)
    is_ranked = metric is not None and metric.rank is not None
    found = sources_of(project, parts_of(of))
    if is_ranked or not all(isinstance(e, Leaf) and e.conversions is None for e in found):
        return None
    told = _read_by(project, of) or list(project.parameters)
    chosen = random.sample(told, random.randint(1, len(told)))
    return Metric(names("w"), of=of, params=tuple(_other(random, project, each) for each in chosen))


def _other(random: Random, project: Project, name: str) -> tuple[str, Value]:
    """A parameter with a value that is not its default."""
    known = project.parameters[name]
    return name, random.choice([each for each in VALUES[known.type] if each != known.default])


def _read_by(project: Project, name: str) -> list[str]:
    """The parameters of a metric's formula, of its measures and of what narrows them."""
    metric = project.metrics.get(name)
    found = [None if metric is None else metric.expr]
    for leaf in leaves_of(project, parts_of(name)):
        found += [leaf.measure.expr, *leaf.own_predicates()]
    return list(dict.fromkeys(each for expr in found for each in _parameters_in(expr)))


def _parameters_in(expr: Expr | None) -> Iterator[str]:
    match expr:
        case Name((first, name)) if first == PARAM:
            yield name
        case Call(_, args):
            for each in args:
                yield from _parameters_in(each)
        case Aggregate(_, argument, where):
            yield from _parameters_in(argument)
            yield from _parameters_in(where)
        case _:
            return


def swapped(random: Random, expr: Expr, known: Mapping[str, Parameter]) -> Expr:
    """An expression with parameters in place of some of its literals."""

    def swap(each: Expr) -> Expr:
        return swapped(random, each, known)

    match expr:
        case Literal(value):
            name = NAMES.get(_type_of(value), "")
            is_swapped = name in known and random.random() < SWAPPED
            return Name((PARAM, name)) if is_swapped else expr
        case Call(op, args):
            return Call(op, _all_swapped(swap, args))
        case Aggregate(_, argument, where):
            return replace(
                expr,
                argument=None if argument is None else swap(argument),
                where=None if where is None else swap(where),
            )
        case _:
            return expr


def _all_swapped(swap: Callable[[Expr], Expr], args: tuple[Expr, ...]) -> tuple[Expr, ...]:
    return tuple(map(swap, args))


def _type_of(value: Value) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "date" if is_written(value) else "string"
        case _:
            return ""
