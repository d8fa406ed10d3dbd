"""Where decisions are written down: a file a process, and an anchor of it in another folder."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auth.audit import (
    KEY_BYTES_MAX,
    KEY_BYTES_MIN,
    Checked,
    Record,
    anchor,
    body_of,
    check,
    digest,
    first_seal,
    next_seal,
    sealed,
)
from gateway.errors import AuditFailed
from gateway.identity.private_files import sync_folder
from semantic_models.errors import SettingRejected

log = logging.getLogger(__name__)

Sync = Literal["second", "record"]
SUFFIX = ".jsonl"
ANCHOR = ".anchor"
SYNC_S = 1.0
SYNC_RECORDS = 256
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """Where and how decisions are written down."""

    folder: Path
    """Where the records are."""
    anchors: Path
    """Where it is kept how many there are; another folder, best of another account."""
    key: Path
    """A file of 16 to 64 random bytes that this account alone may read."""
    sync: Sync = "second"
    """Whether records are on disk within a second, or each before its answer."""
    required: bool = True
    """Whether questions are refused while nothing can be written."""


class AuditLog:
    """Decisions on their way to a file. Safe for many threads.

    What is written is the system's at once, so that a process that is killed loses nothing; what
    is synced, each second or 256 records, outlasts the machine too, and the anchor vouches for it.
    """

    def __init__(self, settings: AuditSettings) -> None:
        self._settings = settings
        self._key = read_key(settings.key)
        self._lock = threading.Lock()
        self._is_failing = False
        self._file = _started(settings, self._key)
        self._wake = threading.Event()
        self._closing = False
        # Anchors are replaced by one thread alone: no older one ever takes a newer one's place.
        self._thread = threading.Thread(target=self._sync_on, name="audit", daemon=True)
        if settings.sync == "second":
            self._thread.start()

    def write(self, record: Record) -> None:
        """Write a decision down.

        Raises:
            AuditFailed: it cannot be written, and has to be.
        """
        body = body_of(record)
        try:
            with self._lock:
                file = self._file = self._whole_file()
                file.append(body, self._key)
                if self._settings.sync == "record":
                    self._sync(file)
        except OSError as error:
            self._fail(error)
            return
        self._is_failing = False
        if file.head[0] - file.anchored >= SYNC_RECORDS:
            self._wake.set()

    def digest(self, text: str) -> str:
        """A name for a text that tells nothing of it."""
        return digest(text, self._key)

    def close(self) -> None:
        """Sync what is written, and write no more."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            file, self._file = self._file, None
        if file is not None:
            self._sync_or_tell(file)
            os.close(file.descriptor)

    def _whole_file(self) -> _File:
        """The file that is written to, or a new one where that came to harm."""
        file = self._file
        if file is not None and file.is_whole and not file.is_lost:
            return file
        opened = _opened(self._settings, self._key)
        if file is not None:
            os.close(file.descriptor)
        return opened

    def _sync_on(self) -> None:
        while not self._closing:
            self._wake.wait(SYNC_S)
            self._wake.clear()
            if (file := self._file) is not None:
                self._sync_or_tell(file)

    def _sync_or_tell(self, file: _File) -> None:
        if file.is_lost or file.head[0] == file.anchored:
            return
        try:
            self._sync(file)
        except OSError as error:
            _tell(error)

    def _sync(self, file: _File) -> None:
        """Put a file on disk, then its anchor; after a failure nothing may be added to it.

        A system forgets what it could not write: the next sync would succeed without it.
        """
        count, seal = file.head
        try:
            os.fsync(file.descriptor)
            _write_anchor(
                self._settings.anchors, file.name, anchor(file.name, count, seal, self._key)
            )
        except OSError:
            file.is_lost = True
            raise
        file.anchored = count

    def _fail(self, error: OSError) -> None:
        if not self._is_failing:
            _tell(error)
        self._is_failing = True
        if self._settings.required:
            raise AuditFailed(
                "what is decided cannot be written down, and so nothing is answered",
                hint="Ask again later; the log of the server tells why.",
            ) from error


