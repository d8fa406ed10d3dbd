"""Ask random questions in three worlds, and tell where an answer tells of what may not be seen.

N=2000 SEED=0 python -m tests.security.three_worlds
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from random import Random
from typing import Any

import pytest

from auth.governed_scan import governed_scan
from auth.rights import RelationRights
from semantic_models.plan import Governed, Scan
from tests.oracle.generate_kinds import FurtherQuestions, with_kinds
from tests.oracle.generate_models import generate_project
from tests.oracle.generate_questions import Questions
from tests.oracle.spell import document_of
from tests.security.worlds import three_worlds

QUESTIONS_A_PROJECT = 40
FURTHER_A_PROJECT = 10
"""So many more are of further kinds."""
PROCESSES = 2


def leaks(seed: str) -> tuple[int, list[str]]:
    """How many questions of a random project have been asked, and those that differ."""
    random = Random(seed)
    project = generate_project(random)
    known = with_kinds(seed, project)
    worlds = three_worlds(Random(f"{seed}:policies"), known)
    questions, further = Questions(random, project), FurtherQuestions(seed, known)
    asked = [questions.one() for _ in range(QUESTIONS_A_PROJECT)]
    asked += [further.one() for _ in range(FURTHER_A_PROJECT)]
    found = []
    for question in asked:
        told = worlds.differ(question)
        if told:
            found.append(f"{document_of(question)}\n" + "\n--\n".join(map(str, told)))
    worlds.close()
    return len(asked), found


def ask(wanted: int, seed: str) -> tuple[int, list[str]]:
    """How many questions have been asked, at least as many as wanted, and those that differ."""
    each = QUESTIONS_A_PROJECT + FURTHER_A_PROJECT
    seeds = [f"{seed}:{number}" for number in range(-(-wanted // each))]
    asked, found = 0, []
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        for name, (count, told) in zip(seeds, pool.map(leaks, seeds, chunksize=2), strict=True):
            asked += count
            found += [f"===== {name}\n{each}" for each in told]
    return asked, found


def _all_rows(scan: Scan, rights: RelationRights, *others: Any) -> Governed:
    return governed_scan(scan, RelationRights(masks=rights.masks), *others)


def _raw(scan: Scan, rights: RelationRights, *others: Any) -> Governed:
    return governed_scan(scan, replace(rights, masks={}), *others)


def _one_filter(scan: Scan, rights: RelationRights, *others: Any) -> Governed:
    return governed_scan(scan, replace(rights, filters=rights.filters[:1]), *others)


FAULTS = {"every row": _all_rows, "no mask": _raw, "one filter of several": _one_filter}
"""Scans that show too much, by what they show."""


def is_found(fault: str, seeds: Iterable[str]) -> bool:
    """Whether questions of any of these projects tell that scans show too much."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("auth.govern.governed_scan", FAULTS[fault])
        return any(leaks(each)[1] for each in seeds)


def main() -> int:
    """Ask as many as ``N`` says, from ``SEED`` on."""
    asked, found = ask(int(os.environ.get("N", "2000")), os.environ.get("SEED", "0"))
    for each in found:
        sys.stdout.write(f"{each}\n")
    sys.stdout.write(f"{asked} questions, {len(found)} differ\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
