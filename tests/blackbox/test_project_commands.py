"""Commands that write a project down elsewhere, or compare it with what it was."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from tests.blackbox.processes import run
from tests.support.demo_questions import DEMO

ON_DEMO = ("--project", str(DEMO))


def test_a_project_is_exported_and_read_back(tmp_path: Path) -> None:
    file, again = tmp_path / "demo.yml", tmp_path / "again.json"
    done = run("export", "ossie", "-o", str(file), *ON_DEMO)
    taken = run("export", "ossie", "-o", str(file), *ON_DEMO)
    printed = run("export", "ossie", *ON_DEMO)
    imported = run("import", "ossie", str(file), "-o", str(tmp_path / "project"))
    exported = run("export", "ossie", "-o", str(again), "-p", str(tmp_path / "project"))

    told = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout.decode()) == (0, f"wrote {file}\n")
    assert "not carried over: time_zone: Ossie has no time zone" in told
    assert (
        'said otherwise: measure "planes" of model "planes": its rows are counted by their key'
        in told
    )
    assert (taken.returncode, taken.stderr.decode()) == (
        1,
        f'error[SL204]: file "{file}" exists\n  = help: Name another file, or write --force.\n',
    )
    assert printed.stdout == file.read_bytes()
    assert (imported.returncode, imported.stderr) == (0, b"")
    assert (exported.returncode, exported.stderr) == (0, b"")
    first = {**yaml.safe_load(file.read_text()), "name": "project"}
    assert json.loads(again.read_text()) == first


def test_a_project_is_compared_with_a_revision_in_numbers_too(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "forebay.yml").write_text(
        "version: 1\nname: small\n"
        "engines: {local: {type: duckdb, files: {numbers: numbers.parquet}}}\n"
    )
    models = "version: 1\nmodels: {numbers: {table: numbers, measures: {total: sum(n)}}}\n"
    (tmp_path / "models" / "all.yml").write_text(f"{models}metrics: {{half: total / 2}}\n")
    commit_all(tmp_path)
    pq.write_table(pa.table({"n": [1, 2, 3]}), tmp_path / "numbers.parquet")
    same = run("diff", "HEAD", "--values", "-p", str(tmp_path))
    (tmp_path / "models" / "all.yml").write_text(
        models.replace("sum(n)", "max(n)") + "metrics: {half: total / 2, all: 2 * total}\n"
    )

    told = run("diff", "HEAD", "--values", "-p", str(tmp_path))
    document = run("diff", "HEAD", "--values", "-f", "json", "-p", str(tmp_path))
    refused = run("diff", "nothing", "-p", str(tmp_path))

    assert (same.returncode, same.stdout) == (0, b"nothing differs in what it means\n")
    assert (told.returncode, told.stderr, document.returncode) == (0, b"", 0)
    assert told.stdout.decode().splitlines() == [
        "~ measure numbers.total",
        "    expr: SUM(n) -> MAX(n)",
        "+ metric all",
        "* metric half",
        "    because of measure numbers.total",
        "",
        "total          old  new  difference   percent",
        "numbers.total    6    3          -3  -50.00 %",
        "all              -    6",
        "half           3.0  1.5        -1.5  -50.00 %",
    ]
    values = json.loads(document.stdout)["values"]
    assert [(each["name"], each["difference"], each["percent"]) for each in values] == [
        ("numbers.total", -3, -50.0),
        ("all", None, None),
        ("half", -1.5, -50.0),
    ]
    assert (refused.returncode, refused.stderr[:13]) == (1, b"error[SL204]:")


def commit_all(folder: Path) -> None:
    """Put a folder under git, as it is."""
    found = shutil.which("git")
    assert found, "this test asks git itself"
    named = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    for arguments in (("init", "-q"), ("add", "-A"), (*named, "commit", "-q", "-m", "first")):
        subprocess.run((found, "-C", str(folder), *arguments), check=True)
