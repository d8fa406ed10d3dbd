"""Files that this server's own account alone may read, and that are written whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from semantic_models.errors import SettingRejected

LOCK_S = 5.0
"""How long another writer is waited for."""

PRIVATE = 0o600
_BYTES_MAX = 64 * 2**20


class Stamp(NamedTuple):
    """What differs whenever a file was written anew."""

    inode: int
    changed_ns: int
    size_bytes: int


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of a file as it is now; None where there is none that can be seen."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return Stamp(found.st_ino, found.st_ctime_ns, found.st_size)


def read_private(path: Path) -> bytes | None:
    """What a file holds; None where there is none.

    Raises:
        SettingRejected: others may read or write it, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & 0o077:
                raise SettingRejected(
                    f'file "{path.name}" may be read by others: its mode is {mode & 0o777:o}',
                    hint=f"Take it from them: `chmod 600 {path}`; then replace what they know.",
                )
            return file.read(_BYTES_MAX)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _rejected(path, "read", error) from error


def write_private(path: Path, held: bytes) -> None:
    """Put a file in the place of another one, or leave that as it was.

    Whoever writes holds the lock of the file, so that one name beside it is enough.

    Raises:
        SettingRejected: it cannot be written.
    """
    beside = path.with_name(f"{path.name}.part")
    try:
        beside.unlink(missing_ok=True)
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
            file.write(held)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise _rejected(path, "written", error) from error


@contextlib.contextmanager
def only_writer(path: Path, *, wait_s: float = LOCK_S) -> Iterator[None]:
    """Be the one that writes a file, in this process and among all others of this machine.

    Raises:
        SettingRejected: another one writes for too long, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, PRIVATE)
    except OSError as error:
        raise _rejected(path, "written", error) from error
    try:
        _lock(lock, path, time.monotonic() + wait_s)
        yield
    finally:
        os.close(lock)


def _lock(lock: int, path: Path, until_s: float) -> None:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until_s:
                raise SettingRejected(
                    f'another process writes the file "{path.name}"', hint="Try again."
                ) from None
            time.sleep(0.02)
        else:
            return


def sync_folder(folder: Path) -> None:
    """Let what was put into a folder outlive the machine's end."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _rejected(path: Path, done: str, error: OSError) -> SettingRejected:
    return SettingRejected(
        f'file "{path.name}" cannot be {done}: {os.strerror(error.errno or 0).lower()}',
        hint=f"Check {path} and the rights of its folder.",
    )
