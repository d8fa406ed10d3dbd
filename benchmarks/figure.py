"""One figure beside its floor."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

import orjson


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and the same measure of the least that could do the work."""

    name: str
    value: float
    floor: float
    unit: str
    better: Literal["lower", "higher"]

    def line(self) -> str:
        """The figure as one line of JSON."""
        return orjson.dumps(
            {
                "name": self.name,
                "value": round(self.value, 4),
                "floor": round(self.floor, 4),
                "ratio": round(self.value / self.floor, 3),
                "unit": self.unit,
                "better": self.better,
            }
        ).decode()


def medians(*measures: Callable[[], float], rounds: int) -> list[float]:
    """The median of each measure over rounds in which they take turns.

    Turns, so that a slow spell of the machine falls on all; the median, because the luckiest
    round of one and of another need not have met the same machine.
    """
    rows = [[measure() for measure in measures] for _ in range(rounds)]
    return [median(column) for column in zip(*rows, strict=True)]


def fastest_ms(*works: Callable[[], object], rounds: int = 100, repeats: int = 8) -> list[float]:
    """The fastest round of each work, in milliseconds a call; rounds take turns.

    They are many and short: some then fall between whatever else the machine does.
    """
    best = [float("inf")] * len(works)
    for work in works:
        work()
    gc.disable()
    try:
        for _ in range(rounds):
            best = [min(*each) for each in zip(best, _round_ms(works, repeats), strict=True)]
    finally:
        gc.enable()
    return best


def _round_ms(works: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    elapsed_ms = []
    for work in works:
        started_s = time.perf_counter()
        for _ in range(repeats):
            work()
        elapsed_ms.append((time.perf_counter() - started_s) * 1000 / repeats)
    return elapsed_ms
