from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from semantic_models.errors import ForebayError
from semantic_models.faults import Faults
from semantic_models.parse_spec import models_folder, parse_project, read_project
from semantic_models.spec import (
    Described,
    DimensionSpec,
    EngineSpec,
    JoinSpec,
    MeasureSpec,
    MetricSpec,
    ModelSpec,
    ProjectSpec,
    Scalar,
    SegmentSpec,
)
from semantic_models.spec_keys import (
    KINDS,
    MODEL_FILE,
    PROJECT,
    SAVED_QUERY,
)

ROOT = "version: 1\nname: shop\n"
"""The shortest forebay.yml."""

MODEL_HEAD = "version: 1\nmodels:\n  m:\n    table: t\n"


def told(fault: ForebayError) -> tuple[str, int, int, str, str]:
    at = fault.position
    assert at is not None
    return at.source, at.line, at.column, fault.code, fault.message


def faults_of(model_file: str) -> list[tuple[int, int, str, str]]:
    _, faults = parse_project({"forebay.yml": ROOT, "models/m.yml": model_file})
    return [told(each)[1:] for each in faults]


def root_faults_of(root: str) -> list[tuple[int, int, str, str]]:
    _, faults = parse_project({"forebay.yml": root})
    return [told(each)[1:] for each in faults]


def word(text: str, line: int, column: int, source: str = "models/m.yml") -> Scalar:
    return Scalar(text, text, source, ((line, column),))


METRICS = (
    MetricSpec(name=word("r", 21, 3), expr=word("s / n", 21, 6)),
    MetricSpec(name=word("f", 22, 3), of=word("s", 22, 11), where=word("big", 22, 21)),
)


def test_a_whole_project_is_read_as_written() -> None:
    root = """\
version: 1
name: shop
engines:
  local: {type: duckdb, path: a.duckdb, read_only: false}
  files: {type: duckdb, files: {flights: data/*.parquet}}
default_engine: local
time_zone: America/New_York
models: defs/
"""

    spec, faults = parse_project({"forebay.yml": root})

    assert faults == ()
    at = "forebay.yml"
    assert spec == ProjectSpec(
        name=word("shop", 2, 7, at),
        engines=(
            EngineSpec(
                name=word("local", 4, 3, at),
                type=word("duckdb", 4, 17, at),
                path=word("a.duckdb", 4, 31, at),
                read_only=False,
            ),
            EngineSpec(
                name=word("files", 5, 3, at),
                type=word("duckdb", 5, 17, at),
                files=((word("flights", 5, 33, at), word("data/*.parquet", 5, 42, at)),),
            ),
        ),
        default_engine=word("local", 6, 17, at),
        time_zone=word("America/New_York", 7, 12, at),
        models_folder="defs",
    )


WHOLE_MODEL = """\
version: 1
models:
  m:
    table: t
    key: id
    unique: [[a]]
    dimensions:
      bare:
      day: {type: time, grain: day}
    measures:
      n: count(*)
      s: {expr: sum(x), where: x > 0, time: day, format: "0"}
    joins:
      j: k
      l: {to: k, on: id}
      o: {to: k, on: "id = key"}
      p: {to: k, on: [id, day]}
    segments:
      big: x > 9
metrics:
  r: s / n
  f: {of: s, where: big}
"""


def test_a_whole_model_is_read_as_written() -> None:
    spec, faults = parse_project({"forebay.yml": ROOT, "models/m.yml": WHOLE_MODEL})

    assert faults == ()
    assert spec is not None
    assert spec.metrics == METRICS
    assert tuple(replace(each, joins=()) for each in spec.models) == (
        ModelSpec(
            name=word("m", 3, 3),
            table=word("t", 4, 12),
            key=(word("id", 5, 10),),
            unique=((word("a", 6, 15),),),
            dimensions=(
                DimensionSpec(name=word("bare", 8, 7)),
                DimensionSpec(
                    name=word("day", 9, 7), type=word("time", 9, 19), grain=word("day", 9, 32)
                ),
            ),
            measures=(
                MeasureSpec(name=word("n", 11, 7), expr=word("count(*)", 11, 10)),
                MeasureSpec(
                    name=word("s", 12, 7),
                    expr=word("sum(x)", 12, 17),
                    where=word("x > 0", 12, 32),
                    time=word("day", 12, 45),
                    about=Described(format="0"),
                ),
            ),
            segments=(SegmentSpec(name=word("big", 19, 7), expr=word("x > 9", 19, 12)),),
        ),
    )


