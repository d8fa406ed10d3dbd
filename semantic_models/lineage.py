"""What a metric is made of: measures, the expressions they read, and the columns behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage

from semantic_models.catalog import Catalog
from semantic_models.join_paths import walked
from semantic_models.model import (
    Expr,
    Join,
    MeasureUse,
    Metric,
    Model,
    Nested,
    Path,
    Table,
)
from semantic_models.prove import text_of
from semantic_models.resolve_names import reach


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a number comes from, and what that comes from in turn."""

    kind: str
    """metric, measure, where, time, join, select, column or unknown."""
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
    if metric.is_measure and isinstance(metric.inputs[0], MeasureUse):
        return _measure(catalog, metric.inputs[0])
    return _metric(catalog, metric, name)


def columns_of(part: Part) -> tuple[str, ...]:
    """Every column of a table below a part, once each and sorted."""
    own = {part.name} if part.kind == "column" else set()
    return tuple(sorted(own.union(*map(columns_of, part.parts))))


def _metric(catalog: Catalog, metric: Metric, name: str) -> Part:
    called = {f"i{number}": _called(use) for number, use in enumerate(metric.inputs)}
    text = text_of(metric.formula, called)
    parts = [_input(catalog, use) for use in metric.inputs]
    return Part("metric", name, text, tuple(dict.fromkeys(parts)))


def _written(metric: Metric) -> str:
    """The name of a metric that another one knows, as its author wrote it."""
    return metric.name.rstrip(":")


def _called(use: MeasureUse | Nested) -> str:
    return _written(use.metric) if isinstance(use, Nested) else f"{use.model}.{use.measure}"


def _input(catalog: Catalog, use: MeasureUse | Nested) -> Part:
    if isinstance(use, Nested):
        return _metric(catalog, use.metric, _written(use.metric))
    return _measure(catalog, use)


def _measure(catalog: Catalog, use: MeasureUse) -> Part:
    model = catalog.models[use.model]
    measure = model.measures[use.measure]
    predicates = [each for each in (model.where, measure.where, *use.filters) if each is not None]
    parts = [
        *_read(catalog, model, measure.expr),
        *(
            Part("where", text_of(each), "", tuple(_read(catalog, model, each)))
            for each in predicates
        ),
        *_times(catalog, model, use),
    ]
    if use.funnel is not None:
        parts += [
            *_pairs(catalog, use),
            _measure(catalog, use.funnel.base),
        ]
    return Part("measure", f"{use.model}.{use.measure}", text_of(measure.expr), tuple(parts))


def _times(catalog: Catalog, model: Model, use: MeasureUse) -> Iterator[Part]:
    """The times that decide at which time of an answer a row counts."""
    measure = model.measures[use.measure]
    name = use.time or measure.time
    if name is not None:
        expr = reach(catalog, model, name).expr()
        yield Part("time", f"{model.name}.{name}", "", tuple(_read(catalog, model, expr)))
    if measure.one_time is not None:
        read = [measure.one_time.by, *measure.one_time.per]
        parts = tuple(part for each in read for part in _read(catalog, model, each))
        which = "last" if measure.one_time.last else "first"
        yield Part("time", f"{model.name}.{measure.one_time.name}", f"{which} only", parts)


def _pairs(catalog: Catalog, use: MeasureUse) -> Iterator[Part]:
    """What a base and its conversions share."""
    assert use.funnel is not None
    base = catalog.models[use.funnel.base.model]
    own = catalog.models[use.model]
    for left, right in use.funnel.equal:
        parts = (*_read(catalog, base, left), *_read(catalog, own, right))
        yield Part("where", f"{text_of(left)} = {text_of(right)}", "", parts)


def _read(catalog: Catalog, home: Model, expr: Expr) -> Iterator[Part]:
    """The columns that an expression reads, those behind joins below their joins."""
    names: dict[Path, dict[str, None]] = {path: {} for path in expr.paths}
    for node in expr.tree.find_all(exp.Column):
        path = tuple(node.table.split(".")) if node.table else ()
        names.setdefault(path, {})[node.name] = None
    for path in sorted(names):
        columns = list(names[path])
        if not path:
            yield from _columns(home, columns)
            continue
        steps = walked(catalog.ways.edges, home.name, path)
        target = catalog.models[steps[-1].target]
        parts = [*_keys(catalog, steps), *_columns(target, columns)]
        yield Part("join", ".".join(path), f"to {target.name}", tuple(dict.fromkeys(parts)))


def _keys(catalog: Catalog, steps: Sequence[Join]) -> Iterator[Part]:
    """The columns that joins compare, and what the joined models leave out."""
    for join in steps:
        source, target = catalog.models[join.source], catalog.models[join.target]
        yield from _columns(source, [left for left, _ in join.columns])
        yield from _columns(target, [right for _, right in join.columns])
        for each in join.conditions:
            sides = [(node.name, bool(node.table)) for node in each.tree.find_all(exp.Column)]
            yield from _columns(source, [name for name, is_its in sides if not is_its])
            yield from _columns(target, [name for name, is_its in sides if is_its])
        if target.where is not None:
            parts = tuple(_read(catalog, target, target.where))
            yield Part("where", text_of(target.where), f"of {target.name}", parts)


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
