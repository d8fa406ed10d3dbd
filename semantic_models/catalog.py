"""Every model and metric of a project, looked up by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

from semantic_models.errors import NameCollision, UnknownName
from semantic_models.join_paths import Ways, both_ways
from semantic_models.model import (
    CalendarShift,
    Expr,
    Metric,
    Model,
    Parameter,
    Spine,
)
from semantic_models.plan import GroupFloor
from semantic_models.query import Query, SavedQuery
from semantic_models.resolved import ResolvedQuery
from semantic_models.window_forms import has_window

_MEMBERS = ("dimensions", "hierarchies", "measures", "joins", "bridges", "segments")


class Terms(Protocol):
    """What a question must satisfy beside its names, by whom it is asked."""

    @property
    def floor(self) -> GroupFloor | None:
        """What each cell must be made of at least."""

    def check(self, query: Query) -> None:
        """Refuse a question by what it asks for."""

    def held(self, resolved: ResolvedQuery, catalog: Catalog) -> ResolvedQuery:
        """The question as it may be answered; or its refusal, by what it is made of."""


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """All models and metrics, resolved, under one version."""

    name: str
    version: str
    """A digest of every definition: equal versions mean equal answers over equal data."""
    models: Mapping[str, Model]
    metrics: Mapping[str, Metric]
    """Metrics and unclashing measures by bare name; every measure as ``model.measure`` too."""
    shared_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Bare names that several models' measures share, with the names that tell them apart."""
    time_zone: str = "UTC"
    spines: tuple[Spine, ...] = ()
    calendars: Mapping[str, str] = field(default_factory=dict)
    """The model of the calendar that has a grain of its own, by the grain."""
    shifts: Mapping[str, CalendarShift] = field(default_factory=dict)
    """The days that calendars compare days with, as ``calendar.shift``."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    saved_queries: Mapping[str, SavedQuery] = field(default_factory=dict)
    terms: Terms | None = field(default=None, repr=False)
    """What a question must satisfy beside its names; None: nothing."""
    apart: tuple[Catalog, Catalog] | None = field(default=None, repr=False)
    """Where a question is asked in one of two parts: of rows, and of metrics without rows."""
    everything: Catalog | None = field(default=None, repr=False)
    """The catalog that this is the visible part of; None: it is whole."""

    @property
    def whole(self) -> Catalog:
        """What definitions are made of, whoever may name it: never where a question's names are."""
        return self if self.everything is None else self.everything

    @property
    def floor(self) -> GroupFloor | None:
        """What each cell must be made of at least."""
        return None if self.terms is None else self.terms.floor

    def named_part(self, model: Model) -> Model | None:
        """The part of a model whose members may be named; None: they all may."""
        if self.everything is None:
            return None
        found = self.models.get(model.name)
        if found is not None:
            return found
        none: Mapping[str, Any] = {key: {} for key in _MEMBERS}
        return replace(model, time=None, **none)

    def calendar_of(self, grain: str) -> Model:
        """The model of the calendar that has a grain, whoever may name it."""
        return self.whole.models[self.whole.calendars[grain]]

    def model(self, name: str) -> Model:
        """The model of that name."""
        try:
            return self.models[name]
        except KeyError:
            raise UnknownName.of("model", name, self.models) from None

    def asked(self, query: Query) -> Catalog:
        """The catalog that a question is asked in: that of rows, unless it has not all metrics."""
        if self.apart is None:
            return self
        of_rows, of_groups = self.apart
        names = [each.name for each in query.metrics]
        is_of_rows = all(map(of_rows.has_metric, names)) or not any(
            map(of_groups.has_metric, names)
        )
        return of_rows if is_of_rows else of_groups

    def has_metric(self, name: str) -> bool:
        """Whether a metric or measure, or several, have that name."""
        dotted = name.replace("__", ".")
        return name in self.metrics or dotted in self.metrics or name in self.shared_names

    def with_metric(self, name: str, metric: Metric) -> Catalog:
        """The same with one metric more, under a name that nobody can write."""
        made = replace(self, metrics={**self.metrics, name: metric})
        made.__dict__["ways"] = self.ways
        return made

    def metric(self, name: str) -> Metric:
        """The metric or measure of that name."""
        found = self.metrics.get(name) or self.metrics.get(name.replace("__", "."))
        if found is not None:
            return found
        if name in self.shared_names:
            spellings = " or ".join(f'"{each}"' for each in self.shared_names[name])
            raise NameCollision(
                f'measure "{name}" stands in several models', hint=f"Write {spellings}."
            )
        raise UnknownName.of("metric", name, self.metrics)

    @cached_property
    def meets_versions(self) -> bool:
        """Whether a join meets the row that is valid at a measure's own time."""
        joins = (join for model in self.models.values() for join in model.joins.values())
        return any(join.valid and not join.at for join in joins)

    @cached_property
    def has_hierarchies(self) -> bool:
        """Whether a dimension of a question may stand for several."""
        return any(model.hierarchies for model in self.models.values())

    @cached_property
    def has_windows(self) -> bool:
        """Whether any member of a model is a window, so that questions look for them."""
        return any(
            has_window(expr.tree) for model in self.models.values() for expr in _expressions(model)
        )

    def is_windowed(self, metric: Metric) -> bool:
        """Whether a metric is told row by row, and so among rows only."""
        uses = metric.measures
        return any(self.models[use.model].measures[use.measure].is_windowed for use in uses)

    @cached_property
    def ways(self) -> Ways:
        """How its models reach one another."""
        unparted = frozenset(name for name, model in self.models.items() if not model.partition)
        joins = {name: model.joins for name, model in self.models.items()}
        return Ways(both_ways(joins), unparted)


def _expressions(model: Model) -> Iterator[Expr]:
    yield from (each.expr for each in model.dimensions.values())
    yield from (each.expr for each in model.measures.values())
