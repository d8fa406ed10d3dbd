"""Run every case of a suite and tell which fail.

SUITE=name CASES=folder ENGINE=duckdb python -m tests.suites.runner
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.suites import metricflow, ossie
from tests.suites.case import Case, Suite

KNOWN = Path(__file__).parent / "known_failures"
ENGINES = ("duckdb",)


SUITES: Mapping[str, Suite] = {
    "metricflow": metricflow.cases,
    "ossie": ossie.cases,
}
"""By name. A suite has a module of its own; its function from a folder to cases stands here."""


@dataclass
class Score:
    """What became of the cases of a suite."""

    passed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """Why, by name."""

    def surprises(self, known: Mapping[str, str]) -> list[str]:
        """What makes a run fail: failures that are not known, and known ones that pass."""
        return [
            *(f"{name}: {why}" for name, why in self.failed.items() if name not in known),
            *(f"{name}: passes, so take it off the list" for name in self.passed if name in known),
        ]


def run(cases: Iterable[Case]) -> Score:
    """Ask every case."""
    score = Score()
    for case in cases:
        why = _why_it_fails(case)
        if why is None:
            score.passed.append(case.name)
        else:
            score.failed[case.name] = why
    return score


def _why_it_fails(case: Case) -> str | None:
    try:
        return case.run()
    except Exception as error:  # noqa: BLE001 - one that breaks is told like one that is wrong
        return f"broke with {type(error).__name__}: {str(error).splitlines()[:1]}"


def known_failures(suite: str, folder: Path = KNOWN) -> dict[str, str]:
    """The reasons of failures that are known, by the name of the case: ``name: reason`` a line."""
    file = folder / f"{suite}.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    parted = (line.partition(": ") for line in lines if line.strip() and not line.startswith("#"))
    known = {name: reason.strip() for name, _, reason in parted}
    unexplained = [name for name, reason in known.items() if not reason]
    if unexplained:
        raise ValueError(f"{file.name} gives no reason for {', '.join(unexplained)}")
    return known


def told(score: Score, known: Mapping[str, str]) -> list[str]:
    """One line a failing case, those that are known with their reason, then the counts."""
    failing = [
        f"{name}: {why}" + (f" (known: {known[name]})" if name in known else "")
        for name, why in score.failed.items()
    ]
    passing = [f"{name}: passes, so take it off the list" for name in score.passed if name in known]
    return [*failing, *passing, f"{len(score.passed)} passed, {len(score.failed)} failed"]


def main(
    asked: Mapping[str, str], suites: Mapping[str, Suite] = SUITES, known: Path = KNOWN
) -> int:
    """Run the suite that is asked for; 1 where a case surprises, 2 where nothing can run."""
    suite, folder = asked.get("SUITE", ""), Path(asked.get("CASES", ""))
    problem = _problem(asked, suites)
    if problem is not None:
        print(problem, file=sys.stderr)
        return 2
    reasons = known_failures(suite, known)
    score = run(suites[suite](folder))
    print("\n".join(told(score, reasons)))
    return 1 if score.surprises(reasons) or not (score.passed or score.failed) else 0


def _problem(asked: Mapping[str, str], suites: Mapping[str, Suite]) -> str | None:
    engine = asked.get("ENGINE") or ENGINES[0]
    if asked.get("SUITE") not in suites:
        return f'no suite "{asked.get("SUITE", "")}"; there are: {", ".join(suites) or "none"}'
    if engine not in ENGINES:
        return f'no suite runs on "{engine}"; engines are {", ".join(ENGINES)}'
    if not asked.get("CASES") or not Path(asked["CASES"]).is_dir():
        return f'CASES names no folder: "{asked.get("CASES", "")}"'
    return None


if __name__ == "__main__":
    sys.exit(main(os.environ))
