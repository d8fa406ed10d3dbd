from __future__ import annotations

import pytest

from semantic_models.source import Mapping, Node, read_yaml
from semantic_models.spec_keys import Shape
from semantic_models.spec_shapes import misfits, told, told_name


def value(text: str) -> Node:
    node, faults, _ = read_yaml("m.yml", f"k: {text}\n")
    assert faults == ()
    assert isinstance(node, Mapping)
    return node.entries[0][1]


FITTING = [
    (Shape.VERSION, "1"),
    (Shape.TEXT, "words"),
    (Shape.SQL, "a > 1"),
    (Shape.SQL, "1"),
    (Shape.SQL, "true"),
    (Shape.TRUTH, "false"),
    (Shape.DIMENSION_TYPE, "time"),
    (Shape.WORDS, "[a, 'b c']"),
    (Shape.COLUMNS, "a"),
    (Shape.COLUMNS, "[a, b]"),
    (Shape.COLUMN_LISTS, "[[a], [b, c]]"),
    (Shape.COLUMNS_OR_SQL, "a"),
    (Shape.COLUMNS_OR_SQL, "[a, b]"),
    (Shape.COLUMNS_OR_SQL, "a = b"),
    (Shape.TEXTS, "{a: b}"),
    (Shape.NAMES, "a.b"),
    (Shape.NAMES, "[a, b]"),
    (Shape.NAMES, "[]"),
    (Shape.LISTS, "{a: b, c: [d]}"),
    (Shape.VALUE, "5"),
    (Shape.VALUES, "[a, 5, true]"),
    (Shape.VALUE_MAP, "{a: b, c: 5}"),
    (Shape.VALUE_LISTS, "{a: b, c: [5, d]}"),
    (Shape.QUESTION, "{metrics: [a]}"),
    (Shape.ROWS, "[]"),
    (Shape.ROWS, "[[a, 1], [null, true]]"),
    (Shape.ASKED, "[a, {field: b}]"),
    (Shape.ASKED, "7"),
    (Shape.MEMBERS, "{a: 1}"),
    (Shape.MEMBERS, ""),
    (Shape.GOVERNED, "orders"),
    (Shape.GOVERNED, "{table: shop.orders}"),
    (Shape.PART, "{a: b}"),
]

MISFITS = [
    # shape, text, what is told
    (Shape.GOVERNED, "[a]", "a list"),
    (Shape.PART, "[a]", "a list"),
    (Shape.VERSION, "2", "the number 2"),
    (Shape.VERSION, "true", "the truth value true"),
    (Shape.VERSION, "1.0", "the number 1.0"),
    (Shape.VERSION, "'1'", 'the text "1"'),
    (Shape.VERSION, "[1]", "a list"),
    (Shape.TEXT, "12", "the number 12"),
    (Shape.TEXT, "' '", 'the text ""'),
    (Shape.SQL, "", "nothing"),
    (Shape.SQL, "''", "an empty text"),
    (Shape.SQL, "{a: b}", "a map"),
    (Shape.TRUTH, "yes", 'the text "yes"'),
    (Shape.DIMENSION_TYPE, "number", 'the text "number"'),
    (Shape.WORDS, "a", 'the text "a"'),
    (Shape.WORDS, "[]", "an empty list"),
    (Shape.WORDS, "[a, 1]", "the number 1"),
    (Shape.COLUMNS, "[a, [b]]", "a list"),
    (Shape.COLUMN_LISTS, "a", 'the text "a"'),
    (Shape.COLUMN_LISTS, "[[a], b]", 'the text "b"'),
    (Shape.COLUMNS_OR_SQL, "{a: b}", "a map"),
    (Shape.TEXTS, "[a]", "a list"),
    (Shape.TEXTS, "{a: 1}", "the number 1"),
    (Shape.NAMES, "{a: b}", "a map"),
    (Shape.NAMES, "[a, 1]", "the number 1"),
    (Shape.LISTS, "[a]", "a list"),
    (Shape.LISTS, "{a: 1}", "the number 1"),
    (Shape.VALUE, "[a]", "a list"),
    (Shape.VALUES, "a", 'the text "a"'),
    (Shape.VALUES, "[[a]]", "a list"),
    (Shape.VALUE_MAP, "a", 'the text "a"'),
    (Shape.VALUE_MAP, "{a: [b]}", "a list"),
    (Shape.VALUE_LISTS, "a", 'the text "a"'),
    (Shape.VALUE_LISTS, "{a: [[b]]}", "a list"),
    (Shape.VALUE_LISTS, "{a: []}", "an empty list"),
    (Shape.VALUE_LISTS, "{a: {b: c}}", "a map"),
    (Shape.QUESTION, "[a]", "a list"),
    (Shape.ROWS, "a", 'the text "a"'),
    (Shape.ROWS, "[[]]", "an empty list"),
    (Shape.ROWS, "[[a, [b]]]", "a list"),
    (Shape.ASKED, "", "nothing"),
    (Shape.MEMBERS, "[a]", "a list"),
    (Shape.MEMBERS, "a", 'the text "a"'),
]


@pytest.mark.parametrize(("shape", "text"), FITTING)
def test_a_value_of_its_keys_shape_has_no_misfit(shape: Shape, text: str) -> None:
    assert misfits(shape, value(text)) == []


@pytest.mark.parametrize(("shape", "text", "words"), MISFITS)
def test_the_part_that_does_not_fit_is_told(shape: Shape, text: str, words: str) -> None:
    [part] = misfits(shape, value(text))

    assert part is not None
    assert told(part) == words


def test_every_shape_is_told_apart() -> None:
    assert {shape for shape, _ in FITTING} == {shape for shape, *_ in MISFITS} == set(Shape)


def test_a_message_repeats_the_first_line_of_a_text() -> None:
    assert told_name("\nselect 1\nfrom t") == "select 1"
    assert told_name("x" * 61) == "x" * 57 + "..."
