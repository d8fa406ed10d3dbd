from __future__ import annotations

from semantic_models.errors import Position
from semantic_models.spec import Jump, Scalar

BLOCK = Scalar("ab\ncde\n", "ab\ncde\n", "m.yml", ((2, 5), (3, 5)), ("    ab", "    cde"))
FOLDED = Scalar(
    "a b c",
    "a b c",
    "m.yml",
    ((1, 4),),
    (),
    (Jump(0, 1, 4, "k: a b  "), Jump(4, 2, 3, "  c")),
)


def test_a_place_without_offset_is_the_first_line() -> None:
    assert BLOCK.position() == Position("m.yml", 2, 5, 2, "    ab")


def test_a_part_stands_in_its_own_line() -> None:
    assert BLOCK.position(4, 2) == Position("m.yml", 3, 6, 2, "    cde")


def test_a_part_is_underlined_to_the_end_of_its_line_at_most() -> None:
    assert BLOCK.position(1, 99) == Position("m.yml", 2, 6, 1, "    ab")


def test_the_end_of_a_text_stands_after_its_last_character() -> None:
    assert BLOCK.position(7) == Position("m.yml", 3, 8, 1, "    cde")


def test_a_part_of_folded_text_stands_where_it_is_written() -> None:
    assert FOLDED.position(4, 1) == Position("m.yml", 2, 3, 1, "  c")
    assert FOLDED.position(2, 1) == Position("m.yml", 1, 6, 1, "k: a b  ")


def test_a_part_over_a_fold_is_underlined_to_the_end_of_its_first_line() -> None:
    assert FOLDED.position(2, 3) == Position("m.yml", 1, 6, 1, "k: a b  ")


def test_a_text_without_lines_has_a_place_without_excerpt() -> None:
    assert Scalar("x", "x", "m.yml", ((1, 1),)).position() == Position("m.yml", 1, 1, 1)
