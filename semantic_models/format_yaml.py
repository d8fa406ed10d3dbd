"""YAML text -> the same text with one indentation, one spacing and the author's own lines.

Every token keeps its line: what changes are the spaces before, between and behind tokens, quotes
that nothing needs, and blank lines. Comments keep their place among the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from semantic_models.errors import FaultyProject, MalformedYaml, Position
from semantic_models.importers.write_yaml import scalar
from semantic_models.source import Mapping, Node, Sequence, read_yaml
from semantic_models.yaml_page import open_page

STEP = 2
"""Spaces of indentation a level."""
APART = "models"
"""The section whose members of several lines stand a blank line apart."""

_STARTS = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_ENDS = (yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_BLOCKS = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)
_KEPT_IN_QUOTES = re.compile(r"y|n|yes|no|on|off", re.IGNORECASE)
"""Words that older readers of YAML take for truth values."""


def format_yaml(source: str, written: str | bytes) -> str:
    """Format one file; what it means stays the same.

    Raises:
        FaultyProject: the file cannot be read, or would not mean the same.
        TooLarge, MalformedYaml: it is too large, or not text.
    """
    document = read_yaml(source, written)
    if document.faults:
        raise FaultyProject(document.faults)
    text = open_page(source, written).text
    made = _Writer(text).write()
    again = read_yaml(source, made)
    is_same = not again.faults and meaning(again.node) == meaning(document.node)
    if not is_same or list(_notes(made)) != list(_notes(text)):
        fault = MalformedYaml(
            "the file cannot be formatted without changing what it says",
            hint="Write it in a plainer form of YAML.",
            position=Position(source, 1, 1),
        )
        raise FaultyProject([fault])
    return made


def meaning(node: Node | None) -> object:
    """A tree without its places: equal ones make equal projects."""
    if isinstance(node, Mapping):
        return {key.text: meaning(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [meaning(each) for each in node.items]
    return node and (node.text, type(node.value), repr(node.value))


@dataclass(slots=True)
class _Block:
    """A map or list whose members stand on lines of their own."""

    column: int
    indent: int
    is_map: bool
    is_seamless: bool = False
    """A list whose dashes stand below its key: no token begins or ends it."""


@dataclass(slots=True)
class _Gap:
    """What stands between two tokens."""

    behind: str = ""
    """A comment behind the first of them, with the spaces before it."""
    lines: list[tuple[int, str]] = field(default_factory=list)
    """The lines between them: the column and text of a comment, an empty text for a blank one."""
    is_break: bool = False


class _Writer:
    """One walk over the tokens of one file."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.done: list[str] = []
        self.line = ""
        self.blocks: list[_Block] = []
        self.flows: list[int] = []
        """The indentation of the lines within each open flow collection."""
        self.is_key = False
        self.is_text = False
        """Whether the last line is of a literal or folded text, which keeps its spaces."""
        self.section = ""
        self.member_began = 0

    def write(self) -> str:
        previous: yaml.Token | None = None
        end = 0
        before = list(self.blocks)
        for token in yaml.scan(self.text, Loader=yaml.CBaseLoader):
            if not _is_shown(token):
                self._take_hidden(token)
                continue
            if isinstance(token, yaml.BlockEntryToken) and not self.flows:
                self._open_seamless(token)
            before_it = self.text[end : token.start_mark.index]
            gap = _gap(before_it if previous else f"\n{before_it}")
            if gap.is_break or previous is None or self.is_text:
                self._break(gap, token, before)
            else:
                self.line += _between(previous, token)
            self._put(token)
            end, previous, before = _end_of(token, self.text), token, list(self.blocks)
        self._break(_gap(self.text[end:] + "\n"), None, before)
        while self.done and not self.done[-1]:
            self.done.pop()
        return "".join(f"{line}\n" for line in self.done)

    def _take_hidden(self, token: yaml.Token) -> None:
        if isinstance(token, _BLOCKS):
            indent = self.blocks[-1].indent + STEP if self.blocks else 0
            is_map = isinstance(token, yaml.BlockMappingStartToken)
            self.blocks.append(_Block(token.start_mark.column, indent, is_map))
        elif isinstance(token, yaml.BlockEndToken):
            self._close_seamless()
            self.blocks.pop()
        elif isinstance(token, yaml.KeyToken):
            self.is_key = True
            if not self.flows:
                self._close_seamless()

    def _open_seamless(self, token: yaml.Token) -> None:
        top = self.blocks[-1]
        if top.is_map:
            seamless = _Block(
                token.start_mark.column, top.indent + STEP, is_map=False, is_seamless=True
            )
            self.blocks.append(seamless)

    def _close_seamless(self) -> None:
        if self.blocks and self.blocks[-1].is_seamless:
            self.blocks.pop()

    def _break(self, gap: _Gap, token: yaml.Token | None, before: list[_Block]) -> None:
        """End the line, write what stands between, and begin the token's line."""
        if self.is_text:
            self.done.append(self.line)
            self.is_text = False
        elif self.line or self.done:
            self._end_line(self.line + gap.behind)
        indent = self._indent_of(token) if token else 0
        known = [*before, *self.blocks]
        notes = [(_indent_of_note(column, known), note) for column, note in gap.lines]
        is_member = token is not None and self._is_member()
        if is_member and 0 < self.member_began < len(self.done) - 1:
            notes = _set_apart(notes, indent)
        for at, note in notes:
            self._end_line(" " * at + note if note else "")
        if is_member:
            self.member_began = len(self.done)
        self.line = " " * indent

    def _is_member(self) -> bool:
        """Whether a member of models begins here."""
        return self.is_key and not self.flows and len(self.blocks) == 2 and self.section == APART

    def _end_line(self, line: str) -> None:
        if line or (self.done and self.done[-1]):
            self.done.append(line)

    def _indent_of(self, token: yaml.Token) -> int:
        if self.flows:
            return self.flows[-1] - (STEP if isinstance(token, _ENDS) else 0)
        top = self.blocks[-1].indent if self.blocks else 0
        is_member = self.is_key or isinstance(token, yaml.BlockEntryToken)
        return top if is_member or not self.blocks else top + STEP

    def _put(self, token: yaml.Token) -> None:
        if isinstance(token, yaml.ScalarToken):
            self._put_scalar(token)
            self.is_key = False
            return
        if isinstance(token, _ENDS):
            self.flows.pop()
        raw = self.text[token.start_mark.index : token.end_mark.index]
        self.line += raw
        if isinstance(token, _STARTS):
            own = len(self.line) - len(self.line.lstrip(" "))
            self.flows.append((self.flows[-1] if self.flows else own) + STEP)
            self.is_key = False

    def _put_scalar(self, token: yaml.ScalarToken) -> None:
        raw = self.text[token.start_mark.index : token.end_mark.index]
        if self.is_key and len(self.blocks) == 1 and not self.flows:
            self.section, self.member_began = token.value, 0
        if token.style in ("|", ">"):
            self._put_block(raw)
            return
        if token.style and _needs_no_quotes(token, raw):
            raw = token.value
        first, *rest = raw.split("\n")
        self.line += first
        indent = self.flows[-1] if self.flows else self._below()
        for each in rest:
            self.done.append(self.line.rstrip(" "))
            self.line = " " * indent + each.strip(" ") if each.strip(" ") else ""

    def _put_block(self, raw: str) -> None:
        """A literal or folded text, whose own lines keep their spaces."""
        header, *lines = raw.split("\n")
        keeps = _keeps_end(raw)
        while lines and not lines[-1].strip(" "):
            if keeps:
                lines = lines[:-1] if raw.endswith("\n") else lines
                break
            lines.pop()
        self.is_text = True
        self.line += header.rstrip(" ")
        own = min((_margin(each) for each in lines if each.strip(" ")), default=0)
        has_digit = re.match(r"[|>][-+]?[1-9]", header) is not None
        top = self.blocks[-1] if self.blocks else None
        old = top.column if has_digit and top else own
        new = top.indent if has_digit and top else self._below()
        for each in lines:
            self.done.append(self.line)
            surplus = each[old:] if len(each) > old else ""
            self.line = " " * new + surplus if surplus else ""

    def _below(self) -> int:
        return self.blocks[-1].indent + STEP if self.blocks else 0


