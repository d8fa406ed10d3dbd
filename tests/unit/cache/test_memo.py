"""A memo keeps what was put last, within its bytes."""

from __future__ import annotations

from cache.memo import Memo


def test_a_value_is_found_by_its_key() -> None:
    memo: Memo[str, str] = Memo(100)

    memo.put("a", "A", 60)

    assert (memo.get("a"), memo.get("b"), memo.size_bytes) == ("A", None, 60)


def test_the_value_put_first_goes_first_though_it_was_found_last() -> None:
    memo: Memo[str, str] = Memo(100)
    for key in ("a", "b"):
        memo.put(key, key.upper(), 50)
    found = memo.get("a")

    memo.put("c", "C", 30)

    kept = [memo.get(key) for key in ("a", "b", "c")]
    assert (found, kept, memo.size_bytes) == ("A", [None, "B", "C"], 80)


def test_a_key_put_again_is_weighed_once() -> None:
    memo: Memo[str, str] = Memo(100)
    memo.put("a", "A", 90)

    memo.put("a", "other", 95)

    assert (memo.get("a"), memo.size_bytes) == ("other", 95)


def test_a_value_heavier_than_the_memo_is_not_kept_nor_the_one_before() -> None:
    memo: Memo[str, str] = Memo(100)
    memo.put("a", "A", 40)
    memo.put("b", "B", 40)

    memo.put("a", "other", 101)

    assert (memo.get("a"), memo.get("b"), memo.size_bytes) == (None, "B", 40)
