"""A project's folder, read whole."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auth.decide import decide
from auth.principal import ANONYMOUS
from gateway.project import load_project, read_files
from semantic_models.errors import FaultyProject, ForebayError, ProjectNotFound
from tests.support import shop, shop_tables
from tests.support.models import the_shop


def written(folder: Path) -> Path:
    """A small project without policies."""
    files = {
        "forebay.yml": "version: 1\nname: shop\n"
        "engines: {local: {type: duckdb, files: {numbers: numbers.parquet}}}\nmodels: models/\n",
        "models/numbers.yml": "version: 1\nmodels:\n  numbers:\n    table: numbers\n"
        "    dimensions:\n      n:\n",
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    pq.write_table(pa.table({"n": [1]}), folder / "numbers.parquet")
    return folder


def test_every_model_file_is_read(tmp_path: Path) -> None:
    assert list(read_files(written(tmp_path))) == ["forebay.yml", "models/numbers.yml"]


def test_a_project_without_policies_loads(tmp_path: Path) -> None:
    project = load_project(written(tmp_path), types_folder=tmp_path / "types")
    project.close()

    assert list(project.snapshot.catalog.models) == ["numbers"]


def test_definitions_over_joins_of_either_side_have_their_types(tmp_path: Path) -> None:
    models = shop.MODELS.replace("dimensions: {vip: , tier: }", BACK_OF_ONE_TO_ONE)
    (tmp_path / "models").mkdir()
    (tmp_path / "forebay.yml").write_text(shop.ROOT)
    (tmp_path / "models" / "all.yml").write_text(models)
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(shop_tables.TABLES)
    project = load_project(tmp_path, types_folder=tmp_path / "types")
    project.close()
    loaded, told = project.snapshot.catalog, the_shop().catalog

    assert str(loaded.models["profiles"].dimensions["whose"].type) == "string"
    assert {name: each.type for name, each in loaded.metrics.items()} == {
        name: each.type for name, each in told.metrics.items()
    }


BACK_OF_ONE_TO_ONE = "dimensions: {vip: , tier: , whose: customers.name}"


@pytest.mark.parametrize("name", ["staff.yml", "deep/staff.yaml"])
def test_a_folder_of_policies_is_never_passed_over(name: str, tmp_path: Path) -> None:
    """Nothing in forebay.yml names the folder: its rules would be missing without a word."""
    path = written(tmp_path) / "policies" / name
    path.parent.mkdir(parents=True)
    path.write_text("version: 1\n")

    with pytest.raises(FaultyProject) as refusal:
        load_project(tmp_path, types_folder=tmp_path / "types")

    assert [each.code for each in refusal.value.faults] == ["SL103"]


@pytest.mark.parametrize("text", ["policies:\n", "policies: {}\n"])
def test_a_project_with_a_file_of_no_policies_shows_nobody_anything(
    text: str, tmp_path: Path
) -> None:
    path = written(tmp_path) / "policies" / "none.yml"
    path.parent.mkdir()
    path.write_text(f"version: 1\n{text}")
    project = load_project(tmp_path, types_folder=tmp_path / "types")
    project.close()

    names = decide(project.snapshot.policies, ANONYMOUS).names
    assert (names.are_all, names.models) == (False, frozenset())


def faults_of(folder: Path) -> list[ForebayError]:
    with pytest.raises(FaultyProject) as refusal:
        load_project(folder, types_folder=folder / "types").close()
    return list(refusal.value.faults)


def test_a_project_behind_a_link_loads(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    written(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    load_project(tmp_path / "link", types_folder=tmp_path / "types").close()

    assert read_files(tmp_path / "link") == read_files(tmp_path / "real")


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("models/more.yml", "outside/numbers.yml"),
        ("models/deep", "outside"),
        ("models/deep", "project/elsewhere"),
        ("policies", "outside"),
    ],
)
def test_a_link_to_what_is_not_read_is_refused(link: str, target: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    written(project)
    for each in (tmp_path / "outside", project / "elsewhere"):
        each.mkdir()
        (each / "numbers.yml").write_text("version: 1\n# a secret\n")
    (project / link).symlink_to(tmp_path / target)

    [fault] = faults_of(project)

    place = fault.position
    assert (fault.code, place and place.source, place and place.excerpt) == ("SL201", link, "")
    assert fault.message == f'"{link}" is a link, and what it leads to is not read'


def test_the_folder_of_models_may_not_be_a_link_out_of_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    written(project)
    (project / "models").rename(tmp_path / "models")
    (project / "models").symlink_to(tmp_path / "models")

    assert [each.message for each in faults_of(project)] == [
        '"models" is a link, and what it leads to is not read'
    ]


def test_links_within_the_project_are_read(tmp_path: Path) -> None:
    project = written(tmp_path / "project")
    (project / "kept.yml").write_text("version: 1\n")
    (project / "models" / "kept.yml").symlink_to(project / "kept.yml")
    (project / "models" / "now").mkdir()
    (project / "models" / "latest").symlink_to(project / "models" / "now")

    files = read_files(project)

    assert (list(files), files["models/kept.yml"]) == (
        ["forebay.yml", "models/kept.yml", "models/numbers.yml"],
        b"version: 1\n",
    )


def test_files_that_are_mounted_by_links_are_read_once(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap: a hidden folder, a link to it, a link for each file."""
    models = written(tmp_path) / "models"
    (models / "..2026_11_24").mkdir()
    (models / "numbers.yml").rename(models / "..2026_11_24" / "numbers.yml")
    (models / "..data").symlink_to("..2026_11_24")
    (models / "numbers.yml").symlink_to("..data/numbers.yml")

    assert list(read_files(tmp_path)) == ["forebay.yml", "models/numbers.yml"]
    load_project(tmp_path, types_folder=tmp_path / "types").close()


