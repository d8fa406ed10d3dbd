from __future__ import annotations

import re

import pytest

from semantic_models.arguments import TAKES, first_wrong_call
from semantic_models.errors import ForebayError, MalformedSql
from semantic_models.expressions import parse_expression, query_position
from tests.tidy.tree import ROOT

REFERENCE = ROOT / "docs" / "reference" / "expressions.md"


def refused(text: str) -> ForebayError:
    with pytest.raises(ForebayError) as caught:
        parse_expression(text, query_position("where[0]", text))
    return caught.value


@pytest.mark.parametrize(
    ("text", "column", "length", "message", "hint"),
    [
        ("sqrt(v, 3)", 1, 4, 'function "sqrt" takes 1 argument, not 2', "Write sqrt(x)."),
        ("1 + SQRT()", 5, 4, 'function "SQRT" takes 1 argument, not 0', "Write SQRT(x)."),
        (
            "round(a, nullif(b, c), 'x,y')",
            1,
            5,
            'function "round" takes 1 or 2 arguments, not 3',
            "Write round(x) or round(x, y).",
        ),
        (
            "abs(a) + left(')', b, c)",
            10,
            4,
            'function "left" takes 2 arguments, not 3',
            "Write left(x, y).",
        ),
        (
            "coalesce()",
            1,
            8,
            'function "coalesce" takes at least one argument, not 0',
            "Write coalesce(x, y).",
        ),
        (
            "split_part(a, b)",
            1,
            10,
            'function "split_part" takes 3 arguments, not 2',
            "Write split_part(x, y, z).",
        ),
        ("count(a, b)", 1, 5, 'function "count" takes 0 or 1 arguments, not 2', ""),
    ],
)
def test_a_wrong_number_of_arguments_is_told_at_the_function(
    text: str, column: int, length: int, message: str, hint: str
) -> None:
    fault = refused(text)

    at = fault.position
    assert at is not None
    assert (fault.code, fault.message, at.column, at.length) == ("SL104", message, column, length)
    assert hint in fault.hint


@pytest.mark.parametrize("name", sorted(TAKES))
def test_no_function_takes_more_or_fewer_arguments_than_is_said(name: str) -> None:
    for number in (0, 4, 9):
        if number in TAKES[name] or (number and max(TAKES[name]) > 9):
            continue
        text = f"{name}({', '.join('abcdefghi'[:number])})"
        fault = refused(text)

        assert isinstance(fault, MalformedSql)
        assert fault.message.startswith(f'function "{name}" takes ')


@pytest.mark.parametrize("form", re.findall(r"`(\w+\([^`]*\))`", REFERENCE.read_text()))
def test_the_forms_of_the_reference_have_the_right_number_of_arguments(form: str) -> None:
    assert first_wrong_call(form, query_position("", form)) is None
