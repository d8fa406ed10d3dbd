"""Kill processes that write an audit, tamper with what they left, and tell what is not found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

import auth.audit
from auth.audit import Checked
from gateway.audit_log import ANCHOR, SYNC_RECORDS, Sync, verify
from tests.security.figures import Figures
from tests.support.audit_writers import KEY, killed

THREADS = 4
KILLS_MIN = 4
KEPT = 12
"""Of how many killed writers the files are tampered with."""
Files = Mapping[str, bytes]
"""What each file holds, by its name."""


def ask(kills: int, seed: str) -> Figures:
    """Kill so many writers, and tamper twice as often with what they left."""
    kills, random = max(KILLS_MIN, kills), Random(seed)
    wrong: list[str] = []
    with TemporaryDirectory(prefix="forebay-audits-") as place:
        folders = [Path(place, str(number)) for number in range(kills)]
        for number, folder in enumerate(folders):
            wrong += _kill(folder, ("second", "record")[number % 2], random.randint(10, 400))
        left = _left(folders[:KEPT])
        tampered = [_tampered(random, left) for _ in range(2 * kills)]
        missed = _missed(tampered, left)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(auth.audit, "_next", _believed)
            if not _missed(tampered, left):
                wrong.append("without the chain nothing is missed")
    return Figures(3 * kills, wrong=(*wrong, *missed))


def _kill(folder: Path, sync: Sync, after: int) -> Iterator[str]:
    left = killed(folder, sync, threads=THREADS, after=after)
    where = f"a writer killed after {after} records, sync: {sync}"
    if left.found.fault:
        yield f"{where}: {left.found.fault}"
    if left.lost > 1 or not left.are_in_order:
        yield f"{where}: {left.lost} records are lost"
    if sync == "record" and sum(left.told.values()) > left.found.anchored + 1:
        yield f"{where}: {left.found.anchored} records are vouched for"


def _left(folders: Sequence[Path]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The files of records that have some, and their anchors, by name."""
    files, anchors = {}, {}
    for folder in folders:
        for path in (folder / "records").iterdir():
            anchor = folder / "anchors" / f"{path.name}{ANCHOR}"
            [found] = verify(folder / "records", folder / "anchors", KEY)
            if found.anchored > SYNC_RECORDS // 64:
                held = path.read_bytes().split(b"\n")[: found.anchored]
                files[path.name] = b"".join(each + b"\n" for each in held)
                anchors[path.name] = anchor.read_bytes()
    return files, anchors


def _tampered(random: Random, left: tuple[Files, Files]) -> tuple[str, Files]:
    """What is done to the files, and what they are then."""
    tampering = random.choice(TAMPERINGS)
    return tampering.__name__, {**left[0], **tampering(random, left[0])}


def _missed(tampered: Sequence[tuple[str, Files]], left: tuple[Files, Files]) -> list[str]:
    """The tamperings that are not told of every file that they changed."""
    found = []
    for number, (name, files) in enumerate(tampered):
        told = {each: _checked(each, files, left[1]).fault for each in files}
        changed = [each for each in files if files[each] != left[0][each]]
        if not changed or not all(told[each] for each in changed):
            found.append(f"tampering {number} is not found: {name}")
    return found


def _checked(name: str, files: Files, anchors: Files) -> Checked:
    return auth.audit.check(name, files[name], anchors[name], KEY)


def _believed(_: bytes, line: bytes, key: bytes) -> bytes | None:
    """The seal that a line says it has."""
    found = auth.audit._SEALED.fullmatch(line)
    return bytes.fromhex(found[2].decode()) if found else None


def _edited(random: Random, files: Files) -> Files:
    name = random.choice(sorted(files))
    held = bytearray(files[name])
    held[random.randrange(len(held))] ^= 1 << random.randrange(8)
    return {name: bytes(held)}


def _said_anew(random: Random, files: Files) -> Files:
    """A line says that somebody else asked, under the seal that it had."""
    name, lines = _lines(random, files)
    at = random.randrange(len(lines))
    lines[at] = lines[at].replace(b'"writer ', b'"reader ')
    return {name: b"".join(lines)}


def _deleted(random: Random, files: Files) -> Files:
    name, lines = _lines(random, files)
    lines.pop(random.randrange(len(lines)))
    return {name: b"".join(lines)}


def _doubled(random: Random, files: Files) -> Files:
    name, lines = _lines(random, files)
    at = random.randrange(len(lines))
    lines.insert(at, lines[at])
    return {name: b"".join(lines)}


def _reordered(random: Random, files: Files) -> Files:
    name, lines = _lines(random, files)
    at, to = random.sample(range(len(lines)), 2)
    lines.insert(to, lines.pop(at))
    return {name: b"".join(lines)}


def _truncated(random: Random, files: Files) -> Files:
    name = random.choice(sorted(files))
    return {name: files[name][: random.randrange(len(files[name]))]}


def _swapped_lines(random: Random, files: Files) -> Files:
    """Two files have a line of one another."""
    (one, here), (other, there) = _two(random, files)
    at, to = random.randrange(len(here)), random.randrange(len(there))
    here[at], there[to] = there[to], here[at]
    return {one: b"".join(here), other: b"".join(there)}


def _swapped_files(random: Random, files: Files) -> Files:
    one, other = random.sample(sorted(files), 2)
    return {one: files[other], other: files[one]}


def _lines(random: Random, files: Files) -> tuple[str, list[bytes]]:
    name = random.choice(sorted(files))
    return name, files[name].splitlines(keepends=True)


def _two(random: Random, files: Files) -> list[tuple[str, list[bytes]]]:
    names = random.sample(sorted(files), 2)
    return [(name, files[name].splitlines(keepends=True)) for name in names]


TAMPERINGS: tuple[Callable[[Random, Files], Files], ...] = (
    *(_edited, _said_anew, _deleted, _doubled, _reordered, _truncated),
    *(_swapped_lines, _swapped_files),
)