def test_the_joins_of_a_model_are_read_as_written() -> None:
    spec, _ = parse_project({"forebay.yml": ROOT, "models/m.yml": WHOLE_MODEL})

    assert spec is not None
    assert spec.models[0].joins == (
        JoinSpec(name=word("j", 14, 7), to=word("k", 14, 10)),
        JoinSpec(name=word("l", 15, 7), to=word("k", 15, 15), columns=(word("id", 15, 22),)),
        JoinSpec(name=word("o", 16, 7), to=word("k", 16, 15), on=word("id = key", 16, 23)),
        JoinSpec(
            name=word("p", 17, 7),
            to=word("k", 17, 15),
            columns=(word("id", 17, 23), word("day", 17, 27)),
        ),
    )


BROKEN_MODELS = [
    ("models: {}\n", 1, 1, "SL103", 'file "models/m.yml" needs "version"'),
    (
        "version: 2\n",
        1,
        10,
        "SL103",
        'key "version" of file "models/m.yml" takes 1, not the number 2',
    ),
    ("- a\n", 1, 1, "SL103", 'file "models/m.yml" takes a map of its keys, not a list'),
    ("version: 1\nmodel: {}\n", 2, 1, "SL102", 'unknown key "model" in file "models/m.yml"'),
    (
        "version: 1\nmodels: [a]\n",
        2,
        9,
        "SL103",
        'key "models" of file "models/m.yml" takes a map from names to what they mean, not a list',
    ),
    (
        "version: 1\nmodels:\n  a-b: {table: t}\n",
        3,
        3,
        "SL103",
        'model "a-b" has a name that is not one word',
    ),
    ("version: 1\nmodels:\n  m: {key: a}\n", 3, 3, "SL103", 'model "m" needs "table" or "sql"'),
    (MODEL_HEAD + "    dimension: {}\n", 5, 5, "SL102", 'unknown key "dimension" in model "m"'),
    (
        MODEL_HEAD + "    hidden: no\n",
        5,
        13,
        "SL103",
        'key "hidden" of model "m" takes true or false, not the text "no"',
    ),
    (
        MODEL_HEAD + "    unique: [a]\n",
        5,
        14,
        "SL103",
        'key "unique" of model "m" takes a list of lists of columns, not the text "a"',
    ),
    (
        MODEL_HEAD + "    dimensions:\n      d: {type: date}\n",
        6,
        17,
        "SL103",
        'key "type" of dimension "d" of model "m" takes categorical or time, not the text "date"',
    ),
    (
        MODEL_HEAD + "    dimensions:\n      d__e:\n",
        6,
        7,
        "E_RESERVED_NAME",
        'the name "d__e" is reserved',
    ),
    (
        MODEL_HEAD + "    measures:\n      s:\n",
        6,
        7,
        "SL103",
        'measure "s" of model "m" needs "expr"',
    ),
    (
        MODEL_HEAD + "    joins:\n      param: k\n",
        6,
        7,
        "E_RESERVED_NAME",
        'the name "param" is reserved',
    ),
    (
        MODEL_HEAD + "    joins:\n      j: {on: a}\n",
        6,
        7,
        "SL103",
        'join "j" of model "m" needs "to"',
    ),
    (
        "version: 1\nmetrics:\n  r: {expr: a, of: b}\n",
        3,
        16,
        "SL103",
        'metric "r" has both "expr" and "of"',
    ),
    (
        "version: 1\nmetrics:\n  r: {expr: a, where: b}\n",
        3,
        23,
        "E_NOT_SUPPORTED",
        'key "where" of metric "r" is not supported beside "expr"',
    ),
]


