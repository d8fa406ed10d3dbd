"""An Apache Ossie document to a native project, and what of it could not be carried over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlglot
import yaml
from sqlglot import exp
from sqlglot.errors import SqlglotError

DIALECT = "duckdb"


@dataclass(frozen=True, slots=True)
class Imported:
    """A project's files by path, and a line for each thing that is not in them."""

    files: Mapping[str, str]
    losses: tuple[str, ...]


def import_ossie(text: str) -> Imported:
    """Read one document; references to other datasets are written as the joins that lead there."""
    document = yaml.safe_load(text)
    told = document.get("semantic_model", document)
    first, *others = told if isinstance(told, list) else [told]
    return _Import(first, [f'semantic model "{each["name"]}"' for each in others]).run()


@dataclass
class _Import:
    told: Mapping[str, Any]
    losses: list[str] = field(default_factory=list)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)

    def run(self) -> Imported:
        name = str(self.told.get("name", "imported"))
        self._lose(self.told, "the document", _MODEL_KEYS)
        for each in self.told.get("datasets") or ():
            self.models[each["name"]] = self._model(each)
        for each in self.told.get("relationships") or ():
            self._join(each)
        for each in self.told.get("datasets") or ():
            self._dimensions(each)
        for each in self.told.get("metrics") or ():
            self._metric(each)
        engines = {"local": {"type": "duckdb", "path": "data.duckdb"}}
        root = {"version": 1, "name": name, "engines": engines}
        models = {key: _without_empty(each) for key, each in self.models.items()}
        page = _without_empty({"version": 1, "models": models, "metrics": self.metrics})
        files = {"forebay.yml": _yaml(root), f"models/{name}.yml": _yaml(page)}
        return Imported(files, tuple(self.losses))

    def _model(self, dataset: Mapping[str, Any]) -> dict[str, Any]:
        self._lose(dataset, f'dataset "{dataset["name"]}"', _DATASET_KEYS)
        return {
            "table": str(dataset["source"]),
            "key": _one_or_list(dataset.get("primary_key") or []),
            "unique": dataset.get("unique_keys") or [],
            "dimensions": {},
            "measures": {},
            "joins": {},
        }

    def _join(self, relation: Mapping[str, Any]) -> None:
        start, end = relation["from"], relation["to"]
        self._lose(relation, f'relationship "{relation["name"]}"', _RELATIONSHIP_KEYS)
        pairs = [(each["from"], each["to"]) for each in self.told["relationships"]]
        role = end if pairs.count((start, end)) == 1 and start != end else relation["name"]
        here, there = list(relation["from_columns"]), list(relation["to_columns"])
        if _one_or_list(there) == self.models[end]["key"]:
            on: object = _one_or_list(here)
        else:
            on = " and ".join(f"{a} = {end}.{b}" for a, b in zip(here, there, strict=True))
        is_short = here == there and isinstance(on, str) and " = " not in on
        self.models[start]["joins"][role] = end if is_short else {"to": end, "on": on}

    def _dimensions(self, dataset: Mapping[str, Any]) -> None:
        home = dataset["name"]
        for each in dataset.get("fields") or ():
            name, sql = each["name"], _sql(each)
            self._lose(each, f'field "{home}.{name}"', _FIELD_KEYS)
            if (each.get("dimension") or {}).get("is_time"):
                self.losses.append(f'field "{home}.{name}": is_time, so it has no grains')
            written = None if sql == name else self._written(sql, home)
            self.models[home]["dimensions"][name] = written

    def _metric(self, metric: Mapping[str, Any]) -> None:
        name, sql = metric["name"], _sql(metric)
        self._lose(metric, f'metric "{name}"', _METRIC_KEYS)
        homes = self._homes(sql)
        if homes == []:
            self.metrics[name] = sql
        elif homes is None or len(homes) > 1:
            self.losses.append(f'metric "{name}": no one dataset is its home: {sql}')
        else:
            self.models[homes[0]]["measures"][name] = self._written(sql, homes[0])

    def _homes(self, sql: str) -> list[str] | None:
        """The datasets from which all that an expression reads is reached; none for a formula."""
        tree = _parsed(sql)
        if tree is None:
            return None
        read = {column.table for column in tree.find_all(exp.Column)}
        if read <= {""}:
            return [] if read and tree.find(exp.AggFunc) is None else None
        reached = [start for start in sorted(read - {""}) if self._reaches(start, read)]
        return reached or None

    def _reaches(self, start: str, read: set[str]) -> bool:
        return start in self.models and all(
            each in ("", start) or len(self._ways(start, each)) == 1 for each in read
        )

    def _ways(self, start: str, end: str) -> list[str]:
        return list(self._walk(start, end, (start,)))

    def _walk(self, start: str, end: str, seen: tuple[str, ...]) -> Iterator[str]:
        for role, join in self.models[start]["joins"].items():
            target = join if isinstance(join, str) else join["to"]
            if target == end:
                yield role
            elif target not in seen:
                yield from (f"{role}.{rest}" for rest in self._walk(target, end, (*seen, target)))

    def _written(self, sql: str, home: str) -> str:
        """An expression as its home's model writes it; what is not understood stays as it is."""
        tree = _parsed(sql)
        if tree is None:
            return sql
        for column in list(tree.find_all(exp.Column)):
            if column.table == home:
                column.set("table", None)
            elif column.table and home in self.models:
                ways = self._ways(home, column.table)
                if len(ways) == 1:
                    parts = [exp.to_identifier(each) for each in ways[0].split(".")]
                    path = exp.Dot.build([*parts, exp.to_identifier(column.name)])
                    column.replace(path)
        return tree.sql(dialect=DIALECT)

    def _lose(self, told: Mapping[str, Any], where: str, known: frozenset[str]) -> None:
        self.losses += [f"{where}: {key}" for key in told if key not in known]


_MODEL_KEYS = frozenset({"name", "datasets", "relationships", "metrics"})
_DATASET_KEYS = frozenset({"name", "source", "primary_key", "unique_keys", "fields", "role"})
_FIELD_KEYS = frozenset({"name", "expression", "dimension"})
_RELATIONSHIP_KEYS = frozenset({"name", "from", "to", "from_columns", "to_columns"})
_METRIC_KEYS = frozenset({"name", "expression"})


def _sql(told: Mapping[str, Any]) -> str:
    """The expression itself, or the one of the first dialect that it is written in."""
    written = told.get("expression", told["name"])
    if isinstance(written, Mapping):
        written = written["dialects"][0]["expression"]
    return str(written)


def _parsed(sql: str) -> exp.Expression | None:
    try:
        tree = sqlglot.parse_one(sql, dialect=DIALECT)
    except SqlglotError:
        return None
    return tree if isinstance(tree, exp.Expression) else None


def _one_or_list(columns: list[str]) -> str | list[str]:
    return columns[0] if len(columns) == 1 else columns


def _without_empty(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if value not in ({}, [], None)}


class _Page(yaml.SafeDumper):
    """YAML 1.2: ``on`` and ``no`` are texts; nothing is written for nothing, and no aliases."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - it is the base class's
        first: [each for each in words if first in "tTfF" or not each[0].endswith(":bool")]
        for first, words in yaml.SafeDumper.yaml_implicit_resolvers.items()
    }

    def ignore_aliases(self, data: object) -> bool:
        return True


_Page.add_representer(
    type(None), lambda page, _: page.represent_scalar("tag:yaml.org,2002:null", "")
)


def _yaml(told: Mapping[str, Any]) -> str:
    return yaml.dump(told, Dumper=_Page, sort_keys=False, width=100, allow_unicode=True)
