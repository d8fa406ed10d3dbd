"""dbt's metrics -> ours: each becomes one line where it can."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

from semantic_models.importers.dbt_calls import Named, UnknownDbtName, templates_in
from semantic_models.importers.dbt_names import METRIC_TIME, DbtModels, Json, about
from semantic_models.importers.imported import Loss
from semantic_models.importers.write_yaml import Tree

Members = dict[str, Tree]

_OF_EACH_BASE = "coalesce(converted, nullif(base, base))"
"""The conversions, and NULL in groups where a base has none: the base is named for its groups."""


@dataclass
class MetricWriter:
    """Writes the metrics of a manifest, and says what measures they are made of."""

    declared: Mapping[str, Json]
    names: DbtModels
    losses: list[Loss]
    owners: dict[str, list[str]] = field(default_factory=dict)
    """The models that have a measure, by its name."""
    further: Members = field(default_factory=dict)
    """Metrics that others need and dbt writes inside them."""

    def __post_init__(self) -> None:
        for name, model in self.names.models.items():
            for each in model.get("measures") or ():
                self.owners.setdefault(each["name"], []).append(name)
        for name in (*self.owners, *self.declared):
            with suppress(KeyError, TypeError, IndexError):
                self.names.homes[name] = self._home(name)

    def measure_name(self, model: str, measure: Json) -> str:
        """A measure's name here: another one where a metric of its name means more."""
        metric = self.declared.get(measure["name"])
        is_it = metric is None or self._is_measure(metric, measure["name"])
        return measure["name"] if is_it else self._free(f"{measure['name']}_measure")

    def _free(self, name: str) -> str:
        """A name that no measure or metric of the manifest has: this one, or one with a number."""
        taken = self.owners.keys() | self.declared.keys()
        tried = chain([name], (f"{name}_{number}" for number in count(2)))
        return next(each for each in tried if each not in taken)

    def _is_measure(self, metric: Json, measure: str) -> bool:
        if metric["type"].lower() != "simple" or metric.get("filter"):
            return False
        used = _input((metric.get("type_params") or {}).get("measure") or {})
        return used == {"name": measure} and not metric.get("time_granularity")

    def metrics(self) -> Members:
        """Every metric that is more than its measure."""
        made: Members = {}
        for name, metric in self.declared.items():
            if name in self.owners and self._is_measure(metric, name):
                continue
            try:
                made[name] = self._described(metric, self._metric(metric))
            except UnknownDbtName as error:
                reason = f'"{error}" leads nowhere from its measures'
                self.losses.append(Loss(f'metric "{name}"', reason))
            except (KeyError, TypeError) as error:
                reason = f"it is not written as semantic manifests are ({error})"
                self.losses.append(Loss(f'metric "{name}"', reason))
        return made | self.further

    def _described(self, metric: Json, made: Members) -> Members:
        grain = metric.get("time_granularity")
        grained: Members = {"default_grain": str(grain).lower()} if grain else {}
        return made | grained | _about(metric)

    def about_measure(self, measure: Json) -> Members:
        """What is told of a measure: of the metric that is nothing else, where there is one."""
        metric = self.declared.get(measure["name"])
        is_it = metric is not None and self._is_measure(metric, measure["name"])
        return _about(measure) | (_about(metric) if is_it and metric else {})

    def _metric(self, metric: Json) -> Members:
        parameters = metric["type_params"]
        match metric["type"].lower():
            case "simple":
                return self._of_measure(parameters["measure"], metric.get("filter"))
            case "cumulative":
                return self._cumulative(metric, parameters)
            case "conversion":
                return self._funnel(metric, parameters["conversion_type_params"])
            case "ratio":
                inputs = [_input(parameters["numerator"]), _input(parameters["denominator"])]
                sides = [each.get("alias") or each["name"] for each in inputs]
                if sides[0] == sides[1] and inputs[0] != inputs[1]:
                    sides[1] = f"{sides[1]}_below"
                    inputs[1]["alias"] = sides[1]
                return self._formula(" / ".join(sides), inputs, metric.get("filter"))
            case _:
                inputs = [_input(each) for each in parameters.get("metrics") or ()]
                return self._formula(str(parameters["expr"]), inputs, metric.get("filter"))

    def _of_measure(self, measure: Any, *filters: object) -> Members:
        used = _input(measure)
        made: Members = {"of": self._measure(used["name"])}
        home = self.owners[used["name"]][0]
        where = self._where(home, used.get("filter"), *filters)
        made |= {"where": where} if where else {}
        return made | _filled(used)

    def _measure(self, name: str) -> str:
        owners = self.owners.get(name)
        if not owners:
            raise UnknownDbtName(name)
        measure = next(
            each for each in self.names.models[owners[0]]["measures"] if each["name"] == name
        )
        here = self.measure_name(owners[0], measure)
        return here if len(owners) == 1 else f"{owners[0]}.{here}"

    def _cumulative(self, metric: Json, parameters: Json) -> Members:
        inner = {**parameters, **(parameters.get("cumulative_type_params") or {})}
        made = self._of_measure(parameters["measure"], metric.get("filter"))
        if inner.get("window"):
            made["trailing"] = span(inner["window"])
        elif inner.get("grain_to_date"):
            made["to_date"] = str(inner["grain_to_date"]).lower()
        else:
            made["cumulative"] = "all"
        if inner.get("period_agg"):
            made["regrain"] = str(inner["period_agg"]).lower()
        return made

    def _funnel(self, metric: Json, parameters: Json) -> Members:
        base, converted = (
            _input(parameters["base_measure"]),
            _input(parameters["conversion_measure"]),
        )
        filters = {"base": [base.get("filter"), metric.get("filter")]}
        filters["converted"] = [converted.get("filter")]
        sides: Members = {}
        for side, used in (("base", base), ("converted", converted)):
            sides[side] = self._measure(used["name"])
            where = self._where(self.owners[used["name"]][0], *filters[side])
            if where:
                name = self._free(f"{metric['name']}_{side}")
                self.further[name] = {"of": sides[side], "where": where}
                sides[side] = name
        made: Members = {"funnel": sides, "by": str(parameters["entity"])}
        if parameters.get("window"):
            made["within"] = span(parameters["window"])
        held = parameters.get("constant_properties") or ()
        if held:
            made["holding"] = {
                each["base_property"]: str(each["conversion_property"]) for each in held
            }
        shows_conversions = str(parameters.get("calculation") or "").lower() == "conversions"
        if not shows_conversions and not (_filled(base) or _filled(converted)):
            return made
        name = self._free(f"{metric['name']}_conversions")
        self.further[name] = {**made, "show": "value"}
        expr = _OF_EACH_BASE if shows_conversions else "converted / base"
        inputs = {"converted": {"of": name, **_filled(converted)}}
        return {"expr": expr, "with": inputs | {"base": {"of": sides["base"], **_filled(base)}}}

    def _formula(self, expr: str, inputs: list[dict[str, Any]], filter_: object) -> Members:
        local: Members = {}
        for each in inputs:
            made = self._of_metric(each, filter_)
            alias = each.get("alias") or each["name"]
            if made != {"of": each["name"]} or alias != each["name"]:
                local[alias] = made
        return {"expr": expr, "with": local} if local else {"expr": expr}

    def _of_metric(self, used: dict[str, Any], filter_: object) -> Members:
        if used["name"] not in self.declared and used["name"] not in self.owners:
            raise UnknownDbtName(used["name"])
        made: Members = {"of": used["name"]}
        where = self._where(self._home(used["name"]), used.get("filter"), filter_)
        made |= {"where": where} if where else {}
        if used.get("offset_window"):
            made |= {"offset": span(used["offset_window"]), "shift": "rows"}
        if used.get("offset_to_grain"):
            made["offset_to"] = str(used["offset_to_grain"]).lower()
        return made

    def _home(self, metric: str) -> str:
        """The model of the first measure that a metric is made of."""
        declared = self.declared.get(metric)
        if declared is None:
            return self.owners[metric][0]
        parameters = declared["type_params"]
        if parameters.get("measure"):
            return self.owners[_input(parameters["measure"])["name"]][0]
        if parameters.get("conversion_type_params"):
            base = parameters["conversion_type_params"]["base_measure"]
            return self.owners[_input(base)["name"]][0]
        first = parameters.get("numerator") or parameters["metrics"][0]
        return self._home(_input(first)["name"])

    def _where(self, home: str, *filters: object) -> str:
        texts = [text for each in filters for text in filter_texts(each)]
        made = [sql_of(text, self.names, home) for text in texts]
        return made[0] if len(made) == 1 else " and ".join(f"({each})" for each in made)

    def home_of(self, metric: str) -> str:
        """The model of the first measure of a metric."""
        return self._home(metric)


