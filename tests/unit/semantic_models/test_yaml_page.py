from __future__ import annotations

import pytest

from semantic_models.errors import MalformedYaml, Position, TooLarge
from semantic_models.yaml_page import BYTES_MAX, Page, open_page


@pytest.mark.parametrize("written", ["\ufeffä\r\nb\n", "\ufeffä\r\nb\n".encode(), b"\xc3\xa4\nb\n"])
def test_lines_end_with_a_line_feed_alone(written: str | bytes) -> None:
    assert open_page("m.yml", written) == Page("m.yml", "ä\nb\n", ("ä", "b", "", ""))


def test_a_place_is_counted_from_1() -> None:
    assert open_page("m.yml", "a\nb").position(1, 0) == Position("m.yml", 2, 1, 1, "b")


def test_the_largest_file_is_read_and_one_byte_more_is_not() -> None:
    largest = "é" * (BYTES_MAX // 2)

    assert open_page("m.yml", largest).lines == (largest, "")
    with pytest.raises(TooLarge) as refused:
        open_page("m.yml", largest + "x")
    assert refused.value.message == "the file has 1,048,577 bytes"
    assert refused.value.position == Position("m.yml", 1, 1)


def test_bytes_that_are_not_text_are_shown_in_their_line() -> None:
    with pytest.raises(MalformedYaml) as refused:
        open_page("m.yml", b"\xef\xbb\xbfa\n\xc3\xa9 \xff z\r\nb")

    assert refused.value.detail == "Byte 9 begins no character."
    assert refused.value.position == Position("m.yml", 2, 3, 1, "é \ufffd z")


@pytest.mark.parametrize(
    "character",
    ["\0", "\x07", "\x1b", "\r", "\x7f", "\x85", "\u2028", "\ufeff", "\ud800", "\uffff"],
)
def test_a_character_that_is_not_read_is_named(character: str) -> None:
    with pytest.raises(MalformedYaml) as refused:
        open_page("m.yml", f"a\nbc{character}d")

    named = f"the character U+{ord(character):04X} may not stand in a file"
    assert refused.value.message == named
    assert refused.value.position == Position("m.yml", 2, 3, 1, f"bc{character}d")


def test_a_tab_is_refused_by_its_own_name() -> None:
    with pytest.raises(MalformedYaml) as refused:
        open_page("m.yml", "a:\tb")

    assert (refused.value.message, refused.value.position) == (
        "a tab stands in the file",
        Position("m.yml", 1, 3, 1, "a:\tb"),
    )
