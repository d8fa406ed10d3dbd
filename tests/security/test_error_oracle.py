"""No error and no statistic of an engine tells of rows that nobody may see."""

from __future__ import annotations

import pytest

from tests.security.error_oracle import Asked, Rewrite, as_generated, ask, beside_the_question
from tests.security.probed_engines import ENGINES, MissingEngine, ProbedEngine
from tests.security.probed_project import ATTACKS, POLICIES, SHAPES, probes

ATTACK = "cast_to_integer"


def asked(engine: ProbedEngine, rewrite: Rewrite = as_generated) -> Asked:
    try:
        return ask(engine, probes(engine.dialect, (ATTACK,)), rewrite=rewrite)
    except MissingEngine as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("engine", ENGINES, ids=lambda each: each.name)
def test_hidden_rows_raise_nothing(engine: ProbedEngine) -> None:
    found = asked(engine)

    assert found.probes >= (len(SHAPES) - 1) * len(POLICIES)
    assert found.failed == ()
    assert found.leaks == ()


@pytest.mark.parametrize("engine", ENGINES, ids=lambda each: each.name)
def test_policies_beside_the_question_are_found_out(engine: ProbedEngine) -> None:
    assert asked(engine, beside_the_question).leaks


def test_there_are_as_many_probes_as_are_wanted() -> None:
    assert len(POLICIES) >= 8
    assert len(ATTACKS) >= 12
    assert len(SHAPES) >= 8
