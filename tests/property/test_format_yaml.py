"""Whatever a file says and however it is laid out, formatting it twice is formatting it once."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from semantic_models.errors import FaultyProject
from semantic_models.format_yaml import format_yaml, meaning
from semantic_models.source import read_yaml

WORDS = st.sampled_from(
    ["a", "b c", "x > 1", "no", "12", "", "it's", "a: b", "# c", "[d]", "e\nf", " g ", "h\n\ni\n"]
)
KEYS = st.sampled_from(["models", "metrics", "one", "two", "three", "on", "7"])
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        WORDS | st.integers(-9, 9) | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=12,
    ),
    min_size=1,
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """A tree in one of the many layouts that YAML has, with blank lines and comments."""
    tree: Any = draw(TREES)
    text: str = yaml.safe_dump(
        tree,
        indent=draw(st.integers(2, 6)),
        width=draw(st.sampled_from([20, 80])),
        default_flow_style=draw(st.sampled_from([True, False, None])),
        default_style=draw(st.sampled_from([None, '"', "'", "|", ">"])),
        sort_keys=False,
    )
    lines = text.split("\n")
    return "\n".join(each for line in lines for each in (draw(st.sampled_from(BEFORE)), line))


BEFORE = ("", "# a note", "    # another")


@given(st.one_of(files(), TREES.map(yaml.safe_dump)))
def test_a_file_keeps_its_meaning_and_is_formatted_once(text: str) -> None:
    document = read_yaml("m.yml", text)
    if document.faults:
        return
    try:
        formatted = format_yaml("m.yml", text)
    except FaultyProject:
        return

    assert meaning(read_yaml("m.yml", formatted).node) == meaning(document.node)
    assert format_yaml("m.yml", formatted) == formatted


@given(TREES)
def test_a_file_without_notes_is_never_refused(tree: dict[str, Any]) -> None:
    text = yaml.safe_dump(tree, sort_keys=False)

    format_yaml("m.yml", text)
