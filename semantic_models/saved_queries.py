"""Questions with a name: built, added to, and told where they can be answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from semantic_models.errors import NameCollision
from semantic_models.faults import Faults
from semantic_models.parse_document import parse_object
from semantic_models.query import Query, SavedQuery, TimeRange
from semantic_models.spec import SavedQuerySpec


def build_saved_queries(
    specs: Sequence[SavedQuerySpec], faults: Faults
) -> Mapping[str, SavedQuery]:
    """The saved queries of a project by name, whose documents are sound."""
    built: dict[str, SavedQuery] = {}
    for each in specs:
        name = each.name.text
        made = SavedQuery(name=name, query=parse_object(each.question.document), about=each.about)
        if built.setdefault(name, made) is not made:
            fault = NameCollision(
                f'saved query "{name}" is declared twice',
                hint="Rename one of them.",
                position=each.name.position(),
            )
            faults.add(fault)
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
