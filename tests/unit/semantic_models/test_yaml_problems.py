from __future__ import annotations

import pytest

from semantic_models.yaml_problems import (
    ANYTHING_ELSE,
    TOO_DEEP,
    Retold,
    Shown,
    after_a_quote,
    key_without_colon,
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


UNEXPECTED = "mapping values are not allowed in this context"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("models:\n  orders\n    table: x", (1, 2)),
        ("models: # all of them\n  orders\n    table: x", (1, 2)),
        ("models:\n  # later\n  orders\n\n    table: x", (2, 2)),
        ("orders\n  table: x", (0, 0)),
        ("orders:\n  table orders\n  of the shop\n  key: x", (1, 2)),
        ("- a\n- orders\n  table: x", (1, 2)),
        ("models:\n  orders: one\n    table: x", None),
        ("models:\n  orders: one\n    or two\n    table: x", None),
        ("- {table: orders}\n# nothing\ntable: x", None),
        ("\ntable: x", None),
        ("description: Orders: x", None),
    ],
)
def test_a_key_without_its_colon_is_found_above_the_colon_that_is_unexpected(
    text: str, place: tuple[int, int] | None
) -> None:
    lines = text.split("\n")

    found = key_without_colon(UNEXPECTED, lines, len(lines) - 1, lines[-1].rindex(":"))

    assert found == place


def test_no_other_fault_is_told_of_a_key_without_a_colon() -> None:
    assert key_without_colon("did not find expected key", ["a", "b: c"], 1, 1) is None
