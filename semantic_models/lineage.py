"""What a metric is made of: measures, the expressions they read, and the columns behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage

from semantic_models.catalog import Catalog
from semantic_models.errors import NoPath, UnknownName
from semantic_models.join_paths import walked
from semantic_models.metric_inputs import input_name
from semantic_models.metric_predicates import called_by
from semantic_models.model import (
    CalendarGrain,
    CalendarShift,
    Expr,
    Join,
    Measure,
    MeasureUse,
    Metric,
    Model,
    Nested,
    Path,
    Reading,
    Span,
    Table,
)
from semantic_models.nested_queries import predicate
from semantic_models.prove import text_of
from semantic_models.resolve_filters import names_in
from semantic_models.resolve_names import METRIC_TIME, Reached, parts_of, reach
from semantic_models.spec import Scalar


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a number comes from, and what that comes from in turn."""

    kind: str
    """metric, measure, where, per, within, time, calendar, join, select, column or unknown."""
    name: str
    text: str = ""
    """What its author wrote, or what it computes."""
    parts: tuple[Part, ...] = ()


def lineage_of(catalog: Catalog, name: str) -> Part:
    """The tree of a metric or measure, down to the columns of tables.

    Raises:
        UnknownName, NameCollision: there is no one metric of that name.
    """
    metric = catalog.metric(name)
    is_measure = metric.is_measure and metric.ranked is None
    if is_measure and isinstance(metric.inputs[0], MeasureUse):
        return _measure(catalog, metric.inputs[0])
    return _metric(catalog, metric, name)


def columns_of(part: Part) -> tuple[str, ...]:
    """Every column of a table below a part, once each and sorted."""
    own = {part.name} if part.kind == "column" else set()
    return tuple(sorted(own.union(*map(columns_of, part.parts))))


@dataclass(frozen=True, slots=True)
class _Home:
    """A model as one of its measures sees it."""

    catalog: Catalog
    model: Model
    time: str
    """The dimension that is the metric time; empty where there is none."""

    def at(self, model: Model) -> _Home:
        """Another model, whose own joins need no metric time."""
        return _Home(self.catalog, model, "")


def _home(catalog: Catalog, use: MeasureUse) -> _Home:
    model = catalog.models[use.model]
    return _Home(catalog, model, use.time or model.measures[use.measure].time or "")


def _homes(catalog: Catalog, metric: Metric) -> Iterator[_Home]:
    """Where the dimensions are seen from that a metric is grouped by."""
    for use in metric.measures:
        if use.home == use.model:
            yield _home(catalog, use)


def _metric(catalog: Catalog, metric: Metric, name: str) -> Part:
    inputs = [_input(catalog, use) for use in metric.inputs]
    named = [_called(use) for use in metric.inputs]
    parts = inputs
    if isinstance(metric.inputs[0], Nested) and named == [name]:
        named, parts = [inputs[0].text], list(inputs[0].parts)
    text = text_of(metric.formula, {input_name(at): each for at, each in enumerate(named)})
    if metric.ranked is not None:
        order = "highest" if metric.ranked.descending else "lowest"
        text = f"rank of {text}, {order} first"
        parts += _dimensions(catalog, metric, "within", metric.ranked.within)
    return Part("metric", name, text, tuple(dict.fromkeys(parts)))


def _written(metric: Metric) -> str:
    """The name of a metric that another one knows, as its author wrote it."""
    return metric.name.rstrip(":")


def _called(use: MeasureUse | Nested) -> str:
    return _written(use.metric) if isinstance(use, Nested) else f"{use.model}.{use.measure}"


def _input(catalog: Catalog, use: MeasureUse | Nested) -> Part:
    if isinstance(use, MeasureUse):
        return _measure(catalog, use)
    inner = _metric(catalog, use.metric, _written(use.metric))
    scope = use.scope
    text = f"{scope.aggregate.upper()}({inner.text})" if scope.aggregate else inner.text
    homes = list(_homes(catalog, use.metric))
    added = (_asked(home, each) for each in scope.add_filters for home in homes)
    per = _dimensions(catalog, use.metric, "per", scope.per)
    return replace(inner, text=text, parts=tuple(dict.fromkeys((*inner.parts, *per, *added))))


