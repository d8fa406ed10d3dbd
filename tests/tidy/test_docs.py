"""The reference says what the code does: every table of docs/ is compared with what it lists."""

from __future__ import annotations

import dataclasses
import importlib
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import click
import pytest
import sqlglot
from sqlglot import exp

from auth.principal import ANONYMOUS
from gateway.cli.main import COMMANDS, module_of
from gateway.compose import make_gateway
from gateway.execution import ExecutionLimits
from gateway.flight_sql import commands
from gateway.flight_sql.exchange import FlightLimits
from gateway.http_api.app import create_app
from gateway.http_api.negotiate import SPELLINGS
from gateway.http_api.openapi import openapi_document
from gateway.http_api.ports import Limits
from gateway.pipeline import Gateway
from gateway.settings import Settings
from gateway.status import STATUS
from semantic_models import functions, parse_document
from semantic_models.errors import ForebayError
from semantic_models.expressions import (
    check_forms,
    parse_one,
    query_position,
)
from semantic_models.spec_keys import ABOUT, ENGINE_TYPES_LATER, KINDS, Kind, Shape
from semantic_models.types import Kind as KindOfValue
from tests.support.demo_questions import DEMO
from tests.support.identities import EVERYBODY
from tests.tidy.tree import PACKAGES, ROOT, files, name_of, source_files

DOCS = ROOT / "docs"
CELL = re.compile(r"(?<!\\)\|")
QUOTED = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([\w-]+))?\)")
BLOCK = re.compile(r"(?:^`([\w./]+)`\n\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

Row = tuple[str, ...]


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    found = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE
    )
    return found[1] if found else ""


def rows(text: str) -> list[Row]:
    """The cells of every table's rows, without the heads."""
    found = []
    for line in text.splitlines():
        if line.startswith("| `"):
            cells = CELL.split(line)[1:-1]
            found.append(tuple(each.strip().replace("\\|", "|") for each in cells))
    return found


def quoted(text: str) -> list[str]:
    return QUOTED.findall(text)


def first_words(text: str) -> list[str]:
    """Everything quoted in the first column of the tables."""
    return [word for row in rows(text) for word in quoted(row[0])]


def leaves() -> set[type[ForebayError]]:
    """The errors that have a code of their own."""
    for package in PACKAGES:
        for each in pkgutil.walk_packages([package], f"{package}."):
            if not each.name.endswith(".__main__"):
                importlib.import_module(each.name)
    return {each for each in below(ForebayError) if not each.__subclasses__()}


def below(error: type[ForebayError]) -> Iterator[type[ForebayError]]:
    for each in error.__subclasses__():
        if each.__module__.split(".")[0] in PACKAGES:
            yield each
            yield from below(each)


def test_a_table_is_read_cell_by_cell() -> None:
    text = "# A\n\n## B\n\n| a | b |\n|---|---|\n| `x \\|\\| y` | c |\n\n## C\n| `z` | |\n"

    assert (rows(section(text, "B")), section(text, "D")) == ([("`x || y`", "c")], "")
    assert first_words(text) == ["x || y", "z"]


def test_every_code_is_explained_with_its_status() -> None:
    told = {(quoted(row[0])[0], int(row[1])) for row in rows(page("reference/errors.md"))}

    assert told == {(each.code, STATUS[each].http) for each in leaves()}


def test_codes_stand_in_the_order_of_their_ranges() -> None:
    codes = first_words(page("reference/errors.md"))
    sl = [each for each in codes if each.startswith("SL")]

    assert (len(set(codes)), sl) == (len(codes), sorted(sl))


def test_reserved_codes_are_those_that_nothing_raises() -> None:
    told = [quoted(row[0])[0] for row in rows(page("reference/errors.md")) if "Reserved" in row[2]]
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in source_files()
        if path.name not in {"errors.py", "status.py"}
    )
    unused = [each.code for each in leaves() if not re.search(rf"\b{each.__name__}\b", source)]

    assert sorted(told) == sorted(unused)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.noun)
