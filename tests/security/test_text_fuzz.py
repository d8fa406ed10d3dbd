"""Texts that nobody would write are refused, or read nothing but governed tables."""

from __future__ import annotations

import pytest

import semantic_models.expressions
from semantic_models.errors import ForebayError
from semantic_models.plan import GovernedPlan
from tests.security import text_fuzz
from tests.security.text_fuzz import Text, fault_of, fault_of_sql, sql_of
from tests.security.text_seeds import SEEDS

INPUTS = 300


def test_seeds_are_answered() -> None:
    refused = []
    for kind, texts in SEEDS.items():
        for text in texts:
            try:
                sql_of(Text(kind, text))
            except ForebayError as error:
                refused.append((kind, text, error.message))

    assert refused == []


def test_texts_are_refused_or_read_governed_tables() -> None:
    assert text_fuzz.ask(range(INPUTS), "test") == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("having", "now()"),
        ("having", "revenue is 5"),
        ("having", "revenue > 3e"),
        ("having", "round(revenue, revenue is not 1) = 3"),
        ("where", "status\u200b = 'paid'"),
        ("where", "getenv('HOME') = 'x'"),
        ("select", "select * from customers\u2060"),
        ("policy", "status = 'a' or exists(select 1 from customers)"),
        ("document", '{"metrics": ["revenue"], "where": ["status = \'\\ud800\'"]}'),
    ],
)
def test_what_was_found_or_is_near_it_is_refused(kind: str, text: str) -> None:
    assert fault_of(Text(kind, text)) == ""
    with pytest.raises(ForebayError):
        sql_of(Text(kind, text))


def test_functions_that_are_let_through_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic_models.expressions, "_is_allowed", lambda _: True)

    assert text_fuzz.is_found(["calls GETENV", "calls READ_TEXT"])


def test_plans_that_are_not_governed_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.pipeline.govern", lambda plan, *_: GovernedPlan(plan))

    assert text_fuzz.is_found(["reads orders as orders"])


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ('SELECT 1 FROM "salaries" AS "__sl_t"', "reads table salaries"),
        ('SELECT 1 FROM "raw"."orders" AS "__sl_t"', "reads table orders"),
        ('SELECT 1 FROM "orders" AS "__sl_t"', "reads orders without its policy"),
        ("SELECT 1 FROM orders AS \"__sl_t\" WHERE 'void-7731' = 'x'", "has the name orders"),
        ("SELECT 1 FROM READ_TEXT('x')", "reads "),
        ("SELECT GETENV('x')", "calls GETENV"),
        ("SELECT 1; SELECT 2", "not one SELECT to DuckDB"),
        ("SELECT 1 /* x */ + 1", "has a comment"),
        ("SELECT 1 IS 5", "not read by DuckDB"),
    ],
)
def test_sql_that_reads_something_else_is_a_fault(sql: str, fault: str) -> None:
    assert fault_of_sql(sql, is_policy=False).startswith(fault)


def test_an_input_can_be_asked_again_by_its_number() -> None:
    assert [text_fuzz.text_of(number, "a") for number in range(60)] == [
        text_fuzz.text_of(number, "a") for number in range(60)
    ]
