"""A question and a catalog to the resolved question, or to the first refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from semantic_models.catalog import Catalog
from semantic_models.errors import (
    EmptyAggregation,
    EmptyRows,
    ForebayError,
    MixedQueryShape,
    NameCollision,
    NotSupported,
    Position,
    ReservedName,
    UnknownName,
    WrongType,
)
from semantic_models.levels import with_levels
from semantic_models.parameters import values_of
from semantic_models.query import Asked, Query, SavedQuery
from semantic_models.resolve_aggregate import resolve_aggregate
from semantic_models.resolve_filters import Clock, names_in
from semantic_models.resolve_rows import resolve_rows, resolve_values
from semantic_models.resolve_time import checked_zone
from semantic_models.resolved import ResolvedQuery
from semantic_models.saved_queries import added_to

_INNER_NAME = re.compile(r"[a-z]:\d*", re.IGNORECASE)
"""Names of the columns that plans compute with."""


def resolve(query: Query, catalog: Catalog, *, now: datetime) -> ResolvedQuery:
    """Look up every name of a question in what may be seen, and choose homes and joins.

    ``now`` is the request's clock in UTC; only ``now()``, ``today()`` and ``time.last`` read it.

    Raises:
        ModelError: a leaf for each way in which a question has no safe answer.
    """
    if query.saved_query:
        return _resolve_saved(query, catalog, now)
    catalog = catalog.asked(query)
    zone = query.time.zone or catalog.time_zone
    if query.time.zone:
        try:
            checked_zone(zone)
        except ForebayError as error:
            raise error.at(Position("time.zone", 1, 1, len(zone), zone)) from None
    query = with_levels(query, catalog)
    _check_shape(query, catalog)
    if catalog.terms is not None:
        catalog.terms.check(query)
    if query.model:
        catalog.model(query.model)
    clock = Clock(now, zone)
    if not catalog.whole.parameters and not query.parameters:
        return _held(_resolve_shape(query, catalog, clock), catalog)
    given = values_of(dict(query.parameters), catalog.parameters)
    values = {**values_of({}, catalog.whole.parameters), **given}
    return _held(replace(_resolve_shape(query, catalog, clock), parameters=values), catalog)


def _held(resolved: ResolvedQuery, catalog: Catalog) -> ResolvedQuery:
    return resolved if catalog.terms is None else catalog.terms.held(resolved, catalog)


def _resolve_shape(query: Query, catalog: Catalog, clock: Clock) -> ResolvedQuery:
    if query.has_fields or query.all_fields:
        return resolve_rows(query, catalog, clock)
    if query.metrics:
        return resolve_aggregate(query, catalog, clock)
    return resolve_values(query, catalog, clock)


def _resolve_saved(query: Query, catalog: Catalog, now: datetime) -> ResolvedQuery:
    """A saved query with what is added; it does not exist for whom it could not be answered."""
    name = query.saved_query
    saved = catalog.saved_queries.get(name)
    if saved is not None:
        try:
            return resolve(added_to(saved, query), catalog, now=now)
        except ForebayError:
            if _has_answer(saved, catalog, now):
                raise
    known = [each.name for each in answerable(catalog, now=now)]
    at = Position("saved_query", 1, 1, len(name), name)
    raise UnknownName.of("saved query", name, known).at(at)


def answerable(catalog: Catalog, *, now: datetime) -> Iterator[SavedQuery]:
    """The saved queries that a catalog can answer: with fewer names, there are fewer of them."""
    return (each for each in catalog.saved_queries.values() if _has_answer(each, catalog, now))


def _has_answer(saved: SavedQuery, catalog: Catalog, now: datetime) -> bool:
    try:
        resolve(saved.query, catalog, now=now)
    except ForebayError:
        return False
    return True


def _check_shape(query: Query, catalog: Catalog) -> None:
    lists_rows = query.has_fields or query.all_fields
    if lists_rows and (query.metrics or query.dimensions):
        raise MixedQueryShape(
            "a question lists rows and aggregates at once",
            detail="It has fields beside metrics or dimensions.",
            hint="Ask for fields alone, or for metrics and dimensions.",
        )
    if query.has_fields and not query.fields:
        raise EmptyRows("a listing of rows has no fields", hint="Name at least one field.")
    if not lists_rows and not query.metrics and not query.dimensions:
        raise EmptyAggregation(
            "the question asks for nothing", hint="Name at least one metric or dimension."
        )
    if not query.distinct and (lists_rows or query.metrics):
        raise NotSupported(
            "distinct stands in a question that does not list values of dimensions",
            hint="Leave it out: groups are told once each, and rows are never made distinct.",
            position=Position("distinct", 1, 1, 5, "false"),
        )
    if not query.metrics:
        _check_without_metrics(query, catalog)
    if query.totals and not (query.metrics and query.dimensions):
        raise NotSupported(
            "totals stand in a question that has no groups",
            hint="Ask for metrics by dimensions, or leave totals out.",
            position=Position("totals", 1, 1, 4, "true"),
        )
    time = query.time
    if time.on and not time.is_given:
        raise WrongType(
            '"on" under time stands without a range',
            hint='Write "from", "to" or "last" beside it, or leave it out.',
            position=Position("time.on", 1, 1, len(time.on), time.on),
        )
    _check_names(query)


def _check_without_metrics(query: Query, catalog: Catalog) -> None:
    """Refuse what only means something beside metrics."""
    if query.having:
        named = next((each for each in names_in(query.having) if each in catalog.metrics), "")
        by = query.dimensions or query.fields[:1]
        called = ", ".join((named, *(each.name for each in by)))
        raise NotSupported(
            "having stands in a question without metrics",
            hint=f'Ask for metric "{named}" too, or write metric({called}) under where.'
            if named
            else "Write the predicate under where.",
        )
    if query.compare:
        raise NotSupported(
            "compare stands in a question without metrics",
            hint="Name the metrics that are compared, or leave compare out.",
            position=Position("compare[0]", 1, 1, len(query.compare[0]), query.compare[0]),
        )
    if query.fill:
        raise NotSupported(
            "fill stands in a question without metrics",
            hint="Leave it out: metric_time among values is every period.",
            position=Position("fill", 1, 1, 4, "true"),
        )
    if query.top is not None:
        raise NotSupported(
            "top stands in a question without metrics",
            hint="Ask for metrics by dimensions, or order and limit the rows.",
            position=Position("top", 1, 1, len(query.top.by), query.top.by),
        )


def _check_names(query: Query) -> None:
    """Two columns of one answer never share a name: some engines do not tell cases apart."""
    taken: dict[str, Asked] = {}
    for asked in (*query.dimensions, *query.fields, *query.metrics):
        name = asked.alias or asked.name.replace(".", "__")
        if _INNER_NAME.fullmatch(name):
            raise ReservedName(
                f'the name "{name}" is reserved',
                hint="Give the column another name.",
                position=Position(asked.source, 1, 1, len(name), name),
            )
        if name.lower() in taken:
            raise _duplicate(name, asked)
        taken[name.lower()] = asked


def _duplicate(name: str, asked: Asked) -> ForebayError:
    """The refusal of a column name that the answer has already."""
    return NameCollision(
        f'the answer has two columns named "{name}"',
        hint='Ask once, or give one of them another name with "as".',
        position=Position(asked.source, 1, 1, len(asked.name), asked.name),
    )