@pytest.mark.parametrize("target", ["gone.yml", "more.yml"], ids=["nowhere", "itself"])
def test_a_link_to_nothing_cannot_be_read(target: str, tmp_path: Path) -> None:
    models = written(tmp_path) / "models"
    (models / "more.yml").symlink_to(models / target)

    with pytest.raises(ProjectNotFound) as refusal:
        read_files(tmp_path)

    assert refusal.value.message.startswith('file "more.yml" cannot be read: ')


def engine(value: str) -> str:
    return f"version: 1\nname: shop\nengines:\n  local: {{type: duckdb, path: {value}}}\n"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('"${file:secret}"', 'file "secret" is not UTF-8 text'),
        ('"${file:models}"', 'file "models" does not exist or is not readable'),
        ('"${file:gone}"', 'file "gone" does not exist or is not readable'),
        ('"${file:a\\0b}"', 'file "a\0b" does not exist or is not readable'),
        ('"a\\0b"', 'no file matches "a\0b" of engine "local"'),
        ('"models"', 'no file matches "models" of engine "local"'),
        ('"${file:name}"', 'no file matches "${file:name}" of engine "local"'),
    ],
)
def test_a_path_of_nothing_is_a_fault_where_it_is_written(
    value: str, message: str, tmp_path: Path
) -> None:
    written(tmp_path)
    (tmp_path / "secret").write_bytes(b"pass\xff")
    (tmp_path / "name").write_text(" kept as it is\n")
    (tmp_path / "forebay.yml").write_text(engine(value))

    [fault] = faults_of(tmp_path)

    place = fault.position
    assert (fault.code, fault.message) == ("SL204", message)
    assert place is not None
    assert (place.source, place.line, place.column) == ("forebay.yml", 4, 32)


def test_a_folder_of_models_with_a_nul_is_refused(tmp_path: Path) -> None:
    written(tmp_path)
    root = (tmp_path / "forebay.yml").read_text().replace("models/", '"mod\\0els"')
    (tmp_path / "forebay.yml").write_text(root)

    assert [each.code for each in faults_of(tmp_path)] == ["SL204"]


def test_data_behind_a_link_is_served(tmp_path: Path) -> None:
    project = written(tmp_path / "project")
    (project / "numbers.parquet").rename(tmp_path / "numbers.parquet")
    (project / "numbers.parquet").symlink_to(tmp_path / "numbers.parquet")

    loaded = load_project(project, types_folder=tmp_path / "types")
    loaded.close()

    assert list(loaded.snapshot.catalog.models) == ["numbers"]


def test_faults_that_engines_find_are_told_in_the_order_of_lines(tmp_path: Path) -> None:
    written(tmp_path)
    text = (
        "version: 1\nmodels:\n  numbers:\n    table: numbers\n    where: abs(s) = 1\n"
        "    dimensions:\n      n:\n      s: abs(s)\n    segments:\n      t: abs(s) = 2\n"
    )
    pq.write_table(pa.table({"n": [1], "s": ["x"]}), tmp_path / "numbers.parquet")
    (tmp_path / "models" / "numbers.yml").write_text(text)

    faults = faults_of(tmp_path)

    assert [(each.code, each.position and each.position.line) for each in faults] == [
        ("E_TYPE_MISMATCH", 5),
        ("E_TYPE_MISMATCH", 8),
        ("E_TYPE_MISMATCH", 10),
    ]
    assert os.listdir(tmp_path) == ["forebay.yml", "models", "numbers.parquet"]


UNKNOWN = {
    "list": "[1, 2]",
    "array": "[1, 2]::integer[2]",
    "struct": "{'a': 1}",
    "map": "map {'a': 1}",
    "union": "union_value(a := 1)",
    "bit": "'101'::bit",
    "time_with_zone": "'12:00:00+01'::timetz",
    "uhugeint": "1::uhugeint",
    "bignum": "1::bignum",
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_values_of_no_kind_of_ours_are_refused_at_load(kind: str, tmp_path: Path) -> None:
    """A column beside them changes nothing; a member that shows one says so at its place."""
    written(tmp_path)
    with duckdb.connect(str(tmp_path / "numbers.duckdb")) as connection:
        connection.execute(f"CREATE TABLE numbers AS SELECT 1 AS n, {UNKNOWN[kind]} AS odd")
    root = "version: 1\nname: shop\nengines: {local: {type: duckdb, path: numbers.duckdb}}\n"
    (tmp_path / "forebay.yml").write_text(root)
    load_project(tmp_path, types_folder=tmp_path / "types").close()
    with (tmp_path / "models" / "numbers.yml").open("a") as models:
        models.write("      odd:\n    measures:\n      any_odd: max(odd)\n")

    faults = faults_of(tmp_path)

    assert [(each.code, each.message) for each in faults] == [
        ("E_NOT_SUPPORTED", 'dimension "odd" of model "numbers" has a type of no known kind'),
        ("E_NOT_SUPPORTED", 'measure "any_odd" of model "numbers" has a type of no known kind'),
    ]
