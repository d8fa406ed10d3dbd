"""Batches cut to what clients take."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import ResultTooLarge
from gateway.flight_sql.batches import BATCH_BYTES_MAX, ROW_BYTES_MAX, sliced

MIB = 1024 * 1024


def batch_of(*sizes: int) -> pa.RecordBatch:
    return pa.record_batch({"text": pa.array([b"x" * size for size in sizes], pa.binary())})


def test_a_small_batch_stays_as_it_is() -> None:
    batch = batch_of(1, 2)

    assert list(sliced(batch)) == [batch]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_slices_fit_and_together_are_the_batch(sizes_mib: list[int]) -> None:
    batch = batch_of(*(size * MIB for size in sizes_mib))
    slices = list(sliced(batch))

    assert pa.Table.from_batches(slices) == pa.Table.from_batches([batch])
    assert [each.nbytes <= BATCH_BYTES_MAX for each in slices] == [True] * len(slices)


def test_a_row_beyond_a_batch_but_within_a_message_goes_alone() -> None:
    slices = list(sliced(batch_of(1, BATCH_BYTES_MAX + 1, 1)))

    assert [each.num_rows for each in slices] == [1, 1, 1]


def test_a_row_beyond_any_message_is_refused() -> None:
    with pytest.raises(ResultTooLarge) as refusal:
        list(sliced(batch_of(1, ROW_BYTES_MAX + 1)))

    assert refusal.value.code == "SL604"


def test_what_is_encoded_fits_the_smallest_limit_of_clients() -> None:
    encoded = pa.ipc.get_record_batch_size(batch_of(ROW_BYTES_MAX - 64))

    assert encoded < 16 * MIB
