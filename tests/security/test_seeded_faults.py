"""Every seeded fault can be planted: its text stands once where it is said to stand."""

from __future__ import annotations

import pytest

from tests.security.mutants import ROOT
from tests.security.seeded_faults import FAULTS, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_can_be_planted(fault: Fault) -> None:
    source = (ROOT / fault.file).read_text(encoding="utf-8")

    assert fault.planted(source) != source
