"""A catalog as one JSON-ready document, for every front end that lists what can be asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from semantic_models.catalog import Catalog
from semantic_models.check_questions import SOME_TIME
from semantic_models.model import (
    Bridge,
    Dimension,
    Expr,
    Hierarchy,
    Join,
    Measure,
    Metric,
    Model,
    Relation,
    Segment,
    Select,
    Table,
)
from semantic_models.query import Filter, Predicate, SavedQuery
from semantic_models.resolve import answerable
from semantic_models.spec import Described
from semantic_models.types import LogicalType

Document = dict[str, object]
Member = TypeVar("Member", Model, Dimension, Hierarchy, Measure, Segment)


def catalog_document(catalog: Catalog) -> Document:
    """Everything that can be asked. Members that are hidden are left out, since they are not."""
    return {
        "name": catalog.name,
        "version": catalog.version,
        "time_zone": catalog.time_zone,
        "models": [model_document(model) for model in _shown(catalog.models.values())],
        "metrics": [
            metric_document(catalog.metrics[name], name)
            for name in metric_names(catalog)
            if not catalog.metrics[name].about.hidden
        ],
        "saved_queries": [
            _saved_query(each)
            for each in answerable(catalog, now=SOME_TIME)
            if not each.about.hidden
        ],
    }


def metric_names(catalog: Catalog) -> tuple[str, ...]:
    """Each metric and measure once, by the shortest name that can be asked."""
    return tuple(
        name
        for name in catalog.metrics
        if "." not in name or name.rpartition(".")[2] in catalog.shared_names
    )


def model_document(model: Model) -> Document:
    """A model with its members."""
    return {
        "name": model.name,
        **_about(model.about),
        "engine": model.engine,
        "relation": _relation(model.relation),
        "key": list(model.key),
        "unique": [list(columns) for columns in model.unique],
        "time": model.time,
        "where": _text(model.where),
        "dimensions": [_dimension(each) for each in _shown(model.dimensions.values())],
        "hierarchies": [_hierarchy(each) for each in _shown(model.hierarchies.values())],
        "measures": [_measure(each) for each in _shown(model.measures.values())],
        "segments": [_segment(each) for each in _shown(model.segments.values())],
        "joins": [_join(each) for each in model.joins.values()],
        "bridges": [_bridge(each) for each in model.bridges.values()],
    }


def metric_document(metric: Metric, name: str) -> Document:
    """A metric under the name it is asked by, and what it is made of."""
    return {
        "name": name,
        **_about(metric.about),
        "kind": "measure" if metric.is_measure else "metric",
        "type": _type(metric.type),
        "expr": _text(metric.formula),
        "inputs": [
            {
                "model": each.model,
                "measure": each.measure,
                "where": [_text(predicate) for predicate in each.filters],
            }
            for each in metric.measures
        ],
    }


def _saved_query(saved: SavedQuery) -> Document:
    """A saved query and the columns that it answers with, as they were asked for."""
    query = saved.query
    return {
        "name": saved.name,
        **_about(saved.about),
        "metrics": [each.name for each in query.metrics],
        "dimensions": [each.name for each in query.dimensions],
        "fields": [each.name for each in query.fields],
        "where": [_predicate(each) for each in query.where],
        "having": [_predicate(each) for each in query.having],
    }


def _predicate(written: Filter) -> str | Document:
    if isinstance(written, Predicate):
        return written.text
    return {"field": written.name, "op": written.operator, "value": list(written.values)}


def _shown(members: Iterable[Member]) -> Iterable[Member]:
    return (each for each in members if not each.about.hidden)


def _dimension(dimension: Dimension) -> Document:
    return {
        "name": dimension.name,
        **_about(dimension.about),
        "type": _type(dimension.type),
        "grain": dimension.grain and dimension.grain.value,
        "expr": _text(dimension.expr),
    }


def _hierarchy(hierarchy: Hierarchy) -> Document:
    return {
        "name": hierarchy.name,
        **_about(hierarchy.about),
        "levels": list(hierarchy.levels),
    }


def _measure(measure: Measure) -> Document:
    return {
        "name": measure.name,
        **_about(measure.about),
        "type": _type(measure.type),
        "expr": _text(measure.expr),
        "where": _text(measure.where),
        "time": measure.time,
    }


def _segment(segment: Segment) -> Document:
    return {"name": segment.name, **_about(segment.about), "expr": _text(segment.expr)}


def _bridge(bridge: Bridge) -> Document:
    return {"name": bridge.name, "to": bridge.target, "through": bridge.through}


def _join(join: Join) -> Document:
    return {
        "name": join.name,
        "to": join.target,
        "cardinality": join.cardinality.value,
        "columns": [list(pair) for pair in join.columns],
        "key": list(join.key),
    }


def _about(about: Described) -> Document:
    """What the author wrote for people; words left out are left out here too."""
    words: Document = {
        "label": about.label,
        "description": about.description,
        "format": about.format,
        "unit": about.unit,
        "owner": about.owner,
        "tags": list(about.tags),
        "synonyms": list(about.synonyms),
    }
    return {key: value for key, value in words.items() if value}


def _relation(relation: Relation) -> Document:
    match relation:
        case Table():
            return {"table": ".".join(relation.parts)}
        case Select():
            return {"sql": _text(relation)}


def _text(written: Expr | Select | None) -> str | None:
    """An expression as its author wrote it; SQL in DuckDB's words where none did."""
    if written is None:
        return None
    if written.origin is not None:
        return written.origin.text
    return written.tree.sql("duckdb")


def _type(known: LogicalType | None) -> str | None:
    return None if known is None else str(known)
