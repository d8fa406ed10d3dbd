"""Every case of the corpus at every stage; DuckDB's rows equal those of hand-written SQL."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from semantic_models.make_plan import make_plan
from tests.support.cases import WRITTEN, Case, comparable, derive, read_case, write_case
from tests.support.models import World, the_shop
from tests.support.nothing_hidden import under_policies
from tests.support.trees import shared_trees

FOLDER = Path(__file__).parent
CASES = [read_case(path) for path in sorted(FOLDER.rglob("*.case"))]
NAMES = [case.path.relative_to(FOLDER).with_suffix("").as_posix() for case in CASES]
ANSWERED = [case for case in CASES if "refused" not in case.sections]
every_case = pytest.mark.parametrize("case", CASES, ids=NAMES)
every_answer = pytest.mark.parametrize(
    "case", ANSWERED, ids=[case.path.relative_to(FOLDER).as_posix() for case in ANSWERED]
)


@cache
def all_seen() -> World:
    """The shop for one who sees all of it under policies."""
    return under_policies(the_shop())


@every_case
def test_a_case_is_derived_as_its_file_says(case: Case, request: pytest.FixtureRequest) -> None:
    derived = derive(case, the_shop())
    if request.config.getoption("--update-corpus"):
        write_case(case, derived)
        case = read_case(case.path)
    stored = {name: body for name, body in case.sections.items() if name not in WRITTEN}

    assert stored == derived


@every_answer
def test_the_answer_equals_naive_sql(case: Case) -> None:
    world = the_shop()
    given = comparable(world.answer(case.question).rows)
    wanted = comparable(world.rows(case.sections["truth"]))

    assert given == wanted if case.is_ordered else sorted(given) == sorted(wanted)


@every_case
def test_policies_that_filter_nothing_change_no_answer(case: Case) -> None:
    world = all_seen()
    if "refused" in case.sections:
        assert case.sections["refused"].startswith(world.refusal(case.question).code)
        return
    given = comparable(world.answer(case.question).rows)
    wanted = comparable(world.rows(case.sections["truth"]))

    assert _reads_no_model(case) or "__sl_t" in world.compile(case.question).text
    assert given == wanted if case.is_ordered else sorted(given) == sorted(wanted)


def _reads_no_model(case: Case) -> bool:
    return set(map(str, the_shop().compile(case.question).relations)) <= {"SELECT 1 AS one"}


@every_answer
def test_the_engine_gives_the_types_that_are_promised(case: Case) -> None:
    answer = the_shop().answer(case.question)
    # A formula's literals are decimals to DuckDB; the gateway makes them the doubles promised.
    given = tuple(
        promised if promised == "float64" and told.startswith("decimal") else told
        for told, promised in zip(answer.given, answer.types, strict=True)
    )

    assert given == answer.types


@every_answer
def test_no_expression_is_a_part_of_another_tree(case: Case) -> None:
    resolved = the_shop().resolve(case.question)

    assert [*shared_trees((resolved, make_plan(resolved)))] == []


@every_case
def test_a_case_begins_with_its_reason(case: Case) -> None:
    assert case.reason.endswith(".")
    assert len(case.reason.split()) >= 5


def test_no_two_cases_ask_the_same() -> None:
    asked = [case.sections["query"] for case in CASES]

    assert sorted(set(asked)) == sorted(asked)
