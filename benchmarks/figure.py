"""One figure beside its floor."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


def fastest_ms(*works: Callable[[], object], rounds: int = 15, repeats: int = 40) -> list[float]:
    """The fastest round of each work, in milliseconds a call; rounds take turns."""
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
