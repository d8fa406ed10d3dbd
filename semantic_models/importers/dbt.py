"""dbt's semantic manifests -> ours.

A semantic model becomes a model, an entity a dimension of its column and a join to each model that
it tells the rows of apart. A simple metric that adds nothing to its measure is that measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from semantic_models.importers.dbt_calls import UnknownDbtName
from semantic_models.importers.dbt_declarations import DbtDeclarations, custom_grains, read_dbt
from semantic_models.importers.dbt_metrics import MetricWriter
from semantic_models.importers.dbt_names import KEYS, DbtModels, Json, about, column_of
from semantic_models.importers.dbt_questions import saved_query
from semantic_models.importers.imported import Imported, Loss
from semantic_models.importers.write_yaml import Tree, write_yaml


def import_dbt(documents: Iterable[Json]) -> Imported:
    """The files of a project from the documents of a manifest."""
    manifest = read_dbt(documents)
    return _Importer(manifest, manifest.losses).imported()


@dataclass
class _Importer:
    manifest: DbtDeclarations
    losses: list[Loss]

    def imported(self) -> Imported:
        for model in self.manifest.models.values():
            model["measures"] = list(self._known_measures(model))
        names = self.manifest.names
        writer = MetricWriter(self.manifest.metrics, names, self.losses)
        files = {
            f"models/{name}.yml": write_yaml(
                {"version": 1, "models": {name: self._model(each, names, writer)}}
            )
            for name, each in self.manifest.models.items()
        }
        metrics = writer.metrics()
        if metrics:
            files["models/metrics.yml"] = write_yaml({"version": 1, "metrics": metrics})
        time = self._time()
        if time:
            files["models/time.yml"] = write_yaml({"version": 1, **time})
        saved = dict(self._saved_queries(writer, metrics))
        if saved:
            files["models/saved_queries.yml"] = write_yaml({"version": 1, "saved_queries": saved})
        return Imported(files, tuple(self.losses))

    def _known_measures(self, model: Json) -> Iterator[Json]:
        """The measures whose aggregate has a meaning here."""
        for each in model.get("measures") or ():
            aggregate = str(each.get("agg")).lower()
            if aggregate in _AGGREGATES or aggregate == "percentile":
                yield each
            else:
                reason = f'its aggregate "{aggregate}" is none of dbt\'s'
                self.losses.append(Loss(f'measure "{each["name"]}"', reason))

    def _saved_queries(
        self, writer: MetricWriter, known: Mapping[str, Tree]
    ) -> Iterator[tuple[str, Tree]]:
        for each in self.manifest.saved_queries:
            place = f'saved query "{each["name"]}"'
            asked = (each.get("query_params") or {}).get("metrics") or ()
            lost = next((it for it in asked if it not in known and it not in writer.owners), None)
            if lost is not None:
                self.losses.append(Loss(place, f'it asks for metric "{lost}", which is lost'))
                continue
            self.losses += [
                Loss(place, f'its export "{export["name"]}" is written by dbt')
                for export in each.get("exports") or ()
            ]
            try:
                yield each["name"], saved_query(each, writer)
            except UnknownDbtName as error:
                self.losses.append(Loss(place, f"no path leads to {error}"))

    def _model(self, model: Json, names: DbtModels, writer: MetricWriter) -> dict[str, Tree]:
        entities = names.entities(model["name"]).values()
        made: dict[str, Tree] = {"table": _table(model["node_relation"])}
        made |= about(model)
        partition = names.partition(model["name"])
        further = [*([partition] if partition else []), *names.validity(model["name"])[:1]]
        made |= _keys(entities, further)
        if partition:
            made["partition"] = partition
        time = (model.get("defaults") or {}).get("agg_time_dimension")
        if time:
            made["time"] = str(time)
        made["dimensions"] = dict(_dimensions(model, entities))
        measures = {
            writer.measure_name(model["name"], each): _measure(
                each, model, writer.about_measure(each)
            )
            for each in model.get("measures") or ()
        }
        joins = dict(self._joins(model["name"], names))
        made |= {"measures": measures} if measures else {}
        return made | ({"joins": joins} if joins else {})

    def _joins(self, model: str, names: DbtModels) -> Iterator[tuple[str, Tree]]:
        for name, entity in names.entities(model).items():
            left = column_of(entity)
            if left is None:
                continue
            for target in names.targets(model, name):
                right = column_of(names.entities(target)[name])
                on: dict[str, Tree] = {"to": target, "on": f"{left} = {target}.{right}"}
                valid = names.validity(target)
                made = {**on, "valid": valid} if valid else on
                yield names.join_name(model, name, target), made

    def _time(self) -> dict[str, Tree]:
        spines: dict[str, Tree] = {}
        calendars: dict[str, Tree] = {}
        for each in self.manifest.spines:
            column = each["primary_column"]
            table = _table(each["node_relation"])
            spines[column["time_granularity"].lower()] = {"table": table, "column": column["name"]}
            grains: dict[str, Tree] = {**custom_grains(each)}
            if grains:
                calendar: dict[str, Tree] = {
                    "table": table,
                    "day": column["name"],
                    "grains": grains,
                }
                calendars[table.rpartition(".")[2]] = calendar
        for each in self.manifest.older_spines:
            made: dict[str, Tree] = {"table": each["location"], "column": each["column_name"]}
            spines.setdefault(each["grain"].lower(), made)
        models: dict[str, Tree] = {
            f"time_spine_{grain}": _spine_model(str(grain), each) for grain, each in spines.items()
        }
        found: dict[str, Tree] = {"models": models, "spines": spines} if spines else {}
        return found | ({"calendars": calendars} if calendars else {})


def _spine_model(grain: str, spine: Tree) -> Tree:
    """The times themselves, for questions that ask for nothing else."""
    assert isinstance(spine, Mapping)
    time: dict[str, Tree] = {"expr": spine["column"], "type": "time", "grain": grain}
    return {"table": spine["table"], "dimensions": {"time": time}}


def _table(relation: Json) -> str:
    parts = (relation.get("database"), relation.get("schema_name"), relation["alias"])
    return ".".join(str(each) for each in parts if each)


def _keys(entities: Iterable[Json], further: Sequence[str]) -> dict[str, Tree]:
    """The keys that entities declare; ``further`` columns tell versions of a row apart."""
    columns = {
        kind: [
            str(column)
            for each in entities
            if each["type"].lower() == kind and (column := column_of(each)) is not None
        ]
        for kind in KEYS
    }
    own = (*columns["primary"], *columns["natural"])[:1]
    key: dict[str, Tree] = {"key": [*own, *further] if further else own[0]} if own else {}
    unique: Sequence[Tree] = [[each, *further] for each in columns["unique"]]
    return key | ({"unique": unique} if unique else {})


def _dimensions(model: Json, entities: Iterable[Json]) -> Iterator[tuple[str, Tree]]:
    declared = {each["name"] for each in model.get("dimensions") or ()}
    for each in entities:
        if column_of(each) is not None and each["name"] not in declared:
            yield each["name"], _dimension({**each, "type": "categorical"})
    for each in model.get("dimensions") or ():
        yield each["name"], _dimension(each)


def _dimension(dimension: Json) -> Tree:
    expr = dimension.get("expr")
    made: dict[str, Tree] = {"expr": str(expr)} if expr and expr != dimension["name"] else {}
    if dimension["type"].lower() == "time":
        grain = (dimension.get("type_params") or {}).get("time_granularity", "day").lower()
        made["type"] = "time"
        if grain != "day":
            made["grain"] = grain
    made |= about(dimension)
    if not made:
        return None
    return made["expr"] if list(made) == ["expr"] else made


_AGGREGATES = {
    "sum": "sum({})",
    "min": "min({})",
    "max": "max({})",
    "count": "count({})",
    "count_distinct": "count(distinct {})",
    "average": "avg({})",
    "avg": "avg({})",
    "median": "median({})",
    "sum_boolean": "sum(case when {} then 1 else 0 end)",
}


def _measure(measure: Json, model: Json, told: Mapping[str, Tree]) -> Tree:
    made: dict[str, Tree] = {"expr": _aggregate(measure)}
    default = (model.get("defaults") or {}).get("agg_time_dimension")
    if measure.get("agg_time_dimension") not in (None, default):
        made["time"] = str(measure["agg_time_dimension"])
    window = measure.get("non_additive_dimension")
    if window:
        choice = str(window.get("window_choice", "min")).lower()
        made["last_by" if choice == "max" else "first_by"] = str(window["name"])
        if window.get("window_groupings"):
            made["per"] = list(window["window_groupings"])
    made |= told
    return made["expr"] if list(made) == ["expr"] else made


def _aggregate(measure: Json) -> str:
    expr = str(measure.get("expr") or measure["name"])
    kind = measure["agg"].lower()
    if kind != "percentile":
        return _AGGREGATES[kind].format(expr)
    parameters = measure.get("agg_params") or {}
    part = parameters["percentile"]
    if parameters.get("use_approximate_percentile"):
        return f"approx_quantile({expr}, {part})"
    function = "disc" if parameters.get("use_discrete_percentile") else "cont"
    return f"percentile_{function}({part}) within group (order by {expr})"
