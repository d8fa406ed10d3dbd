"""An entry is the whole answer, weighed by what it holds."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from cache.entry import ENTRY_BYTES, PACK_BYTES_MAX, Entry, make_entry

SCHEMA = pa.schema({"number": pa.int64()})


def numbers(count: int) -> pa.RecordBatch:
    return pa.record_batch([pa.array(range(count), pa.int64())], schema=SCHEMA)


def test_an_entry_weighs_its_values_and_its_own_cost() -> None:
    entry = make_entry(SCHEMA, [numbers(2), numbers(3)], made_at=7.0)

    assert entry == Entry(SCHEMA, (numbers(2), numbers(3)), 5 * 8 + ENTRY_BYTES, 7.0)


def test_slices_of_one_batch_weigh_together_what_the_batch_does() -> None:
    whole = numbers(PACK_BYTES_MAX)
    slices = [whole.slice(0, 1_000), whole.slice(1_000)]

    entry = make_entry(SCHEMA, slices, made_at=0.0)

    assert entry.size_bytes == whole.nbytes + ENTRY_BYTES


def test_a_small_slice_does_not_hold_the_batch_it_was_cut_from() -> None:
    entry = make_entry(SCHEMA, [numbers(PACK_BYTES_MAX).slice(5, 2)], made_at=0.0)

    assert entry.batches[0].to_pydict() == {"number": [5, 6]}
    assert entry.batches[0].get_total_buffer_size() <= 64


def test_a_heavy_answer_is_not_copied_again() -> None:
    batch = numbers(PACK_BYTES_MAX)

    entry = make_entry(SCHEMA, [batch], made_at=0.0)

    assert entry.batches[0] is batch


def test_an_answer_without_rows_is_an_entry() -> None:
    entry = make_entry(SCHEMA, [], made_at=0.0)

    assert entry == Entry(SCHEMA, (), ENTRY_BYTES, 0.0)


def test_a_packed_answer_equals_what_the_engine_gave() -> None:
    with duckdb.connect() as connection:
        reader = connection.sql(
            "SELECT range AS n, nullif(range, 2)::VARCHAR AS s, [range] AS l FROM range(5)"
        ).to_arrow_reader(2)
        schema, batches = reader.schema, list(reader)

    entry = make_entry(schema, batches, made_at=0.0)

    assert entry.batches == tuple(batches)
