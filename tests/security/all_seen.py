"""Policies that filter nothing change no answer: random questions and outside suites under them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from tests.oracle.fuzz import Tally, asked
from tests.oracle.minimise import told
from tests.support import nothing_hidden
from tests.tidy.tree import ROOT

UNDER = {"UNDER_POLICIES": "1"}
SUITES = ROOT.parent / "shared" / "suites"


def random_questions(count: int, seed: str) -> tuple[int, list[str]]:
    """How many questions have been asked, and those whose answers policies change."""
    tally = Tally()
    with pytest.MonkeyPatch.context() as patched:
        for name, value in UNDER.items():
            patched.setenv(name, value)
        for _, each in asked(seed, count):
            tally.add(each)
    return tally.questions, [told(each) for each in tally.differences]


def are_told_where_rows_are_hidden(seed: str) -> bool:
    """Whether random questions tell of policies that filter something."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(nothing_hidden, "IS_ANY", "{0} is null or {0} <> {0}")
        return bool(random_questions(100, seed)[1])


def suites() -> tuple[int, list[str]]:
    """How many cases of suites and benchmarks have been asked, and what surprises there."""
    commands: list[tuple[str, dict[str, str]]] = [("tests.tpc", {})]
    for each in ("metricflow", "ossie"):
        asked_for = {"SUITE": each, "CASES": str(SUITES / each)}
        commands.append(("tests.suites.runner", asked_for))
    runs = [_run(module, more) for module, more in commands]
    return sum(count for count, _ in runs), [each for _, found in runs for each in found]


def _run(module: str, more: Mapping[str, str]) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env={**os.environ, **UNDER, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    wrong = [f"{module} {more}: {each}" for each in [*lines, done.stderr[-500:]]]
    return sum(_counts(lines)), wrong if done.returncode else []


def _counts(lines: list[str]) -> Iterator[int]:
    """How many cases pass, as the last line of each part tells."""
    for line in lines:
        if " passed, " in line:
            yield int(line.split()[0])
        if " queries equal" in line:
            yield int(line.split(": ")[1].split()[0])
