"""Hierarchies: a name among a question's dimensions that stands for its levels, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from semantic_models.catalog import Catalog
from semantic_models.errors import NameCollision, Position, WrongType
from semantic_models.query import Asked, OrderBy, Query


def with_levels(query: Query, catalog: Catalog) -> Query:
    """The question with each hierarchy among its dimensions, and in its order, written out.

    Raises:
        WrongType: a hierarchy is given the name of one column, or its members are ranked.
        NameCollision: several models have one of that name, and none is named.
    """
    if not catalog.has_hierarchies:
        return query
    levels = {_column(each.name): _levels(each, query, catalog) for each in query.dimensions}
    levels = {name: found for name, found in levels.items() if found}
    if not levels:
        return query
    _check_ranked(query, levels)
    return replace(
        query,
        dimensions=tuple(each for asked in query.dimensions for each in _written(asked, levels)),
        order_by=tuple(each for key in query.order_by for each in _ordered(key, levels)),
        columns=tuple(
            each for name in query.columns for each in map(_column, levels.get(name, (name,)))
        ),
    )


Levels = Mapping[str, Sequence[str]]
"""The levels of each hierarchy, by the name it was asked by as columns are named."""


def _column(name: str) -> str:
    return name.replace(".", "__")


def _written(asked: Asked, levels: Levels) -> Iterator[Asked]:
    found = levels.get(_column(asked.name))
    if found is None:
        yield asked
        return
    if asked.alias and asked.alias != _column(asked.name):
        raise WrongType(
            f'hierarchy "{asked.name}" stands for {len(found)} columns, and "as" names one',
            hint="Ask for its levels, each with a name of its own.",
            position=Position(asked.source, 1, 1, len(asked.name), asked.name),
        )
    for each in found:
        yield replace(asked, name=each, alias="")


def _check_ranked(query: Query, levels: Levels) -> None:
    on = query.top.on if query.top is not None else ""
    found = levels.get(_column(on))
    if found is not None:
        raise WrongType(
            f'hierarchy "{on}" stands for {len(found)} columns, and top has the members of one',
            hint=f"Name one of {', '.join(found)}.",
            position=Position("top.on", 1, 1, len(on), on),
        )


def _ordered(key: OrderBy, levels: Levels) -> Iterator[OrderBy]:
    for each in levels.get(_column(key.name), (key.name,)):
        yield replace(key, name=each)


def _levels(asked: Asked, query: Query, catalog: Catalog) -> Sequence[str]:
    """The levels of a hierarchy by the same path; none where the name is of no hierarchy."""
    *path, name = asked.name.replace("__", ".").split(".")
    reached = {
        model: catalog.models[model].hierarchies[name]
        for model in _reached(path, _homes(query, catalog), catalog)
        if name in catalog.models[model].hierarchies
    }
    if len(reached) > 1 and not query.metrics:
        models = " and ".join(f'"{each}"' for each in reached)
        raise NameCollision(
            f'hierarchy "{name}" stands in models {models}',
            hint='Write "from" and the name of one of them.',
            position=Position(asked.source, 1, 1, len(asked.name), asked.name),
        )
    found = next(iter(reached.values()), None)
    return [".".join((*path, each)) for each in found.levels] if found else ()


def _homes(query: Query, catalog: Catalog) -> list[str]:
    """The models from which a question's names are looked up."""
    if query.metrics:
        metrics = (catalog.metrics.get(each.name.replace("__", ".")) for each in query.metrics)
        return [use.model for each in metrics if each for use in each.measures]
    return [query.model] if query.model else list(catalog.models)


def _reached(path: Sequence[str], homes: Sequence[str], catalog: Catalog) -> Iterator[str]:
    """The models that a path of joins, or a model's own name, leads to."""
    starts = [(home, path) for home in homes if home in catalog.models]
    if path and path[0] in catalog.models:
        starts.append((path[0], path[1:]))
    for home, steps in starts:
        at: str | None = home
        for step in steps:
            join = catalog.ways.edges[at].get(step) if at else None
            at = join.target if join else None
        if at is not None:
            yield at
