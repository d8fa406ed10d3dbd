"""The schema that editors read says what the loader says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from semantic_models import source
from semantic_models.json_schema import FILES, json_schema
from semantic_models.parse_spec import parse_project
from semantic_models.source import Node, read_yaml
from semantic_models.spec import Scalar
from semantic_models.spec_keys import KINDS, MEMBERS, Kind, Shape
from tests.support import shop
from tests.support.demo_questions import DEMO

MODEL_FILES = sorted((DEMO / "models").glob("*.yml"))
HEAD = "version: 1\n"


@pytest.mark.parametrize("file", FILES)
def test_the_schema_is_one(file: str) -> None:
    Draft202012Validator.check_schema(json_schema(file))


@pytest.mark.parametrize("path", MODEL_FILES, ids=lambda path: path.stem)
def test_the_model_files_of_the_demo_keep_it(path: Path) -> None:
    assert faults("models", path.read_text(encoding="utf-8")) == []


def test_projects_and_models_of_every_kind_keep_it() -> None:
    texts = [
        ("project", shop.ROOT),
        ("project", (DEMO / "forebay.yml").read_text(encoding="utf-8")),
        ("models", shop.MODELS),
        ("models", "version: 1\nmodels:\nmetrics: {a: b, c: 1}\nspines:\n"),
        ("policies", f"{HEAD}policies:\n  a: {{on: orders, rows: a = 1, for: [b]}}\n"),
        ("policies", f"{HEAD}policies: {{a: {{on: {{table: t}}, mask: {{b: 0}}, hide: c}}}}"),
        ("policies", f"{HEAD}policies: {{a: {{grant: {{models: all}}, min_group: 5}}}}"),
        ("project", f"{HEAD}name: a\nattributes: {{r: string, t: {{type: date, list: true}}}}"),
    ]

    assert [faults(*each) for each in texts] == [[] for _ in texts]


@pytest.mark.parametrize(
    ("file", "text", "where"),
    [
        ("models", "models: {}", ""),
        ("models", "version: '1'", "version"),
        ("models", f"{HEAD}model: {{}}", ""),
        ("models", f"{HEAD}models: {{a: {{table: t, sql: select 1}}}}", "models.a"),
        ("models", f"{HEAD}models: {{a: {{key: id}}}}", "models.a"),
        ("models", f"{HEAD}models: {{a__b: {{table: t}}}}", "models"),
        ("models", f"{HEAD}models: {{a: {{table: t, measures: {{m: }}}}}}", "models.a.measures.m"),
        ("models", f"{HEAD}models: {{a: {{table: t, unique: [x]}}}}", "models.a.unique.0"),
        ("models", f"{HEAD}metrics: {{m: {{of: a, spine: yes}}}}", "metrics.m"),
        ("models", f"{HEAD}metrics: {{m: {{of: a, expr: b}}}}", "metrics.m"),
        ("models", f"{HEAD}metrics: {{m: {{expr: a, with: {{b: {{off: c}}}}}}}}", "metrics.m"),
        ("project", f"{HEAD}name: 7", "name"),
        ("project", f"{HEAD}name: a\nattributes: {{r: }}", "attributes.r"),
        ("policies", HEAD, ""),
        ("policies", f"{HEAD}policies: {{a: {{on: {{tables: t}}}}}}", "policies.a"),
        ("policies", f"{HEAD}policies: {{a: {{rows: [b]}}}}", "policies.a"),
        ("policies", f"{HEAD}policies: {{a: {{who: b}}}}", "policies.a"),
        ("project", f"{HEAD}name: a\nengines: {{e: {{type: trino, path: p}}}}", "engines.e.type"),
    ],
)
def test_what_the_loader_refuses_for_its_form_is_refused(file: str, text: str, where: str) -> None:
    files = {"forebay.yml": "version: 1\nname: a\n", "models/a.yml": "version: 1\n"}
    files["forebay.yml" if file == "project" else f"{file}/a.yml"] = text

    assert faults(file, text) == [where]
    assert parse_project(files)[1] != ()


def test_every_form_of_a_key_of_a_question_keeps_it() -> None:
    asked = "metrics: [n], fill: dense, compare: [1 year], params: {rate: 2}"
    top = "top: {by: n, n: 3, other: true}"

    assert faults("models", f"{HEAD}saved_queries: {{q: {{{asked}, {top}}}}}") == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.noun)
def test_every_key_of_the_loader_is_in_it(kind: Kind) -> None:
    found = [json_schema(name) for name, root in FILES.items() if root is kind]
    form: Any = found[0] if found else json_schema("models")["$defs"]
    if not found:
        form = form[kind.noun]
        form = form.get("anyOf", [form])[0]

    assert list(form["properties"]) == list(kind.keys)
    assert form.get("required", []) == list(kind.required)


def test_every_map_of_members_has_a_kind() -> None:
    sections = {key for kind in KINDS for key, shape in kind.keys.items() if shape is Shape.MEMBERS}

    assert MEMBERS.keys() == sections


def faults(file: str, text: str) -> list[str]:
    """The places, joined by dots, at which a text does not keep the schema."""
    node = read_yaml("a.yml", text).node
    assert node is not None
    found = Draft202012Validator(json_schema(file)).iter_errors(value_of(node))
    return sorted(".".join(map(str, each.absolute_path)) for each in found)


def value_of(node: Node) -> object:
    """A document as JSON has it."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, source.Sequence):
        return [value_of(each) for each in node.items]
    return {key.text: value_of(each) for key, each in node.entries}