def _about(declared: Json) -> Members:
    is_private = (declared.get("type_params") or {}).get("is_private")
    return {**about(declared), **({"hidden": True} if is_private else {})}


def _input(written: Any) -> dict[str, Any]:
    if isinstance(written, str):
        return {"name": written}
    return {
        key: value for key, value in written.items() if value is not None and value is not False
    }


def _filled(used: Json) -> Members:
    """What an input says of times and cells without rows."""
    made: Members = {"spine": True} if used.get("join_to_timespine") else {}
    if used.get("fill_nulls_with") is not None:
        made["fill_nulls_with"] = used["fill_nulls_with"]
    return made


def span(written: Any) -> str:
    """A window such as ``{count: 7, granularity: day}`` or ``7 days`` as one text."""
    if isinstance(written, str):
        return written.lower()
    return f"{written['count']} {str(written['granularity']).lower()}"


def filter_texts(written: object) -> list[str]:
    """The predicates of a filter, in whichever of its forms."""
    if not written:
        return []
    if isinstance(written, str):
        return [written]
    if isinstance(written, Mapping):
        inner = written.get("where_filters") or [written]
        return [each["where_sql_template"] for each in inner]
    return [text for each in written for text in filter_texts(each)]  # type: ignore[attr-defined]


def sql_of(text: str, names: DbtModels, home: str) -> str:
    """A filter with the names of its templates in our words, seen from a home."""
    for template, named in templates_in(text):
        text = text.replace(template, spelled(named, names, home))
    return " ".join(text.split())


def spelled(named: Named, names: DbtModels, home: str) -> str:
    """What a template names, in our words."""
    if named.kind == "Metric":
        inner = names.homes.get(named.name, home)
        keys = [
            spelled(Named("Dimension", *names.split_grain(each)), names, inner)
            for each in named.group_by
        ]
        return f"metric({', '.join([named.name, *keys])})"
    name, grain = names.split_grain(named.name)
    grain = named.grain or grain
    path = name if name == METRIC_TIME else names.path(home, name)
    if named.part:
        return f"{path}.part({named.part})"
    return f"{path}.{grain}" if grain else path
