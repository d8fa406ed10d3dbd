"""The memory store keeps what was asked for last, within its bytes."""

from __future__ import annotations

import pyarrow as pa

from cache.entry import Entry
from cache.fingerprint import CacheKey
from cache.store import MemoryStore

SCHEMA = pa.schema({"number": pa.int64()})
ONE, TWO, THREE = (CacheKey(each, "duckdb", "1") for each in ("one", "two", "three"))


def weighing(size_bytes: int) -> Entry:
    return Entry(SCHEMA, (), size_bytes, 0.0)


def test_an_entry_is_found_by_its_key_only() -> None:
    store = MemoryStore(100)

    is_kept = store.put(ONE, weighing(10))

    assert is_kept
    assert store.get(ONE) == weighing(10)
    assert store.get(ONE._replace(data_version="2")) is None


def test_the_entry_asked_for_longest_ago_goes_first() -> None:
    store = MemoryStore(100)
    store.put(ONE, weighing(40))
    store.put(TWO, weighing(40))
    store.get(ONE)

    store.put(THREE, weighing(40))

    assert [store.get(key) is not None for key in (ONE, TWO, THREE)] == [True, False, True]
    assert (len(store), store.size_bytes) == (2, 80)


def test_an_entry_heavier_than_the_store_drives_nothing_out() -> None:
    store = MemoryStore(100)
    store.put(ONE, weighing(40))

    is_kept = store.put(TWO, weighing(101))

    assert not is_kept
    assert (store.get(ONE), store.get(TWO)) == (weighing(40), None)


def test_an_entry_of_the_same_key_takes_the_place_of_the_other() -> None:
    store = MemoryStore(100)
    store.put(ONE, weighing(60))

    store.put(ONE, weighing(70))

    assert (store.get(ONE), store.size_bytes) == (weighing(70), 70)


def test_a_cleared_store_is_empty() -> None:
    store = MemoryStore(100)
    store.put(ONE, weighing(60))

    store.clear()

    assert (store.get(ONE), len(store), store.size_bytes, store.bytes_max) == (None, 0, 0, 100)


def test_a_heavy_entry_drives_out_as_many_as_it_takes() -> None:
    store = MemoryStore(100)
    for key in (ONE, TWO):
        store.put(key, weighing(40))

    store.put(THREE, weighing(90))

    assert [store.get(key) is not None for key in (ONE, TWO, THREE)] == [False, False, True]
    assert (len(store), store.size_bytes) == (1, 90)
