"""Large projects: one question over 50 models, and 200 models from text to a catalog."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count

import orjson
import sqlglot
import yaml
from sqlglot import exp

from auth.govern import govern
from auth.principal import ANONYMOUS
from benchmarks.figure import Figure, fastest_ms
from dialects.duckdb import DUCKDB
from dialects.generate import generate
from semantic_models.build import build
from semantic_models.catalog import Catalog
from semantic_models.definitions import forget_definitions
from semantic_models.give_types import MEASURE, give_types
from semantic_models.kept_build import KeptBuild
from semantic_models.make_plan import make_plan
from semantic_models.model import ModelTypes
from semantic_models.parse_document import parse_document
from semantic_models.parse_spec import KeptFiles, parse_project
from semantic_models.resolve import resolve
from semantic_models.types import INT64, STRING

MODELS, METRICS, DIMENSIONS = 50, 100, 100
LOADED, MEMBERS = 200, 18
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROOT = "version: 1\nname: wide\nengines: {local: {type: duckdb, path: a.db}}\n"

Files = dict[str, str]


def wide() -> Iterator[Figure]:
    """``compile_wide``, ``load_project`` and ``load_changed_file``."""
    compiled = _compiler()
    tree = sqlglot.parse_one(compiled(), dialect="duckdb")
    value, floor = fastest_ms(compiled, _printer(tree), rounds=10, repeats=1)
    yield Figure("compile_wide", value, floor, "ms", "lower")
    files = _many_models()
    value, floor = fastest_ms(lambda: _first_loaded(files), _reader(files), rounds=5, repeats=1)
    yield Figure("load_project", value, floor, "ms", "lower")
    changed = "models/m150.yml"
    read = _reader({changed: files[changed]})
    value, floor = fastest_ms(_editor(files, changed), read, rounds=20, repeats=1)
    yield Figure("load_changed_file", value, floor, "ms", "lower")


def _loaded(files: Files, read: KeptFiles | None = None, made: KeptBuild | None = None) -> Catalog:
    """A project as text to a catalog; no engine is asked for types."""
    spec, faults = parse_project(files, kept=read)
    assert spec is not None, faults
    catalog, more = build(spec, kept=made)
    assert catalog is not None, more
    return catalog


def _first_loaded(files: Files) -> Catalog:
    """The same where no text was read before."""
    forget_definitions()
    return _loaded(files)


def _editor(files: Files, path: str) -> Callable[[], Catalog]:
    """Loads a project that is loaded, with other names and expressions in one file each time."""
    read, made = KeptFiles(), KeptBuild()
    _loaded(files, read, made)
    edits = count()

    def edited() -> Catalog:
        text = re.sub(r"\b([cv]\d+)\b", rf"\1_{next(edits)}", files[path])
        return _loaded({**files, path: text}, read, made)

    return edited


def _compiler() -> Callable[[], str]:
    catalog, faults = give_types(_loaded(_star()), _types(_loaded(_star())))
    assert not faults
    joins = MODELS - 1
    question = orjson.dumps(
        {
            "metrics": [f"s{number}" for number in range(METRICS)],
            "dimensions": [f"j{n % joins}.a{n // joins}" for n in range(DIMENSIONS)],
        }
    )

    def compiled() -> str:
        resolved = resolve(parse_document(question), catalog, now=NOW)
        return generate(govern(make_plan(resolved), ANONYMOUS), DUCKDB).text

    return compiled


def _types(catalog: Catalog) -> dict[str, ModelTypes]:
    return {
        name: ModelTypes(
            {},
            dict.fromkeys(model.dimensions, STRING)
            | {MEASURE + each: INT64 for each in model.measures},
        )
        for name, model in catalog.models.items()
    }


def _printer(tree: exp.Expr) -> Callable[[], str]:
    """The floor: the same tree, made already, as text."""
    return lambda: tree.sql(dialect="duckdb", identify=True, comments=False)


def _reader(files: Files) -> Callable[[], None]:
    """The floor: libyaml reads the files, and sqlglot each expression once."""

    def read() -> None:
        for text in files.values():
            for node in _scalars(yaml.compose(text, Loader=yaml.CSafeLoader)):
                if "(" in node or "=" in node:
                    sqlglot.parse_one(node, dialect="duckdb")

    return read


def _scalars(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.ScalarNode):
        yield str(node.value)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _scalars(each)
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _scalars(value)


def _star() -> Files:
    """One fact with all measures, joined to models of two dimensions or three."""
    joins = MODELS - 1
    measures = "".join(f"      s{number}: sum(v{number})\n" for number in range(METRICS))
    edges = "".join(f"      j{n}: {{to: d{n}, on: k{n} = d{n}.id}}\n" for n in range(joins))
    fact = f"  fact:\n    table: fact\n    measures:\n{measures}    joins:\n{edges}"
    members = "".join(f"      a{n}: upper(a{n})\n" for n in range(-(-DIMENSIONS // joins)))
    others = "".join(
        f"  d{n}:\n    table: d{n}\n    key: id\n    dimensions:\n{members}" for n in range(joins)
    )
    return {"forebay.yml": ROOT, "models/star.yml": f"version: 1\nmodels:\n{fact}{others}"}


def _many_models() -> Files:
    """200 models of some 40 lines, each joined to the one above it in a tree."""
    files = {f"models/m{number}.yml": _model(number) for number in range(LOADED)}
    ratios = "".join(f"  r{number}: s{number}_0 / s{number}_1\n" for number in range(LOADED))
    return {"forebay.yml": ROOT, **files, "models/z.yml": f"version: 1\nmetrics:\n{ratios}"}


def _model(number: int) -> str:
    above = (number - 1) // 3
    lines = [
        *("version: 1", "models:", f"  m{number}:", f"    table: t{number}", "    key: id"),
        *("    time: at", "    dimensions:", "      at: {type: time}"),
        *(
            f"      d{number}_{each}: {{expr: upper(c{each}), description: Some words about it}}"
            for each in range(MEMBERS - 2)
        ),
        "    measures:",
        *(
            f"      s{number}_{each}: {{expr: sum(v{each}), where: c{each} = 'x'}}"
            for each in range(MEMBERS - 4)
        ),
    ]
    if number:
        lines += ["    joins:", f"      up: {{to: m{above}, on: up_id = m{above}.id}}"]
    return "\n".join(lines) + "\n"
