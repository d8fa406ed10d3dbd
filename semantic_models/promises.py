"""What models promise of their rows, and the plans that count where data breaks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.catalog import Catalog
from semantic_models.intrinsics import cast, start_of
from semantic_models.model import Expr, Model, Spine
from semantic_models.plan import Aggregate, Filter, LogicalPlan, Output, Plan, Scan
from semantic_models.types import INT64, STRING

TIMES = "r:times"
"""How often a value stands; no column of a model has such a name."""
BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Promise:
    """Something that every row of a model or spine is declared to keep."""

    name: str
    """What promises it, as in ``model "orders"``."""
    what: str
    """What is promised, as in ``key (order_id)``."""
    breach: str
    """What is counted where it is broken."""
    plan: Plan
    """One row with one number: how often it is broken."""


def promises(catalog: Catalog) -> Iterator[Promise]:
    """Every promise of a catalog that data can break, model by model."""
    for model in catalog.models.values():
        yield from _of_model(model)
    for spine in catalog.spines:
        yield _of_spine(spine)


def _of_model(model: Model) -> Iterator[Promise]:
    name = f'model "{model.name}"'
    rows: LogicalPlan = Scan(model.name, (), model.relation)
    if model.where is not None:
        rows = Filter(rows, (model.where,))
    if model.key:
        missing = exp.or_(*(_is_null(column(each)) for each in model.key))
        counted = _counted(Filter(rows, (Expr(missing),)), model.engine)
        yield Promise(name, _called("key", model.key), "rows have a NULL in it", counted)
    declared = [("key", model.key)] if model.key else []
    for word, columns in (*declared, *(("unique", each) for each in model.unique)):
        keys = {each: column(each) for each in columns}
        plan = _repeated(rows, keys, model.engine)
        yield Promise(name, _called(word, columns), "values stand in several rows", plan)


def _of_spine(spine: Spine) -> Promise:
    rows = Scan(f"spine {spine.grain}", (), spine.table)
    period = start_of(cast(column(spine.column), "TIMESTAMP"), spine.grain)
    plan = _repeated(rows, {spine.column: period}, spine.engine)
    called = _called("periods", (spine.column,))
    return Promise(f'spine "{spine.grain}"', called, "values stand in several rows", plan)


def _called(word: str, columns: tuple[str, ...]) -> str:
    return f"{word} ({', '.join(columns)})"


def _repeated(rows: LogicalPlan, keys: Mapping[str, exp.Expr], engine: str) -> Plan:
    """Counts the tuples that several rows have; one with a NULL in it equals none."""
    whole = tuple(Expr(exp.Not(this=_is_null(each.copy()))) for each in keys.values())
    outputs = tuple(Output(name, Expr(tree), STRING) for name, tree in keys.items())
    times = Output(TIMES, Expr(_count()), INT64)
    groups = Aggregate(Filter(rows, whole), outputs, (times,))
    several = exp.GT(this=column(TIMES), expression=exp.Literal.number(1))
    return _counted(Filter(groups, (Expr(several),)), engine)


def _counted(rows: LogicalPlan, engine: str) -> Plan:
    broken = Output(BROKEN, Expr(_count()), INT64)
    return Plan(Aggregate(rows, (), (broken,)), (broken,), "UTC", engine)


def _count() -> exp.Expr:
    return exp.Count(this=exp.Star())


def _is_null(tree: exp.Expr) -> exp.Expr:
    return exp.Is(this=tree, expression=exp.Null())
