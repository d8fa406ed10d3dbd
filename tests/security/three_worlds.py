"""Ask random questions in three worlds, and tell where an answer tells of what may not be seen.

N=2000 SEED=0 python -m tests.security.three_worlds
"""

from __future__ import annotations

import os
import sys
from random import Random

from tests.oracle.generate_models import generate_project
from tests.oracle.generate_questions import Questions
from tests.oracle.spell import document_of
from tests.security.worlds import three_worlds

QUESTIONS_A_PROJECT = 40


def leaks(seed: str, count: int = QUESTIONS_A_PROJECT) -> tuple[int, list[str]]:
    """How many questions of a random project have been answered, and those that differ."""
    random = Random(seed)
    project = generate_project(random)
    worlds = three_worlds(Random(f"{seed}:policies"), project)
    questions = Questions(random, project)
    found, answered = [], 0
    for _ in range(count):
        question = questions.one()
        told = worlds.differ(question)
        answered += 1
        if told:
            found.append(f"{document_of(question)}\n" + "\n--\n".join(map(str, told)))
    return answered, found


def ask(wanted: int, seed: str) -> tuple[int, list[str]]:
    """How many questions have been asked, at least as many as wanted, and those that differ."""
    asked, found = 0, []
    for number in range(-(-wanted // QUESTIONS_A_PROJECT)):
        count, told = leaks(f"{seed}:{number}")
        asked += count
        found += [f"===== {seed}:{number}\n{each}" for each in told]
    return asked, found


def main() -> int:
    """Ask as many as ``N`` says, from ``SEED`` on."""
    asked, found = ask(int(os.environ.get("N", "2000")), os.environ.get("SEED", "0"))
    for each in found:
        sys.stdout.write(f"{each}\n")
    sys.stdout.write(f"{asked} questions, {len(found)} differ\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
