"""Metrics that carry their own aggregate -> metrics of a measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from semantic_models.importers.dbt_names import Json
from semantic_models.importers.imported import Loss


@dataclass
class OwnAggregates:
    """The semantic models and metrics of a manifest while measures are made of metrics."""

    models: dict[str, dict[str, Any]]
    metrics: dict[str, dict[str, Any]]
    losses: list[Loss] = field(default_factory=list)

    def measured(self) -> None:
        """Give each metric with an aggregate of its own a measure, and inputs that are measures.

        Metrics that are nothing but their aggregate come first, so that those which add a filter
        to the same aggregate are made of the same measure.
        """
        own = [each for each in self.metrics.values() if self._has_own(each)]
        for metric in sorted(own, key=_adds_something):
            self._kept(metric, self._measure)
        for metric in list(self.metrics.values()):
            self._kept(metric, self._inputs)

    def _has_own(self, metric: Json) -> bool:
        parameters = metric["type_params"]
        return bool(parameters.get("metric_aggregation_params")) and not self._known(
            parameters.get("measure")
        )

    def _known(self, measure: Any) -> bool:
        """Whether a measure is one of the models'; newer manifests name some that are not there."""
        name = measure.get("name") if isinstance(measure, Mapping) else measure
        return any(each["name"] == name for each in self._measures())

    def _measures(self) -> Iterator[Json]:
        for model in self.models.values():
            yield from model.get("measures") or ()

    def _kept(self, metric: dict[str, Any], change: Any) -> None:
        """Change a metric, or lose it and say why."""
        try:
            change(metric)
        except LookupError as error:
            self.losses.append(Loss(f'metric "{metric["name"]}"', str(error.args[0])))
            del self.metrics[metric["name"]]

    def _measure(self, metric: dict[str, Any]) -> None:
        parameters = metric["type_params"]
        own = parameters["metric_aggregation_params"]
        model = self.models.get(own.get("semantic_model") or "")
        if model is None:
            raise LookupError("it is beside no semantic model")
        default = (model.get("defaults") or {}).get("agg_time_dimension")
        aggregate = {
            "agg": own["agg"],
            "expr": str(parameters.get("expr") or own.get("expr") or metric["name"]),
            "agg_params": _given(own.get("agg_params")),
            "agg_time_dimension": own.get("agg_time_dimension") or default,
            "non_additive_dimension": _given(own.get("non_additive_dimension")),
        }
        measures = model.setdefault("measures", [])
        same = next((each["name"] for each in measures if _aggregate(each) == aggregate), None)
        if same is None or not _adds_something(metric):
            same = metric["name"]
            measures.append({"name": same, **aggregate})
        asked = ("join_to_timespine", "fill_nulls_with")
        parameters["measure"] = {"name": same, **{key: parameters.get(key) for key in asked}}

    def _inputs(self, metric: dict[str, Any]) -> None:
        parameters = metric["type_params"]
        cumulative = parameters.get("cumulative_type_params") or {}
        if cumulative.get("metric") and not self._known(parameters.get("measure")):
            parameters["measure"] = self._measure_of(cumulative["metric"])
        conversion = parameters.get("conversion_type_params") or {}
        for side in ("base", "conversion"):
            used = conversion.get(f"{side}_metric")
            if used and not self._known(conversion.get(f"{side}_measure")):
                conversion[f"{side}_measure"] = self._measure_of(used)

    def _measure_of(self, used: Any) -> dict[str, Any]:
        """An input that is a simple metric, as its measure with the metric's own filter."""
        asked = {"name": used} if isinstance(used, str) else used
        metric = self.metrics.get(asked["name"])
        if metric is None:
            raise LookupError(f'"{asked["name"]}" is no metric')
        measure = metric["type_params"].get("measure")
        if measure is None or metric["type"].lower() != "simple":
            raise LookupError(f'its input "{asked["name"]}" is no simple metric')
        if asked.get("offset_window") or asked.get("offset_to_grain"):
            raise LookupError(f'its input "{asked["name"]}" is one of another time')
        inner = {"name": measure} if isinstance(measure, str) else measure
        filters = [inner.get("filter"), metric.get("filter"), asked.get("filter")]
        return {**inner, "filter": [each for each in filters if each]}


def _adds_something(metric: Json) -> bool:
    """Whether a metric is more than its aggregate."""
    parameters = metric["type_params"]
    return bool(
        metric.get("filter")
        or metric.get("time_granularity")
        or parameters.get("join_to_timespine")
        or parameters.get("fill_nulls_with") is not None
    )


def _given(parameters: Json | None) -> dict[str, Any]:
    """What is told in a map; manifests write all of its keys."""
    return {
        key: value
        for key, value in (parameters or {}).items()
        if value is not None and value is not False and value != []
    }


def _aggregate(measure: Json) -> dict[str, Any]:
    return {key: value for key, value in measure.items() if key != "name"}
