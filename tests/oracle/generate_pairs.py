"""Random measures of how two values go together, and metrics of them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.oracle.generate_members import atom, is_by_joins, names_from, typed
from tests.oracle.language import (
    Aggregate,
    Call,
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
from tests.oracle.told import parts_of
from tests.oracle.values import WHOLE

FUNCTIONS = ("corr", "corr", "covar_samp", "covar_pop")
STEPS = ("1 month", "1 year")


def with_pairs(random: Random, project: Project) -> Project:
    """The project with a measure of pairs in some models, and metrics of each."""
    for name in project.models:
        measure = _measure(random, project, name)
        if measure is not None and random.random() < 0.6:
            model = project.models[name]
            made = replace(model, measures={**model.measures, measure.name: measure})
            project = replace(project, models={**project.models, name: made})
            project = replace(project, metrics=project.metrics | _metrics(random, made, measure))
    return project


def is_of_pairs(project: Project, name: str) -> bool:
    """Whether a metric is of pairs of values."""
    exprs = (leaf.measure.expr for leaf in leaves_of(project, parts_of(name)))
    return any(isinstance(each, Aggregate) and each.second is not None for each in exprs)


def _measure(random: Random, project: Project, name: str) -> Measure | None:
    numbers = _numbers(project, name)
    if not numbers:
        return None
    one, other = random.choice(numbers), random.choice(numbers)
    where = atom(random, random.choice(numbers), "integer") if random.random() < 0.3 else None
    expr = Aggregate(random.choice(FUNCTIONS), one, where, _changed(random, other))
    own = atom(random, random.choice(numbers), "integer") if random.random() < 0.15 else None
    return Measure(f"p_{name}", expr, own)


def _numbers(project: Project, name: str) -> list[Name]:
    """Whole and floating columns and dimensions of a model, and those behind its joins."""
    rows, columns = typed(project), project.models[name].columns
    behind = [(parts, each) for parts, each in names_from(project, name) if each.steps]
    named = [parts for parts, each in behind if is_by_joins(project, name, parts, each)]
    types: dict[Parts, str] = {(each,): type_ for each, type_ in columns.items()}
    types |= {parts: rows.type_in(name, parts) for parts in named}
    return [Name(parts) for parts, type_ in types.items() if type_ in (*WHOLE, "double")]


def _changed(random: Random, name: Name) -> Expr:
    return Call(random.choice(("+", "*")), (name, Literal(2))) if random.random() < 0.2 else name


def _metrics(random: Random, model: Model, measure: Measure) -> dict[str, Metric]:
    """The measure narrowed, at other times, in a formula or with groups of its own."""
    keys = [Name((each,)) for each in model.columns if model.columns[each] == "integer"]
    narrowed = Metric(f"n_{model.name}", of=measure.name, where=atom(random, keys[0], "integer"))
    doubled = Metric(f"f_{model.name}", Call("*", (Name((measure.name,)), Literal(2))))
    found = [narrowed, doubled]
    if model.time is not None:
        reading = random.choice((("cumulative", "all"), ("offset", random.choice(STEPS))))
        found.append(Metric(f"t_{model.name}", of=measure.name, reading=(reading,)))
    return {each.name: each for each in found}
