"""Processes that write decisions down until they are killed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from auth.audit import Checked
from gateway.audit_log import Sync, lines_of, verify

KEY = b"k" * 32
WRITER = """
import os, sys, threading
from pathlib import Path
from auth.audit import Record
from gateway.audit_log import AuditLog, AuditSettings

folder = Path(sys.argv[1])
log = AuditLog(AuditSettings(
    folder=folder / "records", anchors=folder / "anchors", key=folder / "key", sync=sys.argv[2],
))

def write(name):
    for number in range(10**9):
        log.write(Record(at="now", door="http", principal=name, verdict="allowed", rows=number))
        os.write(1, f"{name} {number}\\n".encode())

for each in range(int(sys.argv[3])):
    threading.Thread(target=write, args=(f"writer {each}",)).start()
"""
"""Tells of each record once it is written: what a server would have acted on."""


@dataclass(frozen=True)
class Killed:
    """What a writer left."""

    told: Mapping[str, int]
    """How many records each of its threads had written."""
    held: Mapping[str, list[int]]
    """The records of each thread in its file, in their order."""
    found: Checked

    @property
    def lost(self) -> int:
        """Records that were acted on, and are not there."""
        return sum(
            max(0, count - len(self.held.get(name, []))) for name, count in self.told.items()
        )

    @property
    def are_in_order(self) -> bool:
        """Whether each thread's records are there from the first on, each once."""
        return all(rows == list(range(len(rows))) for rows in self.held.values())


def with_key(folder: Path) -> Path:
    """A folder with a key of an audit."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "key").touch(mode=0o600)
    (folder / "key").write_bytes(KEY)
    return folder


def killed(folder: Path, sync: Sync, *, threads: int, after: int) -> Killed:
    """Let a process write, and kill it once it has told so many records."""
    command = [sys.executable, "-c", WRITER, str(with_key(folder)), sync, str(threads)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(after)]
        process.kill()
        lines += [each for each in process.stdout if each.endswith(b"\n")]
    held: dict[str, list[int]] = {}
    for line in lines_of(folder / "records"):
        record = orjson.loads(line)
        held.setdefault(record["principal"], []).append(record["rows"])
    [found] = verify(folder / "records", folder / "anchors", KEY)
    told = Counter(each.decode().rpartition(" ")[0] for each in lines)
    return Killed(told, held, found)
