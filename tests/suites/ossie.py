"""Apache Ossie's cases: a document, a question, and the SQL whose rows must come or a code."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import orjson
import sqlglot
import yaml
from sqlglot import exp
from sqlglot.errors import SqlglotError

from semantic_models.build import build_what_stands
from semantic_models.exporters.ossie import export_ossie
from semantic_models.faults import Faults
from semantic_models.importers.imported import COLLIDING, Imported
from semantic_models.importers.ossie import (
    REJECTED,
    RESERVED,
    deferred_in,
    expression_of,
    import_ossie,
    sql,
)
from semantic_models.parse_spec import parse_project
from tests.suites.asking import Given, ask
from tests.suites.case import Case
from tests.suites.rows import difference

ROOT = """
version: 1
name: ossie
engines: {local: {type: duckdb, path: data.duckdb}}
"""


def cases(folder: Path) -> Iterator[Case]:
    """Every case of a folder of this form."""
    for each in sorted((folder / "cases").iterdir()):
        if (each / "query.json").exists():
            yield Case(each.name, partial(_run, each, folder / "datasets"))


def _run(case: Path, datasets: Path) -> str | None:
    told = yaml.safe_load((case / "metadata.yaml").read_text())
    asked = orjson.loads((case / "query.json").read_bytes())
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        imported = import_ossie(yaml.safe_load((case / "model.yaml").read_text()))
        if _read_back(imported) != imported.files:
            return "the project is another one after it was exported"
        for path, text in {"forebay.yml": ROOT, **imported.files}.items():
            (project / path).parent.mkdir(exist_ok=True)
            (project / path).write_text(text)
        with duckdb.connect(str(project / "data.duckdb")) as connection:
            connection.execute((datasets / f"{told['dataset']}.sql").read_text())
        metrics = _metrics_of(yaml.safe_load((case / "model.yaml").read_text()))
        given = ask(project, question_of(asked, metrics), types_folder=project / "types")
        if told.get("expected_error"):
            codes = (*given.codes, *_lost(imported, asked), *_deferred(asked))
            return _refused(replace(given, codes=codes), str(told["expected_error_code"]))
        if given.codes:
            return f"{', '.join(given.codes)}: {given.message}"
        with duckdb.connect(str(project / "data.duckdb"), read_only=True) as connection:
            wanted = connection.execute((case / "gold.sql").read_text()).fetchall()
        return difference(given.rows, wanted, is_ordered=bool(asked.get("order_by")))


def _read_back(imported: Imported) -> Mapping[str, str]:
    """The files that a project's own document becomes, whatever faults it has."""
    spec, _ = parse_project({"forebay.yml": ROOT, **imported.files})
    assert spec is not None, "an import writes no malformed file"
    return import_ossie(export_ossie(spec, build_what_stands(spec, {}, Faults())).document).files


def _lost(imported: Imported, asked: Mapping[str, Any]) -> list[str]:
    """The codes with which what is asked for was left out of the project.

    A document with a deferred key, a reserved name or one name twice is none of Ossie's, whatever
    is asked of it.
    """
    names = {each["metric"] for each in asked.get("measures", ())}
    names |= {each.rpartition(".")[2] for each in asked.get("fields", ())}
    places = {f'metric "{name}"' for name in names}
    of_all = (COLLIDING, REJECTED, RESERVED)
    lost = [each for each in imported.losses if each.code]
    return [each.code for each in lost if each.place in places or each.code in of_all]


_KEYS = frozenset(
    (
        *("dataset", "dimensions", "measures", "fields", "filters", "having", "qualify"),
        *("order_by", "limit"),
    )
)


def _deferred(asked: Mapping[str, Any]) -> list[str]:
    """The code of a question that says what Ossie leaves to later versions, if it is one."""
    texts = [text for key in ("filters", "having", "qualify") for text in asked.get(key, ())]
    return [REJECTED] if asked.keys() - _KEYS or any(map(deferred_in, texts)) else []


def _refused(given: Given, code: str) -> str | None:
    if any(each.startswith(code) for each in given.codes):
        return None
    came = ", ".join(given.codes) or f"{len(given.rows)} rows"
    return f"wanted {code}, got {came} {given.message}".rstrip()


def _metrics_of(document: Mapping[str, Any]) -> dict[str, str]:
    """The names of metrics by their expressions as one spelling."""
    read = ((_read(expression_of(each)), each["name"]) for each in document.get("metrics", ()))
    return {sql(tree): name for tree, name in read if tree is not None}


def _read(text: str) -> exp.Expr | None:
    try:
        return sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError:
        return None


def _with_metrics(predicate: str, metrics: Mapping[str, str]) -> str:
    """A predicate that names the metrics whose aggregates it writes out."""
    tree = _read(predicate)
    found = [each for each in tree.find_all(exp.AggFunc) if sql(each) in metrics] if tree else []
    for each in found:
        each.replace(exp.column(metrics[sql(each)]))
    return sql(tree) if tree and found else predicate


def question_of(asked: Mapping[str, Any], metrics: Mapping[str, str]) -> dict[str, object]:
    """The same question in our words."""
    question: dict[str, object] = {}
    if "measures" in asked:
        question["metrics"] = [
            {"metric": each["metric"], "as": each["name"]} for each in asked["measures"]
        ]
    if "fields" in asked:
        question |= {"fields": asked["fields"], "from": asked["dataset"]}
    having = [
        _with_metrics(each, metrics)
        for each in (*asked.get("having", ()), *asked.get("qualify", ()))
    ]
    copied = {"dimensions": asked.get("dimensions"), "where": asked.get("filters")}
    copied |= {"having": having or None, "limit": asked.get("limit")}
    order = [_ordered(each) for each in asked.get("order_by", ())]
    copied["order_by"] = order or None
    return question | {key: value for key, value in copied.items() if value is not None}


def _ordered(told: Mapping[str, str]) -> str:
    return ("-" if told.get("direction", "ASC").upper() == "DESC" else "") + (
        told.get("target") or told["field"]
    )
