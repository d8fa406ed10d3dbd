"""Whether a node has the shape that its key takes, and what to call it where it has not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from semantic_models import source
from semantic_models.source import Node, shortened
from semantic_models.spec import Scalar
from semantic_models.spec_keys import DIMENSION_TYPES, Shape


def misfits(shape: Shape, node: Node) -> list[Node]:
    """The parts of a value that its key does not take; the value itself where no part does."""
    return _MISFITS[shape](node)


def told(node: Node) -> str:
    """What stands there, in an author's words."""
    if isinstance(node, source.Mapping):
        return "a map"
    if isinstance(node, source.Sequence):
        return "a list" if node.items else "an empty list"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return f"the truth value {node.text}"
    if isinstance(node.value, int | float):
        return f"the number {shortened(node.text)}"
    return f'the text "{told_name(node.text)}"' if node.text else "an empty text"


def told_name(text: str) -> str:
    """The first line of a text, as far as a message has room for it."""
    return shortened(text.strip().split("\n", 1)[0])


def _unless(fits: Callable[[Node], bool]) -> Callable[[Node], list[Node]]:
    return lambda node: [] if fits(node) else [node]


def _is_text(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, str) and bool(node.text.strip())


def _is_sql(node: Node) -> bool:
    """A number or a truth value is an expression too."""
    return isinstance(node, Scalar) and node.value is not None and bool(node.text.strip())


def _is_version(node: Node) -> bool:
    return isinstance(node, Scalar) and type(node.value) is int and node.value == 1


def _is_truth(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, bool)


def _is_dimension_type(node: Node) -> bool:
    return isinstance(node, Scalar) and node.text in DIMENSION_TYPES


def _is_section(node: Node) -> bool:
    """An empty section is written as nothing."""
    return isinstance(node, source.Mapping) or (isinstance(node, Scalar) and node.value is None)


def _is_something(node: Node) -> bool:
    """What it is, the question's own reader judges."""
    return not isinstance(node, Scalar) or node.value is not None


def _misfits_of_words(node: Node) -> list[Node]:
    if not isinstance(node, source.Sequence) or not node.items:
        return [node]
    return [each for each in node.items if not _is_text(each)]


def _misfits_of_lists(node: Node) -> list[Node]:
    if not isinstance(node, source.Sequence) or not node.items:
        return [node]
    return [part for each in node.items for part in _misfits_of_words(each)]


def _misfits_of_texts(node: Node) -> list[Node]:
    if not isinstance(node, source.Mapping) or not (node.entries or node.refused):
        return [node]
    return [value for _, value in node.entries if not _is_text(value)]


def _misfits_of_values(node: Node) -> list[Node]:
    if not isinstance(node, source.Sequence) or not node.items:
        return [node]
    return [each for each in node.items if not _is_sql(each)]


def _misfits_of_value_map(node: Node) -> list[Node]:
    if not isinstance(node, source.Mapping) or not (node.entries or node.refused):
        return [node]
    return [value for _, value in node.entries if not _is_sql(value)]


def _misfits_of_value_lists(node: Node) -> list[Node]:
    if not isinstance(node, source.Mapping) or not (node.entries or node.refused):
        return [node]
    return [
        part
        for _, value in node.entries
        for part in (_misfits_of_values(value) if not _is_sql(value) else [])
    ]


def _misfits_of_names(node: Node) -> list[Node]:
    if isinstance(node, source.Sequence) and not node.items:
        return []
    return [] if _is_text(node) else _misfits_of_words(node)


def _misfits_of_list_map(node: Node) -> list[Node]:
    if not isinstance(node, source.Mapping) or not (node.entries or node.refused):
        return [node]
    return [part for _, value in node.entries for part in _misfits_of_names(value)]


def _misfits_of_governed(node: Node) -> list[Node]:
    if not isinstance(node, source.Mapping):
        return [] if _is_text(node) else [node]
    names = [key.text for key, _ in node.entries]
    return _misfits_of_texts(node) if names == ["table"] else [node]


def _misfits_of_rows(node: Node) -> list[Node]:
    """Rows of single values, one of which may be nothing; there may be no row at all."""
    if not isinstance(node, source.Sequence):
        return [node]
    bad: list[Node] = []
    for row in node.items:
        if isinstance(row, source.Sequence) and row.items:
            bad += [each for each in row.items if not isinstance(each, Scalar)]
        else:
            bad.append(row)
    return bad


_MISFITS: Mapping[Shape, Callable[[Node], list[Node]]] = {
    Shape.VERSION: _unless(_is_version),
    Shape.TEXT: _unless(_is_text),
    Shape.SQL: _unless(_is_sql),
    Shape.TRUTH: _unless(_is_truth),
    Shape.DIMENSION_TYPE: _unless(_is_dimension_type),
    Shape.WORDS: _misfits_of_words,
    Shape.COLUMNS: lambda node: [] if _is_text(node) else _misfits_of_words(node),
    Shape.COLUMN_LISTS: _misfits_of_lists,
    Shape.COLUMNS_OR_SQL: lambda node: [] if _is_sql(node) else _misfits_of_words(node),
    Shape.TEXTS: _misfits_of_texts,
    Shape.NAMES: _misfits_of_names,
    Shape.GOVERNED: _misfits_of_governed,
    Shape.LISTS: _misfits_of_list_map,
    Shape.VALUE: _unless(_is_sql),
    Shape.VALUES: _misfits_of_values,
    Shape.VALUE_MAP: _misfits_of_value_map,
    Shape.VALUE_LISTS: _misfits_of_value_lists,
    Shape.QUESTION: _unless(lambda node: isinstance(node, source.Mapping)),
    Shape.ROWS: _misfits_of_rows,
    Shape.ASKED: _unless(_is_something),
    Shape.MEMBERS: _unless(_is_section),
    Shape.PART: _unless(lambda node: isinstance(node, source.Mapping)),
}
