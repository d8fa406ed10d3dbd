"""The rows of `make security`: what each asks, and how many leaks and wrong verdicts it met.

A row is a callable without arguments; its negative control is a part of it, and a control that
finds nothing is a wrong verdict.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.security import three_worlds
from tests.security.error_oracle import ask, beside_the_question, probes_of
from tests.security.mutants import survivors
from tests.security.probed_engines import ENGINES, ProbedEngine
from tests.security.probed_project import ATTACKS


@dataclass(frozen=True)
class Figures:
    """What a row has seen."""

    inputs: int
    leaks: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    """Verdicts that should have been others, dead controls among them."""


@dataclass(frozen=True)
class Row:
    """One row of the test plan."""

    name: str
    says: str
    run: Callable[[], Figures]


def _three_worlds() -> Figures:
    asked, found = three_worlds.ask(int(os.environ.get("N", "2000")), os.environ.get("SEED", "0"))
    return Figures(asked, leaks=tuple(found))


def _oracles(engine: ProbedEngine) -> Figures:
    probed = list(probes_of(engine, tuple(ATTACKS)))
    asked = ask(engine, probed)
    control = ask(engine, probed, rewrite=beside_the_question)
    dead = () if control.leaks else ("policies beside the question leak nothing",)
    return Figures(asked.probes, asked.leaks, (*asked.failed, *dead))


def _faults() -> Figures:
    tried, alive = survivors()
    return Figures(tried, wrong=tuple(alive))


ROWS: list[Row] = [
    Row("S2", "random questions in three worlds", _three_worlds),
    *(Row("S4", f"oracles on {each.name}", partial(_oracles, each)) for each in ENGINES),
    Row("S5", "seeded faults of the rewrite", _faults),
]
