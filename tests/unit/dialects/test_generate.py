"""Plans to SQL, from plans that are built by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlglot
from sqlglot import exp

from auth.govern import govern
from auth.principal import ANONYMOUS
from dialects.dialect import Dialect
from dialects.duckdb import DUCKDB
from dialects.errors import UnsupportedFeature
from dialects.generate import generate
from dialects.postgres import POSTGRES
from dialects.trino import TRINO
from semantic_models.intrinsics import civil, instant
from semantic_models.model import Cardinality, Expr, Select, Table
from semantic_models.plan import (
    Aggregate,
    Distinct,
    Filter,
    Join,
    Limit,
    LogicalPlan,
    Output,
    Plan,
    Project,
    Scan,
    SemiJoin,
    Sort,
    SortKey,
    Stitch,
)
from semantic_models.types import BOOLEAN, INT64, STRING, LogicalType

ORDERS = Scan("orders", (), Table(("shop", "orders")))
ITEMS = Scan("items", ("items",), Table(("items",)))


def expr(text: str) -> Expr:
    return Expr(sqlglot.parse_one(text, dialect="duckdb"))


def output(name: str, text: str, type_: LogicalType = STRING) -> Output:
    return Output(name, expr(text), type_)


STATUS = output("status", "status")
COUNT = output("n", "count(*)", INT64)


def text_of(root: LogicalPlan, *columns: Output, dialect: Dialect = DUCKDB) -> str:
    plan = Plan(root, columns, "Europe/Berlin", "local")
    return generate(govern(plan, ANONYMOUS), dialect).text


def test_rows_are_projected_from_their_table() -> None:
    rows = Project(ORDERS, (STATUS,))

    assert text_of(rows, STATUS) == (
        'SELECT "orders"."status" AS "status" FROM "shop"."orders" AS "orders"'
    )


def test_a_select_is_read_in_brackets() -> None:
    scan = Scan("orders", (), Select(sqlglot.parse_one("SELECT a FROM b WHERE c")))

    assert text_of(Project(scan, (output("a", "a"),)), output("a", "a")) == (
        'SELECT "orders"."a" AS "a" FROM (SELECT "a" FROM "b" WHERE "c") AS "orders"'
    )


def test_groups_are_numbered_and_an_or_is_kept_together() -> None:
    rows = Filter(ORDERS, (expr("a OR b"), expr("c")))
    grouped = Aggregate(rows, (STATUS,), (COUNT,))

    assert text_of(grouped, STATUS, COUNT) == (
        'SELECT "orders"."status" AS "status", COUNT(*) AS "n" FROM "shop"."orders" AS "orders" '
        'WHERE ("orders"."a" OR "orders"."b") AND "orders"."c" GROUP BY 1'
    )


def test_a_filtered_right_side_is_joined_in_brackets() -> None:
    right = Filter(ITEMS, (Expr(exp.column("ok", table="items")),))
    columns = ((expr("id"), Expr(exp.column("order_id", table="items"))),)
    rows = Join(ORDERS, right, columns, Cardinality.ONE_TO_MANY)

    assert text_of(Aggregate(rows, (), (COUNT,)), COUNT) == (
        'SELECT COUNT(*) AS "n" FROM "shop"."orders" AS "orders" LEFT JOIN '
        '(SELECT "items".* FROM "items" AS "items" WHERE "items"."ok") AS "items" '
        'ON "orders"."id" = "items"."order_id"'
    )


def test_a_semi_join_is_one_exists() -> None:
    columns = ((expr("id"), Expr(exp.column("order_id", table="items"))),)
    rows = SemiJoin(ORDERS, ITEMS, columns, (expr("items.size > 2 OR total > 1"),))

    assert text_of(Aggregate(rows, (), (COUNT,)), COUNT) == (
        'SELECT COUNT(*) AS "n" FROM "shop"."orders" AS "orders" WHERE EXISTS(SELECT 1 FROM '
        '"items" AS "items" WHERE "items"."order_id" = "orders"."id" AND '
        '("items"."size" > 2 OR "orders"."total" > 1))'
    )


def test_a_filter_above_groups_reads_them_from_outside() -> None:
    having = Filter(Aggregate(ORDERS, (STATUS,), (COUNT,)), (expr("n > 1"),))
    shown = (output("status", "status"), output("many", "n", INT64))

    assert text_of(Project(having, shown), *shown) == (
        'SELECT "status" AS "status", "n" AS "many" FROM (SELECT "orders"."status" AS "status", '
        'COUNT(*) AS "n" FROM "shop"."orders" AS "orders" GROUP BY 1) AS "s0" WHERE "n" > 1'
    )


def test_renamed_columns_need_no_second_select() -> None:
    key = SortKey(expr("n"), descending=True, nulls_first=True)
    cut = Limit(Sort(Aggregate(ORDERS, (STATUS,), (COUNT,)), (key,)), 3, 1)
    shown = (output("many", "n", INT64), output("status", "status"))

    assert text_of(Project(cut, shown), *shown) == (
        'SELECT COUNT(*) AS "many", "orders"."status" AS "status" FROM "shop"."orders" AS "orders" '
        'GROUP BY 2 ORDER BY "many" DESC NULLS FIRST LIMIT 3 OFFSET 1'
    )


def test_distinct_rows_are_aggregated_from_outside() -> None:
    distinct = Distinct(ORDERS, (STATUS, output("k", "id")))
    grouped = Aggregate(distinct, (STATUS,), (COUNT,))

    assert text_of(grouped, STATUS, COUNT) == (
        'SELECT "status" AS "status", COUNT(*) AS "n" FROM (SELECT DISTINCT "orders"."status" AS '
        '"status", "orders"."id" AS "k" FROM "shop"."orders" AS "orders") AS "s0" GROUP BY 1'
    )


def stitch(measure: Output) -> tuple[Stitch, tuple[Output, ...]]:
    left = Aggregate(ORDERS, (STATUS,), (output("a", "count(*)", INT64),))
    right = Aggregate(Scan("visits", (), Table(("visits",))), (STATUS,), (measure,))
    columns = (STATUS, output("a", "a", INT64), output("b", "b", measure.type))
    return Stitch((left, right), columns[:1], columns[1:]), columns


def test_facts_are_stitched_by_union_and_group() -> None:
    plan, columns = stitch(output("b", "sum(x)", LogicalType(INT64.kind)))

    assert text_of(plan, *columns) == (
        'SELECT "status" AS "status", MAX("a") AS "a", MAX("b") AS "b" FROM ('
        'SELECT "status" AS "status", "a" AS "a", CAST(NULL AS BIGINT) AS "b" FROM (SELECT '
        '"orders"."status" AS "status", COUNT(*) AS "a" FROM "shop"."orders" AS "orders" GROUP BY 1'
        ') AS "s0" UNION ALL '
        'SELECT "status" AS "status", CAST(NULL AS BIGINT) AS "a", "b" AS "b" FROM (SELECT '
        '"visits"."status" AS "status", SUM("visits"."x") AS "b" FROM "visits" AS "visits" '
        'GROUP BY 1) AS "s1") AS "s2" GROUP BY 1'
    )


@pytest.mark.parametrize(
    ("dialect", "picked"), [(DUCKDB, 'MAX("b")'), (TRINO, 'MAX("b")'), (POSTGRES, 'BOOL_OR("b")')]
)
def test_the_only_boolean_is_picked_as_the_engine_can(dialect: Dialect, picked: str) -> None:
    plan, columns = stitch(output("b", "bool_or(x)", BOOLEAN))

    assert picked in text_of(plan, *columns, dialect=dialect)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("max(x)", 'BOOL_OR("orders"."x")'),
        ("min(x)", 'BOOL_AND("orders"."x")'),
        ("max(x) filter (where y)", 'BOOL_OR("orders"."x") FILTER(WHERE "orders"."y")'),
    ],
)
def test_extremes_of_booleans_have_other_names_where_an_engine_lacks_them(
    text: str, told: str
) -> None:
    found = output("a", text, BOOLEAN)
    plan = Aggregate(ORDERS, (), (found,))

    assert told in text_of(plan, found, dialect=POSTGRES)
    assert told not in text_of(plan, found)


@pytest.mark.parametrize(
    ("dialect", "shown"),
    [
        (DUCKDB, '("orders"."at") AT TIME ZONE \'Europe/Berlin\''),
        (POSTGRES, '("orders"."at") AT TIME ZONE \'Europe/Berlin\''),
        (TRINO, 'CAST(AT_TIMEZONE(("orders"."at"), \'Europe/Berlin\') AS TIMESTAMP(6))'),
    ],
)
def test_a_civil_time_names_its_zone(dialect: Dialect, shown: str) -> None:
    at = Output("at", Expr(civil(exp.column("at"))), STRING)

    assert text_of(Project(ORDERS, (at,)), at, dialect=dialect) == (
        f'SELECT {shown} AS "at" FROM "shop"."orders" AS "orders"'
    )


WRITTEN = "CAST('2024-10-27 02:30:00' AS TIMESTAMP)"


@pytest.mark.parametrize(
    ("dialect", "made"),
    [
        (DUCKDB, "({}) AT TIME ZONE 'Europe/Berlin'"),
        (POSTGRES, "({}) AT TIME ZONE 'Europe/Berlin'"),
        (TRINO, "WITH_TIMEZONE({}, 'Europe/Berlin')"),
    ],
)
@pytest.mark.parametrize("shown", [WRITTEN, "opened"])
def test_a_written_time_becomes_an_instant_as_a_column_does(
    dialect: Dialect, made: str, shown: str
) -> None:
    at = Output("at", Expr(instant(sqlglot.parse_one(shown, dialect="duckdb"))), STRING)
    given = WRITTEN if shown == WRITTEN else '"orders"."opened"'

    assert text_of(Project(ORDERS, (at,)), at, dialect=dialect) == (
        f'SELECT {made.format(given)} AS "at" FROM "shop"."orders" AS "orders"'
    )


@pytest.mark.parametrize(
    ("dialect", "function"), [(POSTGRES, "median(a)"), (TRINO, "median(a)"), (TRINO, "mode(a)")]
)
def test_what_an_engine_has_not_is_refused(dialect: Dialect, function: str) -> None:
    measure = output("m", function)

    with pytest.raises(UnsupportedFeature):
        text_of(Aggregate(ORDERS, (), (measure,)), measure, dialect=dialect)


@pytest.mark.parametrize(
    ("filtered", "written"),
    [
        ("count(*) filter (where b)", 'COUNT(CASE WHEN "orders"."b" THEN 1 END)'),
        ("sum(a) filter (where b)", 'SUM(CASE WHEN "orders"."b" THEN "orders"."a" END)'),
        (
            "count(distinct a) filter (where b)",
            'COUNT(DISTINCT CASE WHEN "orders"."b" THEN "orders"."a" END)',
        ),
    ],
)
def test_an_engine_without_filter_gets_case(filtered: str, written: str) -> None:
    measure = output("m", filtered)
    dialect = replace(DUCKDB, has_filter_clause=False)

    assert text_of(Aggregate(ORDERS, (), (measure,)), measure, dialect=dialect) == (
        f'SELECT {written} AS "m" FROM "shop"."orders" AS "orders"'
    )


def test_the_relations_read_are_told_once() -> None:
    other = replace(ORDERS, path=("other",))
    columns = ((expr("a"), Expr(exp.column("b", table="other"))),)
    joined = Join(ORDERS, other, columns, Cardinality.MANY_TO_ONE)
    plan = Plan(Project(joined, (STATUS,)), (STATUS,), "UTC", "local")

    assert generate(govern(plan, ANONYMOUS), DUCKDB).relations == ("shop.orders",)


def test_a_query_tells_its_engine_columns_and_relations() -> None:
    plan = Plan(Project(ORDERS, (STATUS,)), (STATUS,), "UTC", "lake")
    query = generate(govern(plan, ANONYMOUS), TRINO)

    assert (query.dialect, query.engine, query.columns, query.relations) == (
        "trino",
        "lake",
        (("status", STRING),),
        ("shop.orders",),
    )
