"""Every command as people run it: its output, its errors and its exit code."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.blackbox.processes import ENV, FOREBAY, TIMEOUT_S, numbers, run, started
from tests.support.demo_questions import DEMO

COMMANDS = (
    "demo",
    "serve",
    "validate",
    "test",
    "fmt",
    "query",
    "compile",
    "explain-query",
    "schema",
    "lineage",
    "ls",
    "show",
)
ON_DEMO = ("-p", str(DEMO))
FLIGHTS = ("-m", "flights", "-d", "origin", "-o", "origin")
WORDS = """\
  words:
    sql: select 'n' || n as word from numbers
    dimensions: {word: }
    measures: {parsed: sum(cast(word as bigint))}
"""
ROWS = [("EWR", 120835), ("JFK", 111279), ("LGA", 104662)]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str) -> None:
    done = run(command, "--help")

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().startswith(f"Usage: python -m gateway {command} [OPTIONS]")


def test_the_help_lists_every_command() -> None:
    done = run("--help")

    listed = [line.split()[0] for line in done.stdout.decode().split("Commands:\n")[1].splitlines()]
    assert (done.returncode, done.stderr) == (0, b"")
    assert [each for each in listed if each in COMMANDS] == list(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ("answer",),
        ("query",),
        ("query", "select flights from flights", "-m", "flights"),
        ("query", "-f", "excel"),
        ("query", "-m", "flights", "--limit", "-1"),
        ("serve", "--port", "70000"),
        ("validate", "-p", "/no/such/folder"),
        ("show",),
    ],
    ids=" ".join,
)
def test_misuse_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Usage: ")
    assert b"Traceback" not in done.stderr


def of_csv(output: bytes) -> list[tuple[str, int]]:
    header, *rows = output.decode().split("\r\n")[:-1]
    assert header == "origin,flights"
    return [(origin, int(flights)) for origin, flights in (row.split(",") for row in rows)]


def of_json(output: bytes) -> list[tuple[str, int]]:
    return _of_objects(json.loads(output)["data"])


def of_ndjson(output: bytes) -> list[tuple[str, int]]:
    return _of_objects([json.loads(line) for line in output.splitlines()])


def of_arrow(output: bytes) -> list[tuple[str, int]]:
    return _of_objects(pa.ipc.open_stream(output).read_all().to_pylist())


def of_parquet(output: bytes) -> list[tuple[str, int]]:
    return _of_objects(pq.read_table(io.BytesIO(output)).to_pylist())


def _of_objects(rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(row["origin"], row["flights"]) for row in rows]


@pytest.mark.parametrize(
    ("format_", "read"),
    [
        ("csv", of_csv),
        ("arrow", of_arrow),
        pytest.param("json", of_json, marks=pytest.mark.slow),
        pytest.param("ndjson", of_ndjson, marks=pytest.mark.slow),
        pytest.param("parquet", of_parquet, marks=pytest.mark.slow),
    ],
)
def test_the_output_is_the_answer_and_nothing_else(
    format_: str, read: Callable[[bytes], list[tuple[str, int]]]
) -> None:
    done = run("query", *ON_DEMO, *FLIGHTS, "-f", format_)

    assert (done.returncode, done.stderr, read(done.stdout)) == (0, b"", ROWS)


@pytest.mark.slow
def test_a_table_has_a_header_and_its_number_of_rows() -> None:
    done = run("query", *ON_DEMO, *FLIGHTS, "-f", "table")

    assert done.stdout.decode().splitlines() == [
        "origin  flights",
        "──────  ───────",
        "EWR      120835",
        "JFK      111279",
        "LGA      104662",
        "3 rows",
    ]


def test_a_question_is_read_from_standard_input_and_answered_in_a_file(tmp_path: Path) -> None:
    out = tmp_path / "flights.csv"

    done = run(
        "query",
        *ON_DEMO,
        "-",
        "--out",
        str(out),
        given=b"select origin, flights from flights order by origin\n",
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert of_csv(out.read_bytes()) == ROWS
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.slow
def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "none" / "flights.csv"

    done = run("query", *ON_DEMO, *FLIGHTS, "--out", str(out))

    assert (done.returncode, done.stdout, done.stderr.decode()) == (
        1,
        b"",
        f'error[SL204]: file "{out}" cannot be written: no such file or directory\n'
        "  = help: Name another file with --out.\n",
    )


REFUSED = [
    pytest.param(b"select flights from\0 flights", "SL104", "query:1:20", "Remove it", id="NUL"),
    pytest.param(
        b"select flights from flights; drop table flights",
        "SL104",
        "query:1:1",
        "Write exactly one",
        id="two statements",
    ),
    pytest.param(
        b'{"metrics": ["flihgts"]}',
        "E_NAME_NOT_FOUND",
        "metrics[0]:1:1",
        'Perhaps "flights" is meant.',
        id="an unknown metric",
    ),
    pytest.param(
        b"select flights from flights where originn.name = 'x'",
        "E_NAME_NOT_FOUND",
        "",
        'Perhaps "origin',
        id="an unknown name inside a predicate",
        marks=pytest.mark.slow,
    ),
    pytest.param(
        b'{"metrics": ["flights"], "totals": true}',
        "E_NOT_SUPPORTED",
        "",
        "totals",
        id="a key of a later version",
        marks=pytest.mark.slow,
    ),
    pytest.param(b'{"metrics": [', "SL105", "", "= help: ", id="half", marks=pytest.mark.slow),
    pytest.param(b"\xff\xfe", "SL104", "", "= help: ", id="no text", marks=pytest.mark.slow),
    pytest.param(b"", "SL104", "", "= help: ", id="nothing", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("question", "code", "place", "hint"), REFUSED)
def test_a_refused_question_is_exit_code_1(
    question: bytes, code: str, place: str, hint: str
) -> None:
    done = run("query", *ON_DEMO, "-", given=question)

    told = done.stderr.decode()
    assert (done.returncode, done.stdout) == (1, b"")
    assert told.startswith(f"error[{code}]: ")
    assert f"--> {place}" in told or not place
    assert hint in told
    assert "Traceback" not in told


def test_debug_shows_the_traceback_too() -> None:
    done = run("--debug", "show", "flihgts", *ON_DEMO)

    told = done.stderr.decode()
    assert (done.returncode, done.stdout) == (1, b"")
    assert told.startswith("Traceback (most recent call last):")
    assert told.endswith(
        'error[E_NAME_NOT_FOUND]: model, metric, query or dimension "flihgts" does not exist\n'
        '  = help: Perhaps "flights" is meant.\n'
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate",),
        pytest.param(("ls",), marks=pytest.mark.slow),
        pytest.param(("query", "-m", "flights"), marks=pytest.mark.slow),
        pytest.param(("serve", "--port", "0"), marks=pytest.mark.slow),
    ],
)
def test_a_project_without_models_is_refused(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "forebay.yml").write_text("version: 1\nname: empty\n")

    done = run(*arguments, "-p", str(tmp_path))

    told = done.stderr.decode()
    assert (done.returncode, done.stdout) == (1, b"")
    assert told.startswith("error[SL202]: the project has no models\n")
    assert "= help: Write one below the models folder.\n" in told


@pytest.mark.slow
def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    done = run("validate", "-p", str(tmp_path))

    assert (done.returncode, done.stdout, done.stderr.decode()) == (
        1,
        b"",
        f'error[SL201]: no forebay.yml stands in "{tmp_path}" or above it\n'
        "  = help: Name the project's folder with --project, or try `forebay demo`.\n",
    )


@pytest.mark.slow
def test_a_whole_project_is_told_in_one_line() -> None:
    done = run("validate", *ON_DEMO)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"flights: 5 models, ")
    assert b"; no faults (" in done.stdout


@pytest.mark.parametrize(("codes", "exit_code"), [("abc", 0), ("aab", 1)])
def test_keys_are_checked_on_the_data_when_asked(
    codes: str, exit_code: int, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "forebay.yml").write_text(
        "version: 1\nname: small\n"
        "engines: {local: {type: duckdb, files: {numbers: numbers.parquet}}}\nmodels: models/\n"
    )
    (tmp_path / "models" / "all.yml").write_text(
        "version: 1\nmodels: {numbers: {table: numbers, key: code, dimensions: {code: }}}\n"
    )
    pq.write_table(pa.table({"code": list(codes)}), tmp_path / "numbers.parquet")

    plain = run("validate", "-p", str(tmp_path))
    done = run("validate", "--live", "-p", str(tmp_path))
    document = run("validate", "--live", "-f", "json", "-p", str(tmp_path))

    message = 'the data breaks key (code) of model "numbers"'
    assert plain.returncode == 0
    assert (done.returncode, document.returncode) == (exit_code, exit_code)
    assert done.stderr.decode().startswith(f"error[SL606]: {message}\n" if exit_code else "")
    assert exit_code or b"2 promises checked on the data; none is broken" in done.stdout
    told = [(each["code"], each["message"]) for each in json.loads(document.stdout)["broken"]]
    assert told == ([("SL606", message)] if exit_code else [])


@pytest.mark.slow
def test_compile_prints_sql_and_its_proof() -> None:
    done = run("compile", *ON_DEMO, "-m", "flights", "-d", "carrier.name", "--proof")

    sql, _, proof = done.stdout.decode().partition("\n{")
    assert (done.returncode, done.stderr) == (0, b"")
    assert sql.upper().startswith(("SELECT", "WITH"))
    assert isinstance(json.loads("{" + proof), dict)


def test_the_proof_is_told_in_words_or_as_a_document() -> None:
    asked = ("explain-query", *ON_DEMO, "-m", "flights", "-d", "carrier.name")
    words, document = run(*asked), run(*asked, "-f", "json")

    assert [(each.returncode, each.stderr) for each in (words, document)] == [(0, b"")] * 2
    assert words.stdout.decode().startswith("One row for each carrier__name.\n")
    assert json.loads(document.stdout)["branches"][0]["joins"][0]["key"] == ["carrier"]


def test_the_schema_of_files_is_printed_without_a_project() -> None:
    models, project = run("schema"), run("schema", "project")

    assert [(each.returncode, each.stderr) for each in (models, project)] == [(0, b"")] * 2
    assert [json.loads(each.stdout)["title"] for each in (models, project)] == [
        "forebay: file of models",
        "forebay: project",
    ]


def test_the_columns_of_a_metric_are_shown_as_a_tree_or_a_document() -> None:
    tree, document = (run("lineage", "flights", *ON_DEMO, "-f", each) for each in ("text", "json"))

    assert [(each.returncode, each.stderr) for each in (tree, document)] == [(0, b"")] * 2
    assert tree.stdout.decode().splitlines() == [
        "measure  flights.flights = COUNT(*)",
        "  time     flights.time_hour",
        "    column   flights.time_hour",
    ]
    assert json.loads(document.stdout)["columns"] == ["flights.time_hour"]


def test_names_are_listed_by_a_pattern() -> None:
    done = run("ls", "metrics", "--select", "avg_*", "-f", "json", *ON_DEMO)

    rows = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, b"")
    assert {row["kind"] for row in rows} == {"metric"}
    assert "avg_temp" in {row["name"] for row in rows}
    assert all(row["name"].startswith("avg_") for row in rows)


@pytest.mark.slow
def test_a_metric_is_shown_as_a_document() -> None:
    done = run("show", "cancellation_rate", "-f", "json", *ON_DEMO)

    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["metric"]["name"] == "cancellation_rate"


@pytest.mark.slow
def test_the_demo_asks_ten_questions_and_ends() -> None:
    done = run("demo", "--once")

    numbers_asked = re.findall(r"^(\d+)\. ", done.stdout.decode(), flags=re.MULTILINE)
    assert (done.returncode, numbers_asked) == (0, [str(each) for each in range(1, 11)])


def test_a_reader_who_leaves_is_no_failure(tmp_path: Path) -> None:
    with started("query", "-p", str(numbers(tmp_path)), "--fields", "i", "-f", "csv") as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        told = process.stderr.read()

        assert (first, process.wait(TIMEOUT_S), told) == (b"i\r\n", 0, b"")


@pytest.mark.parametrize("module", [b"click.termui", b"click.core", b"pyarrow"])
def test_ctrl_c_during_imports_is_silent(module: bytes, tmp_path: Path) -> None:
    command = (sys.executable, "-X", "importtime", "-m", "gateway")
    with subprocess.Popen(
        [*command, "query", "-p", str(numbers(tmp_path)), "-m", "total"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENV,
    ) as process:
        assert process.stderr is not None
        imported = [next(iter(process.stderr))]
        while imported[-1].split(b"|")[-1].strip() != module:
            imported.append(next(process.stderr))
        process.send_signal(signal.SIGINT)
        output, told = process.communicate(timeout=TIMEOUT_S)

    others = [line for line in told.splitlines() if not line.startswith(b"import time:")]
    assert (process.returncode, output, others) == (130, b"", [])


def test_ctrl_c_stops_a_query(tmp_path: Path) -> None:
    with started("query", "-p", str(numbers(tmp_path)), "-m", "never", "-f", "csv") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"never\r\n"

        process.send_signal(signal.SIGINT)
        output, told = process.communicate(timeout=TIMEOUT_S)

    assert (process.returncode, output, told.decode().strip()) == (130, b"", "stopped")


def test_an_engines_own_words_are_a_note_where_no_server_logs_them(tmp_path: Path) -> None:
    folder = numbers(tmp_path)
    with (folder / "models" / "numbers.yml").open("a") as models:
        models.write(WORDS)

    done = run("query", "-p", str(folder), "-m", "parsed")

    told = done.stderr.decode()
    assert done.returncode == 1
    assert "note: The engine says: Conversion Error: Could not convert string 'n1'" in told
    assert "log" not in told


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [("query", *FLIGHTS), ("query", *FLIGHTS, "-f", "table"), ("ls",), ("validate",)]
)
def test_a_full_disk_is_told_without_a_traceback(arguments: tuple[str, ...]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*FOREBAY, *arguments, *ON_DEMO],
            stdout=full,
            stderr=subprocess.PIPE,
            env=ENV,
            timeout=TIMEOUT_S,
            check=False,
        )

    assert (done.returncode, done.stderr.decode()) == (
        1,
        "error[SL204]: the output cannot be written: no space left on device\n"
        "  = help: Free some room, or write to another place.\n",
    )


def test_what_policies_leave_open_is_a_warning(tmp_path: Path) -> None:
    for name in ("models", "policies"):
        (tmp_path / name).mkdir()
    (tmp_path / "forebay.yml").write_text(
        "version: 1\nname: small\n"
        "engines: {local: {type: duckdb, files: {numbers: numbers.parquet}}}\n"
    )
    (tmp_path / "models" / "all.yml").write_text(
        "version: 1\nmodels: {one: {table: numbers, dimensions: {code: }}, "
        "other: {table: numbers, dimensions: {code: }}}\n"
    )
    (tmp_path / "policies" / "all.yml").write_text(
        "version: 1\npolicies: {p: {on: one, rows: code = 'a', grant: {models: all}}}\n"
    )
    pq.write_table(pa.table({"code": ["a"]}), tmp_path / "numbers.parquet")

    done = run("validate", "-p", str(tmp_path))
    document = run("validate", "-f", "json", "-p", str(tmp_path))

    message = 'policy "p" is on model "one" alone, and model "other" reads its table "numbers" too'
    assert (done.returncode, document.returncode) == (0, 0)
    assert done.stderr.decode().startswith(f"warning[SL413]: {message}\n")
    assert [each["message"] for each in json.loads(document.stdout)["warnings"]] == [message]


def test_a_text_that_is_no_question_is_not_quoted_beside_its_refusal() -> None:
    done = run("query", "drop secret", *ON_DEMO)

    assert done.returncode == 1
    assert done.stderr.decode().startswith("error[SL104]: the statement is not a SELECT\n")
