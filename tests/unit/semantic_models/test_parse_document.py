"""JSON documents to questions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from semantic_models.errors import (
    ForebayError,
    MalformedDocument,
    MalformedSql,
    NotSupported,
    UnknownKey,
    WrongType,
)
from semantic_models.parse_document import OPERATORS, parse_document, parse_object
from semantic_models.query import Asked, Comparison, OrderBy, Predicate, Query, TimeRange


def refusal(document: Any) -> ForebayError:
    with pytest.raises(ForebayError) as refused:
        parse_object(document)
    return refused.value


def test_every_key_is_read() -> None:
    query = parse_document(
        json.dumps(
            {
                "metrics": ["revenue", {"metric": "aov", "as": "value"}],
                "dimensions": ["customer.region", {"dimension": "at.day"}],
                "where": ["amount > 1", {"field": "status", "op": "in", "value": ["a", 1]}],
                "having": ["revenue > 2"],
                "order_by": ["-revenue", {"name": "at", "desc": True, "nulls": "last"}],
                "limit": 3,
                "offset": 4,
                "time": {"on": "at", "from": "2024", "to": "2025", "zone": "UTC"},
                "from": "orders",
            }
        )
    )

    assert query == Query(
        metrics=(Asked("revenue", source="metrics[0]"), Asked("aov", "value", "metrics[1]")),
        dimensions=(
            Asked("customer.region", source="dimensions[0]"),
            Asked("at.day", source="dimensions[1]"),
        ),
        model="orders",
        where=(
            Predicate("amount > 1", query.where[0].tree, "where[0]"),  # type: ignore[union-attr]
            Comparison("status", "in", ("a", 1), "where[1]"),
        ),
        having=(Predicate("revenue > 2", query.having[0].tree, "having[0]"),),  # type: ignore[union-attr]
        order_by=(
            OrderBy("revenue", descending=True, source="order_by[0]"),
            OrderBy("at", descending=True, nulls="last", source="order_by[1]"),
        ),
        limit=3,
        offset=4,
        time=TimeRange(on="at", start="2024", end="2025", zone="UTC"),
    )


def test_null_is_as_good_as_absent() -> None:
    document = {"metrics": ["revenue"], "limit": None, "where": None, "time": None, "from": None}

    assert parse_object(document) == parse_object({"metrics": ["revenue"]})


def test_empty_fields_are_fields() -> None:
    assert parse_object({"fields": []}) == Query(has_fields=True)


@pytest.mark.parametrize("body", ["", "{", "nope", b"\xff", '{"metrics": [NaN]}'])
def test_what_is_no_json_is_refused(body: str | bytes) -> None:
    with pytest.raises(MalformedDocument):
        parse_document(body)


@pytest.mark.parametrize(
    ("document", "what"),
    [([], "an empty list"), ([1], "a list"), ("a", "a text"), (1, "a number"), (None, "null")],
)
def test_a_question_is_an_object(document: Any, what: str) -> None:
    assert refusal(document).message == f"a question is a JSON object, not {what}"


@pytest.mark.parametrize(
    "key",
    ["qualify"],
)
def test_a_key_for_later_is_named(key: str) -> None:
    error = refusal({"metrics": ["revenue"], key: True})

    assert isinstance(error, NotSupported)
    assert error.message == f'key "{key}" of a query is not supported by this version'


def test_an_unknown_key_is_told_with_the_nearest() -> None:
    error = refusal({"metric": ["revenue"]})

    assert isinstance(error, UnknownKey)
    assert error.hint == 'Perhaps "metrics" is meant.'


@pytest.mark.parametrize(
    "document",
    [
        {"metrics": "revenue"},
        {"metrics": [1]},
        {"metrics": [""]},
        {"metrics": [{"as": "a"}]},
        {"metrics": [{"metric": "a", "as": 1}]},
        {"from": 1},
        {"limit": -1},
        {"limit": 1.5},
        {"limit": True},
        {"limit": 2**60},
        {"offset": "1"},
        {"where": [1]},
        {"where": [{"op": "="}]},
        {"where": [{"field": "a", "op": "~", "value": 1}]},
        {"where": [{"field": "a", "op": "in", "value": []}]},
        {"where": [{"field": "a", "op": "in", "value": 1}]},
        {"where": [{"field": "a", "op": "between", "value": [1]}]},
        {"where": [{"field": "a", "op": "is null", "value": 1}]},
        {"where": [{"field": "a", "value": {"b": 1}}]},
        {"where": [{"field": "a", "value": "x\x00"}]},
        {"order_by": [""]},
        {"order_by": ["-"]},
        {"order_by": [{"name": 1}]},
        {"order_by": [{"name": "a", "desc": "yes"}]},
        {"order_by": [{"name": "a", "nulls": "middle"}]},
        {"time": "2024"},
        {"time": {"from": 2024}},
        {"time": {"last": "soon"}},
        {"time": {"last": "1 day", "from": "2024"}},
    ],
)
def test_values_of_another_type_are_refused(document: Any) -> None:
    assert isinstance(refusal(document), WrongType)


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"metrics": [{"metric": "a", "name": "b"}]}, "name"),
        ({"where": [{"field": "a", "operator": "="}]}, "operator"),
        ({"order_by": [{"name": "a", "descending": True}]}, "descending"),
        ({"time": {"since": "2024"}}, "since"),
    ],
)
def test_unknown_keys_inside_are_refused(document: Any, key: str) -> None:
    error = refusal(document)

    assert isinstance(error, UnknownKey)
    assert f'"{key}"' in error.message


@pytest.mark.parametrize(("written", "meant"), OPERATORS.items())
def test_operators_have_one_meaning(written: str, meant: str) -> None:
    values = {"in": [1], "not in": [1], "between": [1, 2], "is null": None, "is not null": None}
    entry = {"field": "a", "op": written.upper(), "value": values.get(meant, 1)}

    (comparison,) = parse_object({"where": [entry]}).where

    assert isinstance(comparison, Comparison)
    assert comparison.operator == meant


def test_a_predicate_that_is_no_sql_is_told_at_its_place() -> None:
    error = refusal({"where": ["amount > 1", "amount >"]})

    assert isinstance(error, MalformedSql)
    assert error.position is not None
    assert error.position.source == "where[1]"


def test_a_document_is_not_deeper_than_its_limit() -> None:
    nested: Any = "a"
    for _ in range(40):
        nested = [nested]

    assert isinstance(refusal({"metrics": nested}), MalformedDocument)


def test_a_list_is_not_longer_than_its_limit() -> None:
    assert refusal({"metrics": ["a"] * 1001}).message == '"metrics" has more than 1000 entries'


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ('{"metrics": ["a"], "metrics": ["b"]}', "metrics"),
        ('{"metrics": ["a"], "time": {"from": "2023", "to": "2024", "from": "2022"}}', "from"),
        (
            b'{"metrics": ["a"], "where": [{"field": "x", "op": "=", "value": 1, "value": 2}]}',
            "value",
        ),
    ],
)
def test_a_key_stands_once_in_an_object(body: str | bytes, key: str) -> None:
    with pytest.raises(MalformedDocument) as refused:
        parse_document(body)

    assert refused.value.message == f'key "{key}" stands twice in one object'
