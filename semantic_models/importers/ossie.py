"""Apache Ossie's semantic models -> ours.

A dataset becomes a model, a field a dimension, a relationship a join of its many side. A metric
over one dataset becomes a measure; over several, measures and a metric over them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import rename_func
from sqlglot.errors import SqlglotError
from sqlglot.generators.duckdb import DuckDBGenerator

from semantic_models.functions import AGGREGATES
from semantic_models.importers.imported import COLLIDING, Imported, Loss
from semantic_models.importers.write_yaml import Tree, write_yaml

DIALECTS = ("ANSI_SQL", "DUCKDB", "POSTGRES")
"""Of several spellings of an expression the first that is there."""
NESTED = "E_NESTED_AGGREGATION_DEFERRED"
REJECTED = "E_DEFERRED_KEY_REJECTED"
RESERVED = "E_RESERVED_NAME"
UNKNOWN = "E_UNKNOWN_FUNCTION"
RESERVED_NAMES = frozenset(("grain", "filter", "query_filter"))
DEFERRED_FUNCTIONS = frozenset(("ATTR", "UNSAFE", "AGG", "GRAIN_AGG", "EXISTS_IN"))
"""Functions whose meaning Ossie leaves to later versions."""
_EXCLUDING = re.compile(r"\bPARTITION\s+BY\s+EXCLUDING\b", re.IGNORECASE)
_WORDS = ("name", "description", "label", "ai_context", "custom_extensions")
_KEYS: Mapping[str, frozenset[str]] = {
    "dataset": frozenset((*_WORDS, "source", "primary_key", "unique_keys", "fields", "role")),
    "field": frozenset((*_WORDS, "expression", "dimension")),
    "relationship": frozenset((*_WORDS, "from", "to", "from_columns", "to_columns")),
    "metric": frozenset((*_WORDS, "expression")),
    "document": frozenset(
        (*_WORDS, "datasets", "relationships", "metrics", "version", "dialect", "semantic_model")
    ),
}
"""The keys of each kind of member; one with others may mean something else without them."""
VENDOR = "FOREBAY"
"""Whose extension of a relationship says what its join is called."""

Json = Mapping[str, Any]


def import_ossie(document: Json) -> Imported:
    """The files of a project from one Ossie document.

    Raises:
        KeyError: a dataset, field or metric has no name or expression.
    """
    known, losses = _known(_whole(document))
    importer = _Importer(known)
    return Imported(
        files={"models/models.yml": write_yaml(importer.models()), **importer.metric_files()},
        losses=(*losses, *importer.losses),
    )


def _whole(document: Json) -> Json:
    """The semantic model itself, which may stand within a list of them."""
    inner = document.get("semantic_model", document)
    model: Json = inner[0] if isinstance(inner, list) else inner
    return model


def _known(document: Json) -> tuple[Json, list[Loss]]:
    """The document without members that have keys nobody knows the meaning of."""
    unknown = [key for key in document if key not in _KEYS["document"]]
    losses = [Loss(f'key "{key}"', "nothing is known of it", REJECTED) for key in unknown]
    datasets = [
        {**each, "fields": list(_understood("field", each.get("fields", ()), losses))}
        for each in _understood("dataset", document.get("datasets", ()), losses)
    ]
    others = {
        f"{kind}s": list(_understood(kind, document.get(f"{kind}s", ()), losses))
        for kind in ("relationship", "metric")
    }
    return {**document, "datasets": datasets, **others}, losses


def _understood(kind: str, members: Iterable[Json], losses: list[Loss]) -> Iterator[Json]:
    known = tuple(members)
    times = Counter(each["name"] for each in known)
    for member in known:
        reason, code = _why_not(kind, member)
        if times[member["name"]] > 1:
            reason, code = "several have this name", COLLIDING
        if reason:
            losses.append(Loss(f'{kind} "{member["name"]}"', reason, code))
        else:
            yield member


def _why_not(kind: str, member: Json) -> tuple[str, str]:
    """Why a member is left out, and the code of it; empty where it is not."""
    unknown = ", ".join(f'"{key}"' for key in member if key not in _KEYS[kind])
    if unknown:
        return f"nothing is known of {unknown}", REJECTED
    if str(member["name"]).lower() in RESERVED_NAMES:
        return "Ossie keeps this name for itself", RESERVED
    if member.get("role", "bridge") != "bridge":
        return f'nothing is known of role "{member["role"]}"', REJECTED
    deferred = deferred_in(expression_of(member)) if "expression" in member else ""
    return (f"Ossie does not say yet what {deferred} means", REJECTED) if deferred else ("", "")


def deferred_in(expression: str) -> str:
    """The first word of an expression that Ossie does not define yet; empty for none."""
    if _EXCLUDING.search(expression):
        return "EXCLUDING"
    try:
        tree = sqlglot.parse_one(expression, dialect="duckdb")
    except SqlglotError:
        return ""
    names = [_function_name(each) for each in tree.find_all(exp.Func)]
    return next((each for each in names if each in DEFERRED_FUNCTIONS), "")


def _function_name(call: exp.Func) -> str:
    return str(call.this if isinstance(call, exp.Anonymous) else call.sql_name()).upper()


@dataclass
class _Importer:
    document: Json
    losses: list[Loss] = field(default_factory=list)
    measures: dict[str, dict[str, Tree]] = field(default_factory=dict)
    """By dataset and name."""
    metrics: dict[str, Tree] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.datasets = Linked(self.document)
        for each in self.document.get("metrics", ()):
            try:
                self._metric(each)
            except SqlglotError:
                self._lose("metric", each, "its expression cannot be read")

    def models(self) -> dict[str, Tree]:
        models = {name: self._model(each) for name, each in self.datasets.described.items()}
        return {"version": 1, "models": models}

    def metric_files(self) -> dict[str, str]:
        if not self.metrics:
            return {}
        return {"models/metrics.yml": write_yaml({"version": 1, "metrics": self.metrics})}

    def _lose(self, kind: str, member: Json, reason: str, code: str = "") -> None:
        self.losses.append(Loss(f'{kind} "{member["name"]}"', reason, code))

    def _model(self, dataset: Json) -> dict[str, Tree]:
        source = str(dataset.get("source", dataset["name"]))
        model: dict[str, Tree] = {"sql" if " " in source.strip() else "table": source}
        model |= _about(dataset)
        if dataset.get("primary_key"):
            key = list(dataset["primary_key"])
            model["key"] = key[0] if len(key) == 1 else key
        if dataset.get("unique_keys"):
            model["unique"] = [list(each) for each in dataset["unique_keys"]]
        model["dimensions"] = {
            each["name"]: made for each in dataset.get("fields", ()) if (made := _field(each)) != ""
        }
        joins = dict(self._joins(dataset["name"]))
        model |= {"measures": self.measures[dataset["name"]]} if self._has_measures(dataset) else {}
        return model | ({"joins": joins} if joins else {})

    def _has_measures(self, dataset: Json) -> bool:
        return dataset["name"] in self.measures

    def _joins(self, dataset: str) -> Iterator[tuple[str, Tree]]:
        links = self.datasets.links
        for each in (it for it in links if it["from"] == dataset):
            name = _extended_name(each) or join_name(each, links)
            pairs = list(zip(each["from_columns"], each["to_columns"], strict=True))
            key = list(self.datasets.described[each["to"]].get("primary_key", ()))
            if [left for left, _ in pairs] == [right for _, right in pairs] == key:
                yield name, each["to"] if name != each["to"] else {"to": each["to"]}
            else:
                on = " and ".join(f"{left} = {each['to']}.{right}" for left, right in pairs)
                yield name, {"to": each["to"], "on": on}

    def _metric(self, metric: Json) -> None:
        tree = sqlglot.parse_one(expression_of(metric), dialect="duckdb")
        aggregates = list(outermost(tree))
        if any(each.find_ancestor(exp.Window) for each in tree.find_all(exp.Window)):
            self._lose("metric", metric, "it is a window over a window", "E_NESTED_WINDOW")
            return
        if any(_nested(each) for each in aggregates):
            self._lose("metric", metric, "it aggregates an aggregate", NESTED)
            return
        homes = {name for name in map(self.datasets.home, aggregates) if name}
        named = {each["name"] for each in self.document.get("metrics", ())}
        loose = [each for each in tree.find_all(exp.Column) if not _within(each, aggregates)]
        composed = [each for each in loose if each.name in named]
        for each in composed:
            each.set("table", None)
        if len(homes) == 1 and not composed:
            (home,) = homes
            self._measure(home, metric["name"], tree, metric)
        elif homes or composed:
            self._formula(metric, tree, aggregates)
        elif unknown := next(tree.find_all(exp.Anonymous), None):
            self._lose("metric", metric, f"nothing is known of {unknown.name}", UNKNOWN)
        else:
            self._lose("metric", metric, "no dataset is the one that it aggregates")

    def _formula(self, metric: Json, tree: exp.Expr, aggregates: Sequence[exp.Expr]) -> None:
        for number, each in enumerate(aggregates, 1):
            home = self.datasets.home(each)
            if not home:
                self._lose("metric", metric, "no dataset is the one that it aggregates")
                return
            name = f"{metric['name']}_{number}"
            self._measure(home, name, each, {})
            each.replace(exp.column(name))
        self.metrics[metric["name"]] = _member(sql(tree), _about(metric))

    def _measure(self, home: str, name: str, tree: exp.Expr, about: Json) -> None:
        own = tree.copy()
        for each in own.find_all(exp.Column):
            if each.table == home:
                each.set("table", None)
        self.measures.setdefault(home, {})[name] = _member(sql(own), _about(about))


@dataclass(frozen=True)
class Linked:
    """The datasets of a document, and how they reach one another."""

    document: Json

    @cached_property
    def described(self) -> dict[str, Json]:
        """Each of them by its name."""
        return {each["name"]: each for each in self.document.get("datasets", ())}

    @cached_property
    def links(self) -> Sequence[Json]:
        """The relationships that lead to one of them."""
        known = self.described
        return [each for each in self.document.get("relationships", ()) if each["to"] in known]

    def home(self, tree: exp.Expr) -> str:
        """The dataset whose rows meet one row of every dataset that is named; empty for none."""
        named = {each.table for each in tree.find_all(exp.Column) if each.table}
        reaching = [name for name in self.described if named <= self._reached(name)]
        own = [name for name in reaching if name in named]
        return own[0] if own else ""

    def _reached(self, dataset: str) -> set[str]:
        found = {dataset}
        waiting = [dataset]
        while waiting:
            at = waiting.pop()
            for each in self.links:
                if each["from"] == at and each["to"] not in found:
                    found.add(each["to"])
                    waiting.append(each["to"])
        return found


def join_name(link: Json, links: Iterable[Json]) -> str:
    """What the join of a relationship is called: its target, or itself beside others to that."""
    source, target = link["from"], link["to"]
    alike = [each for each in links if (each["from"], each["to"]) == (source, target)]
    return str(target if len(alike) == 1 and target != source else link["name"])


def _extended_name(link: Json) -> str:
    """The name that our own extension gives to a join; empty for none."""
    for each in link.get("custom_extensions", ()):
        if each["vendor_name"] == VENDOR:
            return str(json.loads(each["data"])["name"])
    return ""


def expression_of(member: Json) -> str:
    """The expression of a field or metric, whichever way it is written."""
    written = member["expression"]
    if isinstance(written, str):
        return written
    spelled = {each["dialect"].upper(): each["expression"] for each in written["dialects"]}
    chosen = next((each for each in DIALECTS if each in spelled), next(iter(spelled)))
    return str(spelled[chosen])


class _Words(DuckDBGenerator):
    """SQL as people write it, with percentiles in the standard's form and no casts of its own."""

    TRANSFORMS: ClassVar = {
        **{
            kind: words
            for kind, words in DuckDBGenerator.TRANSFORMS.items()
            if kind not in (exp.PercentileCont, exp.PercentileDisc)
        },
        exp.LogicalAnd: rename_func("BOOL_AND"),
        exp.LogicalOr: rename_func("BOOL_OR"),
    }

    def withingroup_sql(self, expression: exp.WithinGroup) -> str:
        order = self.sql(expression.expression).strip()
        return f"{self.sql(expression.this)} WITHIN GROUP ({order})"


