"""How forebay does where others wrote the questions, or chance did: one table, written anew.

    CASES=../shared/suites N=50000 SEED=0 python -m tests.scoreboard

It writes docs/explanation/scoreboard.md, and the part of README.md between its two marks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.corpus.test_corpus import CASES as CORPUS
from tests.oracle.fuzz import Tally, asked
from tests.suites.runner import SUITES, known_failures, run
from tests.tidy.tree import ROOT
from tests.tpc.__main__ import score_of
from tests.tpc.asked import unsaid
from tests.tpc.data import BENCHMARKS

START, END = "<!-- scoreboard -->", "<!-- end of the scoreboard -->"
PAGE = ROOT / "docs" / "explanation" / "scoreboard.md"
HEAD = """# Scoreboard

What `make scoreboard` found when it was last run. Only the reasons are written by hand.

"""


def rows(folder: Path, questions: int, seed: str) -> Iterator[tuple[str, str]]:
    """What is asked, and what came of it."""
    tally = Tally()
    for _, each in asked(seed, questions):
        tally.add(each)
    found = (
        f"{tally.questions:,} questions, {len(tally.differences)} differences, "
        f"{tally.left_open:,} left open"
    )
    yield "random questions beside a brute-force evaluator", found
    for name, suite in SUITES.items():
        score = run(suite(folder / name))
        of = len(score.passed) + len(score.failed)
        yield f"{name}, an outside suite", f"{len(score.passed)} of {of} cases pass"
    for benchmark in BENCHMARKS:
        asked_as = f"{benchmark.title} at scale factor {benchmark.scale}, beside its own SQL"
        yield asked_as, score_of(benchmark).told(benchmark)
    refused = [case for case in CORPUS if "refused" in case.sections]
    codes = {case.sections["refused"].split()[0] for case in refused}
    answers = len(CORPUS) - len(refused)
    yield "answers beside SQL written by hand", f"{answers} of {answers} equal"
    yield "refusals in the corpus", f"{len(refused)}, of {len(codes)} codes"


def table(found: list[tuple[str, str]]) -> str:
    """The rows as Markdown."""
    lines = ["| asked | found |", "|---|---|", *(f"| {what} | {came} |" for what, came in found)]
    return "\n".join(lines) + "\n"


def failures() -> str:
    """Every case that fails, with its reason."""
    known = {name: known_failures(name) for name in SUITES}
    known |= {each.name: unsaid(each.name) for each in BENCHMARKS}
    lines = [
        f"| {name} | {case.split('/')[-1]} | {reason} |"
        for name, reasons in known.items()
        for case, reason in reasons.items()
    ]
    if not lines:
        return ""
    return (
        "\n## Cases that fail\n\n| suite | case | why |\n|---|---|---|\n" + "\n".join(lines) + "\n"
    )


def main() -> int:
    """Ask everything and write it down."""
    folder = Path(os.environ.get("CASES", ROOT.parent / "shared" / "suites"))
    if not folder.is_dir():
        sys.stderr.write(f"CASES names no folder of suites: {folder}\n")
        return 2
    count = int(os.environ.get("N", "50000"))
    found = table(list(rows(folder, count, os.environ.get("SEED", "0"))))
    PAGE.write_text(HEAD + found + failures(), encoding="utf-8")
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{START}\n{found}{END}{after}", encoding="utf-8")
    sys.stdout.write(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