def _dimensions(
    catalog: Catalog, metric: Metric, kind: str, names: Sequence[str]
) -> Iterator[Part]:
    """Dimensions that tell the groups of a metric apart."""
    for name in names:
        found = (part for home in _homes(catalog, metric) for part in _named(home, name))
        yield Part(kind, name, "", tuple(dict.fromkeys(found)))


def _measure(catalog: Catalog, use: MeasureUse) -> Part:
    home = _home(catalog, use)
    measure = home.model.measures[use.measure]
    own = [home.model.where, measure.where, *use.filters]
    predicates = [each for each in own if each is not None]
    parts = [
        *_read(home, measure.expr),
        *(Part("where", text_of(each), "", tuple(_read(home, each))) for each in predicates),
        *(_asked(home, each) for each in use.asked),
        *_times(home, measure),
        *_calendars(home, use.reading),
    ]
    if use.funnel is not None:
        parts += [
            *_pairs(catalog, use),
            _measure(catalog, use.funnel.base),
        ]
    return Part("measure", f"{use.model}.{use.measure}", text_of(measure.expr), tuple(parts))


def _asked(home: _Home, written: Scalar) -> Part:
    """A predicate that is asked as a question's would be."""
    found = (part for name in names_in([predicate(written)]) for part in _named(home, name))
    return Part("where", written.text, "", tuple(dict.fromkeys(found)))


def _named(home: _Home, name: str) -> Iterator[Part]:
    """What a name leads to that is looked up where a question is asked."""
    called = called_by(name)
    if called is not None:
        metric = home.catalog.metric(called.metric)
        yield lineage_of(home.catalog, called.metric)
        yield from _dimensions(home.catalog, metric, "per", called.keys)
        for key in called.keys:
            yield from _named(home, key)
        return
    head, *rest = parts = parts_of(name)
    if head == METRIC_TIME:
        parts = (home.time, *rest)
    found = _reached(home, parts)
    if found is None:
        yield from _columns(home.model, parts[-1:])
        return
    yield from _read(home, found.expr())
    if found.calendar_grain:
        yield _calendar(home, found.calendar_grain, home.catalog.calendars[found.calendar_grain])


def _reached(home: _Home, parts: Sequence[str]) -> Reached | None:
    """What a name means: whole, or its last part alone; None for a column."""
    for spelled in (".".join(parts), parts[-1]):
        with suppress(UnknownName, NoPath):
            return reach(home.catalog, home.model, spelled)
    return None


def _times(home: _Home, measure: Measure) -> Iterator[Part]:
    """The times that decide at which time of an answer a row counts."""
    if home.time:
        expr = reach(home.catalog, home.model, home.time).expr()
        parts = tuple(_read(home.at(home.model), expr))
        yield Part("time", f"{home.model.name}.{home.time}", "", parts)
    if measure.one_time is not None:
        read = [measure.one_time.by, *measure.one_time.per]
        parts = tuple(part for each in read for part in _read(home, each))
        which = "last" if measure.one_time.last else "first"
        yield Part("time", f"{home.model.name}.{measure.one_time.name}", f"{which} only", parts)


def _calendars(home: _Home, reading: Reading) -> Iterator[Part]:
    """The calendars that say at which other times rows count."""
    steps = [period for each in reading.shifts for period in (each.back, each.start_of, each.named)]
    if reading.window is not None:
        steps += [reading.window.trailing, reading.window.to_date]
    told = [each.grain if isinstance(each, Span) else each for each in steps]
    for each in dict.fromkeys(told):
        if isinstance(each, CalendarGrain | CalendarShift):
            yield _calendar(home, each.name, each.calendar)


