"""SQL expressions: what may stand in them, and their names."""

from __future__ import annotations

import pytest
from sqlglot import exp

from semantic_models.errors import (
    ForebayError,
    MalformedSql,
    NotSupported,
    TooLarge,
    UnknownFunction,
    WindowInWhere,
)
from semantic_models.expressions import (
    conjuncts,
    has_aggregate,
    names,
    offset_of,
    parse_expression,
    query_position,
    spelled,
    substitute,
)


def parse(text: str) -> exp.Expr:
    return parse_expression(text, query_position("where[0]", text))


def refusal(text: str) -> ForebayError:
    with pytest.raises(ForebayError) as refused:
        parse(text)
    return refused.value


@pytest.mark.parametrize(
    "text",
    [
        "a.b.c = 1",
        "status in ('a', 'b') and not big",
        "case when a > 1 then 'x' else 'y' end",
        "cast(a as decimal(10, 2)) + b::bigint",
        "count(distinct a) filter (where b)",
        "percentile_cont(0.9) within group (order by a)",
        "date_trunc('month', a) between date '2024-01-01' and now()",
        "a is not distinct from b",
        "left(upper(trim(a)), 2) || 'x'",
        "extract(year from a) = 2024",
        "a >= now() - interval '12 weeks'",
        "sum(a) / nullif(count(*), 0)",
    ],
)
def test_expressions_of_the_list_are_read(text: str) -> None:
    assert parse(text).sql("duckdb") != ""


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("read_text('/etc/passwd')", "read_text"),
        ("read_csv('x')", "read_csv"),
        ("getenv('HOME') = 'x'", "getenv"),
        ("query('select 1') = 1", "query"),
        ("current_setting('x') = 'y'", "current_setting"),
        ("nextval('s') > 1", "nextval"),
        ("pg_sleep(10) is null", "pg_sleep"),
        ("random() > 0.5", "rand"),
        ("uuid() = a", "uuid"),
        ("sl_instant(a) = a", "sl_instant"),
        ("version() = 'x'", "current_version"),
        ("current_user = 'x'", "current_user"),
        ("glob('*') = a", "glob"),
    ],
)
def test_a_function_off_the_list_is_refused(text: str, function: str) -> None:
    error = refusal(text)

    assert isinstance(error, UnknownFunction)
    assert error.message == f'function "{function}" is not known'


@pytest.mark.parametrize(
    "text",
    [
        "(select 1)",
        "a in (select b from c)",
        "exists (select 1)",
    ],
)
def test_a_form_that_is_not_built_is_refused(text: str) -> None:
    assert isinstance(refusal(text), NotSupported)


@pytest.mark.parametrize("text", ["row_number() over (order by a) = 1", "sum(a) over () > 2"])
def test_a_window_stands_in_no_predicate(text: str) -> None:
    assert isinstance(refusal(text), WindowInWhere)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-- nothing",
        "a = 1; b = 2",
        "a =",
        "'unclosed",
        "a = 1 as b",
        "now() - 12 weeks",
        "a = ?",
        "a = $1",
        "a = :name",
        "select 1",
        "insert into a values (1)",
        "a = 1 order by b",
        "a::regclass = 1",
        "{'a': 1}",
        "[1, 2]",
        "lambda x: x",
        "a\u202e = 1",
        "a = '\x07'",
        '{"a",: 1}',
        "a > interval 1 d1",
        "interval 1 revenue is not null",
        "coalesce(a, 'x') filter (where true) = 'a'",
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    assert isinstance(refusal(text), MalformedSql | NotSupported | UnknownFunction)


def test_a_text_is_not_longer_than_its_limit() -> None:
    assert isinstance(refusal("a + " * 40_000 + "a"), TooLarge)


def test_a_chain_is_not_longer_than_its_limit() -> None:
    chain = " or ".join(["a = 1"] * 200)

    assert isinstance(refusal(chain), TooLarge)


def test_brackets_are_not_deeper_than_their_limit() -> None:
    assert isinstance(refusal("(" * 61 + "a" + ")" * 61), TooLarge)


def test_a_fault_is_told_at_its_place() -> None:
    error = refusal("a = 1\nand getenv('HOME') = 'x'")

    assert error.position is not None
    assert (error.position.line, error.position.column) == (2, 5)


def test_names_are_told_left_to_right_each_whole() -> None:
    tree = parse("a.b.c.d.e > f and g between 1 and h.i")

    assert [parts for _, parts in names(tree)] == [
        ("a", "b", "c", "d", "e"),
        ("f",),
        ("g",),
        ("h", "i"),
    ]


def test_a_name_knows_where_it_stands() -> None:
    (_, first), (node, second) = [(each, offset_of(each)) for each, _ in names(parse("a > bc.d"))]

    assert isinstance(node, exp.Column)
    assert (first, second) == ((0, 1), (4, 4))


@pytest.mark.parametrize("parts", [("a",), ("a", "b"), ("a", "b", "c", "d", "e", "f")])
def test_a_name_that_is_spelled_reads_the_same(parts: tuple[str, ...]) -> None:
    assert [found for _, found in names(spelled(parts))] == [parts]


def test_names_are_replaced_and_the_tree_stays() -> None:
    tree = parse("a.b + c")

    made = substitute(tree, lambda _, parts: exp.column("_".join(parts)))

    assert (made.sql(), tree.sql()) == ("a_b + c", "a.b + c")


def test_and_is_taken_apart_and_or_is_not() -> None:
    parts = conjuncts(parse("a and (b or c) and (d and not e)"))

    assert [part.sql() for part in parts] == ["a", "b OR c", "d", "NOT e"]


@pytest.mark.parametrize(("text", "found"), [("sum(a) + 1", True), ("a + 1", False)])
def test_aggregates_are_found(text: str, found: bool) -> None:  # noqa: FBT001 - a table of cases
    assert has_aggregate(parse(text)) is found
