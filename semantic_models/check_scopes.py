"""Names that metrics give to groups and predicates: each means something to the metric's models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from semantic_models.build_scopes import ALL
from semantic_models.catalog import Catalog
from semantic_models.checks import unknown
from semantic_models.errors import ForebayError
from semantic_models.faults import Faults
from semantic_models.model import Metric
from semantic_models.resolve_names import is_metric_time, reach
from semantic_models.spec import MetricSpec, Scalar


def check_scopes(metrics: Sequence[MetricSpec], catalog: Catalog, faults: Faults) -> None:
    """Tell every name in the scope of a metric that none of its models knows."""
    for spec in metrics:
        metric = catalog.metrics.get(spec.name.text)
        if metric is None:
            continue
        for name, may_be_column in _names(spec):
            fault = _fault(name, metric, catalog, may_be_column=may_be_column)
            if fault is not None:
                faults.add(fault.at(name.position()), ("metrics", spec.name.text))
        check_scopes(spec.locals, catalog, faults)


def _names(spec: MetricSpec) -> Iterator[tuple[Scalar, bool]]:
    """The names of a metric's scope, and whether each may be a physical column."""
    for part in ("keep_only", "exclude"):
        yield from ((each, False) for each in spec.grain.part(part) or ())
    for part in ("keep", "drop"):
        yield from ((each, False) for each in spec.filter.part(part) or () if each.text != ALL)
    yield from ((each, True) for each in (*spec.per, *(spec.grain.part("include") or ())))
    if spec.rank is not None:
        yield from ((each, False) for each in spec.within)


def _fault(
    name: Scalar, metric: Metric, catalog: Catalog, *, may_be_column: bool
) -> ForebayError | None:
    if is_metric_time(name.text):
        return None
    found: list[ForebayError] = []
    known: list[str] = []
    for home in dict.fromkeys(use.home for use in metric.measures):
        model = catalog.models[home]
        if may_be_column and (model.columns is None or name.text in model.columns):
            return None
        try:
            reach(catalog, model, name.text)
        except ForebayError as error:
            found.append(error)
        else:
            return None
        known += [*model.dimensions, *(model.columns or ())]
    if may_be_column:
        return unknown("dimension or column", name.text, known, "Dimensions and columns")
    return found[0] if found else None