def _keeps_end(raw: str) -> bool:
    """Whether the blank lines behind a block text are its own."""
    return "+" in raw.split("\n", 1)[0].split("#", maxsplit=1)[0]


def _end_of(token: yaml.Token, text: str) -> int:
    """Where a token's own text ends; blank lines behind a block text are not its own."""
    start, end = int(token.start_mark.index), int(token.end_mark.index)
    if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
        raw = text[start:end]
        return end if _keeps_end(raw) else start + len(raw.rstrip(" \n"))
    return end


def _notes(text: str) -> Iterator[str]:
    """The comments of a file in their order."""
    end = 0
    for token in yaml.scan(text, Loader=yaml.CBaseLoader):
        if _is_shown(token):
            yield from _notes_within(text[end : token.start_mark.index])
            end = _end_of(token, text)
    yield from _notes_within(text[end:])


def _notes_within(gap: str) -> Iterator[str]:
    return (note for each in gap.split("\n") if (note := each.strip(" ")))


def _is_shown(token: yaml.Token) -> bool:
    return token.end_mark.index > token.start_mark.index and not isinstance(
        token, (*_BLOCKS, yaml.BlockEndToken, yaml.KeyToken)
    )


def _gap(text: str) -> _Gap:
    first, *lines = text.split("\n")
    gap = _Gap(is_break=bool(lines))
    note = first.strip(" ")
    if note:
        gap.behind = " " * max(2, _margin(first)) + note
    for each in lines[:-1]:
        gap.lines.append((_margin(each), each.strip(" ")))
    return gap


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _indent_of_note(column: int, known: list[_Block]) -> int:
    """A comment stands with what it stood with, else with what is less indented."""
    fitting = [each for each in known if each.column <= column]
    return max(fitting, key=lambda each: each.column).indent if fitting else 0


def _set_apart(notes: list[tuple[int, str]], indent: int) -> list[tuple[int, str]]:
    """The lines before a member with a blank one before those that are about it."""
    if any(not note for _, note in notes):
        return notes
    at = next((n for n, (column, _) in enumerate(notes) if column == indent), len(notes))
    return [*notes[:at], (0, ""), *notes[at:]]


def _between(previous: yaml.Token, token: yaml.Token) -> str:
    """The spaces between two tokens of one line."""
    if isinstance(token, (yaml.FlowEntryToken, *_ENDS)):
        return " " if isinstance(previous, yaml.ValueToken) else ""
    if isinstance(token, yaml.ValueToken) or isinstance(previous, _STARTS):
        return ""
    return " "


def _needs_no_quotes(token: yaml.ScalarToken, raw: str) -> bool:
    text = token.value
    is_whole = raw[1:-1] == text and not _KEPT_IN_QUOTES.fullmatch(text)
    return is_whole and "'" not in text and scalar(text) == text
