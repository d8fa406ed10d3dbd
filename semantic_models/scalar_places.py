"""Where in its file each character of a scalar's text stands, by the scalar's style."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from semantic_models.spec import Jump

Starts = tuple[tuple[int, int], ...]

# One line break between words is a space; of several, the first is dropped.
_FOLD = r"(?P<fold> *\n[ \n]*)"
_PATTERNS = {
    "": re.compile(_FOLD),
    "'": re.compile(rf"{_FOLD}|(?P<escape>'')"),
    '"': re.compile(rf"{_FOLD}|(?P<join>\\\n[ \n]*)|(?P<escape>\\(?:x..|u.{{4}}|U.{{8}}|[^\n]))"),
}


@dataclass(frozen=True, slots=True)
class Corner:
    """A place in a file, counted from 0 as libyaml does."""

    line: int
    column: int


def flow_jumps(style: str, raw: str, first: Corner, lines: Sequence[str]) -> tuple[Jump, ...]:
    """The places of a plain or quoted scalar that folds or escapes.

    ``raw`` is what stands in the file, without the quotes; ``first`` is where it begins.
    """
    jumps = [_jump(0, first.line, first.column, lines)]
    shrunk, line, line_begin = 0, first.line, -first.column
    for found in _PATTERNS[style].finditer(raw):
        part, is_escape = found.group(), found.lastgroup == "escape"
        made = 1 if is_escape else _made_by_breaks(found)
        offset = found.start() - shrunk
        shrunk += len(part) - made
        if not is_escape:
            jumps += [_jump(offset + n, line + n, 0, lines) for n in range(1, made)]
            line += part.count("\n")
            line_begin = found.start() + part.rfind("\n") + 1
        jumps.append(_jump(offset + made, line, found.end() - line_begin, lines))
    return tuple(jumps)


def literal_starts(text: str, header: int, lines: Sequence[str]) -> Starts:
    """The places of each line of a literal block whose ``|`` stands on line ``header``."""
    rows = text.rstrip("\n").split("\n")
    written = lines[header + 1 : header + 1 + len(rows)]
    indent = _indent(rows, written)
    return tuple(
        (header + 2 + n, min(indent, len(line)) + 1) for n, line in enumerate(written)
    ) or ((header + 1, 1),)


def folded_jumps(text: str, header: int, end: int, lines: Sequence[str]) -> tuple[Jump, ...]:
    """The places of a folded block whose ``>`` stands on line ``header``."""
    written = lines[header + 1 : end]
    indent = _indent(text.split("\n"), written)
    return tuple(_folded(text, header + 1, indent, written)) or (_jump(0, header, 0, lines),)


def line_starts(text: str, jumps: Sequence[Jump]) -> Starts:
    """Where the lines of a text stand whose jumps are known."""
    return tuple(_place(jumps, offset) for offset in _line_offsets(text.rstrip("\n")))


def _made_by_breaks(found: re.Match[str]) -> int:
    """How many characters a run of line breaks leaves in the text."""
    count = found.group().count("\n")
    return count - 1 if found.lastgroup == "join" else max(1, count - 1)


def _folded(text: str, line: int, indent: int, written: Sequence[str]) -> Iterator[Jump]:
    offset = 0
    blanks = len(text) - len(text.lstrip("\n"))
    for number, raw in enumerate(written[:blanks]):
        yield Jump(number, line + number + 1, 1, raw)
    for number, raw in enumerate(written, line):
        content = raw[indent:]
        if not content:
            continue
        while text.startswith("\n", offset):
            offset += 1
        if text.startswith(" ", offset) and not content.startswith(" "):
            offset += 1
        yield Jump(offset, number + 1, indent + 1, raw)
        offset += len(content)


def _indent(rows: Sequence[str], written: Sequence[str]) -> int:
    """How many columns of a block's lines are not part of its text."""
    return max(0, _leading(written) - _leading(rows))


def _leading(lines: Sequence[str]) -> int:
    """Spaces before the first word."""
    return next((len(each) - len(each.lstrip(" ")) for each in lines if each.strip(" ")), 0)


def _line_offsets(text: str) -> Iterator[int]:
    yield 0
    yield from (found.end() for found in re.finditer("\n", text))


def _jump(offset: int, line: int, column: int, lines: Sequence[str]) -> Jump:
    return Jump(offset, line + 1, column + 1, lines[line])


_OFFSET: Callable[[Jump], int] = attrgetter("offset")


def _place(jumps: Sequence[Jump], offset: int) -> tuple[int, int]:
    jump = jumps[bisect_right(jumps, offset, key=_OFFSET) - 1]
    return jump.line, jump.column + offset - jump.offset
