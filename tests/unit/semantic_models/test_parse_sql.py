"""SQL over semantic tables to questions."""

from __future__ import annotations

import pytest

from semantic_models.errors import ForebayError
from semantic_models.parse_sql import parse_sql
from semantic_models.query import Asked, OrderBy, Predicate, Query
from tests.support.models import the_shop


def parse(text: str) -> Query:
    return parse_sql(text, the_shop().catalog)


def asked(*names: str) -> tuple[Asked, ...]:
    """Names with an alias after a blank."""
    pairs = [name.partition(" ") for name in names]
    return tuple(Asked(name, alias, "query") for name, _, alias in pairs)


def refusal(text: str) -> ForebayError:
    with pytest.raises(ForebayError) as refused:
        parse(text)
    return refused.value


def texts(query: Query) -> list[str]:
    return [each.text for each in query.where if isinstance(each, Predicate)]


def test_a_metric_makes_the_other_columns_groups() -> None:
    assert parse("select revenue, status, orders as n from orders") == Query(
        metrics=asked("revenue", "orders n"),
        dimensions=asked("status"),
        columns=("revenue", "status", "n"),
    )


def test_columns_without_a_metric_are_rows() -> None:
    assert parse("select status, customer.name from orders") == Query(
        fields=asked("status", "customer.name"), has_fields=True, model="orders"
    )


@pytest.mark.parametrize(
    "text",
    [
        "select distinct status from orders",
        "select status from orders group by status",
        "select status from orders group by 1",
        "select status from orders group by all",
    ],
)
def test_distinct_or_group_by_gives_values(text: str) -> None:
    assert parse(text) == Query(dimensions=asked("status"), model="orders")


@pytest.mark.parametrize(
    "text",
    ["select * from orders", 'SELECT * FROM "orders";', "select * from shop.models.orders"],
)
def test_a_star_is_every_dimension_as_rows(text: str) -> None:
    assert parse(text) == Query(all_fields=True, model="orders")


def test_the_name_of_the_model_is_left_out() -> None:
    query = parse("select orders.status, orders.revenue from orders where orders.amount > 1")

    assert query.dimensions == asked("status")
    assert query.metrics == asked("revenue")
    assert texts(query) == ['"amount" > 1']


def test_a_measure_that_is_named_as_its_model_is_a_metric() -> None:
    assert parse("select orders from orders").metrics == asked("orders")


def test_names_belong_to_the_model_of_from_whatever_the_metrics_home() -> None:
    query = parse("select name, revenue from customers where segment = 'smb'")

    assert query.dimensions == asked("customers.name name")
    assert texts(query) == ['"customers"."segment" = \'smb\'']


def test_and_makes_predicates_of_their_own() -> None:
    query = parse("select orders from orders where amount > 1 and (status = 'a' or big)")

    assert texts(query) == ['"amount" > 1', '"status" = \'a\' OR "big"']


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ("status", OrderBy("status", nulls="last", source="query")),
        ("status desc", OrderBy("status", descending=True, nulls="first", source="query")),
        ("status nulls first", OrderBy("status", nulls="first", source="query")),
        ("2 desc nulls last", OrderBy("n", descending=True, nulls="last", source="query")),
    ],
)
def test_null_is_the_high_end_unless_the_text_says_otherwise(order: str, key: OrderBy) -> None:
    query = parse(f"select status, orders as n from orders order by {order}")

    assert query.order_by == (key,)