@pytest.mark.parametrize(("text", "line", "column", "code", "message"), BROKEN_MODELS)
def test_a_broken_model_is_told_where_it_is_broken(
    text: str, line: int, column: int, code: str, message: str
) -> None:
    assert faults_of(text) == [(line, column, code, message)]


BROKEN_ROOTS = [
    ("version: 1\n", 1, 1, "SL103", 'file "forebay.yml" needs "name"'),
    ("name: a\n", 1, 1, "SL103", 'file "forebay.yml" needs "version"'),
    (
        ROOT + "policies: rules/\n",
        3,
        11,
        "SL204",
        'policies are read from the folder "policies" alone',
    ),
    (ROOT + "metrics: {}\n", 3, 1, "SL102", 'unknown key "metrics" in file "forebay.yml"'),
    (
        ROOT + "models: {a: 1}\n",
        3,
        9,
        "SL103",
        'key "models" of file "forebay.yml" takes text, not a map',
    ),
    (ROOT + "models: ../x\n", 3, 9, "SL204", 'folder "../x" of models lies outside the project'),
    (
        ROOT + "engines:\n  a: {type: trino, host: h}\n",
        4,
        13,
        "E_NOT_SUPPORTED",
        'type "trino" of engine "a" is not supported by this version',
    ),
    (
        ROOT + "engines:\n  a: {type: duck, path: p}\n",
        4,
        13,
        "SL103",
        'type "duck" of engine "a" does not exist',
    ),
    (ROOT + "engines:\n  a: {path: p}\n", 4, 3, "SL103", 'engine "a" needs "type"'),
    (ROOT + "engines:\n  a: {type: duckdb}\n", 4, 3, "SL103", 'engine "a" needs "path" or "files"'),
    (
        ROOT + "engines:\n  a: {type: duckdb, files: {b-c: d}}\n",
        4,
        29,
        "SL103",
        'file "b-c" of engine "a" has a name that is not one word',
    ),
    (
        ROOT + "engines:\n  a: duckdb\n",
        4,
        6,
        "SL103",
        'engine "a" takes a map of its keys, not the text "duckdb"',
    ),
]


@pytest.mark.parametrize(("text", "line", "column", "code", "message"), BROKEN_ROOTS)
def test_a_broken_forebay_yml_is_told_where_it_is_broken(
    text: str, line: int, column: int, code: str, message: str
) -> None:
    assert root_faults_of(text) == [(line, column, code, message)]


LATER = [
    (PROJECT, "forebay.yml", ROOT + "{}: x\n"),
    (MODEL_FILE, "m.yml", "version: 1\n{}: x\n"),
    (SAVED_QUERY, "m.yml", "version: 1\nsaved_queries:\n  d:\n    {}: x\n"),
]


@pytest.mark.parametrize(
    ("path", "text", "key"),
    [(path, text, key) for kind, path, text in LATER for key in kind.later],
)
def test_a_documented_key_that_is_not_read_is_refused_by_name(
    path: str, text: str, key: str
) -> None:
    _, faults = parse_project({"forebay.yml": ROOT, path: text.format(key)})

    assert [each.code for each in faults] == ["E_NOT_SUPPORTED"]
    assert faults[0].message.startswith(f'key "{key}" of ')


def test_every_kind_with_later_keys_is_tried() -> None:
    assert [kind for kind in KINDS if kind.later] == [kind for kind, _, _ in LATER]