def _calendar(home: _Home, name: str, calendar: str) -> Part:
    """What a calendar says of days, and the column of its days."""
    days = home.at(home.catalog.models[calendar])
    said = _read(days, days.model.dimensions[name].expr)
    return Part("calendar", name, f"of {calendar}", (*_columns(days.model, days.model.key), *said))


def _pairs(catalog: Catalog, use: MeasureUse) -> Iterator[Part]:
    """What a base and its conversions share."""
    assert use.funnel is not None
    base = _home(catalog, use.funnel.base)
    own = _home(catalog, use)
    for left, right in use.funnel.equal:
        parts = (*_read(base, left), *_read(own, right))
        yield Part("where", f"{text_of(left)} = {text_of(right)}", "", parts)


def _read(home: _Home, expr: Expr) -> Iterator[Part]:
    """The columns that an expression reads, those behind joins below their joins."""
    names: dict[Path, dict[str, None]] = {path: {} for path in expr.paths}
    for node in expr.tree.find_all(exp.Column):
        path = tuple(node.table.split(".")) if node.table else ()
        names.setdefault(path, {})[node.name] = None
    for path in sorted(names):
        columns = list(names[path])
        if not path:
            yield from _columns(home.model, columns)
            continue
        steps = walked(home.catalog.ways.edges, home.model.name, path)
        target = home.catalog.models[steps[-1].target]
        parts = [*_keys(home, steps), *_columns(target, columns)]
        yield Part("join", ".".join(path), f"to {target.name}", tuple(dict.fromkeys(parts)))


def _keys(home: _Home, steps: Sequence[Join]) -> Iterator[Part]:
    """The columns that joins compare, and what the joined models leave out."""
    models = home.catalog.models
    for join in steps:
        source, target = models[join.source], models[join.target]
        yield from _columns(source, [left for left, _ in join.columns])
        yield from _columns(target, [right for _, right in join.columns])
        for each in join.conditions:
            sides = [(node.name, bool(node.table)) for node in each.tree.find_all(exp.Column)]
            yield from _columns(source, [name for name, is_its in sides if not is_its])
            yield from _columns(target, [name for name, is_its in sides if is_its])
        if home.model.partition and target.partition:
            yield from _columns(home.model, [home.model.partition])
            yield from _columns(target, [target.partition])
        yield from _validity(home, join)
        if target.where is not None:
            parts = tuple(_read(home.at(target), target.where))
            yield Part("where", text_of(target.where), f"of {target.name}", parts)


def _validity(home: _Home, join: Join) -> Iterator[Part]:
    """The columns that tell which version of a row a join meets, and the time that does."""
    if not join.valid:
        return
    yield from _columns(home.catalog.models[join.target], join.valid)
    source = home.catalog.models[join.source] if join.at else home.model
    time = join.at or home.time
    if time:
        yield from _read(home.at(source), reach(home.catalog, source, time).expr())


def _columns(model: Model, names: Sequence[str]) -> Iterator[Part]:
    """Columns of a model as those of the tables that it reads."""
    for name in names:
        if isinstance(model.relation, Table):
            yield Part("column", ".".join((*model.relation.parts, name)))
        else:
            yield Part("select", f"{model.name}.{name}", "", _behind_select(model, name))


def _behind_select(model: Model, name: str) -> tuple[Part, ...]:
    """The columns of tables behind one of a SELECT, where its text alone tells them."""
    assert not isinstance(model.relation, Table)
    try:
        column = exp.column(name, quoted=True)
        found = lineage(column, model.relation.tree, schema={}, dialect="duckdb")
    except SqlglotError:
        found = None
    leaves = [each for each in found.walk() if not each.downstream] if found else []
    told = [
        ".".join((*(part.name for part in leaf.source.parts), leaf.name.rpartition(".")[2]))
        for leaf in leaves
        if isinstance(leaf.source, exp.Table)
    ]
    if not told or len(told) < len(leaves):
        return (Part("unknown", name, f"the SELECT of {model.name} does not tell"),)
    return tuple(Part("column", each) for each in told)
