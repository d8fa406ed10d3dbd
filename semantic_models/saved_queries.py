"""Questions with a name: built, added to, and told where they can be answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from semantic_models.checks import repeated
from semantic_models.faults import Faults
from semantic_models.parse_document import parse_object
from semantic_models.query import Query, SavedQuery, TimeRange
from semantic_models.spec import SavedQuerySpec


def build_saved_queries(
    specs: Sequence[SavedQuerySpec], faults: Faults
) -> Mapping[str, SavedQuery]:
    """The saved queries of a project by name, whose documents are sound."""
    for fault in repeated("saved query", (each.name for each in specs), "Rename one of them."):
        faults.add(fault)
    built: dict[str, SavedQuery] = {}
    for each in specs:
        query = parse_object(each.question.document)
        made = SavedQuery(name=each.name.text, query=query, about=each.about)
        built.setdefault(made.name, made)
    return built


def added_to(saved: SavedQuery, asked: Query) -> Query:
    """A saved query with what a question adds: further predicates, and what it says otherwise."""
    query = saved.query
    return replace(
        query,
        where=(*query.where, *asked.where),
        having=(*query.having, *asked.having),
        order_by=asked.order_by or query.order_by,
        limit=query.limit if asked.limit is None else asked.limit,
        offset=query.offset if asked.offset is None else asked.offset,
        time=_time(query.time, asked.time),
        parameters=tuple(sorted((dict(query.parameters) | dict(asked.parameters)).items())),
    )


def _time(saved: TimeRange, asked: TimeRange) -> TimeRange:
    """A range and a zone, each the question's own where it has one."""
    has_range = replace(asked, zone="") != TimeRange()
    chosen = asked if has_range else saved
    return replace(chosen, zone=asked.zone or saved.zone)
