"""Formatted files: what changes, and what never does."""

from __future__ import annotations

import pytest

from semantic_models.errors import FaultyProject
from semantic_models.format_yaml import format_yaml, meaning
from semantic_models.source import read_yaml
from tests.support import shop
from tests.support.demo_questions import DEMO

FORMS = {
    "levels of two spaces": ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
    "a space behind colons and commas": (
        "a:   { b:1, c : [ x,y ] }\n".replace("b:1", '"b":1'),
        "a: {b: 1, c: [x, y]}\n",
    ),
    "no value in a map on a line": ("a: {b: , c: }\n", "a: {b: , c: }\n"),
    "a list below its key": ("a:\n- b\n-   - c\n    - d\n", "a:\n  - b\n  - - c\n    - d\n"),
    "maps in a list": ("a:\n  -   b: 1\n      c: 2\n", "a:\n  - b: 1\n    c: 2\n"),
    "a map over lines": (
        "a: {b: 1,\n        c: [\n d\n], e: f }\n",
        "a: {b: 1,\n  c: [\n    d\n  ], e: f}\n",
    ),
    "quotes that nothing needs": (
        'a: "x > 1"\nb: \'w\'\n"c": z\n',
        "a: x > 1\nb: w\nc: z\n",
    ),
    "quotes that something needs": (
        'a: "12"\nb: \'no\'\nc: "x: y"\nd: "it\'s"\ne: \'\'\nf: "[x]"\n',
        'a: "12"\nb: \'no\'\nc: "x: y"\nd: "it\'s"\ne: \'\'\nf: "[x]"\n',
    ),
    "blank lines": ("\n\na: 1\n\n\n\nb: 2\n\n\n", "a: 1\n\nb: 2\n"),
    "spaces and breaks at the ends": ("a: 1  \r\nb:  \r\n  c: 2", "a: 1\nb:\n  c: 2\n"),
    "comments keep to their lines": (
        "# one\na:    # two\n      # three\n      b: 1\n      # four\n"
        "# five\nc: 2 # six\n# seven\n",
        "# one\na:    # two\n  # three\n  b: 1\n  # four\n# five\nc: 2  # six\n# seven\n",
    ),
    "a literal text": (
        "a:\n    b: |\n        x  \n\n          y\n\n\n    c: 1\n",
        "a:\n  b: |\n    x  \n\n      y\n\n  c: 1\n",
    ),
    "a literal text of a width": ("a:\n   b: |1-\n      x\n", "a:\n  b: |1-\n     x\n"),
    "a literal text that keeps its end": (
        "a:\n    b: |+\n      x\n\n\n    c: 1\n",
        "a:\n  b: |+\n    x\n\n\n  c: 1\n",
    ),
    "a folded and a quoted text": (
        'a: >-\n      x\n      y\nb: "p\n   q\n\n   r"\nc: s\n    t\n',
        'a: >-\n  x\n  y\nb: "p\n  q\n\n  r"\nc: s\n  t\n',
    ),
    "a value on a line of its own": ("a:\n     x > 1\n", "a:\n  x > 1\n"),
    "models stand apart": (
        "models:\n  a:\n    table: a\n  # of b\n  b:\n    table: b\n"
        "  c: {table: c}\n  d: {table: d}\n",
        "models:\n  a:\n    table: a\n\n  # of b\n  b:\n    table: b\n\n  c: {table: c}\n"
        "  d: {table: d}\n",
    ),
    "a marker of a document": ("---\na:  1\n", "---\na: 1\n"),
}


@pytest.mark.parametrize(("written", "formatted"), FORMS.values(), ids=FORMS)
def test_a_file_is_formatted(written: str, formatted: str) -> None:
    assert format_yaml("m.yml", written) == formatted


@pytest.mark.parametrize(("written", "formatted"), FORMS.values(), ids=FORMS)
def test_a_formatted_file_stays_as_it_is(written: str, formatted: str) -> None:
    assert format_yaml("m.yml", formatted) == formatted
    assert meaning(read_yaml("m.yml", written).node) == meaning(read_yaml("m.yml", formatted).node)


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: [\n", "? a\n: 1\n", "a: &x 1\n"])
def test_a_file_that_cannot_be_read_or_kept_is_refused(text: str) -> None:
    with pytest.raises(FaultyProject):
        format_yaml("m.yml", text)


def test_the_demo_is_formatted_already() -> None:
    files = [DEMO / "forebay.yml", *(DEMO / "models").glob("*.yml")]

    assert [
        each.name for each in files if format_yaml("m", each.read_bytes()) != each.read_text()
    ] == []


def test_a_large_file_means_the_same() -> None:
    formatted = format_yaml("m.yml", shop.MODELS)

    assert meaning(read_yaml("m.yml", formatted).node) == meaning(
        read_yaml("m.yml", shop.MODELS).node
    )
