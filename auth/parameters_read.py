"""The parameters that what somebody may name reads, and so may know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

from sqlglot import exp

from semantic_models.catalog import Catalog
from semantic_models.intrinsics import PARAMETER
from semantic_models.model import Expr, Metric, Model
from semantic_models.parameters import PREFIX
from semantic_models.spec import Scalar

_WRITTEN = re.compile(rf"\b{PREFIX}\s*\.\s*(\w+)")
"""A parameter in a text that is settled when a question asks for it."""


def parameters_read(
    catalog: Catalog, models: Mapping[str, Model], metrics: Mapping[str, Metric]
) -> frozenset[str]:
    """The names of those that these models and metrics read, or what the metrics are made of."""
    found = set(_names([*models.values()]))
    for metric in metrics.values():
        found.update(_names(metric))
        for use in metric.measures:
            model = catalog.whole.models[use.model]
            found.update(_names([model.where, model.measures[use.measure]]))
    return frozenset(found)


def _names(part: object) -> Iterator[str]:
    """The parameters that a definition reads, in whatever part of it."""
    match part:
        case Expr():
            calls = part.tree.find_all(exp.Anonymous)
            yield from (each.expressions[0].name for each in calls if each.name == PARAMETER)
        case Scalar():
            yield from _WRITTEN.findall(part.text)
        case _:
            for each in _parts(part):
                yield from _names(each)


def _parts(part: object) -> Iterable[object]:
    """What a definition is made of."""
    if isinstance(part, Mapping):
        return part.values()
    if isinstance(part, tuple | list):
        return part
    if is_dataclass(part) and not isinstance(part, type):
        return [getattr(part, each.name) for each in fields(part)]
    return ()
