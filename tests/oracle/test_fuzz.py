"""What is compiled equals what loops over rows give, for random projects and questions."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from semantic_models.errors import ForebayError
from semantic_models.make_plan import make_plan
from tests.oracle.compare import world_of
from tests.oracle.fuzz import Tally, ask_project, seeds
from tests.oracle.generate_models import generate_project
from tests.oracle.generate_questions import Questions
from tests.oracle.minimise import minimise, told
from tests.oracle.spell import document_of, models_of, tables_of

SEEDS = seeds("test", 2_000)
SHARES = [SEEDS[place::10] for place in range(10)]


@pytest.mark.parametrize("share", SHARES, ids=[f"share-{place}" for place in range(10)])
def test_two_thousand_answers_equal_those_of_loops(share: list[str]) -> None:
    tally = Tally()
    for seed in share:
        tally.add(ask_project(seed))

    assert [told(minimise(each)) for each in tally.differences[:1]] == []
    assert 0 < tally.refused < tally.questions / 2


def test_a_seed_always_gives_the_same_project_and_questions() -> None:
    def texts() -> list[object]:
        random = Random("same")
        project = generate_project(random)
        questions = Questions(random, project)
        asked = [document_of(questions.one()) for _ in range(20)]
        return [models_of(project), tables_of(project), *asked]

    assert texts() == texts()


def test_every_plan_and_many_refusals_are_met() -> None:
    met: Counter[str] = Counter()
    for seed in SEEDS:
        random = Random(seed)
        project = generate_project(random)
        made = world_of(project)
        questions = Questions(random, project)
        for _ in range(40):
            try:
                plan = make_plan(made.resolve(document_of(questions.one())))
                met.update([*plan.choices, "stitch"] if len(plan.choices) > 1 else plan.choices)
            except ForebayError as error:
                met[error.code] += 1

    assert set(met) >= {
        *("direct", "aggregate, then join", "distinct home keys, then aggregate", "stitch"),
        *("E_NO_PATH", "E_AMBIGUOUS_PATH", "E3012_MN_NO_SAFE_REWRITE", "E_NOT_SUPPORTED"),
        *("E_TIME_REQUIRED", "E_PRIMARY_KEY_REQUIRED", "E_MIXED_PREDICATE_LEVEL", "SL103"),
        "E_FAN_OUT_IN_SCALAR_QUERY",
    }