def test_every_key_is_told_with_what_it_takes(kind: Kind) -> None:
    told = [(quoted(row[0])[0], row[1]) for row in rows(section(models(), kind.noun))]

    assert told == [(key, shape.value) for key, shape in kind.keys.items() if key not in ABOUT]


def test_keys_that_must_be_there_are_called_required() -> None:
    told = {
        (kind.noun, quoted(row[0])[0])
        for kind in KINDS
        for row in rows(section(models(), kind.noun))
        if row[2].startswith("Required.")
    }

    assert told == {(kind.noun, key) for kind in KINDS for key in kind.required}


def test_the_words_of_long_forms_are_told() -> None:
    told = [
        (quoted(row[0])[0], row[1]) for row in rows(section(models(), "Words of every long form"))
    ]

    assert told == [(key, shape.value) for key, shape in ABOUT.items()]


def test_keys_that_are_refused_by_name_are_told() -> None:
    table = section(models(), "Not supported yet").splitlines()
    told = {row[1].strip(): quoted(row[2]) for row in map(CELL.split, table) if len(row) == 4}
    wanted = {kind.noun: list(kind.later) for kind in KINDS if kind.later}

    assert {noun: keys for noun, keys in told.items() if keys} == wanted | {
        "types of engine": list(ENGINE_TYPES_LATER)
    }


def test_shapes_are_told_in_the_loaders_words() -> None:
    told = {row[1] for row in rows(models()) if len(row) == 3}

    assert told == {each.value for each in Shape}


@cache
def models() -> str:
    """The pages of the YAML's keys."""
    return page("reference/models.md") + page("reference/policies.md")


def test_every_form_that_is_told_may_be_written() -> None:
    assert len([shown_by(each) for each in forms()]) > 100


def test_every_form_that_may_be_written_is_told() -> None:
    told = {name for text in forms() for name in shown_by(text)}
    left = set(first_words(section(page("reference/expressions.md"), "Left to the engine")))
    windows = functions.WINDOW_FUNCTIONS | functions.WITHIN_WINDOWS
    allowed = {each.__name__ for each in functions.ALLOWED | windows}
    clock = {"CurrentTimestamp", "CurrentDate", "Anonymous"}

    assert (sorted(allowed - told), sorted(told - allowed - clock)) == (sorted(left), [])


def test_every_type_of_a_cast_is_told() -> None:
    told = first_words(section(page("reference/expressions.md"), "Types of a cast"))

    assert {exp.DataType.build(each).this for each in told} == functions.TYPES
    assert all("Cast" in shown_by(f"cast(x as {each})") for each in told)


def test_every_clock_is_told() -> None:
    told = {each.removesuffix("()") for each in forms()}

    assert told >= functions.CLOCK_NAMES


def forms() -> list[str]:
    """The examples of the expressions' page."""
    text = page("reference/expressions.md")
    for heading in ("Types of a cast", "Left to the engine"):
        text = text.replace(section(text, heading), "")
    return first_words(text)


def shown_by(text: str) -> set[str]:
    """The node classes of an example; one that is refused fails the test."""
    locate = query_position("docs", text)
    tree = parse_one(text, locate)
    check_forms(tree, text, locate, windows=True)
    return {type(node).__name__ for node in tree.walk()}


@pytest.mark.parametrize(
    ("heading", "known"),
    [
        ("Keys", parse_document._KEYS),
        ("Time", parse_document._TIME_KEYS),
        ("Predicates", ("field", "op", "value")),
        ("Order", ("name", "desc", "nulls")),
    ],
)
def test_every_key_of_a_question_is_told(heading: str, known: Collection[str]) -> None:
    told = first_words(section(page("reference/query.md"), heading))

    assert sorted(told) == sorted(known)


@pytest.mark.parametrize(("place", "inner"), [("Filter", "Predicates"), ("OrderBy", "Order")])
def test_keys_of_objects_in_a_question_are_those_that_openapi_tells(place: str, inner: str) -> None:
    described = repr(openapi_document()["components"])
    known = re.search(rf"'{place}': \{{'oneOf': \[.*?'properties': \{{(.*?)\}}, 'add", described)
    assert known is not None

    assert set(first_words(section(page("reference/query.md"), inner))) == set(
        re.findall(r"'(\w+)': \{", known[1])
    ) | ({"value"} if place == "Filter" else set())


