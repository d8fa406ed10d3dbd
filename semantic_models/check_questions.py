"""Questions that a project declares, settled when it is loaded and not when they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from semantic_models.catalog import Catalog
from semantic_models.checks import repeated
from semantic_models.errors import ForebayError, WrongType
from semantic_models.make_plan import make_plan
from semantic_models.parse_document import parse_object
from semantic_models.query import Asked, Query
from semantic_models.read_question import place_in
from semantic_models.resolve import resolve
from semantic_models.resolve_filters import Clock
from semantic_models.resolve_rows import resolve_values
from semantic_models.spec import HierarchySpec, ProjectSpec, ProjectTestSpec, QuestionSpec, Scalar

SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands for the clock of a request: whether a question has an answer does not hang on it."""


def check_questions(spec: ProjectSpec, catalog: Catalog) -> Iterator[ForebayError]:
    """Why levels and declared questions have no answer, one fault each."""
    for model in spec.models:
        for hierarchy in model.hierarchies:
            yield from _of_levels(hierarchy, model.name.text, catalog)
    for each in spec.saved_queries:
        query = catalog.saved_queries[each.name.text].query
        yield from _faults(query, each.question, each.name, catalog)
    yield from repeated("test", (each.name for each in spec.tests), "Rename one of them.")
    for test in spec.tests:
        if test.error is None:
            query = parse_object(test.question.document)
            found = list(_faults(query, test.question, test.name, catalog))
            yield from found or _widths(test, query, catalog)


def _widths(test: ProjectTestSpec, query: Query, catalog: Catalog) -> Iterator[ForebayError]:
    """Expected rows of another number of values than the answer has columns."""
    columns = [each.name for each in resolve(query, catalog, now=SOME_TIME).columns]
    for row in test.rows or ():
        if len(row) != len(columns):
            yield WrongType(
                f"the columns of this answer are {len(columns)}, the values of this row {len(row)}",
                hint=f"Write a value for each of {', '.join(columns)}, in this order.",
                position=row[0].position(),
            )


def _of_levels(spec: HierarchySpec, model: str, catalog: Catalog) -> Iterator[ForebayError]:
    """Levels that are no dimensions as seen from their model, or whose columns have one name."""
    clock = Clock(SOME_TIME, catalog.time_zone)
    is_sound = True
    for each in spec.levels:
        try:
            resolve_values(Query(dimensions=(Asked(each.text),), model=model), catalog, clock)
        except ForebayError as error:
            error.position, is_sound = each.position(), False
            yield error
    if is_sound:
        every = tuple(Asked(each.text) for each in spec.levels)
        yield from _faults(
            Query(dimensions=every, model=model),
            QuestionSpec(document={}, places={}),
            spec.name,
            catalog,
        )


def _faults(
    query: Query, written: QuestionSpec, name: Scalar, catalog: Catalog
) -> Iterator[ForebayError]:
    try:
        make_plan(resolve(query, catalog, now=SOME_TIME))
    except ForebayError as error:
        error.position = place_in(written, error, name.position())
        yield error
