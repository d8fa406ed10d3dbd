"""Questions that an author writes in YAML -> their documents, every fault at its place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from semantic_models import source
from semantic_models.errors import ForebayError, Position
from semantic_models.faults import Faults
from semantic_models.parse_document import parse_object
from semantic_models.source import Node, place_of
from semantic_models.spec import ProjectTestSpec, QuestionSpec, SavedQuerySpec, Scalar
from semantic_models.spec_fields import Fields
from semantic_models.spec_keys import HINTS, Shape

_ANY_ENTRY = "x"
"""Stands for the entries before the one that is looked at: every list takes a name."""
_NAMING = ("field", "metric", "dimension", "name")
"""The keys of an entry whose value stands for all of it."""


def saved_query_of(name: Scalar, fields: Fields, faults: Faults) -> SavedQuerySpec | None:
    """An entry of ``saved_queries:``; nothing where its question has faults of form."""
    before = len(faults.found)
    question = read_question(fields.asked(), faults)
    if len(faults.found) > before:
        return None
    return SavedQuerySpec(name=name, question=question, about=fields.about())


def test_of(name: Scalar, fields: Fields, faults: Faults) -> ProjectTestSpec | None:
    """An entry of ``tests:``; nothing where its question has faults of form."""
    before = len(faults.found)
    node = fields.nodes["query"]
    assert isinstance(node, source.Mapping), "the key takes nothing else"
    parts: dict[str, Node] = {}
    for key, value in node.entries:
        unread = _fault({key.text: None})
        if unread is None:
            parts[key.text] = value
        else:
            faults.add(_told(unread, key))
    question = read_question(parts, faults)
    if len(faults.found) == before and (together := _fault(question.document)):
        faults.add(_told(together, node))
    if len(faults.found) > before:
        return None
    return ProjectTestSpec(
        name=name,
        question=question,
        rows=fields.column_lists("expect") if "expect" in fields.nodes else None,
        error=fields.scalar("expect_error"),
        about=fields.about(),
    )


def read_question(parts: Mapping[str, Node], faults: Faults) -> QuestionSpec:
    """The document of a question from the nodes behind its keys."""
    for key, node in parts.items():
        _judge(key, node, faults)
    places = {path: value for key, node in parts.items() for path, value in _places(key, node)}
    return QuestionSpec(document={key: _plain(node) for key, node in parts.items()}, places=places)


def place_in(spec: QuestionSpec, error: ForebayError, otherwise: Position) -> Position:
    """Where in its file a fault of a question stands."""
    at = error.position
    written = spec.places.get(at.source) if at else None
    return _within(written, at) if written and at else otherwise


def _judge(key: str, node: Node, faults: Faults) -> None:
    """Tell every fault of one key, entry by entry where it has any."""
    if _fault({key: _plain(node)}) is None:
        return
    before = len(faults.found)
    for number, entry in enumerate(node.items if isinstance(node, source.Sequence) else ()):
        fault = _fault({key: [*[_ANY_ENTRY] * number, _plain(entry)]})
        if fault is not None:
            faults.add(_told(fault, entry))
    fault = _fault({key: _plain(node)})
    if fault is not None and len(faults.found) == before:
        faults.add(_told(fault, node))


def _fault(document: Mapping[str, object]) -> ForebayError | None:
    try:
        parse_object(document)
    except ForebayError as error:
        return error
    return None


def _told(error: ForebayError, node: Node) -> ForebayError:
    at = error.position
    error.position = _within(node, at) if at and isinstance(node, Scalar) else place_of(node)
    error.hint = error.hint or HINTS[Shape.ASKED]
    return error


def _within(written: Scalar, at: Position) -> Position:
    """The place in a file of a place in a text of the question."""
    before = written.text.split("\n")[: at.line - 1]
    offset = sum(len(each) + 1 for each in before) + at.column - 1
    return written.position(offset, at.length)


def _places(path: str, node: Node) -> Iterator[tuple[str, Scalar]]:
    if isinstance(node, Scalar):
        yield path, node
    elif isinstance(node, source.Sequence):
        for number, entry in enumerate(node.items):
            yield from _places(f"{path}[{number}]", entry)
    else:
        for key, value in node.entries:
            yield from _places(f"{path}.{key.text}", value)
            if key.text in _NAMING and isinstance(value, Scalar):
                yield path, value


def _plain(node: Node) -> object:
    """A node as the value of JSON that it is; what JSON has no number for is a text."""
    if isinstance(node, source.Sequence):
        return [_plain(each) for each in node.items]
    if isinstance(node, source.Mapping):
        return {key.text: _plain(value) for key, value in node.entries}
    is_number = not isinstance(node.value, float) or math.isfinite(node.value)
    return node.value if is_number else node.text
