from __future__ import annotations

import pytest

from semantic_models.errors import ForebayError
from semantic_models.source import Mapping, read_yaml
from semantic_models.spec import NOTHING_SAID, Described, Scalar
from semantic_models.spec_fields import Fields, Place, is_column, read_fields, read_member
from semantic_models.spec_keys import DIMENSION, JOIN, MEASURE, METRIC, MODEL, Kind


def member(kind: Kind, text: str) -> tuple[Fields | None, list[tuple[str, int, int, str]]]:
    """Read the first entry of a map as a member, and tell the faults."""
    node, _, _ = read_yaml("m.yml", text)
    assert isinstance(node, Mapping)
    name, value = node.entries[0]
    faults: list[ForebayError] = []
    fields = read_member(kind, name, value, ' of model "m"', faults)
    return fields, [told(each) for each in faults]


def told(fault: ForebayError) -> tuple[str, int, int, str]:
    assert fault.position is not None
    return fault.code, fault.position.line, fault.position.column, fault.message


def texts(scalars: tuple[Scalar, ...]) -> tuple[str, ...]:
    return tuple(each.text for each in scalars)


def test_every_key_is_read_by_its_shape() -> None:
    fields, faults = member(
        MODEL,
        "m: {table: t, key: [a, b], unique: [[c], [d, e]], hidden: true, tags: [x],"
        " dimensions: {f: }, label: ' L '}\n",
    )

    assert faults == []
    assert fields is not None
    assert fields.scalar("table") == Scalar("t", "t", "m.yml", ((1, 12),))
    assert fields.scalar("where") is None
    assert texts(fields.columns("key")) == ("a", "b")
    assert texts(fields.columns("time")) == ()
    assert [texts(each) for each in fields.column_lists("unique")] == [("c",), ("d", "e")]
    assert fields.column_lists("key of none") == ()
    assert [name.text for name, _ in fields.entries("dimensions")] == ["f"]
    assert fields.entries("measures") == ()
    assert fields.about() == Described(label="L", tags=("x",), hidden=True)
    assert fields.is_whole


def test_one_column_is_a_list_of_one() -> None:
    fields, _ = member(MODEL, "m: {table: t, key: a}\n")

    assert fields is not None
    assert texts(fields.columns("key")) == ("a",)
    assert fields.about() == NOTHING_SAID


@pytest.mark.parametrize(
    ("kind", "text", "nodes"),
    [
        (DIMENSION, "x:\n", {}),
        (DIMENSION, "x: a > 1\n", {"expr": "a > 1"}),
        (MEASURE, "x: 1\n", {"expr": "1"}),
        (JOIN, "x: customers\n", {"to": "customers"}),
        (METRIC, "x: a / b\n", {"expr": "a / b"}),
    ],
)
def test_a_short_form_stands_for_one_key(kind: Kind, text: str, nodes: dict[str, str]) -> None:
    fields, faults = member(kind, text)

    assert faults == []
    assert fields is not None
    found = {key: node.text for key, node in fields.nodes.items() if isinstance(node, Scalar)}
    assert (found, fields.is_whole) == (nodes, True)


FAULTY = [
    (MEASURE, "x:\n", "SL103", 1, 1, 'measure "x" of model "m" needs "expr"'),
    (MEASURE, "x: {label: y}\n", "SL103", 1, 1, 'measure "x" of model "m" needs "expr"'),
    (
        MEASURE,
        "x: [a]\n",
        "SL103",
        1,
        4,
        'measure "x" of model "m" takes SQL or a map of its keys, not a list',
    ),
    (
        MODEL,
        "x: t\n",
        "SL103",
        1,
        4,
        'model "x" of model "m" takes a map of its keys, not the text "t"',
    ),
    (MODEL, "x:\n", "SL103", 1, 1, 'model "x" of model "m" needs "table" or "sql"'),
    (
        MODEL,
        "x: {sql: q, table: t}\n",
        "SL103",
        1,
        13,
        'model "x" of model "m" has both "table" and "sql"',
    ),
    (
        JOIN,
        "x: 1\n",
        "SL103",
        1,
        4,
        'key "to" of join "x" of model "m" takes text, not the number 1',
    ),
    (METRIC, "x: {exp: a}\n", "SL102", 1, 5, 'unknown key "exp" in metric "x" of model "m"'),
    (
        DIMENSION,
        "x: {tags: [1]}\n",
        "SL103",
        1,
        12,
        'key "tags" of dimension "x" of model "m" takes a list of words, not the number 1',
    ),
    (
        DIMENSION,
        "'': a\n",
        "SL103",
        1,
        2,
        'dimension "" of model "m" has a name that is not one word',
    ),
    (
        DIMENSION,
        "ä: a\n",
        "SL103",
        1,
        1,
        'dimension "ä" of model "m" has a name that is not one word',
    ),
    (
        DIMENSION,
        "1x: a\n",
        "SL103",
        1,
        1,
        'dimension "1x" of model "m" has a name that is not one word',
    ),
    (DIMENSION, "1: a\n", "SL103", 1, 1, 'dimension "1" of model "m" is named by the number 1'),
    (
        DIMENSION,
        "true: a\n",
        "SL103",
        1,
        1,
        'dimension "true" of model "m" is named by the truth value true',
    ),
    (DIMENSION, "a__b: a\n", "E_RESERVED_NAME", 1, 1, 'the name "a__b" is reserved'),
    (JOIN, "param: a\n", "E_RESERVED_NAME", 1, 1, 'the name "param" is reserved'),
    (
        MODEL,
        "metric_time: {table: t}\n",
        "E_RESERVED_NAME",
        1,
        1,
        'the name "metric_time" is reserved',
    ),
]


@pytest.mark.parametrize(
    ("kind", "text", "fault"), [(kind, text, tuple(fault)) for kind, text, *fault in FAULTY]
)
def test_a_faulty_member_is_told_where_it_stands(
    kind: Kind, text: str, fault: tuple[str, int, int, str]
) -> None:
    _, faults = member(kind, text)

    assert faults == [fault]


@pytest.mark.parametrize(("kind", "text"), [(row[0], row[1]) for row in FAULTY[:8]])
def test_a_member_without_what_it_needs_is_not_whole(kind: Kind, text: str) -> None:
    fields, _ = member(kind, text)

    assert fields is None or not fields.is_whole


def test_names_that_only_models_and_joins_may_not_have_are_free_elsewhere() -> None:
    assert member(DIMENSION, "principal: a\n")[1] == []
    assert member(DIMENSION, "x" * 128 + ": a\n")[1] == []
    assert member(DIMENSION, "x" * 129 + ": a\n")[1] != []


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("exprr", 'Perhaps "expr" is meant.'),
        ("cumulativ", 'Perhaps "cumulative" is meant.'),
        ("zzz", f"Known keys are {', '.join(sorted(METRIC.keys))}."),
    ],
)
def test_an_unknown_key_hints_at_the_nearest_documented_one(key: str, hint: str) -> None:
    node, _, _ = read_yaml("m.yml", f"{key}: 1\n")
    assert node is not None
    faults: list[ForebayError] = []

    read_fields(METRIC, node, Place('metric "x"', node), faults)

    assert [each.hint for each in faults] == [hint]


@pytest.mark.parametrize(
    ("text", "bare"),
    [("a_1", True), ("a.b", False), ("a = b", False), ("'a b'", False), ("1", False)],
)
def test_a_bare_word_is_a_column(text: str, bare: bool) -> None:  # noqa: FBT001
    scalar, _, _ = read_yaml("m.yml", text)

    assert isinstance(scalar, Scalar)
    assert is_column(scalar) == bare
