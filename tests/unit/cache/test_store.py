"""The memory store keeps what was asked for last, within its bytes."""

from __future__ import annotations

import pyarrow as pa

from cache.entry import Entry
from cache.store import MemoryStore

SCHEMA = pa.schema({"number": pa.int64()})


def weighing(size_bytes: int) -> Entry:
    return Entry(SCHEMA, (), size_bytes, 0.0)


def test_an_entry_is_found_by_its_key_only() -> None:
    store = MemoryStore(100)

    is_kept = store.put("one", weighing(10))

    assert is_kept
    assert store.get("one") == weighing(10)
    assert store.get("other") is None


def test_the_entry_asked_for_longest_ago_goes_first() -> None:
    store = MemoryStore(100)
    store.put("one", weighing(40))
    store.put("two", weighing(40))
    store.get("one")

    store.put("three", weighing(40))

    assert [store.get(key) is not None for key in ("one", "two", "three")] == [True, False, True]
    assert (len(store), store.size_bytes) == (2, 80)


def test_an_entry_heavier_than_the_store_drives_nothing_out() -> None:
    store = MemoryStore(100)
    store.put("one", weighing(40))

    is_kept = store.put("two", weighing(101))

    assert not is_kept
    assert (store.get("one"), store.get("two")) == (weighing(40), None)


def test_an_entry_of_the_same_key_takes_the_place_of_the_other() -> None:
    store = MemoryStore(100)
    store.put("one", weighing(60))

    store.put("one", weighing(70))

    assert (store.get("one"), store.size_bytes) == (weighing(70), 70)


def test_a_cleared_store_is_empty() -> None:
    store = MemoryStore(100)
    store.put("one", weighing(60))

    store.clear()

    assert (store.get("one"), len(store), store.size_bytes, store.bytes_max) == (None, 0, 0, 100)