def test_keys_of_questions_that_are_refused_are_told() -> None:
    told = quoted(section(page("reference/query.md"), "Not supported yet"))

    assert sorted(told) == sorted(parse_document._LATER)


def test_every_operator_is_told_in_every_spelling() -> None:
    text = section(page("reference/query.md"), "Predicates")
    told = quoted(text[text.index("Operators:") : text.index("A predicate on rows")])

    assert sorted(told) == sorted(parse_document.OPERATORS)


def test_every_type_of_value_is_told() -> None:
    told = first_words(section(page("reference/query.md"), "Types"))

    assert sorted(told) == sorted(KindOfValue)


@pytest.mark.parametrize(
    ("heading", "settings"),
    [
        ("Settings of a gateway", Settings),
        ("Limits of running", ExecutionLimits),
        ("Limits of HTTP", Limits),
        ("Limits of Flight SQL", FlightLimits),
    ],
)
def test_every_setting_is_told_with_its_default(heading: str, settings: type) -> None:
    told = [
        (row[0].strip("`"), row[1].strip("`")) for row in rows(section(settings_page(), heading))
    ]

    assert told == [(each.name, default_of(each)) for each in dataclasses.fields(settings)]


def default_of(field: dataclasses.Field[object]) -> str:
    return "" if field.default is dataclasses.MISSING else str(field.default)


def test_every_command_and_option_is_told() -> None:
    told = {quoted(row[0])[0]: quoted(row[1]) for row in rows(section(settings_page(), "Commands"))}

    assert told == {name: parameters(name) for name in COMMANDS}


def parameters(name: str) -> list[str]:
    """The arguments and long options of a command, as they are typed."""
    command: click.Command = importlib.import_module(module_of(name)).command
    return [
        str(each.name).upper()
        if isinstance(each, click.Argument)
        else next(option for option in each.opts if option.startswith("--"))
        for each in command.params
    ]


@cache
def settings_page() -> str:
    return page("reference/settings.md")


def test_every_route_is_told_with_its_methods(gateway: Gateway) -> None:
    told = {quoted(row[0])[0]: row[1] for row in rows(section(page("reference/http.md"), "Routes"))}
    described = {
        path: ", ".join(sorted(method.upper() for method in methods))
        for path, methods in paths().items()
    }

    served = create_app(gateway, identity=EVERYBODY).routes

    assert sorted(told) == sorted(route.path for route in served)
    assert told == described


def paths() -> dict[str, dict[str, object]]:
    described = openapi_document()["paths"]
    assert isinstance(described, dict)
    return described


def test_every_format_is_told() -> None:
    text = section(page("reference/http.md"), "Formats")

    assert set(SPELLINGS) == {
        each for each in quoted(text) if each.startswith(("application/", "text/"))
    }


@pytest.mark.parametrize(
    ("heading", "known"), [("Commands", commands.COMMANDS), ("Actions", commands.ACTIONS)]
)
def test_everything_that_flight_sql_offers_is_told(heading: str, known: Collection[str]) -> None:
    told = first_words(section(page("reference/flight-sql.md"), heading))

    assert sorted(told) == sorted(known)


def test_words_of_the_glossary_are_in_order_and_once() -> None:
    found = re.findall(r"^\| ([A-Z][\w -]*) \|", page("reference/glossary.md"), re.MULTILINE)

    assert found == sorted(set(found), key=str.lower)
    assert len(found) > 20


def test_plans_are_those_that_the_demo_project_gets(gateway: Gateway) -> None:
    blocks = [(kind, text) for _, kind, text in BLOCK.findall(page("explanation/plans.md"))]
    asked = [text for kind, text in blocks if kind == "json"]
    shown = [text for kind, text in blocks if kind == "sql"]
    prepared = [gateway.prepare(each.strip(), ANONYMOUS) for each in asked]

    assert [layout(each) for each in shown] == [layout(each.physical.text) for each in prepared]
    assert len({str(each.proof) for each in prepared}) == len(prepared) == 5


