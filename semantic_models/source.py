"""YAML text -> a tree of nodes that know their place.

The tree is ours because PyYAML reads YAML 1.1, where ``no`` is false, the key ``on`` is true and
``12:30:00`` is 45000. It grows from libyaml's events, one by one and without recursion, so that
every limit holds before anything is built.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from semantic_models.errors import ForebayError, MalformedYaml, ParseError, Position, TooLarge
from semantic_models.record import record
from semantic_models.scalar_places import (
    Corner,
    flow_jumps,
    folded_jumps,
    line_starts,
    literal_starts,
)
from semantic_models.spec import ANY, Scalar
from semantic_models.yaml_page import DEPTH_MAX, NODES_MAX, Page, open_page
from semantic_models.yaml_problems import (
    AFTER_A_QUOTE,
    LIST_NEVER_CLOSED,
    MAP_NEVER_CLOSED,
    NO_COLON,
    TOO_DEEP,
    Shown,
    after_a_quote,
    key_without_colon,
    retell,
)
from semantic_models.yaml_values import plain_value

TOLD_MAX = 60
"""Characters of an author's text that a message repeats."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[\"']?\s*:")

_BLOCK_STYLES = ("|", ">")
_ALWAYS_TOLD = "libyaml tells the place of everything, whatever its types say"


@record()
class Mapping:
    """A map, in the order of its author."""

    entries: tuple[tuple[Scalar, Node], ...]
    position: Position
    refused: tuple[Refused, ...] = ()
    """Entries that are not kept, each with its fault."""
    cut: ForebayError | None = None
    """The fault that ended the file within this map: more may have stood here."""


@record()
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    position: Position


Node = Scalar | Mapping | Sequence


class Refused(NamedTuple):
    """An entry that is not kept."""

    key: Scalar
    node: Node | None
    """Absent where its value never came to its end."""
    cause: ForebayError


class Document(NamedTuple):
    """What was read of one file."""

    node: Node | None
    """As far as it could be read."""
    faults: tuple[ForebayError, ...]
    unread: frozenset[str] = frozenset()
    """What look like keys behind the fault that ended the reading, if one did: the last of all."""


def place_of(node: Node) -> Position:
    """Where a node begins."""
    return node.position() if isinstance(node, Scalar) else node.position


def shortened(text: str) -> str:
    """An author's text as far as a message has room for it."""
    return text if len(text) <= TOLD_MAX else f"{text[: TOLD_MAX - 3]}..."


def words_within(node: Node | None) -> frozenset[str]:
    """What may be names in a part that is not understood: keys, and the words of lists."""
    if node is None:
        return frozenset()
    if isinstance(node, Scalar):
        is_unread = node.text == ANY and node.value is None
        return frozenset((ANY,)) if is_unread else frozenset(_WORD.findall(node.text))
    parts: list[Node | None] = []
    if isinstance(node, Sequence):
        parts += node.items
    else:
        entries = (*node.entries, *((each.key, each.node) for each in node.refused))
        parts += (key for key, _ in entries)
        parts += (value for key, value in entries if _may_name(key, value))
    return frozenset[str]().union(*map(words_within, parts))


def _may_name(key: Scalar, value: Node | None) -> bool:
    return not isinstance(value, Scalar) or key.text == "name" or value.text == ANY


def read_yaml(source: str, written: str | bytes) -> Document:
    """Read one document, and tell every fault of its YAML.

    Where the text cannot be read to its end, the tree holds what stands before the fault.
    """
    try:
        page = open_page(source, written)
    except ParseError as error:
        text = written if isinstance(written, str) else written.decode(errors="replace")
        return Document(None, (error,), frozenset(_KEY.findall(text)))
    return _TreeReader(page).read()


