from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semantic_models.errors import ForebayError, Position
from semantic_models.source import Mapping, Node, Refused, Sequence, place_of, read_yaml
from semantic_models.spec import Scalar
from semantic_models.yaml_page import DEPTH_MAX, NODES_MAX

BROKEN = [
    # text, line, column, code, message
    ("", 1, 1, "SL101", "the file is empty"),
    ("# only a comment\n", 1, 1, "SL101", "the file is empty"),
    ("---\n", 1, 1, "SL101", "the file is empty"),
    ("a:\n\tb: 1\n", 2, 1, "SL101", "a tab stands in the file"),
    ("a: 'x\ty'\n", 1, 6, "SL101", "a tab stands in the file"),
    ("a: \0\n", 1, 4, "SL101", "the character U+0000 may not stand in a file"),
    ("a: é\x1b\n", 1, 5, "SL101", "the character U+001B may not stand in a file"),
    ("a: 1\rb: 2\r", 1, 5, "SL101", "the character U+000D may not stand in a file"),
    (b"a: 1\n\xc3\xa9: \xff\n", 2, 4, "SL101", "the file is not UTF-8 text"),
    ("a: 1\n---\nb: 2\n", 2, 1, "SL101", "a second document begins here"),
    ("a: 1\n...\nb: 2\n", 3, 1, "SL101", "text follows the end of the document"),
    ("%YAML 1.2\n---\na: 1\n", 1, 1, "SL101", 'a line that begins with "%" is not read'),
    ("%FOO\n---\na: 1\n", 1, 1, "SL101", 'a line that begins with "%" is not read'),
    ("a: &x 1\n", 1, 4, "SL101", 'the anchor "&x" is not read'),
    ("a: *x\n", 1, 4, "SL101", 'the alias "*x" is not read'),
    ("a: *\n", 1, 4, "SL101", 'a value may not begin with "*"'),
    ("a: &\n", 1, 4, "SL101", 'a value may not begin with "&"'),
    ("a: !!str 1\n", 1, 4, "SL101", "a tag is not read"),
    ("a: !{x}\n", 1, 4, "SL101", 'a value may not begin with "!"'),
    ("<<: {b: 1}\n", 1, 1, "SL101", 'the merge "<<" is not read'),
    ("é: 1\nb: 2\né: 3\n", 3, 1, "SL101", 'the key "é" stands twice in one map'),
    ("a: {b: 1, b: 2}\n", 1, 11, "SL101", 'the key "b" stands twice in one map'),
    ("a: 1\n[b]: 2\n", 2, 1, "SL101", "a key is a map or a list"),
    ("a: 'x\nb: 1\n", 1, 4, "SL101", "a quoted value is never closed"),
    ("a: x: y\n", 1, 5, "SL101", 'a ":" stands where no key may stand'),
    ("a: 1\n  b: 2\n", 2, 4, "SL101", 'a ":" stands where no key may stand'),
    ("a: 1\nb\nc: 2\n", 2, 1, "SL101", 'expected ":" after this key'),
    ("a:\n  b: 1\n c: 2\n", 3, 2, "SL101", "expected a key of the map above"),
    ("- a\nb: 1\n", 2, 1, "SL101", 'expected a list item that begins with "- "'),
    ("a: - b\n", 1, 4, "SL101", 'a list item "- " stands where none may stand'),
    ("a: ? b\n", 1, 4, "SL101", 'a "?" stands where no key may stand'),
    ("a: [1, 2\nb: 3\n", 2, 2, "SL101", 'expected "," or "]" in a list'),
    ("a: {b: 1]\n", 1, 9, "SL101", 'expected "," or "}" in a map'),
    ("a:\n  [1, 2\n", 2, 3, "SL101", "a list is never closed"),
    ("a: {b: 1\n\n", 1, 4, "SL101", "a map is never closed"),
    ("[", 1, 1, "SL101", "a list is never closed"),
    ("a: {", 1, 4, "SL101", "a map is never closed"),
    ("a:\n  b: 'x", 2, 6, "SL101", "a quoted value is never closed"),
    ("a: [1,,2]\n", 1, 7, "SL101", "expected a value"),
    ("a: {b: c:}\n", 1, 9, "SL101", 'a ":" stands inside a plain value'),
    ("a: @x\n", 1, 4, "SL101", "a value may not begin with this character"),
    ("a: > 100\n", 1, 4, "SL101", 'only a line break may follow "|" or ">"'),
    ("a: 'x' || y\n", 1, 8, "SL101", "text follows a quoted value"),
    ('é: "x" = y\n', 1, 8, "SL101", "text follows a quoted value"),
    (r'a: "\q"', 1, 5, "SL101", "this escape does not exist in double quotes"),
    (r'a: "\xZZ"', 1, 7, "SL101", "this escape names no character"),
    ("a: " + "[" * 65, 1, 67, "SL106", "maps and lists stand more than 64 deep"),
    ("- \n" * NODES_MAX, 200_000, 2, "SL106", "the file has more than 200,000 values"),
    ("#" * (1024 * 1024 + 1), 1, 1, "SL106", "the file has 1,048,577 bytes"),
]


