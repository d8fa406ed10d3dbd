"""The outside suites, where their folders stand beside the project: many questions a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.suites.runner import SUITES, known_failures, run
from tests.tidy.tree import ROOT

BESIDE = ROOT.parent / "shared" / "suites"


@pytest.mark.skipif(not BESIDE.is_dir(), reason="no ../shared/suites beside the project")
@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.timeout(300)
def test_only_known_cases_fail(suite: str) -> None:
    folder: Path = BESIDE / suite
    score = run(SUITES[suite](folder))
    assert score.surprises(known_failures(suite)) == []
    assert score.passed
