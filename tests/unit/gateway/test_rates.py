"""How often each may come."""

from __future__ import annotations

from gateway import rates
from gateway.rates import Rates
from tests.unit.gateway.flight_sql.test_statements import Clock


def test_a_bucket_is_full_first_and_fills_again() -> None:
    clock = Clock()
    made = Rates(clock=clock)

    def take() -> float:
        return made.take("ada", per_second=2, burst=3)

    assert [take() for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now_s = 0.5
    assert [take(), take()] == [0, 0.5]
    clock.now_s = 100
    assert [take() for _ in range(4)] == [0, 0, 0, 0.5]


def test_each_has_a_bucket_of_its_own_and_looking_takes_nothing() -> None:
    made = Rates(clock=Clock())

    assert made.take("ada", per_second=1, burst=1) == 0
    assert [made.wait_s("ada", per_second=1) for _ in range(2)] == [1, 1]
    assert made.wait_s("bob", per_second=1) == 0
    assert made.take("bob", per_second=1, burst=1) == 0


def test_a_bucket_that_is_full_again_is_forgotten() -> None:
    clock = Clock()
    made = Rates(clock=clock)
    for number in range(100):
        made.take(f"{number}", per_second=1, burst=10)
    made.take("often", per_second=1, burst=10)
    made.take("often", per_second=1, burst=10)
    clock.now_s = 1.5

    made.take("often", per_second=1, burst=10)

    assert len(made) == 1
    assert made.wait_s("often", per_second=1) == 0


def test_there_are_no_more_buckets_than_may_be() -> None:
    made = Rates(clock=Clock())
    for number in range(rates.BUCKETS_MAX + 5):
        made.take(f"{number}", per_second=1, burst=10)

    assert len(made) == rates.BUCKETS_MAX
