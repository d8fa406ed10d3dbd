"""A project's files as they were committed, whatever lies in the folder now."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.project import build_files, read_files
from gateway.revisions import faults_of, files_at
from semantic_models.errors import FaultyProject, ProjectNotFound, SettingRejected

ROOT = b"version: 1\nname: shop\nengines: {local: {type: duckdb, path: shop.duckdb}}\n"
FIRST = b"version: 1\nmodels: {orders: {table: orders, measures: {revenue: sum(amount)}}}\n"
SECOND = FIRST.replace(b"amount", b"paid")
NAMED = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")


def git(folder: Path, *arguments: str) -> None:
    found = shutil.which("git")
    assert found, "these tests ask git itself"
    subprocess.run((found, "-C", str(folder), *NAMED, *arguments), check=True, capture_output=True)


def write(folder: Path, models: bytes) -> None:
    (folder / "models").mkdir(parents=True, exist_ok=True)
    (folder / "forebay.yml").write_bytes(ROOT)
    (folder / "models" / "all.yml").write_bytes(models)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of a repository, committed, and changed since."""
    git(tmp_path, "init", "-q")
    folder = tmp_path / "below" / "shop"
    write(folder, FIRST)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    write(folder, SECOND)
    (folder / "models" / "new.yml").write_bytes(b"version: 1\n")
    return folder


def test_files_are_those_of_the_commit(project: Path) -> None:
    now = read_files(project)

    found = files_at(project, "HEAD")

    assert found == {"forebay.yml": ROOT, "models/all.yml": FIRST}
    assert read_files(project) == now


def test_a_project_may_be_a_repository_itself(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    git(tmp_path, "tag", "v1")

    assert files_at(tmp_path, "v1") == {"forebay.yml": ROOT, "models/all.yml": FIRST}


@pytest.mark.parametrize("revision", ["nothing", "--help", "-x", "", "HEAD~5", "HEAD:below"])
def test_a_revision_that_is_none_is_refused(project: Path, revision: str) -> None:
    with pytest.raises(SettingRejected, match="does not exist"):
        files_at(project, revision)


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    write(tmp_path, FIRST)

    with pytest.raises(SettingRejected, match="is in no git repository"):
        files_at(tmp_path, "HEAD")


def test_a_machine_without_git_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project))

    with pytest.raises(SettingRejected, match="git is not there"):
        files_at(project, "HEAD")


def test_a_revision_before_the_project_is_refused(project: Path) -> None:
    other = project.parent / "other"
    write(other, FIRST)

    with pytest.raises(ProjectNotFound, match=r'no forebay.yml stood in ".*" at revision "HEAD"'):
        files_at(other, "HEAD")


def test_links_are_followed_as_they_were_and_never_out_of_the_project(project: Path) -> None:
    (project / "models" / "again.yml").symlink_to("/etc/hosts")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "a link")

    with pytest.raises(FaultyProject) as refused:
        files_at(project, "HEAD")

    (fault,) = refused.value.faults
    assert fault.position is not None
    assert fault.position.source == "HEAD:models/again.yml"


def test_faults_of_a_revision_are_told_with_it(project: Path) -> None:
    write(project, FIRST.replace(b"sum(amount)", b"sum("))
    git(project, "commit", "-q", "-a", "-m", "broken")

    with pytest.raises(FaultyProject) as refused, faults_of("HEAD"):
        build_files(files_at(project, "HEAD"))

    places = [each.position.source for each in refused.value.faults if each.position]
    assert places == ["HEAD:models/all.yml"]
