"""A fault -> the lines that show it: the words, the place, the text and a caret below it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from semantic_models.errors import FaultyProject, ForebayError, Position

TAB_CELLS = 4
EXCERPT_MAX = 160
"""Characters of a line that are shown; of a longer one, those around the caret."""
FAULTS_MAX = 100
"""Faults of a project that are shown; there may be one for every line."""

_CUT = "..."


class Role(Enum):
    """What a stretch of text is, so that a terminal may colour it."""

    CODE = "code"
    MESSAGE = "message"
    FRAME = "frame"
    PLACE = "place"
    EXCERPT = "excerpt"
    CARET = "caret"
    NOTE = "note"
    HELP = "help"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of one line."""

    role: Role
    text: str


Line = tuple[Part, ...]


def render(error: ForebayError) -> str:
    """Show a fault, or every fault of a project, as plain text without a last line break."""
    return "\n".join("".join(part.text for part in line) for line in render_lines(error))


def render_lines(error: ForebayError, called: str = "error") -> tuple[Line, ...]:
    """Show a fault line by line, every part with its role; ``called`` is its first word."""
    if isinstance(error, FaultyProject):
        return tuple(_project_lines(error))
    return tuple(_fault_lines(error, called))


def _project_lines(error: FaultyProject) -> Iterator[Line]:
    for fault in error.faults[:FAULTS_MAX]:
        yield from _fault_lines(fault)
        yield ()
    files = {fault.position.source for fault in error.faults if fault.position}
    counted = _counted(len(error.faults), "fault")
    within = f" in {_counted(len(files), 'file')}" if files else ""
    more = len(error.faults) - FAULTS_MAX
    shown = f"; the first {FAULTS_MAX} are shown, and {more} more are not" if more > 0 else ""
    yield (Part(Role.COUNT, counted + within + shown),)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _fault_lines(error: ForebayError, called: str = "error") -> Iterator[Line]:
    at = error.position
    yield (
        Part(Role.CODE, f"{called}[{error.code}]"),
        Part(Role.MESSAGE, f": {_visible(error.message)}"),
    )
    gutter = " " * (len(str(at.line)) + 2 if at else 2)
    if at is not None:
        place = f"{_visible(at.source)}:{at.line}:{at.column}"
        yield Part(Role.FRAME, f"{gutter[1:]}--> "), Part(Role.PLACE, place)
        if at.excerpt:
            yield from _excerpt_lines(at, gutter)
    if error.detail:
        yield Part(Role.FRAME, f"{gutter}= "), Part(Role.NOTE, f"note: {_visible(error.detail)}")
    if error.hint:
        yield Part(Role.FRAME, f"{gutter}= "), Part(Role.HELP, f"help: {_visible(error.hint)}")


def _excerpt_lines(at: Position, gutter: str) -> Iterator[Line]:
    before, marked, after = _around_caret(at)
    left = _visible(before)
    middle = _visible(marked, start=_cells(left))
    right = _visible(after, start=_cells(left + middle))
    caret = "^" * max(1, _cells(middle))
    yield (Part(Role.FRAME, f"{gutter}|"),)
    yield (
        Part(Role.FRAME, f" {at.line} | "),
        Part(Role.EXCERPT, (left + middle + right).rstrip()),
    )
    yield Part(Role.FRAME, f"{gutter}| {' ' * _cells(left)}"), Part(Role.CARET, caret)


def _around_caret(at: Position) -> tuple[str, str, str]:
    """The line before, below and after the caret, cut where it is very long."""
    start, end = at.column - 1, at.column - 1 + at.length
    first = max(0, start - EXCERPT_MAX // 2) if len(at.excerpt) > EXCERPT_MAX else 0
    last = first + EXCERPT_MAX
    end = min(end, last)
    before = (_CUT if first else "") + at.excerpt[first:start]
    after = at.excerpt[end:last] + (_CUT if len(at.excerpt) > last else "")
    return before, at.excerpt[start:end], after


def _visible(text: str, *, start: int = 0) -> str:
    """The text with tabs as spaces, and a stand-in for what would steer a terminal."""
    shown: list[str] = []
    cell = start
    for character in text:
        piece = _visible_character(character, cell)
        shown.append(piece)
        cell += _cells(piece)
    return "".join(shown)


def _visible_character(character: str, cell: int) -> str:
    if character == "\t":
        return " " * (TAB_CELLS - cell % TAB_CELLS)
    kind = unicodedata.category(character)
    return "\N{REPLACEMENT CHARACTER}" if kind[0] == "C" or kind in ("Zl", "Zp") else character


def _cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(_cells_of(character) for character in text)


def _cells_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
