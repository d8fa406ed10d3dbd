"""What models promise of their rows, and the plans that count where data breaks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.catalog import Catalog
from semantic_models.intrinsics import cast, start_of
from semantic_models.model import Expr, Join, Key, Model, Spine
from semantic_models.parameters import Values, values_of
from semantic_models.plan import Aggregate, Filter, LogicalPlan, Output, Plan, Scan, Windowed
from semantic_models.spec import Scalar
from semantic_models.types import INT64, STRING

TIMES = "r:times"
"""How often a value stands; no column of a model has such a name."""
PREVIOUS = "r:previous"
"""The period of the day before."""
NEXT = "r:next"
"""When the next version of a row begins."""
BROKEN = "broken"

SEVERAL = "values stand in several rows"
MISSING = "rows have a NULL in it"
OVERLAP = "rows are still valid when the next one of their key begins"
APART = "periods have days that lie apart"
ENDED = "rows end before or when they begin"


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
    hint: str
    """What to do where it is broken."""
    place: Scalar | None = field(default=None, compare=False, repr=False)
    """Where it is written."""

    @property
    def called(self) -> tuple[str, str, str]:
        """What tells it from every other promise of its catalog."""
        return self.name, self.what, self.breach

    def under(self, values: Values) -> Promise:
        """The same where parameters have these values."""
        return replace(self, plan=replace(self.plan, parameters=values)) if values else self


def promises(catalog: Catalog) -> Iterator[Promise]:
    """Every promise of a catalog that data can break, model by model, each once.

    Parameters that a model's ``where`` names have their defaults.
    """
    values = values_of({}, catalog.parameters)
    return (each.under(values) for each in _promises(catalog))


def _promises(catalog: Catalog) -> Iterator[Promise]:
    for model in catalog.models.values():
        if model.key:
            yield no_missing_key(model)
        yield from (no_repeated_key(model, each) for each in model.keys)
    spans = (
        each
        for model in catalog.models.values()
        for join in model.joins.values()
        if join.valid
        for each in _of_spans(join, catalog.models[join.target])
    )
    yield from {each.called: each for each in spans}.values()
    yield from map(_of_spine, catalog.spines)
    for grain, name in catalog.calendars.items():
        yield no_days_apart(catalog.models[name], grain)


def no_missing_key(model: Model) -> Promise:
    """That no row has a NULL in its key."""
    missing = exp.or_(*(_is_null(column(each)) for each in model.key))
    return Promise(
        _of_model(model),
        _called("key", model.key),
        MISSING,
        _counted(Filter(_rows(model), (Expr(missing),)), model.engine),
        "Fill the column, or leave such rows out by the model's `where`.",
        model.key_origins.get(model.key),
    )


def no_repeated_key(model: Model, key: Key) -> Promise:
    """That no two rows have one value of a declared key."""
    return Promise(
        _of_model(model),
        _called("key" if key == model.key else "unique", key),
        SEVERAL,
        _repeated(_rows(model), {each: column(each) for each in key}, model.engine),
        "Mend the data, or declare the columns that tell its rows apart.",
        model.key_origins.get(key),
    )


def no_overlap(join: Join, target: Model) -> Promise:
    """That of the rows which a validity join meets on equal columns one is valid at a time."""
    start, end = join.valid
    held = _held(join, target)
    whole = (Expr(exp.Not(this=_is_null(column(each)))) for each in (*held, start))
    is_open = exp.or_(_is_null(column(end)), exp.GT(this=column(end), expression=column(start)))
    following = exp.Window(
        this=exp.Lead(this=column(start)),
        partition_by=[column(each) for each in held],
        order=exp.Order(expressions=[exp.Ordered(this=column(start), nulls_first=False)]),
    )
    rows = Windowed(
        Filter(_rows(target), (*whole, Expr(is_open))), (Output(NEXT, Expr(following), INT64),)
    )
    is_early = exp.and_(
        exp.Not(this=_is_null(column(NEXT))),
        exp.or_(_is_null(column(end)), exp.LT(this=column(NEXT), expression=column(end))),
    )
    return Promise(
        _of_model(target),
        f"{_called('spans', join.valid)} of ({', '.join(held)})",
        OVERLAP,
        _counted(Filter(rows, (Expr(is_early),)), target.engine),
        "End each version where the next one begins.",
        join.valid_origin,
    )


def no_days_apart(calendar: Model, grain: str) -> Promise:
    """That a period of a calendar has all days between its first and its last."""
    value = calendar.dimensions[grain].expr.tree
    order = exp.Order(
        expressions=[exp.Ordered(this=column(calendar.key[0]), nulls_first=False)],
    )
    previous = exp.Window(this=exp.Lag(this=value.copy()), order=order)
    days = Windowed(_rows(calendar), (Output(PREVIOUS, Expr(previous), STRING),))
    begins = exp.NullSafeNEQ(this=value.copy(), expression=column(PREVIOUS))
    return Promise(
        _of_model(calendar),
        f"grain {grain}",
        APART,
        _repeated(Filter(days, (Expr(begins),)), {grain: value}, calendar.engine),
        "Give periods that lie apart values of their own.",
    )


def _of_spans(join: Join, target: Model) -> Iterator[Promise]:
    start, end = join.valid
    ends = Expr(exp.LTE(this=column(end), expression=column(start)))
    yield Promise(
        _of_model(target),
        _called("spans", join.valid),
        ENDED,
        _counted(Filter(_rows(target), (ends,)), target.engine),
        "End each version after it begins, or leave it out by the model's `where`.",
        join.valid_origin,
    )
    yield no_overlap(join, target)


def _held(join: Join, target: Model) -> Key:
    """The columns whose values the versions of one row share."""
    equal = tuple(right for _, right in join.columns)
    return (*equal, target.partition) if join.by_partition else equal


def _of_spine(spine: Spine) -> Promise:
    rows = Scan(f"spine {spine.grain}", (), spine.table)
    period = start_of(cast(column(spine.column), "TIMESTAMP"), spine.grain)
    return Promise(
        f'spine "{spine.grain}"',
        _called("periods", (spine.column,)),
        SEVERAL,
        _repeated(rows, {spine.column: period}, spine.engine),
        "Keep each period in one row.",
        spine.origin,
    )


def _of_model(model: Model) -> str:
    return f'model "{model.name}"'


def _called(word: str, columns: tuple[str, ...]) -> str:
    return f"{word} ({', '.join(columns)})"


def _rows(model: Model) -> LogicalPlan:
    rows = Scan(model.name, (), model.relation)
    return rows if model.where is None else Filter(rows, (model.where,))


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
