"""dbt models that carry their own semantics -> what semantic manifests say in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from semantic_models.importers.dbt_calls import referred
from semantic_models.importers.dbt_names import Json


def semantic_model(model: Json) -> dict[str, Any] | None:
    """The semantic model of an entry of ``models``; None where it has none."""
    declared = model.get("semantic_model")
    own = declared if isinstance(declared, Mapping) else {"enabled": bool(declared)}
    if declared is None or own.get("enabled") is False:
        return None
    columns, derived = columns_of(model), model.get("derived_semantics") or {}
    return {
        "name": own.get("name") or model["name"],
        "description": model.get("description"),
        "node_relation": relation(model),
        "defaults": {"agg_time_dimension": model.get("agg_time_dimension")},
        "primary_entity": model.get("primary_entity"),
        "entities": [
            *(_of_column(each, "entity") for each in columns if each.get("entity")),
            *(derived.get("entities") or ()),
        ],
        "dimensions": [
            *(_column_dimension(each) for each in columns if each.get("dimension")),
            *(_dimension(each, each) for each in derived.get("dimensions") or ()),
        ],
    }


def time_spine(model: Json) -> dict[str, Any] | None:
    """The time spine of an entry of ``models``; None where it is none."""
    spine = model.get("time_spine")
    if not spine:
        return None
    name = spine["standard_granularity_column"]
    column = next((each for each in columns_of(model) if each["name"] == name), {})
    return {
        "node_relation": relation(model),
        "primary_column": {"name": name, "time_granularity": column.get("granularity") or "day"},
        "custom_granularities": spine.get("custom_granularities") or (),
    }


def relation(model: Json) -> dict[str, str]:
    """The table of an entry of ``models``, as far as its file tells it."""
    told = {**(model.get("config") or {}), **model}
    latest = _latest_version(model)
    name = str(model["name"]) if latest is None else f"{model['name']}_v{latest['v']}"
    parts = {"database": "database", "schema": "schema_name", "alias": "alias"}
    found = {wanted: str(told[key]) for key, wanted in parts.items() if _is_plain(told.get(key))}
    return {"alias": name, **found}


def referred_relation(text: str, relations: Mapping[str, dict[str, str]]) -> dict[str, str]:
    """The table of ``ref('orders')`` or ``source('shop', 'orders')``, or one that is named."""
    *schema, name = referred(text) or text.split(".")
    if re.search(r"\bref\(", text):
        return relations.get(name) or {"alias": name}
    parts = zip(("schema_name", "database"), reversed(schema), strict=False)
    return {**dict(parts), "alias": name}


def columns_of(model: Json) -> list[Json]:
    """The columns of the latest version of a model."""
    written = model.get("columns") or ()
    columns: Sequence[Json] = list(written.values() if isinstance(written, Mapping) else written)
    latest = _latest_version(model)
    own = [] if latest is None else list(latest.get("columns") or ())
    chosen: Json = next((each for each in own if "include" in each or "exclude" in each), {})
    included, excluded = chosen.get("include", "*"), chosen.get("exclude") or ()
    return [
        *(
            each
            for each in columns
            if (included in ("*", "all") or each["name"] in included)
            and each["name"] not in excluded
        ),
        *(each for each in own if each is not chosen),
    ]


def _latest_version(model: Json) -> Json | None:
    versions: Sequence[Json] = model.get("versions") or ()
    wanted = model.get("latest_version") or max((each["v"] for each in versions), default=None)
    return next((each for each in versions if each["v"] == wanted), None)


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and "{{" not in value


def _column_dimension(column: Json) -> dict[str, Any]:
    return _dimension(_of_column(column, "dimension"), column)


def _of_column(column: Json, key: str) -> dict[str, Any]:
    """What a column is, in its short form or in its long one."""
    written = column[key]
    told = dict(written) if isinstance(written, Mapping) else {"type": written}
    name = told.get("name") or column["name"]
    expr = {} if name == column["name"] else {"expr": column["name"]}
    about = {"description": told.get("description") or column.get("description")}
    return {**told, "name": name, **expr, **about}


def _dimension(told: Json, timed: Json) -> dict[str, Any]:
    """A dimension whose grain stands in ``timed``."""
    kept = {key: value for key, value in told.items() if key not in _OF_TIMES}
    if timed.get("granularity") is None:
        return kept
    times = {"time_granularity": timed["granularity"]}
    validity = told.get("validity_params")
    return {**kept, "type_params": {**times, **({"validity_params": validity} if validity else {})}}


_OF_TIMES = ("granularity", "validity_params")


def nested_metric(metric: Json, owner: str = "") -> dict[str, Any]:
    """A metric whose keys stand side by side, as semantic manifests write it.

    ``owner`` is the semantic model beside which it stands.
    """
    kept = {key: metric[key] for key in _OF_EVERY_METRIC if metric.get(key) is not None}
    return {
        "type": "simple",
        **kept,
        "type_params": dict(_type_params(metric, str(metric.get("type") or "simple"), owner)),
    }


_OF_EVERY_METRIC = (
    *("name", "type", "label", "description", "filter", "time_granularity", "config"),
)


def _type_params(metric: Json, kind: str, owner: str) -> Iterator[tuple[str, Any]]:
    yield from (
        (key, metric[key])
        for key in ("expr", "numerator", "denominator", "join_to_timespine", "fill_nulls_with")
        if metric.get(key) is not None
    )
    yield "is_private", bool(metric.get("hidden"))
    match kind.lower():
        case "simple":
            yield "metric_aggregation_params", _aggregation(metric, owner)
        case "derived":
            yield "metrics", metric.get("input_metrics") or ()
        case "cumulative":
            yield "cumulative_type_params", _some(metric, _CUMULATIVE)
        case "conversion":
            yield "conversion_type_params", _some(metric, _CONVERSION)
        case _:
            pass  # a ratio's keys stand in all metrics


def _aggregation(metric: Json, owner: str) -> dict[str, Any]:
    made: dict[str, Any] = {"semantic_model": owner, "agg": metric["agg"]}
    if metric.get("percentile") is not None:
        is_discrete = str(metric.get("percentile_type")).lower() == "discrete"
        made["agg_params"] = {
            "percentile": metric["percentile"],
            "use_discrete_percentile": is_discrete,
        }
    if metric.get("agg_time_dimension"):
        made["agg_time_dimension"] = metric["agg_time_dimension"]
    window = metric.get("non_additive_dimension")
    if window:
        made["non_additive_dimension"] = _some(window, _NON_ADDITIVE)
    return made


_NON_ADDITIVE = {"name": "name", "window_agg": "window_choice", "group_by": "window_groupings"}
_CUMULATIVE = {key: key for key in ("window", "grain_to_date", "period_agg")} | {
    "input_metric": "metric"
}
_CONVERSION = {
    key: key
    for key in (
        *("entity", "calculation", "base_metric", "conversion_metric"),
        *("window", "constant_properties"),
    )
}


def _some(written: Json, names: Mapping[str, str]) -> dict[str, Any]:
    """The keys that are written, by the names that manifests have for them."""
    return {wanted: written[key] for key, wanted in names.items() if written.get(key) is not None}