def layout(sql: str) -> str:
    """SQL as every reader of it would lay it out."""
    return sqlglot.parse_one(sql, read="duckdb").sql("duckdb", pretty=True)


def test_layout_keeps_what_differs() -> None:
    assert layout("select  a\nfrom t") == layout("SELECT a FROM t") != layout("SELECT b FROM t")


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    asked = 0
    for name, kind, text in BLOCK.findall(page("tutorial/first-model.md")):
        if name:
            target = tmp_path / name
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
        elif kind == "console":
            for command, expected in told_commands(text):
                asked += 1
                assert matches(run(command, tmp_path), expected), command
    assert asked == 8


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_commands_of_the_readme_run() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    written = re.findall(r"^\.venv/bin/(forebay .*)$", text, re.MULTILINE)

    assert [line for line in written if "error[" in run(line, ROOT)] == []
    assert len(written) == 3


def told_commands(text: str) -> list[tuple[str, str]]:
    """Each command of a console with what it prints."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [
        (command, expected) for command, _, expected in (part.partition("\n") for part in parts)
    ]


def run(command: str, folder: Path) -> str:
    """What a command prints, on either stream; ``forebay`` and ``python`` are this Python's."""
    name, *arguments = shlex.split(command)
    module = ["-m", "gateway"] if name == "forebay" else []
    done = subprocess.run(
        [sys.executable, *module, *arguments],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / ".pytest_cache"), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.stdout


def matches(printed: str, expected: str) -> bool:
    """Whether a text is the expected one, in which … stands for what differs each time."""
    pattern = ".*".join(map(re.escape, expected.rstrip().split("…")))
    lines = "\n".join(line.rstrip() for line in printed.splitlines())
    return re.fullmatch(pattern, lines.rstrip()) is not None


def test_another_output_does_not_match() -> None:
    told = told_commands("$ a\n1 row (… ms)\n$ b\n")

    assert told == [("a", "1 row (… ms)\n"), ("b", "")]
    assert [matches(each, told[0][1]) for each in ("1 row (5 ms)\n", "2 rows (5 ms)", "")] == [
        True,
        False,
        False,
    ]


def test_links_lead_somewhere() -> None:
    pages = [each for each in files() if each.suffix == ".md"]
    broken = [
        f"{name_of(each)}: {target}#{heading}"
        for each in pages
        for target, heading in LINK.findall(each.read_text(encoding="utf-8"))
        if not leads(each, target, heading)
    ]

    assert broken == []


def leads(source: Path, target: str, heading: str) -> bool:
    """Whether a file is there, and has a heading of that name."""
    path = (source.parent / target) if target else source
    if not heading:
        return path.exists()
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return heading in {each.lower().replace(" ", "-") for each in titles}


def test_a_broken_link_is_found() -> None:
    source = DOCS / "reference" / "errors.md"
    asked = (("http.md", "formats"), ("http.md", "x"), ("y", ""))

    assert [leads(source, *each) for each in asked] == [True, False, False]
    assert LINK.findall("[a](b.md#c) [d](https://e) [f](g)") == [("b.md", "c"), ("g", "")]


def test_decisions_are_numbered_once_and_say_when_to_look_again() -> None:
    found = sorted((DOCS / "decisions").glob("*.md"))
    numbers = [each.name[:4] for each in found]
    parts = ("**Question.**", "**Choice.**", "**Look again**")
    lacking = [
        f"{each.name}: {part}"
        for each in found
        for part in parts
        if part not in each.read_text(encoding="utf-8")
    ]

    assert (lacking, len(set(numbers))) == ([], len(numbers))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The demo project, of which nothing is asked but how it would answer."""
    made = make_gateway(Settings(project=DEMO, types_folder=tmp_path_factory.mktemp("types")))
    yield made
    made.close()
