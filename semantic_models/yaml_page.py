"""A file's bytes -> its text and lines, refusing what is too large or not text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from semantic_models.errors import MalformedYaml, Position, TooLarge

BYTES_MAX = 1024 * 1024
NODES_MAX = 200_000
DEPTH_MAX = 64

# Tabs, control characters, marks of byte order, and the line breaks that YAML 1.2 no longer knows.
_NOT_READ = re.compile(
    "[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Page:
    """A file's text, with line feeds alone for line breaks."""

    source: str
    text: str
    lines: tuple[str, ...]
    """An empty one follows the last: libyaml counts the end of a file as a line of its own."""

    def position(self, line: int, column: int, length: int = 1) -> Position:
        """A place that is counted from 0."""
        return Position(self.source, line + 1, column + 1, length, self.lines[line])


def open_page(source: str, written: str | bytes) -> Page:
    """Take a file as text, before any parser sees it.

    Raises:
        TooLarge: it has more than ``BYTES_MAX`` bytes.
        MalformedYaml: it is not UTF-8, or holds a character that the language does not read.
    """
    raw = written if isinstance(written, bytes) else written.encode("utf-8", "surrogatepass")
    if len(raw) > BYTES_MAX:
        raise TooLarge(
            f"the file has {len(raw):,} bytes",
            detail=f"A file may have {BYTES_MAX:,} bytes.",
            hint="Move a part of it to another file.",
            position=Position(source, 1, 1),
        )
    decoded = written if isinstance(written, str) else _decode(source, written)
    text = decoded.removeprefix("\ufeff").replace("\r\n", "\n")
    page = Page(source, text, (*text.split("\n"), ""))
    if found := _NOT_READ.search(text):
        raise _unread_character(page, found.start())
    return page


def _decode(source: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8").removeprefix("\ufeff")
        line = before.rsplit("\n", 1)[-1]
        rest = raw[error.start :].split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
        raise MalformedYaml(
            "the file is not UTF-8 text",
            detail=f"Byte {error.start + 1} begins no character.",
            hint="Save the file in the encoding UTF-8.",
            position=Position(source, before.count("\n") + 1, len(line) + 1, 1, line + rest),
        ) from None


def _unread_character(page: Page, index: int) -> MalformedYaml:
    before = page.text[:index]
    at = page.position(before.count("\n"), index - (before.rfind("\n") + 1))
    character = page.text[index]
    if character == "\t":
        return MalformedYaml(
            "a tab stands in the file",
            hint=r"Use spaces; in double quotes, \t stands for a tab.",
            position=at,
        )
    return MalformedYaml(
        f"the character U+{ord(character):04X} may not stand in a file",
        hint="Remove it; a line ends with a line feed, alone or after a carriage return.",
        position=at,
    )