def told(error: ForebayError) -> tuple[int, int, str, str]:
    assert error.position is not None
    return error.position.line, error.position.column, error.code, error.message


@pytest.mark.parametrize(
    ("text", "line", "column", "code", "message"),
    BROKEN,
    ids=[f"{number}-{row[4]}" for number, row in enumerate(BROKEN)],
)
def test_broken_text_is_told_where_it_is_broken(
    text: str | bytes, line: int, column: int, code: str, message: str
) -> None:
    _, faults, _ = read_yaml("m.yml", text)

    assert [told(each) for each in faults] == [(line, column, code, message)]
    assert faults[0].hint.endswith(".")


def test_every_fault_of_one_file_is_told_in_order() -> None:
    node, faults, _ = read_yaml("m.yml", "a: &x 1\na: 2\n<<: *x\nb: !t {c: 1, c: 2}\n")

    assert [told(each)[:2] for each in faults] == [(1, 4), (2, 1), (3, 1), (3, 5), (4, 4), (4, 14)]
    assert isinstance(node, Mapping)
    assert [key.text for key, _ in node.entries] == ["a", "b"]
    assert [(key.text, cause) for key, _, cause in node.refused] == [
        ("a", faults[1]),
        ("<<", faults[2]),
    ]


def test_what_stands_before_a_fault_of_syntax_is_read_and_what_follows_is_named() -> None:
    node, faults, unread = read_yaml("m.yml", "a: 1\nb: {c: 2, d: [1\ne: 3\n")

    assert isinstance(node, Mapping)
    [(_, whole), (_, open_)] = node.entries
    assert isinstance(open_, Mapping)
    assert (whole.text if isinstance(whole, Scalar) else "", node.cut, open_.cut) == (
        "1",
        faults[-1],
        faults[-1],
    )
    assert [key.text for key, _ in open_.entries] == ["c"]
    assert [key.text for key, _, _ in open_.refused] == ["d"]
    assert {"e"} <= unread
    assert "a" not in unread


def test_a_duplicate_key_names_the_first_and_keeps_its_value() -> None:
    node, faults, _ = read_yaml("m.yml", "a: 1\n\na: 2\n")

    assert [(each.detail, each.position) for each in faults] == [
        ("The first stands on line 1.", Position("m.yml", 3, 1, 1, "a: 2"))
    ]
    assert node == Mapping(
        ((word("a", 1, 1), Scalar("1", 1, "m.yml", ((1, 4),))),),
        Position("m.yml", 1, 1, 1, "a: 1"),
        (Refused(word("a", 3, 1), Scalar("2", 2, "m.yml", ((3, 4),)), faults[0]),),
    )


