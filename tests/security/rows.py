"""The rows of `make security`: what each asks, and how many leaks and wrong verdicts it met.

A row asks as many inputs as it is told; its negative control is a part of it, and a control that
finds nothing is a wrong verdict.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from random import Random

from tests.security import (
    all_seen,
    audits,
    compositions,
    hidden_names,
    lockdown,
    mutated_inputs,
    roads,
    shared_answers,
    text_fuzz,
    three_worlds,
    whole_responses,
)
from tests.security.canaries import ask_canaries
from tests.security.error_oracle import ask, beside_the_question, probes_of
from tests.security.figures import Figures
from tests.security.handles import ask_others
from tests.security.mutants import survivors
from tests.security.probed_engines import ENGINES, ProbedEngine
from tests.security.probed_project import ATTACKS
from tests.security.seeded_faults import FAULTS
from tests.security.tokens import ask_rotations, ask_tokens

SEED = os.environ.get("SEED", "0")
PROBES = 4_500


@dataclass(frozen=True)
class Row:
    """One row of the test plan."""

    name: str
    says: str
    nightly: int
    per_change: int
    run: Callable[[int], Figures]
    """What asks that many inputs, or a few more."""


def _three_worlds(count: int) -> Figures:
    asked, found = three_worlds.ask(count, SEED)
    seeds = [f"{SEED}:{number}" for number in range(8)]
    dead = (each for each in three_worlds.FAULTS if not three_worlds.is_found(each, seeds))
    return Figures(asked, tuple(found), tuple(f"no question tells of {each}" for each in dead))


def _hidden_names(count: int) -> Figures:
    each = hidden_names.QUESTIONS_A_PROJECT + hidden_names.FURTHER_A_PROJECT
    seeds = [f"{SEED}:{number}" for number in range(-(-count // each))]
    asked, found = 0, []
    spawned = get_context("spawn")
    with ProcessPoolExecutor(three_worlds.PROCESSES, spawned) as pool:
        for seed, (number, told) in zip(
            seeds, pool.map(hidden_names.differing, seeds), strict=True
        ):
            asked += number
            found += [f"===== {seed}\n{each}" for each in told]
    is_alive = hidden_names.tells_of_names(seeds[:4])
    return Figures(asked, tuple(found), () if is_alive else ("seen names are not told",))


def _seeded(ask: Callable[[int, str], Figures], count: int) -> Figures:
    return ask(count, SEED)


def _oracles(engine: ProbedEngine, count: int) -> Figures:
    probed = list(probes_of(engine, tuple(ATTACKS)))
    probed = probed[:: max(1, len(probed) // count)]
    asked = ask(engine, probed)
    control = ask(engine, probed, rewrite=beside_the_question)
    dead = () if control.leaks else ("policies beside the question leak nothing",)
    return Figures(asked.probes, asked.leaks, (*asked.failed, *dead))


def _faults(count: int) -> Figures:
    chosen = Random(SEED).sample(FAULTS, min(count, len(FAULTS)))
    return Figures(len(chosen), wrong=tuple(survivors(chosen)))


def _mutated(count: int) -> Figures:
    seen = mutated_inputs.ask(count, SEED)
    return Figures(seen.inputs, tuple(seen.leaks), tuple(seen.wrong))


def _all_seen(count: int) -> Figures:
    asked, found = all_seen.random_questions(count, SEED)
    is_alive = all_seen.are_told_where_rows_are_hidden(SEED)
    return Figures(asked, wrong=(*found, *(() if is_alive else ("hidden rows are not told",))))


def _suites(_: int) -> Figures:
    if not all_seen.SUITES.is_dir():
        return Figures(0, wrong=("no ../shared/suites beside the project",))
    asked, found = all_seen.suites()
    return Figures(asked, wrong=tuple(found))


def _texts(count: int) -> Figures:
    asked, found = text_fuzz.run(count, SEED)
    dead = text_fuzz.control()
    return Figures(asked, leaks=tuple(found), wrong=(dead,) if dead else ())


def _lockdown(count: int) -> Figures:
    asked, reaching = lockdown.run(count, SEED)
    dead = () if lockdown.control() else ("a connection without the lock-down reaches nothing",)
    return Figures(asked, leaks=tuple(reaching), wrong=dead)


def _told(asked: tuple[int, list[str], list[str]]) -> Figures:
    inputs, leaks, wrong = asked
    return Figures(inputs, tuple(leaks), tuple(wrong))


ROWS: tuple[Row, ...] = (
    Row("S1", "what is asked at both doors", 2_200, 44, partial(_seeded, roads.ask)),
    Row("S2", "random questions in three worlds", 100_000, 2_000, _three_worlds),
    Row("S2", "random questions, names hidden", 20_000, 400, _hidden_names),
    Row("S3", "whole responses", 10_000, 200, partial(_seeded, whole_responses.ask)),
    *(
        Row("S4", f"oracles on {each.name}", PROBES, PROBES // 10, partial(_oracles, each))
        for each in ENGINES
    ),
    Row("S5", "seeded faults of the rewrite", len(FAULTS), 2, _faults),
    Row("S6", "policies composed", 20_000, 2_000, partial(_seeded, compositions.ask)),
    Row("S7", "answers shared by principals", 100_000, 2_000, partial(_seeded, shared_answers.ask)),
    Row("S8", "functions and settings locked down", 10_000, 500, _lockdown),
    Row("S9", "texts that nobody would write", 1_000_000, 20_000, _texts),
    Row("S10", "mutated bytes at the Flight port", 100_000, 2_000, _mutated),
    Row("S11", "forged tokens at two doors", 5_000, 400, lambda n: _told(ask_tokens(n, SEED))),
    Row("S11", "rotations of an issuer's keys", 1_000, 100, lambda n: _told(ask_rotations(n))),
    Row("S12", "handles and names of others", 20, 4, lambda n: _told(ask_others(n))),
    Row("S13", "secrets that are told nowhere", 300, 300, lambda _: _told(ask_canaries())),
    Row("S14", "audits of killed writers", 100, 4, partial(_seeded, audits.ask)),
    Row("ALL", "random questions, all of it seen", 50_000, 1_000, _all_seen),
    Row("ALL", "outside suites, all of it seen", 300, 300, _suites),
)
