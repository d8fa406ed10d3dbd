"""Broken projects as text: whole files, with carets below the places that are faults.

A file of cases begins with ``#`` and what its cases have in common. A case is a title behind
``==`` and then its files, each behind ``-- PATH``; a file in another encoding than UTF-8 is
``-- PATH in ENCODING``. A line of carets belongs to no file: it says that the characters above the
carets are told as a fault, with this code and this part of a hint, as in ``^^^^ SL102 Perhaps``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CASES = Path(__file__).parent / "cases"

_CARETS = re.compile(r" *(?P<carets>\^+) (?P<code>(?:SL|E)\w+) (?P<hint>.+)")


@dataclass(frozen=True, slots=True)
class ToldFault:
    """One fault as it must be told."""

    code: str
    place: str
    """The file, line and column."""
    length: int
    """How many characters the caret underlines."""
    hint: str
    """A part of the hint."""


@dataclass(slots=True)
class BrokenProject:
    """The files of one project and its faults, in the order of files and lines."""

    title: str
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[ToldFault] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Put the files below a folder."""
        for path, content in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)


def read_cases(name: str) -> list[BrokenProject]:
    """The broken projects of one file."""
    why, *cases = re.split(r"^== ", (CASES / f"{name}.case").read_text(), flags=re.MULTILINE)
    assert why.startswith("# "), f"{name}.case begins with why it is there"
    return [_case(text) for text in cases]


def every_case() -> list[BrokenProject]:
    """The broken projects of all files."""
    return [case for path in sorted(CASES.glob("*.case")) for case in read_cases(path.stem)]


def _case(text: str) -> BrokenProject:
    title, _, rest = text.partition("\n")
    case = BrokenProject(title)
    for path, encoding, lines in _files(rest):
        written: list[str] = []
        for line in lines:
            marked = _CARETS.fullmatch(line)
            if marked is None:
                written.append(line)
                continue
            place = f"{path}:{len(written)}:{marked.start('carets') + 1}"
            length = len(marked["carets"])
            case.faults.append(ToldFault(marked["code"], place, length, marked["hint"]))
        case.files[path] = "".join(f"{line}\n" for line in written).encode(encoding)
    case.faults.sort(key=_file_of)
    return case


def _file_of(fault: ToldFault) -> tuple[bool, str]:
    """forebay.yml comes first, then files by name; the sort keeps the order of their lines."""
    path = fault.place.split(":")[0]
    return path != "forebay.yml", path


def _files(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Path, encoding and lines of each file; blank lines at its end belong to nobody."""
    _, *parts = re.split(r"^-- (\S+)(?: in (\S+))?\n", text, flags=re.MULTILINE)
    for path, encoding, content in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        yield path, encoding or "utf-8", content.rstrip().split("\n")
