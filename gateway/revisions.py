"""A project's files as they were at a revision of the git repository that holds them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from gateway.project import read_files
from semantic_models.errors import FaultyProject, ProjectNotFound, SettingRejected
from semantic_models.spec import ROOT_NAME

LINK = b"120000"
"""The mode of an entry that is a link."""
GIT_S_MAX = 60.0


class Entry(NamedTuple):
    """A file of a revision."""

    mode: bytes
    id: str
    path: PurePosixPath
    """Relative to the project's folder."""


def files_at(folder: Path, revision: str) -> Mapping[str, bytes]:
    """The files of the project in a folder, as they were committed; nothing of it is changed.

    Raises:
        SettingRejected: git, the repository or the revision is not there.
        ProjectNotFound: the folder had no project then.
        FaultyProject, TooLarge: its files cannot be read as a project.
    """
    commit = _commit(folder, revision)
    entries = [each for each in _entries(folder, commit) if _is_read(each)]
    if all(str(each.path) != ROOT_NAME for each in entries):
        raise ProjectNotFound(
            f'no {ROOT_NAME} stood in "{folder}" at revision "{revision}"',
            hint="Name a revision that has the project.",
        )
    with tempfile.TemporaryDirectory(prefix="forebay-") as name, faults_of(revision):
        for entry, content in zip(entries, _contents(folder, entries), strict=True):
            _write(Path(name), entry, content)
        return read_files(Path(name))


@contextmanager
def faults_of(revision: str) -> Iterator[None]:
    """Tell faults of files of a revision as git names these: ``main:models/orders.yml``."""
    try:
        yield
    except FaultyProject as error:
        for each in (error, *error.faults):
            if each.position is not None:
                source = f"{revision}:{each.position.source}"
                each.position = replace(each.position, source=source)
        raise


def _commit(folder: Path, revision: str) -> str:
    inside = _git(folder, "rev-parse", "--is-inside-work-tree")
    if not inside.stdout.startswith(b"true"):
        raise SettingRejected(
            f'"{folder}" is in no git repository that can be read',
            detail=inside.stderr.decode(errors="replace").split("\n")[0],
            hint="Put the project under git, or name another one with --project.",
        )
    asked = _git(folder, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    if asked.returncode:
        raise SettingRejected(
            f'revision "{revision}" does not exist',
            hint="Name a branch, tag or commit of the repository; `git log` lists commits.",
        )
    return asked.stdout.decode().strip()


def _entries(folder: Path, commit: str) -> Iterator[Entry]:
    """Every file below the folder; git tells their paths from there."""
    listed = _git(folder, "ls-tree", "-r", "-z", commit).stdout
    for line in filter(None, listed.split(b"\0")):
        told, _, path = line.partition(b"\t")
        mode, kind, id_ = told.split(b" ")
        if kind == b"blob":
            yield Entry(mode, id_.decode(), PurePosixPath(path.decode(errors="surrogateescape")))


def _is_read(entry: Entry) -> bool:
    return entry.mode == LINK or entry.path.suffix in (".yml", ".yaml")


def _contents(folder: Path, entries: list[Entry]) -> Iterator[bytes]:
    """What each of the files holds, in one run of git."""
    asked = "".join(f"{each.id}\n" for each in entries).encode()
    rest = _git(folder, "cat-file", "--batch", given=asked).stdout
    for _ in entries:
        head, _, rest = rest.partition(b"\n")
        size = int(head.rsplit(b" ", 1)[1])
        yield rest[:size]
        rest = rest[size + 1 :]


def _write(folder: Path, entry: Entry, content: bytes) -> None:
    place = folder / entry.path
    place.parent.mkdir(parents=True, exist_ok=True)
    if entry.mode == LINK:
        place.symlink_to(content.decode(errors="surrogateescape"))
    else:
        place.write_bytes(content)


def _git(folder: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - no shell, and options end before what is given
            ("git", "-C", str(folder), *arguments),  # noqa: S607 - the git of whoever asks
            input=given,
            capture_output=True,
            timeout=GIT_S_MAX,
            check=False,
        )
    except FileNotFoundError:
        raise SettingRejected(
            "git is not there, and revisions are read by it", hint="Install git."
        ) from None
    except subprocess.TimeoutExpired:
        raise SettingRejected(
            f"git did not answer within {GIT_S_MAX:g} s", hint="Try `git status` there."
        ) from None