def test_a_list_that_is_never_closed_is_shown_where_it_begins() -> None:
    _, faults, _ = read_yaml("m.yml", "a: 1\nb: [1,\n")

    assert [(each.message, each.position) for each in faults] == [
        ("a list is never closed", Position("m.yml", 2, 4, 1, "b: [1,"))
    ]


def test_a_fault_inside_a_list_says_where_the_list_begins() -> None:
    _, faults, _ = read_yaml("m.yml", "a: 1\nb: [1,\nc: 2\nd: 3]\n")

    assert [(told(each)[:2], each.detail) for each in faults] == [((4, 2), "It begins on line 2.")]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{"])
def test_hostile_depth_is_refused_before_anything_is_built(opening: str) -> None:
    node, faults, _ = read_yaml("m.yml", opening * 100_000)

    assert (node, [each.code for each in faults]) == (None, ["SL106"])


def test_the_deepest_nesting_and_the_most_nodes_are_read() -> None:
    deepest, deep_faults, _ = read_yaml("m.yml", "[" * DEPTH_MAX + "]" * DEPTH_MAX)
    longest, long_faults, _ = read_yaml("m.yml", "- \n" * (NODES_MAX - 1))

    assert (deep_faults, long_faults) == ((), ())
    assert isinstance(deepest, Sequence)
    assert isinstance(longest, Sequence)
    assert len(longest.items) == NODES_MAX - 1


def word(text: str, line: int, column: int) -> Scalar:
    return Scalar(text, text, "m.yml", ((line, column),))


def test_maps_lists_and_scalars_keep_their_places() -> None:
    node, faults, _ = read_yaml("m.yml", "# first\nä: [x, {b: no}]\non:\n")

    assert faults == ()
    second = "ä: [x, {b: no}]"
    inner = Mapping(((word("b", 2, 9), word("no", 2, 12)),), Position("m.yml", 2, 8, 1, second))
    items = Sequence((word("x", 2, 5), inner), Position("m.yml", 2, 4, 1, second))
    empty = Scalar("", None, "m.yml", ((3, 4),))
    assert node == Mapping(
        ((word("ä", 2, 1), items), (word("on", 3, 1), empty)),
        Position("m.yml", 2, 1, 1, second),
    )


def test_a_node_begins_where_its_first_character_stands() -> None:
    node, _, _ = read_yaml("m.yml", "- 'x'\n- [y]\n")

    assert isinstance(node, Sequence)
    assert [place_of(each) for each in node.items] == [
        Position("m.yml", 1, 4, 1, "- 'x'"),
        Position("m.yml", 2, 3, 1, "- [y]"),
    ]


def test_quoted_and_block_texts_are_never_anything_else() -> None:
    node, _, _ = read_yaml(
        "m.yml", "- 'true'\n- \"1\"\n- |-\n  2\n- >-\n  null\n- true\n- 12:30:00\n"
    )

    assert isinstance(node, Sequence)
    values = [each.value for each in node.items if isinstance(each, Scalar)]
    assert values == ["true", "1", "2", "null", True, "12:30:00"]


def test_carriage_returns_and_a_byte_order_mark_move_nothing() -> None:
    plain = read_yaml("m.yml", "a: 1\nb: |\n  x\n  y\nc: 'd\n  e'\n")
    marked = read_yaml("m.yml", "\ufeffa: 1\r\nb: |\r\n  x\r\n  y\r\nc: 'd\r\n  e'\r\n".encode())

    assert marked == plain


def test_a_long_key_is_cut_in_a_message() -> None:
    key = "k" * 80
    _, faults, _ = read_yaml("m.yml", f"{key}: 1\n{key}: 2\n")

    assert faults[0].message == f'the key "{"k" * 57}..." stands twice in one map'


def only_value(text: str) -> Scalar:
    node, faults, _ = read_yaml("m.yml", text)
    assert faults == ()
    assert isinstance(node, Mapping)
    value: Node = node.entries[0][1]
    assert isinstance(value, Scalar)
    return value


def misplaced(written: str, scalar: Scalar, escapes: str = "") -> list[tuple[str, str]]:
    """Characters whose place in the file shows another, the ``escapes`` a backslash.

    Spaces and line breaks are left out: folded ones stand nowhere.
    """
    lines = written.replace("\r\n", "\n").split("\n")
    pairs = []
    for offset, character in enumerate(scalar.text):
        at = scalar.position(offset, 1)
        assert at.excerpt == lines[at.line - 1]
        wanted = "\\" if character in escapes else character
        pairs.append((wanted, at.excerpt[at.column - 1 :][:1]))
    return [(wanted, found) for wanted, found in pairs if wanted not in " \n" and wanted != found]


WORDS = st.text(st.sampled_from("aé日😀z0_()=<.,'\"\\#-"), min_size=1, max_size=6)
PLAIN = st.text(st.sampled_from("aé日😀z0_()=<."), min_size=1, max_size=6)
BREAK = st.sampled_from(["\n", "\r\n"])


@given(words=st.lists(PLAIN, min_size=1, max_size=5), end=BREAK)
def test_every_character_of_a_plain_text_stands_where_it_is_said(
    words: list[str], end: str
) -> None:
    text = "x" + " ".join(words)
    written = f"é: {text}{end}"

    scalar = only_value(written)

    assert (scalar.text, misplaced(written, scalar)) == (text, [])


@given(lines=st.lists(st.lists(WORDS, max_size=3), min_size=1, max_size=6), end=BREAK)
def test_every_character_of_a_literal_block_stands_where_it_is_said(
    lines: list[list[str]], end: str
) -> None:
    rows = ["x", *(" ".join(each) for each in lines)]
    written = f"key: |{end}" + end.join(f"    {row}" if row else "" for row in rows)

    scalar = only_value(written)

    assert scalar.text.rstrip("\n") == "\n".join(rows).rstrip("\n")
    assert misplaced(written, scalar) == []


@given(
    lines=st.lists(st.lists(WORDS, max_size=3), min_size=1, max_size=6),
    end=BREAK,
    style=st.sampled_from([">", ">-", ">+", ">2"]),
)
def test_every_word_of_a_folded_block_stands_where_it_is_said(
    lines: list[list[str]], end: str, style: str
) -> None:
    rows = ["x", *("  " * (len(each) == 2) + " ".join(each) for each in lines), "last"]
    written = f"key: {style}{end}" + end.join(f"  {row}" if row else "" for row in rows)
    written += f"{end}next: 1{end}"

    scalar = only_value(written)

    assert scalar.text.split() == " ".join(rows).split()
    assert misplaced(written, scalar) == []


@given(
    lines=st.lists(st.lists(WORDS, max_size=3), min_size=1, max_size=6),
    end=BREAK,
    quote=st.sampled_from(["'", '"']),
)
def test_every_word_of_a_quoted_text_stands_where_it_is_said(
    lines: list[list[str]], end: str, quote: str
) -> None:
    def escaped(text: str) -> str:
        if quote == "'":
            return text.replace("'", "''")
        return text.replace("\\", "\\\\").replace('"', '\\"').replace("é", "\\xe9")

    rows = ["x", *(" ".join(each) for each in lines)]
    written = f"k: {quote}" + f" {end}   ".join(escaped(row) for row in rows) + quote

    scalar = only_value(written)

    assert scalar.text.split() == " ".join(rows).split()
    assert misplaced(written, scalar, '"\\é' if quote == '"' else "") == []


PLAIN_LINES = st.lists(st.lists(PLAIN, max_size=3), max_size=5)


@given(lines=PLAIN_LINES, end=BREAK)
def test_every_character_of_a_plain_text_over_lines_stands_where_it_is_said(
    lines: list[list[str]], end: str
) -> None:
    rows = ["x", *(" ".join("x" + each for each in row) for row in lines)]
    written = "k: " + f" {end}   ".join(rows)

    scalar = only_value(written)

    assert scalar.text.split() == " ".join(rows).split()
    assert misplaced(written, scalar) == []