@dataclass(slots=True)
class _File:
    name: str
    descriptor: int
    head: tuple[int, bytes]
    """How many lines there are, and the seal of the last; replaced as one."""
    size_bytes: int = 0
    anchored: int = 0
    is_whole: bool = True
    """Whether it ends in a whole line."""
    is_lost: bool = False
    """Whether a sync failed, so that nobody knows what of it is on disk."""

    def append(self, body: bytes, key: bytes) -> None:
        """Add a line whole, or leave the file as it was."""
        count, seal = self.head
        seal = next_seal(seal, body, key)
        line = sealed(body, seal)
        self.is_whole = False
        try:
            if os.write(self.descriptor, line) != len(line):
                raise OSError(errno.ENOSPC, "the line does not fit")
        except OSError:
            os.ftruncate(self.descriptor, self.size_bytes)
            self.is_whole = True
            raise
        self.head = (count + 1, seal)
        self.size_bytes += len(line)
        self.is_whole = True


def _started(settings: AuditSettings, key: bytes) -> _File | None:
    if settings.folder.resolve() == settings.anchors.resolve():
        raise SettingRejected(
            "anchors stand in the folder of what they vouch for", hint="Name another folder."
        )
    try:
        return _opened(settings, key)
    except OSError as error:
        if not settings.required:
            _tell(error)
            return None
        raise SettingRejected(
            f"no audit can be written: {os.strerror(error.errno or 0).lower()}",
            hint=f"Check the rights of {settings.folder} and {settings.anchors}.",
        ) from error


def _opened(settings: AuditSettings, key: bytes) -> _File:
    """A new file. Its anchor comes first: a file that has none was robbed of it."""
    for each in (settings.folder, settings.anchors):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    began = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name = f"{began}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
    seal = first_seal(name, key)
    _write_anchor(settings.anchors, name, anchor(name, 0, seal, key))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
    descriptor = os.open(settings.folder / name, flags, _PRIVATE)
    sync_folder(settings.folder)
    return _File(name, descriptor, (0, seal))


def _write_anchor(folder: Path, name: str, held: bytes) -> None:
    """Put an anchor in the place of the one before, whole or not at all."""
    beside = folder / f"{name}.part"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with open(descriptor, "wb") as file:
        file.write(held)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / f"{name}{ANCHOR}")
    sync_folder(folder)


def _tell(error: OSError) -> None:
    log.error("audit cannot be written: %s", os.strerror(error.errno or 0))


def read_key(path: Path) -> bytes:
    """The key of an audit.

    Raises:
        SettingRejected: there is none, it is too short or too long, or others may read it.
    """
    try:
        held = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        raise SettingRejected(
            f"the key of the audit cannot be read: {os.strerror(error.errno or 0).lower()}",
            hint=f"Make one: `(umask 077; head -c 32 /dev/urandom > {path})`.",
        ) from error
    if mode & 0o077:
        raise SettingRejected(
            "the key of the audit may be read by others", hint=f"Write `chmod 600 {path}`."
        )
    if not KEY_BYTES_MIN <= len(held) <= KEY_BYTES_MAX:
        raise SettingRejected(
            f"the key of the audit has {len(held)} bytes",
            hint=f"It has {KEY_BYTES_MIN} to {KEY_BYTES_MAX}, at random.",
        )
    return held


def verify(folder: Path, anchors: Path, key: bytes) -> list[Checked]:
    """What is found of every file of an audit, and of those that only their anchors tell of."""
    vouched = {each.name.removesuffix(ANCHOR): each for each in sorted(anchors.glob(f"*{ANCHOR}"))}
    # Anchors are read first: a server that writes on only makes files longer.
    told = {name: _held(path) for name, path in vouched.items()}
    names = {*vouched, *(each.name for each in folder.glob(f"*{SUFFIX}"))}
    return [check(each, _held(folder / each), told.get(each), key) for each in sorted(names)]


def lines_of(folder: Path) -> Iterator[bytes]:
    """Every whole line of an audit, in the order of its files."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        *lines, _ = (_held(path) or b"").split(b"\n")
        yield from lines


def _held(path: Path) -> bytes | None:
    """What a file holds; None where there is none.

    Raises:
        SettingRejected: it cannot be read.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return None
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise SettingRejected(
            f'file "{path.name}" of the audit cannot be read: {reason}',
            hint="Ask as the account that the server runs as.",
        ) from error
