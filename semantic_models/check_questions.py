"""Questions that a project declares, settled when it is loaded and not when they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError
from semantic_models.make_plan import make_plan
from semantic_models.query import Query
from semantic_models.read_question import place_in
from semantic_models.resolve import resolve
from semantic_models.spec import ProjectSpec, QuestionSpec, Scalar

SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands for the clock of a request: whether a question has an answer does not hang on it."""


def check_questions(spec: ProjectSpec, catalog: Catalog) -> Iterator[ForebayError]:
    """Why declared questions cannot be answered, one fault a question."""
    for each in spec.saved_queries:
        query = catalog.saved_queries[each.name.text].query
        yield from _faults(query, each.question, each.name, catalog)


def _faults(
    query: Query, written: QuestionSpec, name: Scalar, catalog: Catalog
) -> Iterator[ForebayError]:
    try:
        make_plan(resolve(query, catalog, now=SOME_TIME))
    except ForebayError as error:
        error.position = place_in(written, error, name.position())
        yield error
