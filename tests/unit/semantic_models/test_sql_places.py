"""Where the clauses of a statement stand."""

from __future__ import annotations

import pytest

from semantic_models.sql_places import clause_at


@pytest.mark.parametrize(
    ("text", "key", "word"),
    [
        ('select "for" from (select x for y) ^FOR update', "locks", "FOR"),
        ("select 'limit' from a ^limit 3", "limit", "limit"),
        ("select a, b from c^, d", "joins", ","),
        ("select a, b from c, d ^join e", "joins", "join"),
        ("select a from b ^cluster by a", "cluster", "cluster by"),
        ("^select a from b", "locks", "select"),
    ],
)
def test_a_clause_begins_with_a_word_outside_brackets_and_quotes(
    text: str, key: str, word: str
) -> None:
    assert clause_at(text.replace("^", ""), key) == (text.index("^"), len(word))