def test_faults_of_all_files_come_in_order_of_file_and_line() -> None:
    files = {
        "models/b.yml": "version: 1\nmodels:\n  m: {table: t, tables: u}\n",
        "models/a.yml": "version: 1\nx: 1\nmodels:\n  m: {key: 1, measures: {s: []}}\n",
        "forebay.yml": "version: 3\nname: ''\n",
        "models/c.yml": "version: 1\nversion: 1\nmodels: *x\n",
    }

    spec, faults = parse_project(files)

    assert spec is None
    assert [told(each)[:4] for each in faults] == [
        ("forebay.yml", 1, 10, "SL103"),
        ("forebay.yml", 2, 8, "SL103"),
        ("models/a.yml", 2, 1, "SL102"),
        ("models/a.yml", 4, 3, "SL103"),
        ("models/a.yml", 4, 12, "SL103"),
        ("models/a.yml", 4, 29, "SL103"),
        ("models/b.yml", 3, 17, "SL102"),
        ("models/c.yml", 2, 1, "SL101"),
        ("models/c.yml", 3, 9, "SL101"),
    ]


def test_what_could_be_read_stands_beside_the_faults() -> None:
    text = MODEL_HEAD + "    measures:\n      a: [x]\n      b: count(*)\n"

    spec, faults = parse_project({"forebay.yml": ROOT, "models/m.yml": text})

    assert len(faults) == 1
    assert spec is not None
    assert [each.name.text for each in spec.models[0].measures] == ["b"]


WORDS = [
    *("version: 1", "models:", "metrics:", "m:", "table: t", "sql: |", "measures:", "joins:"),
    *("expr: 'a", "on: [a, b]", "on: a = b", "- ", "{", "}", "]", '"', "#", "&a", "*a", "?"),
    *("\n", "\n  ", "\n    ", " ", "\r", "\t", "\0", "é", ": ", "!x", "%", ">", "<<: "),
]


@given(st.lists(st.sampled_from(WORDS), max_size=30), st.sampled_from(["forebay.yml", "m.yml"]))
@example([">", "\n", "\n  ", "version: 1", "\n    "], "forebay.yml")
def test_no_text_of_an_author_raises_and_every_fault_has_a_place(
    words: list[str], path: str
) -> None:
    _, faults = parse_project({"forebay.yml": ROOT, path: "".join(words)})

    lines = "".join(words).replace("\r\n", "\n").split("\n")
    for fault in faults:
        at = fault.position
        assert at is not None
        assert 1 <= at.line <= len(lines) + 1
        assert 1 <= at.column <= len(at.excerpt) + 1
        assert at.excerpt == (*lines, "")[at.line - 1]


@pytest.mark.parametrize(
    "files",
    [
        {"forebay.yml": ROOT + "policies: policies/\n"},
        {"policies/a.yml": "{{{"},
        {"policies/deep/a.yml": "version: 1\npolicies: {}\n"},
    ],
)
def test_a_project_that_names_policies_has_some_whatever_can_be_read_of_them(
    files: dict[str, str],
) -> None:
    without = {"forebay.yml": ROOT, "models/policies/a.yml": MODEL_HEAD}

    assert not read_project(without, Faults()).has_policies
    assert read_project({**without, **files}, Faults()).has_policies


def test_a_project_without_forebay_yml_is_not_found() -> None:
    spec, faults = parse_project({"models/m.yml": MODEL_HEAD}, "other.yml")

    assert spec is None
    assert [(each.code, each.message) for each in faults] == [
        ("SL201", 'file "other.yml" does not exist')
    ]


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        (ROOT, "models"),
        (ROOT + "models: a/b/\n", "a/b"),
        (ROOT + "models: ./a\n", "a"),
        (ROOT + "models: /a\n", "models"),
        (ROOT + "models: [a]\n", "models"),
        (ROOT + "models: a\nodd: 1\n", "a"),
        ("{", "models"),
    ],
)
def test_the_folder_of_models_is_known_before_they_are_read(text: str, folder: str) -> None:
    assert models_folder(text) == folder