def sql(tree: exp.Expr) -> str:
    """An expression as people write it."""
    words = _Words(dialect="duckdb", normalize_functions="lower", comments=False)
    return words.generate(tree)


def _field(member: Json) -> Tree:
    expression = expression_of(member)
    long: dict[str, Tree] = {} if expression == member["name"] else {"expr": expression}
    if (member.get("dimension") or {}).get("is_time"):
        long["type"] = "time"
    long |= _about(member)
    if not long:
        return None
    return expression if list(long) == ["expr"] else long


def _about(member: Json) -> dict[str, Tree]:
    words: dict[str, Tree] = {
        key: str(member[key]) for key in ("description", "label") if member.get(key)
    }
    context = member.get("ai_context")
    synonyms = context.get("synonyms") if isinstance(context, Mapping) else None
    return words | ({"synonyms": list(synonyms)} if synonyms else {})


def _member(expr: str, about: Mapping[str, Tree]) -> Tree:
    return {"expr": expr, **about} if about else expr


def _is_aggregate(node: exp.Expr) -> bool:
    return type(node) in AGGREGATES or isinstance(node, exp.Window)


def outermost(tree: exp.Expr) -> Iterable[exp.Expr]:
    """The aggregates and windows of an expression that stand in no other one."""
    if _is_aggregate(tree) or isinstance(tree, exp.Filter | exp.WithinGroup):
        return [tree]
    return [found for child in tree.iter_expressions() for found in outermost(child)]


def _nested(aggregate: exp.Expr) -> bool:
    inner = [each for each in aggregate.find_all(*AGGREGATES) if each is not aggregate]
    return any(each.find_ancestor(*AGGREGATES) for each in inner)


def _within(node: exp.Expr, aggregates: Sequence[exp.Expr]) -> bool:
    parent: exp.Expr | None = node
    while parent is not None:
        if any(parent is each for each in aggregates):
            return True
        parent = parent.parent
    return False