def test_limit_and_offset_are_numbers() -> None:
    query = parse("select status from orders limit 5 offset 10")

    assert (query.limit, query.offset) == (5, 10)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("delete from orders", "SL104", "the statement is not a SELECT"),
        ("select 1", "SL104", "FROM names no model"),
        (
            "select status from orders; select 1",
            "SL104",
            "several statements stand here where one expression is expected",
        ),
        ("select status from nowhere", "E_NAME_NOT_FOUND", 'model "nowhere" does not exist'),
        ("select status from x.orders", "E_NAME_NOT_FOUND", 'model "x.orders" does not exist'),
        (
            "select status from orders o",
            "E_NOT_SUPPORTED",
            "a model under an alias is not supported by this version",
        ),
        (
            "select status, * from orders",
            "E_NOT_SUPPORTED",
            "* beside other columns is not supported",
        ),
        (
            "select count(*) from orders",
            "E_NOT_SUPPORTED",
            "an expression stands where a member's name is expected",
        ),
        (
            "select status from orders join items on true",
            "E_NOT_SUPPORTED",
            "JOIN is not supported in a question",
        ),
        (
            "with a as (select 1) select status from orders",
            "E_NOT_SUPPORTED",
            "WITH is not supported in a question",
        ),
        (
            "select status, orders from orders group by amount",
            "E_NOT_SUPPORTED",
            "GROUP BY differs from the dimensions selected",
        ),
        (
            "select status from orders group by 3",
            "SL103",
            "GROUP BY 3 is no column of the SELECT list",
        ),
        (
            "select status from orders order by 2",
            "SL103",
            "ORDER BY 2 is no column of the SELECT list",
        ),
        (
            "select status from orders limit 1 + 1",
            "SL103",
            "LIMIT and OFFSET take whole numbers up to 9,007,199,254,740,992",
        ),
        (
            "select status from orders where amount > (select 1)",
            "E_NOT_SUPPORTED",
            "a query inside an expression is not supported",
        ),
        (
            "select status from orders where getenv('HOME') = ''",
            "E_UNKNOWN_FUNCTION",
            'function "getenv" is not known',
        ),
    ],
)
def test_what_no_question_has_is_refused(text: str, code: str, message: str) -> None:
    error = refusal(text)

    assert (error.code, error.message) == (code, message)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("select distinct ^on (status) status from orders", "on"),
        ("select status\nfrom orders\n^qualify row_number() over () = 1", "qualify"),
        ("select status, orders from orders\n ^window w as (order by status)", "window"),
        ("select status from orders ^for update", "for"),
        ("select status from orders\n^union all select status from orders", "union"),
        ("(select 1) ^except (select 2)", "except"),
        ("^with x as (select 1) select status from orders", "with"),
        ("select orders from orders left ^join customers on true", "join"),
        ("select status, orders from orders^, customers order by status, orders", ","),
        ("select status ^into x from orders", "into"),
        ("select status from orders using ^sample 10", "sample"),
        ("select status from orders ^tablesample (10)", "tablesample"),
        ("select status from orders ^lateral view explode(x) t", "lateral"),
        ("select orders from orders group by status with ^rollup", "rollup"),
        ("select orders from orders limit 10 ^percent", "percent"),
        ("select orders from orders ^limit (1 + 1)", "limit"),
        ("select orders from orders ^offset status", "offset"),
        ("select orders from orders ^fetch first 3 rows only", "fetch"),
        ("select * ^exclude (status) from orders", "exclude"),
        ("select ^*, status from orders", "*"),
        ("select orders from orders ^order   by 9", "order   by"),
        ("select orders from orders ^group by 9", "group by"),
        ("select 'for (', orders from orders ^for update", "for"),
        ("select orders ^from (select 1)", "from"),
        ("^select orders", "select"),
    ],
)
def test_a_refused_clause_is_told_where_it_begins(text: str, place: str) -> None:
    before = text[: text.index("^")]
    position = refusal(text.replace("^", "")).position

    assert position is not None
    assert (position.line, position.column, position.length) == (
        before.count("\n") + 1,
        len(before) - before.rfind("\n"),
        len(place),
    )


def test_a_refused_name_is_told_where_it_stands_in_the_statement() -> None:
    error = the_shop().refusal("select orders\nfrom orders\nwhere revenue > 3")

    assert error.position is not None
    assert (error.position.line, error.position.column, error.position.excerpt) == (
        3,
        7,
        "where revenue > 3",
    )
