"""Texts of definitions: shared where they are equal, told of where they stand."""

from __future__ import annotations

import pytest
from sqlglot import exp

from semantic_models.definitions import (
    Forms,
    forms_of,
    over_columns,
    read_definition,
    settled_with,
)
from semantic_models.errors import ForebayError, MalformedSql, NotSupported, TypeMismatch
from semantic_models.expressions import spelled
from semantic_models.spec import Scalar
from semantic_models.types import Kind


def written(text: str, *, line: int = 1) -> Scalar:
    return Scalar(text, text, "models/m.yml", ((line, 5),), (f"  x: {text}",))


def refusal(text: Scalar) -> ForebayError:
    with pytest.raises(ForebayError) as refused:
        read_definition(text)
    return refused.value


def test_equal_texts_are_one_definition() -> None:
    assert read_definition(written("a + 1")) is read_definition(written("a + 1", line=9))


def test_a_refusal_tells_the_place_of_each_text_that_has_it() -> None:
    first, second = refusal(written("a +")), refusal(written("a +", line=9))

    assert [type(first), type(second)] == [MalformedSql, MalformedSql]
    assert [each.position and each.position.line for each in (first, second)] == [1, 9]


def test_a_definition_reads_no_clock() -> None:
    error = refusal(written("a > now()", line=3))

    assert type(error) is NotSupported
    assert error.position == written("a > now()", line=3).position()


def test_a_name_is_told_as_often_as_it_is_written() -> None:
    definition = read_definition(written("a + b.c + a"))

    assert definition.names == (("a",), ("b", "c"), ("a",))
    assert [definition.node(number).sql() for number in range(3)] == ["a", "b.c", "a"]


def test_a_text_means_something_else_over_columns_of_another_kind() -> None:
    dates, texts = (over_columns("a >= '2024-01-01'", (kind,)) for kind in (Kind.DATE, Kind.STRING))

    assert dates.tree.sql("duckdb") == "\"a\" >= CAST('2024-01-01' AS DATE)"
    assert texts.tree.sql("duckdb") == "\"a\" >= '2024-01-01'"


def test_a_mismatch_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(TypeMismatch):
            over_columns("a > 1", (Kind.STRING,))


def test_each_name_has_its_own_value() -> None:
    definition = read_definition(written("a * a"))
    values = (exp.Add(this=spelled(("x",)), expression=spelled(("y",))), spelled(("z",)))

    settled = settled_with(definition, (None, None), values)

    assert settled.tree.sql("duckdb") == '("x" + "y") * "z"'


def test_values_and_definitions_are_left_as_they_are() -> None:
    definition = read_definition(written("(a - 1) / b"))
    value = spelled(("x",))
    before = definition.tree.sql(), value.sql()

    settled_with(definition, (None, None), (value, value))

    assert (definition.tree.sql(), value.sql()) == before
    assert value.parent is None


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("a + b", Forms(loose="a")),
        ("sum(a)", Forms(has_aggregate=True)),
        ("sum(a) + b", Forms(loose="b", has_aggregate=True)),
        ("sum(a) filter (where b)", Forms(has_aggregate=True)),
        ("sum(avg(a))", Forms(has_aggregate=True, nests_aggregates=True)),
        ("sum(a) over (order by b)", Forms(has_window=True)),
        ("sum(a) / sum(b)", Forms(has_aggregate=True)),
        ("1", Forms()),
    ],
)
def test_one_walk_tells_what_stands_in_a_tree(text: str, forms: Forms) -> None:
    assert forms_of(read_definition(written(text)).tree) == forms


def test_a_window_within_a_window_is_seen() -> None:
    inner = read_definition(written("rank() over (order by a)")).tree
    outer = read_definition(written("sum(b) over (order by c)"))

    forms = settled_with(outer, (None, None), (inner, spelled(("c",)))).forms

    assert forms == Forms(has_window=True, nests_windows=True)


def test_paths_are_told_once_and_sorted() -> None:
    columns = [exp.column("x", table=path, quoted=True) for path in ("b", "a.c", "b")]
    tree = exp.Coalesce(this=columns[0], expressions=columns[1:])

    assert forms_of(tree).paths == (("a", "c"), ("b",))
