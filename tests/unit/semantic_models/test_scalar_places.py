from __future__ import annotations

from semantic_models.scalar_places import (
    Corner,
    flow_jumps,
    folded_jumps,
    line_starts,
    literal_starts,
)
from semantic_models.spec import Jump


def test_text_goes_on_after_each_escape() -> None:
    line = 'k: "a\\"b\\u00e9c"'

    jumps = flow_jumps('"', 'a\\"b\\u00e9c', Corner(0, 4), (line,))

    assert jumps == (Jump(0, 1, 5, line), Jump(2, 1, 8, line), Jump(4, 1, 15, line))


def test_a_doubled_quote_is_one_character() -> None:
    jumps = flow_jumps("'", "it''s", Corner(0, 1), ("'it''s'",))

    assert jumps == (Jump(0, 1, 2, "'it''s'"), Jump(3, 1, 6, "'it''s'"))


def test_one_line_break_is_a_space_and_more_are_one_less() -> None:
    lines = ("k: a ", "  b", "", "", "  c")

    jumps = flow_jumps("", "a \n  b\n\n\n  c", Corner(0, 3), lines)

    assert jumps == (
        Jump(0, 1, 4, "k: a "),
        Jump(2, 2, 3, "  b"),
        Jump(4, 3, 1, ""),
        Jump(5, 5, 3, "  c"),
    )
    assert line_starts("a b\n\nc", jumps) == ((1, 4), (3, 1), (5, 3))


def test_an_escaped_line_break_is_nothing() -> None:
    lines = ('"a\\', '   b"')

    jumps = flow_jumps('"', "a\\\n   b", Corner(0, 1), lines)

    assert jumps == (Jump(0, 1, 2, lines[0]), Jump(1, 2, 4, lines[1]))


def test_lines_of_a_literal_begin_after_its_indent() -> None:
    lines = ("k: |", "", "   x", "     y", " ", "z: 1")

    assert literal_starts("\nx\n  y\n", 0, lines) == ((2, 1), (3, 4), (4, 4))


def test_an_empty_block_stands_at_its_header() -> None:
    assert literal_starts("", 0, ("k: |",)) == ((1, 1),)
    assert folded_jumps("", 0, 1, ("k: >",)) == (Jump(0, 1, 1, "k: >"),)


def test_lines_of_a_folded_block_begin_after_its_indent() -> None:
    lines = ("k: >", "  a", "  b", "", "    c", "  d", "", "z: 1")

    jumps = folded_jumps("a b\n\n  c\nd\n", 0, 7, lines)

    assert jumps == (
        Jump(0, 2, 3, "  a"),
        Jump(2, 3, 3, "  b"),
        Jump(5, 5, 3, "    c"),
        Jump(9, 6, 3, "  d"),
    )
