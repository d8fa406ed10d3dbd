"""Plans that compute nothing but types: what an engine is asked about a model's members."""

from __future__ import annotations

from datetime import UTC, datetime

from semantic_models.catalog import Catalog
from semantic_models.give_types import MEASURE
from semantic_models.model import Dimension, Measure, Model
from semantic_models.plan import Aggregate, Output, Plan
from semantic_models.plan_rows import joined_rows
from semantic_models.resolve_branch import BranchResolver
from semantic_models.resolve_filters import Clock
from semantic_models.types import STRING

Member = Dimension | Measure
_NO_CLOCK = Clock(datetime(2000, 1, 1, tzinfo=UTC), "UTC")


def members(model: Model) -> dict[str, Member]:
    """The members of a model under the names by which their types are told."""
    measures = {MEASURE + name: each for name, each in model.measures.items()}
    return {**model.dimensions, **measures}


def probe(catalog: Catalog, model: Model, asked: dict[str, Member]) -> Plan:
    """A plan whose columns are the values of ``asked``; their types are what is wanted."""
    resolver = BranchResolver(catalog, model, None, _NO_CLOCK)
    for member in asked.values():
        resolver.walk_paths(member.expr.paths)
    rows = joined_rows(resolver.branch((), (), ((), ())))
    outputs = {name: Output(name, each.expr, STRING) for name, each in asked.items()}
    keys = tuple(o for name, o in outputs.items() if isinstance(asked[name], Dimension))
    measures = tuple(o for name, o in outputs.items() if isinstance(asked[name], Measure))
    return Plan(Aggregate(rows, keys, measures), (*keys, *measures), "UTC", model.engine)