@dataclass(slots=True)
class _Opened:
    """A map or list whose end has not come yet."""

    position: Position
    is_map: bool
    items: list[Node] = field(default_factory=list)
    entries: list[tuple[Scalar, Node]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    keys: dict[str, Scalar] = field(default_factory=dict)
    key: Scalar | None = None
    """The key that waits for its value."""
    cause: ForebayError | None = None
    """Why the value of the waiting key, or this whole list, is not kept."""

    def take_value(self, node: Node | None, cause: ForebayError | None) -> None:
        """Give the waiting key its value."""
        assert self.key is not None, "a value has a key"
        cause = self.cause or cause
        if cause is not None:
            self.refused.append(Refused(self.key, node, cause))
        elif node is not None:
            self.entries.append((self.key, node))
        self.key = self.cause = None

    def doubt_last(self, cause: ForebayError) -> None:
        """Give up the entry before a fault of syntax: it may not have come to its end."""
        if self.key is None and self.entries:
            self.refused.append(Refused(*self.entries.pop(), cause))

    def close(self, cut: ForebayError | None = None) -> Node:
        if self.is_map:
            return Mapping(tuple(self.entries), self.position, tuple(self.refused), cut)
        return Sequence(tuple(self.items), self.position)


class _TreeReader:
    """One walk over the events of one file."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.opened: list[_Opened] = []
        self.faults: list[ForebayError] = []
        self.root: Node | None = None
        self.unread: frozenset[str] = frozenset()
        self.nodes = 0

    def read(self) -> Document:
        try:
            events = yaml.CBaseLoader(self.page.text)
            while (event := events.get_event()) is not None:  # Behind the end of all.
                self._take(event)
            if not self.faults and self._is_empty():
                raise MalformedYaml(
                    "the file is empty",
                    hint='Begin it with "version: 1".',
                    position=self.page.position(0, 0),
                )
        except yaml.MarkedYAMLError as error:
            self._stop(_retold(self.page, error, self.opened[-1] if self.opened else None))
        except ParseError as error:
            self._stop(error)
        return Document(self.root, tuple(self.faults), self.unread)

    def _is_empty(self) -> bool:
        return self.root is None or (isinstance(self.root, Scalar) and self.root.value is None)

    def _stop(self, error: ForebayError) -> None:
        """Keep what was read before the fault; all that is open is cut."""
        self.faults.append(error)
        line = error.position.line if error.position else 1
        self.unread = frozenset(_KEY.findall("\n".join(self.page.lines[line - 1 :])))
        if isinstance(error, TooLarge):
            self.opened.clear()
            self.root = None
        node: Node | None = None
        if self.opened:
            self.opened[-1].doubt_last(error)
        while self.opened:
            opened = self.opened.pop()
            if opened.key is not None:
                opened.take_value(node, None if isinstance(node, Mapping) else error)
            node = opened.close(error)
        self.root = node or self.root
        if not isinstance(self.root, Mapping):
            self.root = None

    def _refuse(self, message: str, hint: str, at: Position) -> ForebayError:
        fault = MalformedYaml(message, hint=hint, position=at)
        self.faults.append(fault)
        return fault

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._count(event)
            self._attach(read_scalar(self.page, event))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._count(event)
            self._open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            opened = self.opened.pop()
            self._attach(opened.close(), None if opened.is_map else opened.cause)
        elif isinstance(event, yaml.AliasEvent):
            self._take_alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._begin_document(event)

    def _begin_document(self, event: yaml.DocumentStartEvent) -> None:
        at = _corner(self.page, event)
        if self.root is not None:
            raise MalformedYaml(
                "a second document begins here",
                hint="Write one document a file.",
                position=at,
            )
        if event.version or event.tags:
            self._refuse('a line that begins with "%" is not read', "Remove the line.", at)

    def _count(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        """Keep the limit of nodes, and refuse what may not stand before one."""
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise TooLarge(
                f"the file has more than {NODES_MAX:,} values",
                hint="Move a part of it to another file.",
                position=_corner(self.page, event),
            )
        if event.anchor is not None:
            self._refuse(
                f'the anchor "&{event.anchor}" is not read',
                "Write the value out where it is used; put a value that begins with & in quotes.",
                _corner(self.page, event),
            )
        if event.tag is not None:
            self._refuse(
                "a tag is not read",
                'Remove the word that begins with "!", or put the whole value in quotes.',
                _corner(self.page, event),
            )

    def _take_alias(self, event: yaml.AliasEvent) -> None:
        at = _corner(self.page, event)
        fault = self._refuse(
            f'the alias "*{event.anchor}" is not read',
            "Write the value out; put a value that begins with * in quotes.",
            at,
        )
        self._attach(_nothing(at), fault)

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        at = _corner(self.page, event)
        if len(self.opened) == DEPTH_MAX:
            raise TooLarge(TOO_DEEP.message, hint=TOO_DEEP.hint, position=at)
        self.opened.append(_Opened(at, is_map=isinstance(event, yaml.MappingStartEvent)))

    def _attach(self, node: Node, cause: ForebayError | None = None) -> None:
        """Put a node into what is open; with a cause, it is not kept."""
        if not self.opened:
            self.root = None if cause else node
            return
        parent = self.opened[-1]
        if not parent.is_map:
            parent.items.append(node)
            parent.cause = parent.cause or cause
        elif parent.key is None:
            self._take_key(parent, node, cause)
        else:
            parent.take_value(node, cause)

    def _take_key(self, parent: _Opened, node: Node, cause: ForebayError | None) -> None:
        if not isinstance(node, Scalar):
            at = node.position
            parent.key = _nothing(at)
            parent.cause = cause or self._refuse(
                "a key is a map or a list", "A key is one word.", at
            )
            return
        parent.key, parent.cause = node, cause
        first = parent.keys.setdefault(node.text, node) if cause is None else node
        if first is not node:
            parent.cause = MalformedYaml(
                f'the key "{shortened(node.text)}" stands twice in one map',
                detail=f"The first stands on line {first.starts[0][0]}.",
                hint="Remove or rename one of them.",
                position=node.position(),
            )
            self.faults.append(parent.cause)
        elif node.text == "<<":
            parent.cause = self._refuse(
                'the merge "<<" is not read', "Write the keys out here.", node.position()
            )


def _nothing(at: Position) -> Scalar:
    """What stands in a tree for what has no meaning."""
    return Scalar(ANY, None, at.source, ((at.line, at.column),), (at.excerpt,))


def read_scalar(page: Page, event: yaml.ScalarEvent) -> Scalar:
    """A scalar with the place of each of its characters."""
    start, end = event.start_mark, event.end_mark
    assert start is not None, _ALWAYS_TOLD
    assert end is not None, _ALWAYS_TOLD
    text, style = event.value, event.style or ""
    if style in _BLOCK_STYLES:
        return _block_scalar(page, event, start.line, end.line + (end.column > 0))
    line, column, quote = start.line, start.column, len(style)
    value = text if style else plain_value(text)
    # Folds need several lines, and every escape is longer than what it stands for.
    if line == end.line and end.index - start.index == len(text) + 2 * quote:
        starts = ((line + 1, column + quote + 1),)
        return Scalar(text, value, page.source, starts, (page.lines[line],))
    raw = page.text[start.index + quote : end.index - quote]
    jumps = flow_jumps(style, raw, Corner(line, column + quote), page.lines)
    return Scalar(text, value, page.source, line_starts(text, jumps), (), jumps)


def _block_scalar(page: Page, event: yaml.ScalarEvent, header: int, end: int) -> Scalar:
    text = event.value
    if event.style == ">":
        jumps = folded_jumps(text, header, end, page.lines)
        return Scalar(text, text, page.source, line_starts(text, jumps), (), jumps)
    starts = literal_starts(text, header, page.lines)
    return Scalar(text, text, page.source, starts, tuple(page.lines[n - 1] for n, _ in starts))


def _corner(page: Page, event: yaml.Event) -> Position:
    mark = event.start_mark
    assert mark is not None, _ALWAYS_TOLD
    return page.position(mark.line, mark.column)


def _retold(
    page: Page, error: yaml.MarkedYAMLError, innermost: _Opened | None
) -> MalformedYaml | TooLarge:
    """A fault of syntax in our words, at the place that shows it best."""
    stopped, context = error.problem_mark, error.context or ""
    assert stopped is not None, _ALWAYS_TOLD
    began = error.context_mark or stopped
    if innermost and "parsing a flow" in context and stopped.index >= len(page.text.rstrip()):
        retold = MAP_NEVER_CLOSED if innermost.is_map else LIST_NEVER_CLOSED
        return MalformedYaml(retold.message, hint=retold.hint, position=innermost.position)
    colonless = key_without_colon(error.problem or "", page.lines, stopped.line, stopped.column)
    if colonless is not None:
        return MalformedYaml(
            NO_COLON.message, hint=NO_COLON.hint, position=page.position(*colonless)
        )
    retold = retell(context, error.problem or "")
    mark = began if retold.shown is Shown.CONTEXT else stopped
    if after_a_quote(context, page.lines[mark.line][: mark.column]):
        retold = AFTER_A_QUOTE
    fault = TooLarge if retold is TOO_DEEP else MalformedYaml
    in_flow = f"It begins on line {innermost.position.line}." if innermost else ""
    return fault(
        retold.message,
        detail=in_flow if "parsing a flow" in context else "",
        hint=retold.hint,
        position=page.position(mark.line, mark.column),
    )
