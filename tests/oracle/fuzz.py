"""Ask many random questions of both and tell where they differ.

N=50000 SEED=0 python -m tests.oracle.fuzz; with UNDER_POLICIES=1, policies that filter nothing
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from random import Random

from tests.oracle.compare import Compared, Difference, compare, world_of
from tests.oracle.generate_kinds import FurtherQuestions, with_kinds
from tests.oracle.generate_models import generate_project
from tests.oracle.generate_questions import Questions
from tests.oracle.minimise import minimise, told
from tests.support.nothing_hidden import is_under_policies, under_policies

QUESTIONS_A_PROJECT = 40
FURTHER_A_PROJECT = 10
"""So many more are of further kinds, and leave the others as they are."""
PROCESSES = 2
SHOWN = 25
"""So many differences are told in full."""


@dataclass
class Tally:
    """What became of questions."""

    questions: int = 0
    refused: int = 0
    """Those that both refuse, with a code that is due."""
    left_open: int = 0
    """Those whose answer no document says."""
    differences: list[Difference] = field(default_factory=list)

    def count(self, compared: Compared) -> None:
        """Count one more question."""
        self.questions += 1
        self.refused += compared.is_refused
        self.left_open += compared.is_open
        if compared.difference is not None:
            self.differences.append(compared.difference)

    def add(self, other: Tally) -> None:
        """Count what another has counted."""
        self.questions += other.questions
        self.refused += other.refused
        self.left_open += other.left_open
        self.differences += other.differences


def ask_project(seed: str, count: int = QUESTIONS_A_PROJECT) -> Tally:
    """Make a project and ask it ``count`` questions beside those of further kinds.

    They are the same for the same seed.
    """
    random = Random(seed)
    project = generate_project(random)
    known = with_kinds(seed, project)
    made = under_policies(world_of(known)) if is_under_policies() else world_of(known)
    tally = Tally()
    questions = Questions(random, project)
    for _ in range(count):
        tally.count(compare(made, known, questions.one()))
    further = FurtherQuestions(seed, known)
    for _ in range(FURTHER_A_PROJECT):
        tally.count(compare(made, known, further.one()))
    made.connection.close()
    return tally


def seeds(seed: str, questions: int) -> list[str]:
    """The seed of each project that so many questions need."""
    each = QUESTIONS_A_PROJECT + FURTHER_A_PROJECT
    return [f"{seed}:{number}" for number in range(-(-questions // each))]


def asked(seed: str, questions: int) -> Iterator[tuple[str, Tally]]:
    """What becomes of so many questions, a project at a time."""
    wanted = seeds(seed, questions)
    with ProcessPoolExecutor(PROCESSES) as pool:
        yield from zip(wanted, pool.map(ask_project, wanted, chunksize=4), strict=True)


def main() -> int:
    """Ask as many as the environment says; 1 where the two differ."""
    questions = int(os.environ.get("N", "50000"))
    started_s = time.monotonic()
    tally = Tally()
    for seed, each in asked(os.environ.get("SEED", "0"), questions):
        tally.add(each)
        for difference in each.differences[: SHOWN - len(tally.differences) + 1]:
            print(f"\n===== {seed}\n{told(minimise(difference))}", flush=True)
        print(f"\r{tally.questions}, {len(tally.differences)} differ", end="", file=sys.stderr)
    print(file=sys.stderr)
    print(
        f"{tally.questions} questions, {len(tally.differences)} differences, "
        f"{tally.refused} refusals agreed, {tally.left_open} left open, "
        f"{time.monotonic() - started_s:.0f} seconds"
    )
    return 1 if tally.differences else 0


if __name__ == "__main__":
    sys.exit(main())
