from __future__ import annotations

import pytest

from semantic_models.errors import (
    FaultyProject,
    ForebayError,
    MalformedSql,
    Position,
    UnknownKey,
    WrongType,
)
from semantic_models.render_fault import FAULTS_MAX, Part, Role, render, render_lines


def fault(excerpt: str, column: int, length: int = 1, line: int = 5) -> ForebayError:
    return UnknownKey(
        'unknown key "dimension" in model "orders"',
        hint='Perhaps "dimensions" is meant.',
        position=Position("models/orders.yml", line, column, length, excerpt),
    )


def test_a_fault_is_shown_with_its_place_and_a_caret() -> None:
    assert (
        render(fault("    dimension:", 5, 9))
        == """\
error[SL102]: unknown key "dimension" in model "orders"
  --> models/orders.yml:5:5
   |
 5 |     dimension:
   |     ^^^^^^^^^
   = help: Perhaps "dimensions" is meant."""
    )


def test_the_frame_is_as_wide_as_the_number_of_the_line() -> None:
    error = MalformedSql(
        "expected an expression", detail="It ends here.", position=Position("q", 120, 3, 1, "a +")
    )

    assert (
        render(error)
        == """\
error[SL104]: expected an expression
    --> q:120:3
     |
 120 | a +
     |   ^
     = note: It ends here."""
    )


def test_a_place_without_excerpt_is_named_alone() -> None:
    error = WrongType("the file is short", position=Position("m.yml", 1, 1))

    assert render(error) == "error[SL103]: the file is short\n  --> m.yml:1:1"


def test_a_fault_without_place_is_words_alone() -> None:
    error = WrongType("the project is short", hint="Write more.")

    assert render(error) == "error[SL103]: the project is short\n  = help: Write more."


@pytest.mark.parametrize(
    ("excerpt", "column", "length", "shown", "caret"),
    [
        ("\tab: 1", 2, 2, "    ab: 1", "    ^^"),
        ("a\tb\tc", 3, 1, "a   b   c", "    ^"),
        ("a\tb", 2, 1, "a   b", " ^^^"),
        ("日本: x", 5, 1, "日本: x", "      ^"),
        ("日本: x", 1, 2, "日本: x", "^^^^"),
        ("e\u0301: x", 5, 1, "e\u0301: x", "   ^"),
        ("ab", 3, 1, "ab", "  ^"),
        ("a\x1b[31m\u202eb", 7, 1, "a\ufffd[31m\ufffdb", "      ^"),
    ],
)
def test_the_caret_stands_below_what_it_means(
    excerpt: str, column: int, length: int, shown: str, caret: str
) -> None:
    lines = render(fault(excerpt, column, length)).split("\n")

    assert lines[3:5] == [f" 5 | {shown}", f"   | {caret}"]


@pytest.mark.parametrize(
    ("column", "length", "shown", "caret"),
    [
        (2, 1, "a" * 160 + "...", " ^"),
        (501, 5, "..." + "a" * 160 + "...", " " * 83 + "^" * 5),
        (1000, 1, "..." + "a" * 81, " " * 83 + "^"),
        (501, 400, "..." + "a" * 160 + "...", " " * 83 + "^" * 80),
    ],
)
def test_a_long_line_is_cut_around_the_caret(
    column: int, length: int, shown: str, caret: str
) -> None:
    lines = render(fault("a" * 1000, column, length)).split("\n")

    assert lines[3:5] == [f" 5 | {shown}", f"   | {caret}"]


def test_names_steer_no_terminal() -> None:
    error = WrongType('name "\x1b[2J" is odd', hint="Write\u2028it.")

    assert render(error) == 'error[SL103]: name "\ufffd[2J" is odd\n  = help: Write\ufffdit.'


def test_a_faulty_project_shows_every_fault_and_counts_them() -> None:
    faults = [
        WrongType("one", position=Position("a.yml", 1, 1)),
        WrongType("two", position=Position("a.yml", 2, 1)),
        WrongType("three", position=Position("b.yml", 1, 1)),
    ]

    assert (
        render(FaultyProject(faults))
        == """\
error[SL103]: one
  --> a.yml:1:1

error[SL103]: two
  --> a.yml:2:1

error[SL103]: three
  --> b.yml:1:1

3 faults in 2 files"""
    )


@pytest.mark.parametrize(
    ("only", "counted"),
    [
        (WrongType("one", position=Position("a.yml", 1, 1)), "1 fault in 1 file"),
        (WrongType("one"), "1 fault"),
    ],
)
def test_one_fault_is_counted_as_one(only: ForebayError, counted: str) -> None:
    assert render(FaultyProject([only])).split("\n")[-1] == counted


def test_of_very_many_faults_the_first_are_shown_and_all_are_counted() -> None:
    faults = [fault("x", 1, line=number) for number in range(1, FAULTS_MAX + 3)]

    lines = render(FaultyProject(faults)).split("\n")

    places = [each for each in lines if "-->" in each]
    assert (len(places), f":{FAULTS_MAX}:" in places[-1]) == (FAULTS_MAX, True)
    assert lines[-1] == "102 faults in 1 file; the first 100 are shown, and 2 more are not"


def test_every_part_of_a_line_says_what_it_is() -> None:
    error = WrongType("m", detail="D.", hint="H.", position=Position("a.yml", 1, 2, 1, "xyz"))

    assert render_lines(error) == (
        (Part(Role.CODE, "error[SL103]"), Part(Role.MESSAGE, ": m")),
        (Part(Role.FRAME, "  --> "), Part(Role.PLACE, "a.yml:1:2")),
        (Part(Role.FRAME, "   |"),),
        (Part(Role.FRAME, " 1 | "), Part(Role.EXCERPT, "xyz")),
        (Part(Role.FRAME, "   |  "), Part(Role.CARET, "^")),
        (Part(Role.FRAME, "   = "), Part(Role.NOTE, "note: D.")),
        (Part(Role.FRAME, "   = "), Part(Role.HELP, "help: H.")),
    )
