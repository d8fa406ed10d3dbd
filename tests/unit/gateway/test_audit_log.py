"""Decisions reach the disk, outlast their writer, and are missed by nobody when they do not."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from auth.audit import Checked, Record
from gateway.audit_log import ANCHOR, AuditLog, AuditSettings, Sync, lines_of, read_key, verify
from gateway.errors import AuditFailed
from semantic_models.errors import SettingRejected
from tests.support.audit_writers import KEY, killed, with_key

KILLS = int(os.environ.get("AUDIT_KILLS", "3"))
"""How many writers are killed; ``make security`` kills 100."""
FULL = """
import resource, sys
from pathlib import Path
from auth.audit import Record
from gateway.audit_log import AuditLog, AuditSettings
from gateway.errors import AuditFailed

folder = Path(sys.argv[1])
log = AuditLog(AuditSettings(
    folder=folder / "records", anchors=folder / "anchors", key=folder / "key", sync=sys.argv[2],
))
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
refused = 0
for number in range(40):
    if number == 30:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    try:
        log.write(Record(at="now", door="http", principal="ada", verdict="allowed", rows=number))
    except AuditFailed:
        refused += 1
log.close()
print(refused)
"""


@pytest.fixture
def at(tmp_path: Path) -> Path:
    return with_key(tmp_path)


def settings(at: Path, sync: Sync = "second", *, required: bool = True) -> AuditSettings:
    return AuditSettings(
        folder=at / "records",
        anchors=at / "anchors",
        key=at / "key",
        sync=sync,
        required=required,
    )


def record(number: int) -> Record:
    return Record(at="now", door="http", principal="ada", verdict="allowed", rows=number)


def found(at: Path) -> list[Checked]:
    return verify(at / "records", at / "anchors", KEY)


def rows(at: Path) -> list[int]:
    return [orjson.loads(line)["rows"] for line in lines_of(at / "records")]


def ran(at: Path, code: str, sync: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(at), sync], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_what_is_written_is_anchored_when_the_log_is_closed(at: Path) -> None:
    log = AuditLog(settings(at))
    for number in range(3):
        log.write(record(number))
    log.close()

    [each] = found(at)
    assert each == Checked(each.name, 3, 3, 0)
    assert rows(at) == [0, 1, 2]


def test_each_record_is_anchored_before_it_is_acted_on_where_that_is_wanted(at: Path) -> None:
    log = AuditLog(settings(at, "record"))
    told = []
    for number in range(3):
        log.write(record(number))
        told += [(each.records, each.anchored) for each in found(at)]
    log.close()

    assert told == [(1, 1), (2, 2), (3, 3)]


def test_files_are_for_their_owner_alone(at: Path) -> None:
    AuditLog(settings(at)).close()

    files = [*(at / "records").iterdir(), *(at / "anchors").iterdir()]
    assert {each.stat().st_mode & 0o777 for each in files} == {0o600}
    assert sorted(each.suffix for each in files) == [ANCHOR, ".jsonl"]


def test_threads_write_one_chain(at: Path) -> None:
    log = AuditLog(settings(at))

    def write() -> None:
        for each in range(400):
            log.write(record(each))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    log.close()

    assert [(each.records, each.anchored, each.fault) for each in found(at)] == [(1600, 1600, "")]


def test_every_process_has_a_file_of_its_own(at: Path) -> None:
    for _ in range(2):
        log = AuditLog(settings(at))
        log.write(record(1))
        log.close()

    assert [(each.records, each.fault) for each in found(at)] == [(1, ""), (1, "")]


@pytest.mark.timeout(30 + 3 * KILLS)
@pytest.mark.parametrize("sync", ["second", "record"])
def test_a_writer_that_is_killed_loses_nothing_that_it_acted_on(sync: Sync, at: Path) -> None:
    for number in range(KILLS):
        left = killed(at / str(number), sync, threads=1 + number % 4, after=20 + 37 * number)

        assert left.found.fault == ""
        assert left.lost == 0
        assert left.are_in_order
        assert sum(left.told.values()) <= left.found.anchored or sync == "second"


@pytest.mark.parametrize("sync", ["second", "record"])
def test_a_full_disk_refuses_what_cannot_be_written_and_no_more(sync: str, at: Path) -> None:
    told, errors = ran(at, FULL, sync).communicate(timeout=50)

    refused = int(told)
    assert 10 < refused < 30
    assert errors.decode().count("audit cannot be written") == 1
    assert {each.fault for each in found(at)} == {""}
    assert [each.torn_bytes for each in found(at)] == [0] * len(found(at))
    assert rows(at) == [*range(30 - refused), *range(30, 40)]


def test_a_folder_that_cannot_be_written_keeps_a_server_from_starting(at: Path) -> None:
    (at / "records").write_text("a file, and no folder")

    with pytest.raises(SettingRejected, match="no audit can be written: file exists"):
        AuditLog(settings(at))


def test_a_server_that_may_go_without_starts_and_tells_its_log(
    at: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (at / "records").write_text("a file, and no folder")
    with caplog.at_level(logging.ERROR):
        log = AuditLog(settings(at, required=False))
        log.write(record(1))
        log.write(record(2))
        log.close()

    assert caplog.messages == ["audit cannot be written: File exists"] * 2


@pytest.fixture
def robbed(at: Path) -> Iterator[AuditLog]:
    """A log whose anchors cannot be written any more."""
    log = AuditLog(settings(at, "record"))
    log.write(record(1))
    (at / "anchors").rename(at / "away")
    (at / "anchors").write_text("a file, and no folder")
    yield log
    log.close()


def test_anchors_that_cannot_be_written_refuse_every_question(robbed: AuditLog, at: Path) -> None:
    for _ in range(2):
        with pytest.raises(AuditFailed):
            robbed.write(record(2))
    (at / "anchors").unlink()
    (at / "away").rename(at / "anchors")
    robbed.write(record(3))

    told = [(each.records, each.anchored, each.fault) for each in found(at)]
    assert sorted(told) == [(1, 1, ""), (2, 1, "")]


def test_anchors_stand_in_another_folder(at: Path) -> None:
    same = AuditSettings(folder=at / "x", anchors=at / "x" / ".." / "x", key=at / "key")

    with pytest.raises(SettingRejected, match="anchors stand in the folder"):
        AuditLog(same)


@pytest.mark.parametrize(
    ("held", "mode", "told"),
    [
        (None, 0o600, "cannot be read: no such file"),
        (KEY, 0o640, "may be read by others"),
        (b"short", 0o600, "has 5 bytes"),
        (b"k" * 65, 0o600, "has 65 bytes"),
    ],
)
def test_a_key_that_is_no_secret_is_refused(
    held: bytes | None, mode: int, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    if held is not None:
        path.write_bytes(held)
        path.chmod(mode)

    with pytest.raises(SettingRejected, match=told):
        read_key(path)


def test_files_that_were_put_there_or_taken_away_are_told(at: Path) -> None:
    for _ in range(2):
        log = AuditLog(settings(at))
        log.write(record(1))
        log.close()
    gone, _ = sorted((at / "records").iterdir())
    gone.rename(at / "records" / "other.jsonl")

    told = {each.name: each.fault for each in found(at)}
    assert told[gone.name] == "the file is gone"
    assert told["other.jsonl"] == "the anchor is gone, or not one of this key"
    assert sorted(told.values())[0] == ""
