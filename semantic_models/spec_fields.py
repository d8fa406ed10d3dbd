"""A node of YAML -> the values of one kind of map, every fault told where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from semantic_models import source
from semantic_models.errors import (
    ForebayError,
    MalformedYaml,
    NotSupported,
    ReservedName,
    UnknownKey,
    WrongType,
    did_you_mean,
)
from semantic_models.query import KEYS
from semantic_models.record import record
from semantic_models.source import Node, Refused, place_of
from semantic_models.spec import NOTHING_SAID, Described, Scalar
from semantic_models.spec_keys import ABOUT, HINTS, Kind, Shape
from semantic_models.spec_shapes import misfits, told, told_name

NAME_MAX = 128
RESERVED_NAMES = ("principal", "param", "metric_time")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@record()
class Place:
    """A part of the project as a message names it, and the node that stands for it."""

    text: str
    node: Node


@record()
class Fields:
    """The values of one map that have the shape of their keys."""

    place: Place
    nodes: dict[str, Node]
    is_whole: bool = True
    """Whether all is there, in its shape, that its kind cannot do without."""
    refused: tuple[Refused, ...] = ()
    """The entries that are not kept; what is left may mean something else than was meant."""
    cut: ForebayError | None = None
    """The fault that ended the file within this map."""

    @property
    def is_sound(self) -> bool:
        """Whether it says all that its author wrote, and lacks nothing."""
        return self.is_whole and not self.refused and self.cut is None

    def scalar(self, key: str) -> Scalar | None:
        node = self.nodes.get(key)
        return node if isinstance(node, Scalar) else None

    def columns(self, key: str) -> tuple[Scalar, ...]:
        """One column, or a list of them."""
        return _scalars(self.nodes.get(key))

    def column_lists(self, key: str) -> tuple[tuple[Scalar, ...], ...]:
        node = self.nodes.get(key)
        lists = node.items if isinstance(node, source.Sequence) else ()
        return tuple(_scalars(each) for each in lists)

    def entries(self, key: str) -> tuple[tuple[Scalar, Node], ...]:
        node = self.nodes.get(key)
        return node.entries if isinstance(node, source.Mapping) else ()

    def refused_of(self, key: str) -> tuple[Refused, ...]:
        """The entries of a map that are not kept."""
        node = self.nodes.get(key)
        return node.refused if isinstance(node, source.Mapping) else ()

    @property
    def misread(self) -> tuple[Refused, ...]:
        """The refused entries that may have meant something to this version."""
        return tuple(each for each in self.refused if not isinstance(each.cause, NotSupported))

    def texts(self, key: str) -> tuple[tuple[Scalar, Scalar], ...]:
        """Names and the text of each."""
        entries = self.entries(key)
        return tuple((name, text) for name, text in entries if isinstance(text, Scalar))

    def values(self, key: str) -> tuple[tuple[Scalar, Scalar | tuple[Scalar, ...]], ...]:
        """Names and the value, or the list of values, of each."""
        return tuple(
            (name, each if isinstance(each, Scalar) else _scalars(each))
            for name, each in self.entries(key)
        )

    def lists(self, key: str) -> tuple[tuple[Scalar, tuple[Scalar, ...]], ...]:
        """Words and the name, or the names, of each."""
        return tuple((word, _scalars(each)) for word, each in self.entries(key))

    def asked(self) -> dict[str, Node]:
        """What stands behind the keys of a question."""
        return {key: node for key, node in self.nodes.items() if key in KEYS}

    def truth(self, key: str, *, default: bool) -> bool:
        node = self.scalar(key)
        return default if node is None else node.value is True

    def about(self) -> Described:
        """The descriptive words; most members have none."""
        said: dict[str, Any] = {key: self._said(key) for key in self.nodes if key in ABOUT}
        return Described(**said) if said else NOTHING_SAID

    def _said(self, key: str) -> str | bool | tuple[str, ...]:
        words = self.columns(key)
        match ABOUT[key]:
            case Shape.WORDS:
                return tuple(each.text for each in words)
            case Shape.TRUTH:
                return self.truth(key, default=False)
            case _:
                return words[0].text.strip()


def read_member(
    kind: Kind, name: Scalar, node: Node, owner: str, faults: list[ForebayError]
) -> Fields | None:
    """Read one named member of ``owner``, in its short or long form; nothing where it has none."""
    place = Place(f'{kind.noun} "{told_name(name.text)}"{owner}', name)
    fault = name_fault(name, place.text, keeps_names=kind.keeps_names)
    if fault is not None:
        faults.append(fault)
    fields = _lone(kind, node, place) or read_fields(kind, _long_form(kind, node), place, faults)
    if fields is None or fault is None:
        return fields
    named = Refused(name, None, fault)
    return replace(fields, refused=(*fields.refused, named))


def read_fields(kind: Kind, node: Node, place: Place, faults: list[ForebayError]) -> Fields | None:
    """Read the keys of one map; nothing where it is no map."""
    if not isinstance(node, source.Mapping):
        forms = f"{kind.keys[kind.short].value} or a map" if kind.short else "a map"
        faults.append(
            WrongType(
                f"{place.text} takes {forms} of its keys, not {told(node)}",
                hint=f"Known keys are {', '.join(sorted(kind.keys))}.",
                position=place_of(node),
            )
        )
        return None
    nodes: dict[str, Node] = {}
    refused: list[Refused] = []
    for key, value in node.entries:
        shape = kind.keys.get(key.text)
        bad = [value] if shape is None else misfits(shape, value)
        if not bad:
            nodes[key.text] = value
            continue
        found = [_key_fault(kind, key, each, place) for each in bad]
        faults += found
        if isinstance(value, source.Mapping) and shape is Shape.TEXTS:
            nodes[key.text] = _fitting(value, found)
        else:
            refused.append(Refused(key, value, found[0]))
    refused += node.refused
    is_whole = _is_whole(kind, nodes)
    if not is_whole and node.cut is None and not _may_hide_a_key(refused):
        faults += _lacking(kind, node, place)
    return Fields(place, nodes, is_whole, tuple(refused), node.cut)


def _fitting(node: source.Mapping, faults: Sequence[ForebayError]) -> Node:
    """A map of texts without the values that are none."""
    bad = {each.position: each for each in faults}
    entries = [each for each in node.entries if place_of(each[1]) not in bad]
    refused = [Refused(*each, bad[at]) for each in node.entries if (at := place_of(each[1])) in bad]
    return replace(node, entries=tuple(entries), refused=(*node.refused, *refused))


def _lone(kind: Kind, node: Node, place: Place) -> Fields | None:
    """A bare name, or a scalar that stands for one key, where that is all it needs."""
    if not isinstance(node, Scalar):
        return None
    if node.value is None:
        nodes: dict[str, Node] = {}
    elif kind.short and not misfits(kind.keys[kind.short], node):
        nodes = {kind.short: node}
    else:
        return None
    return Fields(place, nodes) if _is_whole(kind, nodes) else None


def _is_whole(kind: Kind, nodes: dict[str, Node]) -> bool:
    has = nodes.__contains__
    return all(map(has, kind.required)) and sum(map(has, kind.one_of)) == min(1, len(kind.one_of))


def _long_form(kind: Kind, node: Node) -> Node:
    """A bare name or a lone scalar as the map that it stands for."""
    if not isinstance(node, Scalar):
        return node
    if node.value is None:
        return source.Mapping((), node.position())
    if not kind.short:
        return node
    at = node.position()
    key = Scalar(kind.short, kind.short, at.source, ((at.line, at.column),), (at.excerpt,))
    return source.Mapping(((key, node),), at)


def _may_hide_a_key(refused: Sequence[Refused]) -> bool:
    """Whether a refused key may be what seems to be lacking."""
    hiding = UnknownKey | NotSupported | MalformedYaml
    return any(isinstance(each.cause, hiding) for each in refused)


def _key_fault(kind: Kind, key: Scalar, part: Node, place: Place) -> ForebayError:
    """Why a part of a value is not read."""
    shape = kind.keys.get(key.text)
    if shape is None:
        return _unread_key(kind, key, place)
    return WrongType(
        f'key "{key.text}" of {place.text} takes {shape.value}, not {told(part)}',
        hint=HINTS[shape],
        position=place_of(part),
    )


def _unread_key(kind: Kind, key: Scalar, place: Place) -> ForebayError:
    if key.text in kind.later:
        return NotSupported.key(place.text, key.text).at(key.position())
    near = did_you_mean(key.text[:NAME_MAX], kind.later)
    known = (*kind.keys, *kind.later) if near else tuple(kind.keys)
    return UnknownKey.of(place.text, told_name(key.text), known).at(key.position())


def _lacking(kind: Kind, node: source.Mapping, place: Place) -> Iterator[ForebayError]:
    written = {key.text: key for key, _ in node.entries}
    for key in kind.required:
        if key not in written:
            yield WrongType(
                f'{place.text} needs "{key}"',
                hint=HINTS[kind.keys[key]],
                position=place_of(place.node),
            )
    if not kind.one_of:
        return
    chosen = [key for key in written.values() if key.text in kind.one_of]
    if not chosen:
        yield WrongType(
            f"{place.text} needs {' or '.join(map(quoted, kind.one_of))}",
            hint="Write one of them.",
            position=place_of(place.node),
        )
    elif len(chosen) > 1:
        both = [each for each in kind.one_of if each in written]
        yield WrongType(
            f"{place.text} has both {' and '.join(map(quoted, both))}",
            hint="Keep one of them.",
            position=chosen[1].position(),
        )


def quoted(name: str) -> str:
    """A name as messages tell it."""
    return f'"{name}"'


def name_fault(name: Scalar, place: str, *, keeps_names: bool) -> ForebayError | None:
    """Why a member may not have its name."""
    if not isinstance(name.value, str):
        return WrongType(
            f"{place} is named by {told(name)}",
            hint="Choose a word, or put the name in quotes.",
            position=name.position(),
        )
    if not _NAME.fullmatch(name.text) or len(name.text) > NAME_MAX:
        return WrongType(
            f"{place} has a name that is not one word",
            hint="Write letters a to z, digits and _, a letter or _ first; "
            f"at most {NAME_MAX} characters.",
            position=name.position(),
        )
    if "__" in name.text:
        return ReservedName(
            f'the name "{name.text}" is reserved',
            detail="Two underscores stand for a dot in the columns of an answer.",
            hint=f'Write "{re.sub("__+", "_", name.text)}".',
            position=name.position(),
        )
    if keeps_names and name.text in RESERVED_NAMES:
        return ReservedName(
            f'the name "{name.text}" is reserved',
            hint=f"{', '.join(RESERVED_NAMES)} mean something in every expression.",
            position=name.position(),
        )
    return None


def is_column(node: Scalar) -> bool:
    """Whether a text is the bare name of one column."""
    return isinstance(node.value, str) and _NAME.fullmatch(node.text) is not None


def _scalars(node: Node | None) -> tuple[Scalar, ...]:
    if isinstance(node, source.Sequence):
        return tuple(each for each in node.items if isinstance(each, Scalar))
    return (node,) if isinstance(node, Scalar) else ()


def must(fields: Fields, key: str) -> Scalar:
    """A key without which there would be no fields."""
    written = fields.scalar(key)
    assert written is not None, key
    return written
