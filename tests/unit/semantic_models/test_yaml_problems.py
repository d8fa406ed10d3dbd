from __future__ import annotations

import pytest

from semantic_models.yaml_problems import (
    ANYTHING_ELSE,
    TOO_DEEP,
    Retold,
    Shown,
    after_a_quote,
    retell,
)


def test_the_first_fitting_row_tells() -> None:
    told = retell("while scanning a quoted scalar", "found unexpected end of stream")

    assert told == Retold(
        "a quoted value is never closed", "End it with the same quote.", Shown.CONTEXT
    )


@pytest.mark.parametrize("kind", ["flow", "block"])
def test_the_depth_that_libyaml_itself_refuses_is_our_limit_of_depth(kind: str) -> None:
    assert retell(f"while increasing {kind} level", "exceeded 1000") == TOO_DEEP


def test_what_no_row_knows_is_still_told() -> None:
    assert retell("while inventing", "something new") == ANYTHING_ELSE


@pytest.mark.parametrize(
    ("context", "before", "follows"),
    [
        ("while parsing a block mapping", "a: 'x' ", True),
        ("while parsing a block mapping", 'a: "x"', True),
        ("while parsing a block mapping", "a: x", False),
        ("while parsing a quoted scalar", "a: \"it's'", False),
    ],
)
def test_text_after_a_closed_quote_is_recognised(context: str, before: str, follows: bool) -> None:  # noqa: FBT001
    assert after_a_quote(context, before) == follows
